//! Conversions between types.

use super::super::fault::{ARITHMETIC, Fault, Faulty, INVALID_ARGUMENT};
use super::super::val::{Blob, Text, Val};
use super::super::work::Work;
use std::rc::Rc;

/// What a signature has excluded.
pub(super) fn excluded(work: &Work) -> Box<Fault> {
    work.fault(
        super::TYPE_MISMATCH,
        "the argument is of another type",
        "convert it",
    )
}

pub(super) fn int<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let range = "an int is -9223372036854775808 to 9223372036854775807";
    let value = match arguments {
        [Val::Int(value)] => Some(*value),
        [Val::Uint(value)] => i64::try_from(*value).ok(),
        [Val::Double(value)] => {
            super::super::val::whole(value.trunc()).filter(|whole| *whole != i64::MIN)
        }
        [Val::Text(text)] => {
            let text = text.as_str();
            let parsed = Some(text)
                .filter(|text| !text.starts_with('+'))
                .map(str::parse);
            return match parsed {
                Some(Ok(value)) => Ok(Val::Int(value)),
                _ => Err(unreadable(work, text, "an int", range)),
            };
        }
        _ => return Err(excluded(work)),
    };
    value
        .map(Val::Int)
        .ok_or_else(|| work.fault(ARITHMETIC, "the number is no int", range))
}

pub(super) fn uint<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    let range = "a uint is 0 to 18446744073709551615";
    let value = match arguments {
        [Val::Uint(value)] => Some(*value),
        [Val::Int(value)] => u64::try_from(*value).ok(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked"
        )]
        [Val::Double(value)] => (*value >= 0.0 && *value < BOUND).then_some(*value as u64),
        [Val::Text(text)] => {
            let text = text.as_str();
            let parsed = Some(text)
                .filter(|text| !text.starts_with('+'))
                .map(str::parse);
            return match parsed {
                Some(Ok(value)) => Ok(Val::Uint(value)),
                _ => Err(unreadable(work, text, "a uint", range)),
            };
        }
        _ => return Err(excluded(work)),
    };
    value
        .map(Val::Uint)
        .ok_or_else(|| work.fault(ARITHMETIC, "the number is no uint", range))
}

pub(super) fn double<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest double is what is asked for"
    )]
    let value = match arguments {
        [Val::Double(value)] => *value,
        [Val::Int(value)] => *value as f64,
        [Val::Uint(value)] => *value as f64,
        [Val::Text(text)] => {
            work.scan(text.as_str().len())?;
            return text.as_str().parse().map(Val::Double).map_err(|_| {
                unreadable(
                    work,
                    text.as_str(),
                    "a double",
                    "write digits such as -1.5e3",
                )
            });
        }
        _ => return Err(excluded(work)),
    };
    Ok(Val::Double(value))
}

fn unreadable(work: &Work, text: &str, wanted: &str, remedy: &str) -> Box<Fault> {
    let message = format!(
        "a string of {} bytes is not the digits of {wanted}",
        text.len()
    );
    work.fault(INVALID_ARGUMENT, message, remedy)
}

pub(super) fn bool<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::Bool(value)] => Ok(Val::Bool(*value)),
        [Val::Text(text)] => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Val::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Val::Bool(false)),
            text => {
                let message = format!("a string of {} bytes is no bool", text.len());
                Err(work.fault(INVALID_ARGUMENT, message, "write true or false"))
            }
        },
        _ => Err(excluded(work)),
    }
}

pub(super) fn string<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let text = match arguments {
        [Val::Text(text)] => return Ok(Val::Text(text.clone())),
        [Val::Bool(value)] => value.to_string(),
        [Val::Int(value)] => value.to_string(),
        [Val::Uint(value)] => value.to_string(),
        [Val::Double(value)] => double_text(*value),
        [Val::Bytes(bytes)] => {
            let bytes = bytes.as_slice();
            work.text(bytes.len())?;
            return match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Val::made_text(text)),
                Err(error) => {
                    let message = format!("byte {} is not UTF-8", error.valid_up_to());
                    Err(work.fault(INVALID_ARGUMENT, message, "convert text only"))
                }
            };
        }
        _ => return Err(excluded(work)),
    };
    work.text(text.len())?;
    Ok(Val::made_text(&text))
}

/// A double as text: without exponent while that is short, `NaN`, `+Inf` and `-Inf`, as other
/// implementations of the language write it.
pub(crate) fn double_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) && !value.is_nan() {
        return go_exponent(&format!("{value:e}"));
    }
    value.to_string()
}

/// An exponent with its sign and at least two digits.
fn go_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

pub(super) fn bytes<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::Bytes(bytes)] => Ok(Val::Bytes(bytes.clone())),
        [Val::Text(Text::Borrowed(text))] => Ok(Val::Bytes(Blob::Borrowed(text.as_bytes()))),
        [Val::Text(text)] => {
            let bytes = text.as_str().as_bytes();
            work.text(bytes.len())?;
            Ok(Val::Bytes(Blob::Made(Rc::from(bytes))))
        }
        _ => Err(excluded(work)),
    }
}

pub(super) fn type_of<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [value] => Ok(Val::Type(value.type_of())),
        _ => Err(excluded(work)),
    }
}

pub(super) fn dynamic<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [value] => Ok(value.clone()),
        _ => Err(excluded(work)),
    }
}
