//! Texts of a receipt, each with the one form in which it may be written.
//!
//! All of them are printable ASCII without `"` and `\`, so JSON never escapes them.

use std::fmt;
use std::str::FromStr;

const LABEL_BYTES_MAX: usize = 128;
const CODE_BYTES_MAX: usize = 64;
const LIST_BYTES_MAX: usize = 4096;

/// Why a text has not the form that its field requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing where something is required.
    #[error("is empty")]
    Empty,
    /// Longer than its bound.
    #[error("has {bytes} bytes, more than {bytes_max}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// A character that a label cannot have.
    #[error("has a character that is not printable ASCII, or is a quote or a backslash")]
    Character,
    /// A name that is not in snake case.
    #[error("has a name that is not a lowercase letter followed by a-z, 0-9 and _")]
    Name,
    /// Names that do not ascend.
    #[error("has names that are not in ascending order without duplicates")]
    Order,
    /// A limit without its number.
    #[error("has a limit that is not NAME=NUMBER with a number below 2^64 without leading zeros")]
    Limit,
}

macro_rules! checked_text {
    ($(#[doc = $doc:literal])+ $name:ident, $check:path) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }
    };
}

checked_text! {
    /// A name for people and programs, such as that of an engine or a cost model: 1 to 128
    /// characters of printable ASCII except `"` and `\`.
    Label, check_label
}

checked_text! {
    /// The stable code of a Fault, Reject, refusal or capsule failure, in snake case: 1 to 64
    /// characters.
    ErrorCode, check_error_code
}

checked_text! {
    /// The names of the granted capabilities, ascending and separated by commas; empty when
    /// nothing was granted. At most 4,096 bytes.
    GrantList, check_grants
}

checked_text! {
    /// The limits of a run as `name=value`, ascending by name and separated by spaces. What a name
    /// means is none of this crate's business. At most 4,096 bytes.
    LimitList, check_limits
}

impl GrantList {
    /// From capability names in any order.
    ///
    /// # Errors
    /// When a name is not in snake case, or the list is too long.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<GrantList, TextError> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        names.join(",").parse()
    }

    /// The names, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|name| !name.is_empty())
    }
}

impl LimitList {
    /// From limits in any order.
    ///
    /// # Errors
    /// When a name is not in snake case or occurs twice, or the list is too long.
    pub fn new<'a>(
        limits: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> Result<LimitList, TextError> {
        let mut limits: Vec<(&str, u64)> = limits.into_iter().collect();
        limits.sort_unstable();
        let limits: Vec<String> = limits
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        limits.join(" ").parse()
    }

    /// The limits, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0
            .split(' ')
            .filter_map(|limit| parse_limit(limit).ok())
    }
}

/// The number that `text` writes, if it is written in the one way that receipts allow.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

fn check_label(text: &str) -> Result<(), TextError> {
    check_len(text, LABEL_BYTES_MAX)?;
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        Ok(())
    } else {
        Err(TextError::Character)
    }
}

fn check_error_code(text: &str) -> Result<(), TextError> {
    check_name(text, CODE_BYTES_MAX)
}

fn check_grants(text: &str) -> Result<(), TextError> {
    check_len(text, LIST_BYTES_MAX)?;
    if text.is_empty() {
        return Ok(());
    }
    text.split(',')
        .try_for_each(|name| check_name(name, LIST_BYTES_MAX))?;
    check_ascending(text.split(','))
}

fn check_limits(text: &str) -> Result<(), TextError> {
    check_len(text, LIST_BYTES_MAX)?;
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let names: Vec<&str> = text
        .split(' ')
        .map(|limit| parse_limit(limit).map(|(name, _)| name))
        .collect::<Result<_, _>>()?;
    check_ascending(names.into_iter())
}

fn parse_limit(text: &str) -> Result<(&str, u64), TextError> {
    let (name, value) = text.split_once('=').ok_or(TextError::Limit)?;
    check_name(name, LIST_BYTES_MAX)?;
    Ok((name, parse_decimal(value).ok_or(TextError::Limit)?))
}

/// Checks a name in snake case of at most `bytes_max` bytes.
pub(crate) fn check_name(text: &str, bytes_max: usize) -> Result<(), TextError> {
    check_len(text, bytes_max)?;
    let rest_fits = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(rest_fits) {
        Ok(())
    } else {
        Err(TextError::Name)
    }
}

fn check_len(text: &str, bytes_max: usize) -> Result<(), TextError> {
    if text.len() > bytes_max {
        return Err(TextError::TooLong {
            bytes: text.len(),
            bytes_max,
        });
    }
    Ok(())
}

fn check_ascending<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), TextError> {
    if names.is_sorted_by(|left, right| left < right) {
        Ok(())
    } else {
        Err(TextError::Order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_brought_into_their_one_form() {
        assert_eq!(
            GrantList::new(["time", "hash", "time"]).unwrap().as_str(),
            "hash,time"
        );
        assert_eq!(GrantList::new([]).unwrap().as_str(), "");
        assert_eq!(GrantList::new([]).unwrap().iter().count(), 0);
        let limits = LimitList::new([("wall_ms", 1000), ("fuel", u64::MAX)]).unwrap();
        assert_eq!(limits.as_str(), "fuel=18446744073709551615 wall_ms=1000");
        let pairs: Vec<_> = limits.iter().collect();
        assert_eq!(pairs, [("fuel", u64::MAX), ("wall_ms", 1000)]);
    }

    #[test]
    fn other_forms_of_lists_are_refused() {
        let grants = |text: &str| text.parse::<GrantList>().unwrap_err();
        assert_eq!(grants("b,a"), TextError::Order);
        assert_eq!(grants("a,a"), TextError::Order);
        assert_eq!(grants("a, b"), TextError::Name);
        assert_eq!(grants("a,"), TextError::Name);
        assert_eq!(grants("A"), TextError::Name);
        assert_eq!(
            grants(&"a".repeat(4097)),
            TextError::TooLong {
                bytes: 4097,
                bytes_max: LIST_BYTES_MAX
            }
        );

        let limits = |text: &str| text.parse::<LimitList>().unwrap_err();
        assert_eq!(limits(""), TextError::Empty);
        assert_eq!(limits("b=1 a=1"), TextError::Order);
        assert_eq!(limits("a=1 a=2"), TextError::Order);
        assert_eq!(limits("a=1  b=1"), TextError::Limit);
        assert_eq!(limits("a=01"), TextError::Limit);
        assert_eq!(limits("a=+1"), TextError::Limit);
        assert_eq!(limits("a="), TextError::Limit);
        assert_eq!(limits("a=18446744073709551616"), TextError::Limit);
        assert_eq!(limits("A=1"), TextError::Name);
        assert_eq!(
            LimitList::new([("a", 1), ("a", 2)]).unwrap_err(),
            TextError::Order
        );
    }

    #[test]
    fn labels_and_codes_are_bounded_and_plain() {
        assert!("wasmtime 48.0.8 (cranelift)".parse::<Label>().is_ok());
        assert_eq!("".parse::<Label>(), Err(TextError::Empty));
        assert_eq!("a\"".parse::<Label>(), Err(TextError::Character));
        assert_eq!("a\\".parse::<Label>(), Err(TextError::Character));
        assert_eq!("a\n".parse::<Label>(), Err(TextError::Character));
        assert_eq!("é".parse::<Label>(), Err(TextError::Character));
        let too_long = TextError::TooLong {
            bytes: 129,
            bytes_max: 128,
        };
        assert_eq!("x".repeat(129).parse::<Label>(), Err(too_long));

        assert!("out_of_fuel".parse::<ErrorCode>().is_ok());
        for text in ["", "Out", "_out", "9", "out-of"] {
            assert_eq!(text.parse::<ErrorCode>(), Err(TextError::Name), "{text}");
        }
    }
}
