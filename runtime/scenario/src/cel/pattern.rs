//! Regular expressions: RE2's, which match in time that grows with the text and the program, and
//! never more.

use regex::{Regex, RegexBuilder};

use super::fault::{Faulty, INVALID_ARGUMENT, LIMIT};
use super::limits::{PATTERN_BYTES_MAX, PATTERN_PROGRAM_BYTES_MAX};
use super::work::Work;

/// Regular expressions that an evaluation keeps.
const PATTERNS_MAX: usize = 8;

/// Steps for reading a regular expression.
const PATTERN_STEPS: u64 = 2_000;

/// Bytes of the smallest programs, for which a byte of text takes as long as eight that a function
/// only goes through. A program of twice the size takes twice as long.
const PROGRAM_BYTES_MIN: usize = 512;

/// Times that a byte counts for the smallest programs.
const WEIGHT_MIN: usize = 8;

/// Regular expressions that were read.
#[derive(Debug, Default)]
pub(super) struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    regex: Regex,
    weight: usize,
}

impl Patterns {
    /// Whether a regular expression matches a part of a text.
    ///
    /// # Errors
    /// A pattern that is none, or is too large, and budgets.
    pub fn matches(&mut self, work: &mut Work, text: &str, pattern: &str) -> Faulty<bool> {
        let known = self.0.iter().position(|known| known.text == pattern);
        let index = match known {
            Some(index) => index,
            None => {
                work.step(PATTERN_STEPS)?;
                let read = read(work, pattern)?;
                if self.0.len() == PATTERNS_MAX {
                    self.0.remove(0);
                }
                self.0.push(read);
                self.0.len() - 1
            }
        };
        let Some(pattern) = self.0.get(index) else {
            return Ok(false);
        };
        work.scan(text.len().saturating_mul(pattern.weight))?;
        Ok(pattern.regex.is_match(text))
    }
}

/// Reads a pattern, as the smallest program that it can be.
fn read(work: &Work, pattern: &str) -> Faulty<Pattern> {
    if pattern.len() > PATTERN_BYTES_MAX {
        let message = format!(
            "the regular expression has {} bytes; at most {PATTERN_BYTES_MAX} are allowed",
            pattern.len()
        );
        return Err(work.fault(LIMIT, message, "shorten it"));
    }
    let mut builder = RegexBuilder::new(&with_ascii_classes(pattern));
    builder.nest_limit(32);
    let mut bytes = PROGRAM_BYTES_MIN;
    loop {
        match builder.size_limit(bytes).build() {
            Ok(regex) => {
                return Ok(Pattern {
                    text: pattern.to_owned(),
                    regex,
                    weight: bytes / PROGRAM_BYTES_MIN * WEIGHT_MIN,
                });
            }
            Err(regex::Error::CompiledTooBig(_)) if bytes < PATTERN_PROGRAM_BYTES_MAX => bytes *= 2,
            Err(regex::Error::CompiledTooBig(_)) => {
                return Err(work.fault(
                    LIMIT,
                    format!(
                        "the regular expression needs more than {PATTERN_PROGRAM_BYTES_MAX} bytes"
                    ),
                    "use smaller repetitions and classes, such as [^ ] for .",
                ));
            }
            Err(error) => {
                let text = error.to_string();
                let why = text.lines().last().unwrap_or("");
                let why = why.trim_start_matches("error: ");
                let message = format!("the regular expression is wrong: {why}");
                let remedy =
                    "write it as RE2 has it, and with the backslashes doubled or in r\"…\"";
                return Err(work.fault(INVALID_ARGUMENT, message, remedy));
            }
        }
    }
}

/// A pattern with the classes of Perl and the boundary of words as RE2 has them: of ASCII only.
fn with_ascii_classes(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('d') => text.push_str("[0-9]"),
            Some('D') => text.push_str("[^0-9]"),
            Some('s') => text.push_str(r"[\t\n\f\r\x20]"),
            Some('S') => text.push_str(r"[^\t\n\f\r\x20]"),
            Some('w') => text.push_str("[0-9A-Za-z_]"),
            Some('W') => text.push_str("[^0-9A-Za-z_]"),
            Some('b') => text.push_str(r"(?-u:\b)"),
            Some(other) => {
                text.push('\\');
                text.push(other);
            }
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Patterns, Work};

    #[test]
    fn classes_are_of_ascii() {
        for (pattern, text, wanted) in [
            (r"^\d+$", "12", true),
            (r"^\d+$", "१२", false),
            (r"^\D$", "१", true),
            (r"^[\w-]+$", "a-b", true),
            (r"^[^\s]+$", "a\u{a0}b", true),
            (r"\bport\b", "a port b", true),
            (r"\\d", r"\d", true),
            (r"^.$", "é", true),
        ] {
            let found = Patterns::default().matches(&mut Work::default(), text, pattern);
            assert_eq!(found.ok(), Some(wanted), "{pattern}");
        }
    }
}
