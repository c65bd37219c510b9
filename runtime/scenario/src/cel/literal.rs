//! The values of numbers, strings and bytes that stand in the text.

use super::ast::Literal;
use super::fault::{ARITHMETIC, Fault, Faulty, SYNTAX};
use super::lexer::{Quoted, position};

/// The value of an integer; `is_negative` if a minus stands in front of it.
pub(super) fn integer(at: u32, text: &str, is_negative: bool) -> Faulty<Literal> {
    let magnitude = magnitude(text).and_then(|magnitude| {
        let value = i128::from(magnitude);
        i64::try_from(if is_negative { -value } else { value }).ok()
    });
    magnitude.map(Literal::Int).ok_or_else(|| {
        Fault::new(
            at,
            ARITHMETIC,
            "the number is no int: -9223372036854775808 to 9223372036854775807",
            "append u for a uint, or .0 for a double",
        )
    })
}

/// The value of an unsigned integer.
pub(super) fn unsigned(at: u32, text: &str) -> Faulty<Literal> {
    magnitude(text).map(Literal::Uint).ok_or_else(|| {
        Fault::new(
            at,
            ARITHMETIC,
            "the number is no uint: 0 to 18446744073709551615",
            "write .0 behind it for a double",
        )
    })
}

/// The value of a number with a point or an exponent.
pub(super) fn double(at: u32, text: &str) -> Faulty<Literal> {
    let value: Option<f64> = text.parse().ok();
    let value = value.filter(|value| value.is_finite());
    value.map(Literal::Double).ok_or_else(|| {
        Fault::new(
            at,
            ARITHMETIC,
            "the number is no double: its magnitude is at most 1.7976931348623157e308",
            "write a smaller exponent",
        )
    })
}

fn magnitude(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The value of a string or of bytes.
pub(super) fn quoted(quoted: Quoted<'_>) -> Faulty<Literal> {
    let mut bytes = Vec::with_capacity(quoted.body.len());
    let mut rest = quoted.body;
    while let Some(backslash) = rest.find('\\').filter(|_| !quoted.is_raw) {
        bytes.extend_from_slice(rest.get(..backslash).unwrap_or("").as_bytes());
        let escape = rest.get(backslash + 1..).unwrap_or("");
        let (escaped, len) = unescape(escape, quoted.is_bytes).ok_or_else(|| {
            let offset = quoted.body.len() - rest.len() + backslash;
            bad_escape(position(quoted.body_at + offset), quoted.is_bytes)
        })?;
        match escaped {
            Escaped::Byte(byte) => bytes.push(byte),
            Escaped::Character(character) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = escape.get(len..).unwrap_or("");
    }
    bytes.extend_from_slice(rest.as_bytes());
    if quoted.is_bytes {
        return Ok(Literal::Bytes(bytes));
    }
    String::from_utf8(bytes)
        .map(Literal::Text)
        .map_err(|_| bad_escape(position(quoted.body_at), false))
}

/// What an escape stands for.
enum Escaped {
    /// In bytes.
    Byte(u8),
    /// In text, or one that stands for itself.
    Character(char),
}

/// What the escape behind a backslash stands for, and its length in bytes.
fn unescape(escape: &str, is_bytes: bool) -> Option<(Escaped, usize)> {
    let first = escape.chars().next()?;
    let simple = match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '?' | '"' | '\'' | '`' => first,
        'x' | 'X' => return numbered(escape, 1, 2, 16, is_bytes),
        'u' if !is_bytes => return numbered(escape, 1, 4, 16, false),
        'U' if !is_bytes => return numbered(escape, 1, 8, 16, false),
        '0'..='3' => return numbered(escape, 0, 3, 8, is_bytes),
        _ => return None,
    };
    Some((Escaped::Character(simple), 1))
}

fn numbered(
    escape: &str,
    from: usize,
    digits: usize,
    radix: u32,
    is_byte: bool,
) -> Option<(Escaped, usize)> {
    let text = escape.get(from..from + digits)?;
    let is_digit = |character: char| character.is_digit(radix);
    let number = u32::from_str_radix(text, radix)
        .ok()
        .filter(|_| text.chars().all(is_digit))?;
    let escaped = if is_byte {
        Escaped::Byte(u8::try_from(number).ok()?)
    } else {
        Escaped::Character(char::from_u32(number)?)
    };
    Some((escaped, from + digits))
}

fn bad_escape(at: u32, is_bytes: bool) -> Box<Fault> {
    let known = if is_bytes {
        "\\a \\b \\f \\n \\r \\t \\v \\\\ \\? \\\" \\' \\` \\xHH and \\OOO"
    } else {
        "\\a \\b \\f \\n \\r \\t \\v \\\\ \\? \\\" \\' \\` \\xHH \\uHHHH \\UHHHHHHHH and \\OOO, none of them a surrogate"
    };
    Fault::new(
        at,
        SYNTAX,
        format!("the escape is none of {known}"),
        "double the backslash, or put r in front of the quote for raw text",
    )
}
