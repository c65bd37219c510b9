//! An expression: read, checked and evaluated.

use std::sync::Arc;

use serde_json::Value;

use super::fault::{Fault, SYNTAX};
use super::parser::{self, Parsed};
use super::{Environment, Reference, Scope, Template, Type, check, evaluate};
use crate::place::{Origin, Place, Problem};

/// A parsed expression. Copies share the tree.
#[derive(Clone, Debug)]
pub struct Expression {
    origin: Origin,
    source: Arc<str>,
    parsed: Arc<Parsed>,
}

impl Expression {
    /// Parses `source`, which stands at `origin`.
    ///
    /// # Errors
    /// [`Problem`] with line and column.
    pub fn parse(source: &str, origin: Origin) -> Result<Expression, Problem> {
        match parser::parse(source, origin) {
            Ok(parsed) => Ok(Expression {
                origin,
                source: Arc::from(source),
                parsed: Arc::new(parsed),
            }),
            Err(fault) => Err(fault.place(source, origin)),
        }
    }

    /// Parses `source`, which may stand between `${{` and `}}`.
    ///
    /// # Errors
    /// [`Problem`] with line and column.
    pub fn parse_condition(source: &str, origin: Origin) -> Result<Expression, Problem> {
        let blanks = source.len() - source.trim_start().len();
        if !source.trim_start().starts_with("${{") {
            return Expression::parse(source, origin);
        }
        let inner = Origin {
            first: origin.place(source, blanks),
            further_column: origin.further_column,
        };
        let template = Template::parse(source.trim(), inner)?;
        template.single().cloned().ok_or_else(|| {
            let fault = Fault::new(
                0,
                SYNTAX,
                "there is more than one ${{ }} and nothing else",
                "write one expression; ${{ and }} may be left out here",
            );
            fault.place(source, origin)
        })
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.origin.first
    }

    /// Everything it refers to, each name once, in the order of the text.
    pub fn references(&self) -> &[Reference] {
        &self.parsed.references
    }

    /// Its type, or everything that is wrong with its names, functions and types.
    ///
    /// # Errors
    /// All problems that are found.
    pub fn check(&self, scope: &dyn Scope) -> Result<Type, Vec<Problem>> {
        check::check(&self.parsed, scope).map_err(|faults| {
            let place = |fault: Fault| fault.place(&self.source, self.origin);
            faults.into_iter().map(place).collect()
        })
    }

    /// Its value.
    ///
    /// # Errors
    /// [`Problem`] with line and column: a type error, a missing key, or a budget.
    pub fn evaluate(&self, environment: &dyn Environment) -> Result<Value, Problem> {
        evaluate::evaluate(&self.parsed, environment)
            .map_err(|fault| fault.place(&self.source, self.origin))
    }
}
