//! Places in a policy file, and errors about them.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::Role;
use super::raw::Amount;
use crate::amount;
use crate::keys::{AmountKey, Unit};
use crate::path;
use crate::rules::Origin;

/// Characters of a message that are shown.
const MESSAGE_MAX: usize = 1_000;

/// A file that is no policy, or one with a value that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct PolicyError {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
    /// What is wrong there. Text of the file is escaped and bounded.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

/// A file that is being read.
pub(super) struct Reader<'a> {
    pub(super) file: Arc<str>,
    pub(super) role: Role,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &str, text: &'a str, role: Role) -> Reader<'a> {
        let feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(feeds.map(|(at, _)| at + 1));
        Reader {
            file: Arc::from(file),
            role,
            text,
            lines: lines.collect(),
        }
    }

    /// Line and column of a byte, from 1.
    fn position(&self, at: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|begin| *begin <= at).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.as_bytes().get(begin..at).unwrap_or_default();
        // Characters are counted by their first bytes.
        let column = before.iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(line), number(column))
    }

    pub(super) fn origin(&self, span: &Range<usize>) -> Origin {
        Origin {
            file: Arc::clone(&self.file),
            line: self.position(span.start).0,
        }
    }

    pub(super) fn wrong(
        &self,
        span: &Range<usize>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> PolicyError {
        let (line, column) = self.position(span.start);
        PolicyError {
            file: Arc::clone(&self.file),
            line,
            column,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    pub(super) fn twice(&self, span: &Range<usize>, what: &str) -> PolicyError {
        self.wrong(span, format!("{what} stands twice"), "write it once")
    }

    /// What the TOML parser or the shape of the tables refuses.
    pub(super) fn malformed(&self, error: &toml::de::Error) -> PolicyError {
        let message = quiet(&error.message().replace("unknown field", "unknown key"));
        let message = message.replace("missing field", "missing key");
        let remedy = match message.contains("unknown key") {
            true => "correct or remove the key; docs/policy.md has all of them",
            false => "docs/policy.md describes every key",
        };
        self.wrong(&error.span().unwrap_or(0..0), message, remedy)
    }

    /// Refuses more than `max` elements.
    pub(super) fn at_most<T>(
        &self,
        list: &Spanned<Vec<T>>,
        max: usize,
        what: &str,
    ) -> Result<(), PolicyError> {
        match list.get_ref().len() {
            count if count > max => Err(self.wrong(
                &list.span(),
                format!("{what} has {count} elements"),
                format!("at most {max} are accepted"),
            )),
            _ => Ok(()),
        }
    }

    /// A number inside of the range of its key.
    pub(super) fn amount(
        &self,
        raw: &Spanned<Amount>,
        key: &AmountKey,
        name: &str,
    ) -> Result<u64, PolicyError> {
        let wrong = |message: String| {
            let remedy = format!("write {}", key.range());
            self.wrong(&raw.span(), format!("{name}: {message}"), remedy)
        };
        let value = match (raw.get_ref(), key.unit) {
            (Amount::Number(number), Unit::Milliseconds) => {
                return Err(wrong(format!("{number} has no unit")));
            }
            (Amount::Number(number), _) => {
                u64::try_from(*number).map_err(|_| wrong(format!("{number} is negative")))?
            }
            (Amount::Text(text), Unit::Bytes) => amount::size(text).map_err(wrong)?,
            (Amount::Text(text), Unit::Microseconds) => amount::duration_us(text).map_err(wrong)?,
            (Amount::Text(text), Unit::Milliseconds) => {
                let duration = amount::duration(text).map_err(wrong)?;
                u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
            }
            (Amount::Text(text), Unit::Count) => {
                return Err(wrong(format!("{} is text", tenzik_capsule::escaped(text))));
            }
        };
        match (key.min..=key.max).contains(&value) {
            true => Ok(value),
            false => Err(wrong(format!("{value} is out of range"))),
        }
    }

    /// A number of a key that may be left out.
    pub(super) fn amount_or(
        &self,
        raw: Option<&Spanned<Amount>>,
        key: &AmountKey,
        name: &str,
    ) -> Result<u64, PolicyError> {
        match (raw, self.role) {
            (Some(raw), _) => self.amount(raw, key, name),
            (None, Role::Policy) => Ok(key.default),
            (None, Role::Ceiling) => Ok(key.max),
        }
    }

    /// An absolute, normalised path without control characters.
    pub(super) fn path(
        &self,
        raw: &Spanned<String>,
        what: &str,
    ) -> Result<std::path::PathBuf, PolicyError> {
        let text = raw.get_ref();
        let refused = match path::normalised(text.as_bytes()) {
            Err(why) => Some(why),
            Ok(()) if text.chars().any(char::is_control) => {
                Some("it holds a control character".to_owned())
            }
            Ok(()) => None,
        };
        match refused {
            None => Ok(text.into()),
            Some(why) => Err(self.wrong(
                &raw.span(),
                format!("{what} {}: {why}", tenzik_capsule::escaped(text)),
                "write an absolute path without . and ..",
            )),
        }
    }

    /// A name of rules, holes and secrets.
    pub(super) fn name(&self, raw: &Spanned<String>, what: &str) -> Result<String, PolicyError> {
        let text = raw.get_ref();
        match is_name(text) {
            true => Ok(text.clone()),
            false => Err(self.wrong(
                &raw.span(),
                format!("{} is no name of {what}", tenzik_capsule::escaped(text)),
                "write 1 to 64 of a to z, 0 to 9, _ and -",
            )),
        }
    }
}

/// Whether `text` can name a rule, a hole or a secret.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

/// `text` in one line, without what moves a cursor, bounded.
fn quiet(text: &str) -> String {
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        match character {
            _ if index == MESSAGE_MAX => {
                shown.push('…');
                break;
            }
            '\n' => shown.push_str("; "),
            ' '..='~' => shown.push(character),
            other => shown.extend(other.escape_unicode()),
        }
    }
    shown
}
