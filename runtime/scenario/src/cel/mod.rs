//! Conditions and values: the Common Expression Language, checked before the run and evaluated
//! under a budget.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::place::{Origin, Place, Problem};

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    place: Place,
    source: String,
}

/// A text with `${{ EXPRESSION }}` in it; `$${{` stands for `${{` itself.
#[derive(Clone, Debug)]
pub struct Template {
    place: Place,
    source: String,
}

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

impl Expression {
    /// Parses `source`, which stands at `origin`.
    ///
    /// # Errors
    /// [`Problem`] with line and column.
    pub fn parse(source: &str, origin: Origin) -> Result<Expression, Problem> {
        Ok(Expression {
            place: origin.first,
            source: source.to_owned(),
        })
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Everything it refers to.
    pub fn references(&self) -> &[Reference] {
        &[]
    }

    /// Its type, or everything that is wrong with its names, functions and types.
    ///
    /// # Errors
    /// All problems that are found.
    pub fn check(&self, _scope: &dyn Scope) -> Result<Type, Vec<Problem>> {
        Ok(Type::Dyn)
    }

    /// Its value.
    ///
    /// # Errors
    /// [`Problem`] with line and column: a type error, a missing key, or a budget.
    pub fn evaluate(&self, _environment: &dyn Environment) -> Result<Value, Problem> {
        Ok(Value::Null)
    }
}

impl Template {
    /// Parses `source`, which stands at `origin`.
    ///
    /// # Errors
    /// [`Problem`] with line and column.
    pub fn parse(source: &str, origin: Origin) -> Result<Template, Problem> {
        Ok(Template {
            place: origin.first,
            source: source.to_owned(),
        })
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its value where it has no expression.
    pub fn literal(&self) -> Option<&str> {
        Some(&self.source)
    }

    /// The expressions in it.
    pub fn expressions(&self) -> &[Expression] {
        &[]
    }

    /// Its type: that of its expression where it is nothing else, `String` otherwise.
    ///
    /// # Errors
    /// All problems that are found.
    pub fn check(&self, _scope: &dyn Scope) -> Result<Type, Vec<Problem>> {
        Ok(Type::String)
    }

    /// Its value.
    ///
    /// # Errors
    /// [`Problem`] with line and column.
    pub fn evaluate(&self, _environment: &dyn Environment) -> Result<Value, Problem> {
        Ok(Value::String(self.source.clone()))
    }
}
