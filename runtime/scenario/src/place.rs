//! Where something stands in a scenario, and what is wrong there.

use std::fmt;

use crate::codes::is_problem;

/// A place in the text of a scenario, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// Where the lines of a text stand in a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The first character of the text.
    pub first: Place,
    /// The column in which every further line of the text begins.
    pub further_column: u32,
}

impl Origin {
    /// The place of the byte at `offset` of `text`. In quoted texts with escapes, and in folded ones,
    /// it is a place nearby.
    pub fn place(&self, text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        let (lines, line) = match before.rsplit_once('\n') {
            Some((above, line)) => (above.matches('\n').count() + 1, line),
            None => (0, before),
        };
        let column = match lines {
            0 => self.first.column,
            _ => self.further_column,
        };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place {
            line: self.first.line.saturating_add(count(lines)),
            column: column.saturating_add(count(line.chars().count())),
        }
    }
}

/// Something wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Its stable code, such as `unknown_name`.
    pub code: &'static str,
    /// What, with names and numbers; text of the scenario in it is escaped.
    pub message: String,
    /// What to change.
    pub remedy: String,
}

impl Problem {
    /// A problem.
    pub fn new(
        place: Place,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        debug_assert!(is_problem(code), "{code} is not in the list of codes");
        Problem {
            place,
            code,
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}
