//! Where the strings, numbers and literals of RFC 8259 end.

/// The bytes that RFC 8259 section 2 calls insignificant white space.
pub(super) fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The end of the string (RFC 8259 section 7) that begins with the quotation mark at `start`.
/// Escaped lone surrogates are strings, as the grammar has it.
pub(super) fn string_end(source: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        let rest = source.get(at..)?;
        at += rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        match *source.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += escape_length(source.get(at + 1..)?)?,
            _ => return None,
        }
    }
}

/// The length of an escape with its backslash, which stands before `rest`.
fn escape_length(rest: &[u8]) -> Option<usize> {
    match *rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' if rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit) => Some(6),
        _ => None,
    }
}

/// The end of the number (RFC 8259 section 6) that begins at `start`.
pub(super) fn number_end(source: &[u8], start: usize) -> Option<usize> {
    let byte = |at: usize| source.get(at).copied().unwrap_or(0);
    let digits_end = |from: usize| {
        let mut at = from;
        while byte(at).is_ascii_digit() {
            at += 1;
        }
        (at > from).then_some(at)
    };
    let mut at = start;
    if byte(at) == b'-' {
        at += 1;
    }
    at = if byte(at) == b'0' {
        at + 1
    } else {
        digits_end(at)?
    };
    if byte(at) == b'.' {
        at = digits_end(at + 1)?;
    }
    if matches!(byte(at), b'e' | b'E') {
        at += 1;
        if matches!(byte(at), b'+' | b'-') {
            at += 1;
        }
        at = digits_end(at)?;
    }
    Some(at)
}

/// The end of `true`, `false` or `null` at `start`.
pub(super) fn literal_end(source: &[u8], start: usize) -> Option<usize> {
    let rest = source.get(start..)?;
    ["true", "false", "null"]
        .into_iter()
        .find(|word| rest.starts_with(word.as_bytes()))
        .map(|word| start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let whole = [
            r#""""#,
            r#""a""#,
            r#""\"\\\/\b\f\n\r\t\u00e4""#,
            r#""\ud800""#,
            "\"ä\u{7f}\"",
        ];
        for text in whole {
            assert_eq!(string_end(text.as_bytes(), 0), Some(text.len()), "{text}");
        }
        let none = [
            r#"""#,
            r#""\"#,
            r#""\""#,
            r#""\a""#,
            r#""\u12""#,
            r#""\u12g4""#,
            "\"\n\"",
            "\"\0\"",
        ];
        for text in none {
            assert_eq!(string_end(text.as_bytes(), 0), None, "{text}");
        }
    }

    #[test]
    fn numbers() {
        for text in [
            "0",
            "-0",
            "10",
            "-1.50",
            "1e5",
            "1E+05",
            "0.0e-0",
            "12345678901234567890123",
        ] {
            assert_eq!(number_end(text.as_bytes(), 0), Some(text.len()), "{text}");
        }
        for text in ["", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "-a"] {
            assert_eq!(number_end(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(number_end(b"01", 0), Some(1));
        assert_eq!(number_end(b"1.5.5", 0), Some(3));
    }

    #[test]
    fn literals() {
        assert_eq!(literal_end(b"[true]", 1), Some(5));
        assert_eq!(literal_end(b"nul", 0), None);
        assert_eq!(literal_end(b"TRUE", 0), None);
        assert_eq!(literal_end(b"", 1), None);
    }
}
