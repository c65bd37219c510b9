//! What an evaluation has used of its budget.

use regex::{Regex, RegexBuilder};

use super::fault::{Fault, Faulty, INVALID_ARGUMENT, LIMIT};
use super::limits::{PATTERN_BYTES_MAX, PATTERN_PROGRAM_BYTES_MAX, PRODUCED_BYTES_MAX, STEPS_MAX};

/// Regular expressions that an evaluation keeps.
const PATTERNS_MAX: usize = 8;

/// Bytes of text that a function goes through in one step.
const BYTES_PER_STEP: usize = 32;

/// Steps for reading a regular expression.
const PATTERN_STEPS: u64 = 2_000;

/// What an evaluation has used of its budget, and where it is.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Byte of the expression that is evaluated.
    pub at: u32,
    steps: u64,
    produced: u64,
    patterns: Vec<(String, Regex)>,
}

impl Work {
    /// A fault of what is evaluated.
    pub fn fault(
        &self,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Box<Fault> {
        Fault::new(self.at, code, message, remedy)
    }

    /// Takes steps.
    pub fn step(&mut self, steps: u64) -> Faulty<()> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEPS_MAX {
            return Err(self.fault(
                LIMIT,
                format!("the expression takes more than {STEPS_MAX} steps"),
                "filter lists before they are combined, or do this in a capsule",
            ));
        }
        Ok(())
    }

    /// Takes the steps of going through `bytes` of text.
    pub fn scan(&mut self, bytes: usize) -> Faulty<()> {
        self.step(u64::try_from(bytes / BYTES_PER_STEP + 1).unwrap_or(u64::MAX))
    }

    /// Takes bytes of values that are about to be made.
    pub fn produce(&mut self, bytes: usize) -> Faulty<()> {
        self.produced = self
            .produced
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.produced > PRODUCED_BYTES_MAX {
            return Err(self.fault(
                LIMIT,
                format!("the expression makes more than {PRODUCED_BYTES_MAX} bytes of values"),
                "make smaller values, or do this in a capsule",
            ));
        }
        Ok(())
    }

    /// Whether a regular expression matches a part of a text.
    ///
    /// # Errors
    /// A pattern that is none, or is too large, and budgets.
    pub fn matches(&mut self, text: &str, pattern: &str) -> Faulty<bool> {
        self.scan(text.len().saturating_mul(PATTERN_WEIGHT))?;
        if let Some((_, regex)) = self.patterns.iter().find(|(known, _)| known == pattern) {
            return Ok(regex.is_match(text));
        }
        self.step(PATTERN_STEPS)?;
        let regex = self.read_pattern(pattern)?;
        let is_match = regex.is_match(text);
        if self.patterns.len() == PATTERNS_MAX {
            self.patterns.remove(0);
        }
        self.patterns.push((pattern.to_owned(), regex));
        Ok(is_match)
    }

    fn read_pattern(&self, pattern: &str) -> Faulty<Regex> {
        if pattern.len() > PATTERN_BYTES_MAX {
            let message = format!(
                "the regular expression has {} bytes; at most {PATTERN_BYTES_MAX} are allowed",
                pattern.len()
            );
            return Err(self.fault(LIMIT, message, "shorten it"));
        }
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(PATTERN_PROGRAM_BYTES_MAX).nest_limit(32);
        builder.build().map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => self.fault(
                LIMIT,
                format!("the regular expression needs more than {PATTERN_PROGRAM_BYTES_MAX} bytes"),
                "use smaller repetitions and classes, such as [0-9] for \\d",
            ),
            _ => {
                let text = error.to_string();
                let why = text
                    .lines()
                    .last()
                    .unwrap_or("")
                    .trim_start_matches("error: ");
                let message = format!("the regular expression is wrong: {why}");
                self.fault(
                    INVALID_ARGUMENT,
                    message,
                    "write it as the Rust crate regex (RE2) does",
                )
            }
        })
    }
}

/// How much slower than going through a text it is to match it with the largest program.
const PATTERN_WEIGHT: usize = 8;
