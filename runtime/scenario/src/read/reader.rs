//! What reading a scenario remembers, and how it says what is wrong.

use std::collections::HashMap;

use tenzik_capsule::escaped;

use crate::place::{Place, Problem};
use crate::yaml::{Node, PROBLEMS_MAX};

/// The state of reading.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
    /// The scenario's name: the title of reports that have none.
    pub(super) title: String,
    /// Names of steps, and where they are.
    pub(super) ids: HashMap<String, Place>,
    /// Steps read so far.
    pub(super) steps: usize,
}

impl Reader {
    /// Everything that is wrong, in the order of the text.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.place);
        self.problems
    }

    /// Whether no more problems are collected.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    /// Remembers a problem.
    pub(super) fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.problems.push(problem);
        }
    }

    /// Remembers a problem.
    pub(super) fn wrong(
        &mut self,
        place: Place,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(Problem::new(place, code, message, remedy));
    }

    /// Says that a node is not what its key wants.
    pub(super) fn wrong_kind(&mut self, node: &Node, what: &str, wanted: &str) {
        let remedy = match node.scalar() {
            Some(_) if node.is_null() => format!("give it {wanted}, or remove the key"),
            Some(scalar) if node.text().is_none() && wanted.starts_with("a text") => {
                format!("put it in quotes: \"{}\"", scalar.text)
            }
            _ => format!("write {wanted}"),
        };
        let shown = match node.scalar() {
            Some(scalar) if !node.is_null() => {
                format!("{} {}", node.noun(), escaped(&scalar.text))
            }
            _ => node.noun().to_owned(),
        };
        self.wrong(
            node.place,
            "wrong_type",
            format!("{what} is {shown}"),
            remedy,
        );
    }
}
