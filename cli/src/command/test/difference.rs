//! Where an output differs from the expected one, in a few lines for people.

/// Lines shown of each output.
const LINES_MAX: usize = 4;

/// Lines shown before the first that differs.
const CONTEXT_LINES: usize = 2;

/// Characters shown of a line, before escaping.
const LINE_CHARACTERS: usize = 100;

/// Characters shown before the first that differs, in a line that is too long to be shown.
const CONTEXT_CHARACTERS: usize = 30;

/// Bytes in a row of hexadecimal digits.
const ROW_BYTES: usize = 16;

/// Rows shown of each output.
const ROWS_MAX: usize = 2;

/// The first difference of two byte strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Of the first byte that differs, or that only one has.
    pub(super) offset: usize,
    /// Its line, counted from 1, when both are text.
    pub(super) line: Option<usize>,
    /// What people read.
    pub(super) lines: Vec<String>,
}

/// The first difference, or `None` of equal outputs.
pub(super) fn difference(expected: &[u8], actual: &[u8]) -> Option<Difference> {
    let offset = expected
        .iter()
        .zip(actual)
        .position(|(left, right)| left != right)
        .unwrap_or(expected.len().min(actual.len()));
    if offset == expected.len() && offset == actual.len() {
        return None;
    }
    Some(match (text(expected), text(actual)) {
        (Some(expected), Some(actual)) => of_text(expected, actual, offset),
        _ => of_bytes(expected, actual, offset),
    })
}

/// The bytes as text, unless people could not read it.
fn text(bytes: &[u8]) -> Option<&str> {
    let readable = |byte: &u8| !matches!(byte, 0..=8 | 14..=26 | 28..=31);
    bytes
        .iter()
        .all(readable)
        .then(|| std::str::from_utf8(bytes).ok())?
}

fn of_text(expected: &str, actual: &str, offset: usize) -> Difference {
    let before = expected.as_bytes().get(..offset).unwrap_or_default();
    let index = before.iter().filter(|byte| **byte == b'\n').count();
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let column = offset - line_start;
    let mut lines = vec![format!("output differs in line {}", index + 1)];
    let first = index.saturating_sub(CONTEXT_LINES);
    for (number, line) in numbered(expected).skip(first).take(index - first) {
        lines.push(shown_line(' ', number, line, 0));
    }
    for (sign, text) in [('-', expected), ('+', actual)] {
        let mut rest = numbered(text).skip(index).peekable();
        if rest.peek().is_none() {
            lines.push(format!("{sign}      (ends here)"));
        }
        for (count, (number, line)) in rest.take(LINES_MAX).enumerate() {
            let column = if count == 0 { column } else { 0 };
            lines.push(shown_line(sign, number, line, column));
        }
    }
    Difference {
        offset,
        line: Some(index + 1),
        lines,
    }
}

/// The lines with their numbers from 1, line feeds included.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.split_inclusive('\n'))
}

/// One line; of a long one, the part around the byte `column`.
fn shown_line(sign: char, number: usize, line: &str, column: usize) -> String {
    let before = line
        .char_indices()
        .take_while(|(start, _)| *start < column)
        .count();
    let skipped = if line.chars().count() > LINE_CHARACTERS {
        before.saturating_sub(CONTEXT_CHARACTERS)
    } else {
        0
    };
    let mut shown = format!("{sign} {number:>4} | ");
    if skipped > 0 {
        shown.push_str("... ");
    }
    let mut rest = line.chars().skip(skipped);
    for character in rest.by_ref().take(LINE_CHARACTERS) {
        match character {
            ' '..='~' if character != '\\' => shown.push(character),
            _ => shown.extend(character.escape_default()),
        }
    }
    if rest.next().is_some() {
        shown.push_str(" ...");
    }
    shown
}

fn of_bytes(expected: &[u8], actual: &[u8], offset: usize) -> Difference {
    let mut lines = vec![format!("output differs at byte {offset} (0x{offset:x})")];
    let row = offset / ROW_BYTES * ROW_BYTES;
    if row >= ROW_BYTES {
        lines.push(shown_row(' ', expected, row - ROW_BYTES));
    }
    for (sign, bytes) in [('-', expected), ('+', actual)] {
        if offset >= bytes.len() && row >= bytes.len() {
            lines.push(format!("{sign}           (ends here)"));
        }
        for index in 0..ROWS_MAX {
            let start = row + index * ROW_BYTES;
            if start < bytes.len() {
                lines.push(shown_row(sign, bytes, start));
            }
        }
    }
    Difference {
        offset,
        line: None,
        lines,
    }
}

fn shown_row(sign: char, bytes: &[u8], start: usize) -> String {
    let end = bytes.len().min(start + ROW_BYTES);
    let row = bytes.get(start..end).unwrap_or_default();
    let digits: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
    let letters: String = row
        .iter()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        })
        .collect();
    format!("{sign} {start:08x} | {:<47} | {letters}", digits.join(" "))
}

#[cfg(test)]
mod tests {
    use super::{Difference, difference};

    fn lines(expected: &[u8], actual: &[u8]) -> Vec<String> {
        difference(expected, actual).unwrap().lines
    }

    #[test]
    fn equal_outputs_have_none() {
        assert_eq!(difference(b"", b""), None);
        assert_eq!(difference(b"\xff\n", b"\xff\n"), None);
    }

    #[test]
    fn text_is_shown_by_lines() {
        assert_eq!(
            lines(b"a\nb\nc\nd\n", b"a\nb\nc\nD\n"),
            [
                "output differs in line 4",
                "     2 | b\\n",
                "     3 | c\\n",
                "-    4 | d\\n",
                "+    4 | D\\n",
            ]
        );
        assert_eq!(
            lines(b"a\n", b"a\nb"),
            [
                "output differs in line 2",
                "     1 | a\\n",
                "-      (ends here)",
                "+    2 | b"
            ]
        );
        assert_eq!(
            lines(b"a\n", b"a"),
            ["output differs in line 1", "-    1 | a\\n", "+    1 | a"]
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_difference() {
        let long = "x".repeat(5_000);
        let [expected, actual] = ["1", "2"].map(|end| format!("{long}{end}{long}\n"));
        let difference = difference(expected.as_bytes(), actual.as_bytes()).unwrap();
        assert_eq!((difference.offset, difference.line), (5_000, Some(1)));
        let start = format!("... {}1xx", "x".repeat(30));
        assert!(difference.lines[1].contains(&start), "{difference:?}");
        assert!(difference.lines.iter().all(|line| line.len() < 150));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        for bytes in [
            &b"\x1b[2J"[..],
            b"\r\x07",
            b"\xc2\x9b2J",
            "\u{202e}".as_bytes(),
        ] {
            for line in lines(b"plain", bytes) {
                assert!(
                    line.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn bytes_are_shown_in_hexadecimal_rows() {
        let expected: Vec<u8> = (0..40).collect();
        let mut actual = expected.clone();
        actual[20] = 0xff;
        let Difference {
            offset,
            line,
            lines,
        } = difference(&expected, &actual).unwrap();
        assert_eq!((offset, line), (20, None));
        assert_eq!(lines[0], "output differs at byte 20 (0x14)");
        assert!(lines[1].starts_with("  00000000 | 00 01 "), "{lines:?}");
        assert!(
            lines[2].starts_with("- 00000010 | 10 11 12 13 14 "),
            "{lines:?}"
        );
        assert!(
            lines[4].starts_with("+ 00000010 | 10 11 12 13 ff "),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 6);
        let ends = super::difference(&expected[..32], &expected).unwrap().lines;
        assert!(
            ends.contains(&"-           (ends here)".to_owned()),
            "{ends:?}"
        );
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let many = "line\n".repeat(100_000);
        assert!(lines(b"", many.as_bytes()).len() < 20);
        assert!(lines(&[0; 1 << 20], &[1; 1 << 20]).len() < 20);
    }
}
