//! What is wrong at a byte of an expression, before it is known where the expression stands.

use crate::place::{Origin, Problem};

/// The text is no expression.
pub(super) const SYNTAX: &str = "expression_syntax";
/// A bound of [`limits`](super::limits).
pub(super) const LIMIT: &str = "expression_limit";
/// A name that is not known.
pub(super) const UNKNOWN_NAME: &str = "unknown_name";
/// A function that is not known.
pub(super) const UNKNOWN_FUNCTION: &str = "unknown_function";
/// A function with a wrong number of arguments.
pub(super) const WRONG_ARGUMENTS: &str = "wrong_arguments";
/// Operator or function over types that it does not take.
pub(super) const TYPE_MISMATCH: &str = "type_mismatch";
/// A key or index that is not there.
pub(super) const MISSING: &str = "missing_value";
/// An argument of the right type that the function refuses.
pub(super) const INVALID_ARGUMENT: &str = "invalid_argument";
/// A number out of its range, or a division by zero.
pub(super) const ARITHMETIC: &str = "arithmetic";
/// A result that is no JSON value.
pub(super) const NOT_JSON: &str = "not_json";

/// A result of reading or evaluating.
pub(super) type Faulty<T> = Result<T, Box<Fault>>;

/// What is wrong at a byte of an expression.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Byte of the expression's text.
    pub at: u32,
    /// Stable code.
    pub code: &'static str,
    /// What.
    pub message: String,
    /// What to change.
    pub remedy: String,
}

impl Fault {
    /// A fault.
    pub fn new(
        at: u32,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Box<Fault> {
        Box::new(Fault {
            at,
            code,
            message: message.into(),
            remedy: remedy.into(),
        })
    }

    /// Whether neither `&&`, `||` nor `coalesce` get over it.
    pub fn is_final(&self) -> bool {
        self.code == LIMIT
    }

    /// It, with the place of the expression whose text is `source`.
    pub fn place(self, source: &str, origin: Origin) -> Problem {
        let offset = usize::try_from(self.at).unwrap_or(usize::MAX);
        Problem::new(
            origin.place(source, offset),
            self.code,
            self.message,
            self.remedy,
        )
    }
}

/// Text of a scenario as messages show it: escaped, at most 64 characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().nth(64).is_some() {
        shown.push('…');
    }
    shown
}
