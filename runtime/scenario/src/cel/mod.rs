//! Conditions and values: the Common Expression Language (CEL), checked before the run and evaluated
//! under a budget.
//!
//! ```text
//! text ──lexer──► Token ──parser──► Node ──check──► Type, problems
//!                                    └──evaluate (Work: the budget)──► Val ──► JSON value
//! ```
//!
//! The language is that of <https://github.com/google/cel-spec> without protocol buffers, timestamps
//! and optional values; docs/scenarios-expressions.md says what it has and what it adds.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::place::Place;

mod expression;
mod template;

mod allowance;
mod ast;
mod lexer;
mod literal;
mod parser;

mod check;
mod evaluate;
mod functions;
mod order;
mod pattern;
mod val;
mod val_json;
mod work;

mod fault;
pub mod limits;

pub use allowance::{EVENT_STEPS_MAX, with_steps};
pub use expression::Expression;
pub use functions::document::functions_document;
pub use parser::is_reserved_name;
pub use template::Template;

/// The fields of a step.
pub const STEP_FIELDS: &[&str] = &["output", "status", "exit", "error", "artifact", "attempts"];

/// The fields of `error` in a condition of retries.
pub const ERROR_FIELDS: &[&str] = &["code", "exit", "message", "attempt"];

/// What an expression refers to, by names that are known before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// `vars.NAME`.
    Variable,
    /// `assets.NAME`.
    Assets,
    /// `steps.ID.FIELD`.
    Step,
    /// The binding of a loop, such as `item` and `index`, or `error`.
    Binding,
}

/// One reference of an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// To what.
    pub root: Root,
    /// The name of the variable, group, step or binding.
    pub name: String,
    /// Of a step: the field, such as `output`.
    pub field: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A type that is known before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Known at run time only.
    Dyn,
    /// `null`.
    Null,
    /// `true` and `false`.
    Bool,
    /// 64-bit signed.
    Int,
    /// 64-bit unsigned.
    Uint,
    /// 64-bit floating point.
    Double,
    /// Unicode text.
    String,
    /// Bytes.
    Bytes,
    /// A list.
    List,
    /// A map.
    Map,
    /// A type, such as `int` in `type(vars.x) == int`.
    Type,
}

impl Type {
    /// Its name in expressions and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Dyn => "dyn",
            Type::Null => "null_type",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::List => "list",
            Type::Map => "map",
            Type::Type => "type",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What names mean before the run.
pub trait Scope {
    /// The type of what is referred to; none if there is no such thing.
    fn type_of(&self, reference: &Reference) -> Option<Type>;
    /// Names that are known under a root, for the remedy of a misspelled one.
    fn known(&self, root: Root) -> BTreeSet<String>;
}

/// What names mean during the run.
pub trait Environment {
    /// The value of what is referred to.
    fn value(&self, root: Root, name: &str, field: Option<&str>) -> Option<Cow<'_, Value>>;
}
