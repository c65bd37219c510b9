//! The one place that writes to the terminal.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

/// Whether a result could not be written.
static RESULT_LOST: AtomicBool = AtomicBool::new(false);

/// Whether something that was printed as a result could not be written, other than to a reader that
/// has gone.
pub(crate) fn result_lost() -> bool {
    RESULT_LOST.load(Ordering::Relaxed)
}

/// Writes one line; a closed pipe is no error, since the reader has what it wanted.
fn line(text: &dyn std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        RESULT_LOST.store(true, Ordering::Relaxed);
    }
}

/// Prints a result for people on standard output. A closed pipe is no error: the reader has what it
/// wanted.
pub(crate) fn result(text: &str) {
    line(&quiet(text));
}

/// Prints one JSON value on standard output, in one line.
pub(crate) fn json(value: &Value) {
    line(value);
}

/// Prints one of many lines of a result for people; an error tells that nobody reads them any more.
pub(crate) fn streamed(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", quiet(text))?;
    out.flush()
}

/// Prints bytes on standard output as they are.
pub(crate) fn bytes(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Prints something worth knowing on standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", quiet(text));
}

/// Prints an error and its remedy on standard error.
pub(crate) fn error(message: &str, remedy: &str) {
    let _ = writeln!(std::io::stderr(), "tenzik: {}", quiet(message));
    if !remedy.is_empty() {
        let _ = writeln!(std::io::stderr(), "  remedy: {}", quiet(remedy));
    }
}

/// `text` without what moves a cursor or turns the direction of writing, whoever wrote it: control
/// characters except line feeds and tabs, and the bidirectional controls of Unicode.
fn quiet(text: &str) -> Cow<'_, str> {
    if !text.contains(is_loud) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_loud(character) {
            shown.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether a character moves a cursor or turns the direction of writing; line feeds and tabs do not
/// count.
pub(crate) fn is_loud(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a person looks at standard error, so that progress may be shown there.
pub(crate) fn shows_progress() -> bool {
    std::io::stderr().is_terminal() && !crate::world::in_ci()
}

/// Columns of the terminal that results go to, if they go to one.
pub(crate) fn columns() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}

/// Columns and lines of the terminal that progress is shown on.
pub(crate) fn terminal_size() -> (usize, usize) {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or((80, 24), |(width, height)| {
        (usize::from(width.0), usize::from(height.0))
    })
}

/// Replaces the last `drawn` lines on standard error, in one write.
pub(crate) fn redraw(drawn: usize, lines: &[String]) {
    let mut text = String::new();
    if drawn > 0 {
        text.push_str(&format!("\u{1b}[{drawn}A\r\u{1b}[J"));
    }
    for line in lines {
        text.push_str(&quiet(line));
        text.push('\n');
    }
    if !text.is_empty() {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// A number with separators between groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{grouped, quiet};

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(quiet("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(
            quiet("\u{1b}[2J\r\u{7f}\u{9b}\u{202e}"),
            r"\u{1b}[2J\u{d}\u{7f}\u{9b}\u{202e}"
        );
    }

    #[test]
    fn digits_are_grouped() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }
}
