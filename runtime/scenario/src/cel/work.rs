//! What an evaluation has used of its budget.

use super::allowance;
use super::fault::{Fault, Faulty, LIMIT};
use super::limits::{PRODUCED_BYTES_MAX, STEPS_MAX};
use super::pattern::Patterns;

/// Bytes of text that a function goes through in one step.
const BYTES_PER_STEP: usize = 64;

/// What an evaluation has used of its budget, and where it is.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Byte of the expression that is evaluated.
    pub at: u32,
    steps: u64,
    produced: u64,
    patterns: Patterns,
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
        if !allowance::take(steps) {
            return Err(self.fault(
                LIMIT,
                format!(
                    "the expressions that are evaluated together take more than {} steps",
                    allowance::EVENT_STEPS_MAX
                ),
                "do less in expressions, or do this in capsules",
            ));
        }
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
        let mut patterns = std::mem::take(&mut self.patterns);
        let is_match = patterns.matches(self, text, pattern);
        self.patterns = patterns;
        is_match
    }
}
