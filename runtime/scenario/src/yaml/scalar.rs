//! The core schema: what plain scalars mean (YAML 1.2.2, section 10.3.2).

use serde_json::Number;

use super::node::ScalarValue;

/// Why a scalar has no meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaningless {
    /// An integer that 64 bits do not hold.
    Integer,
    /// A number beyond the largest one of 64 bits floating point.
    Float,
    /// Infinity or not a number.
    NotFinite,
    /// Its tag says something else.
    Tag,
}

/// What a plain scalar without tag means.
pub(super) fn plain(text: &str) -> Result<ScalarValue, Meaningless> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(ScalarValue::Null),
        "true" | "True" | "TRUE" => return Ok(ScalarValue::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(ScalarValue::Bool(false)),
        _ => {}
    }
    // Most texts are done here.
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Ok(ScalarValue::Text);
    }
    match number(text)? {
        Some(number) => Ok(ScalarValue::Number(number)),
        None => Ok(ScalarValue::Text),
    }
}

/// What a scalar with a core tag means; `suffix` is that of `tag:yaml.org,2002:`.
pub(super) fn tagged(suffix: &str, text: &str) -> Result<ScalarValue, Meaningless> {
    let value = match suffix {
        "str" => return Ok(ScalarValue::Text),
        _ => plain(text)?,
    };
    let fits = match (suffix, &value) {
        ("null", ScalarValue::Null) | ("bool", ScalarValue::Bool(_)) => true,
        ("int", ScalarValue::Number(number)) => !number.is_f64(),
        ("float", ScalarValue::Number(number)) => {
            return match number.as_f64().and_then(Number::from_f64) {
                Some(number) => Ok(ScalarValue::Number(number)),
                None => Err(Meaningless::Float),
            };
        }
        _ => false,
    };
    match fits {
        true => Ok(value),
        false => Err(Meaningless::Tag),
    }
}

fn number(text: &str) -> Result<Option<Number>, Meaningless> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if is_digits(unsigned) {
        return integer(text, unsigned).map(Some);
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(Meaningless::NotFinite);
    }
    if !is_float(unsigned) {
        return Ok(None);
    }
    // Rust reads every form of the schema: `1.`, `.5`, `+1e3`.
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) => Ok(Some(number)),
        None => Err(Meaningless::Float),
    }
}

fn integer(text: &str, unsigned: &str) -> Result<Number, Meaningless> {
    match text.starts_with('-') {
        true => text.parse::<i64>().map(Number::from),
        false => unsigned.parse::<u64>().map(Number::from),
    }
    .map_err(|_| Meaningless::Integer)
}

fn radix(digits: &str, radix: u32) -> Result<Option<Number>, Meaningless> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Ok(None);
    }
    u64::from_str_radix(digits, radix)
        .map(|number| Some(Number::from(number)))
        .map_err(|_| Meaningless::Integer)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let exponent_fits = exponent
        .is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    has_digits && all_digits(whole) && all_digits(fraction) && exponent_fits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Meaningless, plain, tagged};
    use crate::yaml::ScalarValue;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+12", json!(12)),
            ("007", json!(7)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            (
                "18446744073709551615",
                json!(18_446_744_073_709_551_615_u64),
            ),
            (
                "-9223372036854775808",
                json!(-9_223_372_036_854_775_808_i64),
            ),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("-1.5e-3", json!(-0.0015)),
            ("1E5", json!(100_000.0)),
        ] {
            let Ok(ScalarValue::Number(number)) = plain(text) else {
                panic!("{text} is no number");
            };
            assert_eq!(value, serde_json::Value::Number(number), "{text}");
        }
    }

    #[test]
    fn texts_that_look_like_numbers() {
        for text in [
            "1_000",
            "0b11",
            "0x",
            "0o8",
            "1e",
            "1e+",
            ".",
            "+",
            "-",
            "..",
            "1.2.3",
            "12:30:45",
            "2001-01-01",
            "-.",
            "+.e3",
            ".e3",
            "-0x1",
            "+0o7",
            "inf",
            "nan",
            "-.nan",
            "infinity",
            "0X1",
            "yes",
            "no",
            "on",
            "off",
            "y",
            "tRue",
            "nULL",
            "１",
        ] {
            assert_eq!(plain(text), Ok(ScalarValue::Text), "{text}");
        }
    }

    #[test]
    fn numbers_that_no_type_holds() {
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "0x10000000000000000",
            "0o7777777777777777777777",
        ] {
            assert_eq!(plain(text), Err(Meaningless::Integer), "{text}");
        }
        assert_eq!(plain("1e999"), Err(Meaningless::Float));
        for text in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
            assert_eq!(plain(text), Err(Meaningless::NotFinite), "{text}");
        }
    }

    #[test]
    fn tags() {
        assert_eq!(tagged("str", "12"), Ok(ScalarValue::Text));
        assert_eq!(tagged("bool", "true"), Ok(ScalarValue::Bool(true)));
        assert_eq!(tagged("null", ""), Ok(ScalarValue::Null));
        assert_eq!(tagged("int", "1.5"), Err(Meaningless::Tag));
        assert_eq!(tagged("binary", "AAAA"), Err(Meaningless::Tag));
        assert_eq!(tagged("bool", "yes"), Err(Meaningless::Tag));
    }
}
