//! Expressions and templates.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod chance;
mod conformance;
mod document;
mod hostile;
mod mutations;
mod peer;
mod problems;
mod templates;
mod values;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenzik_scenario::cel::{Environment, Expression, Reference, Root, Scope, Template, Type};
use tenzik_scenario::{Origin, Place, Problem};

/// The values that the tests refer to.
pub struct World(Value);

impl World {
    pub fn new() -> World {
        World(json!({
            "vars": { "x": 3, "text": "hello", "list": [1, 2, 3], "ratio": 2.5, "none": null,
                      "map": { "a": 1, "b-c": 2 }, "huge": u64::MAX, "flag": true },
            "assets": { "web": ["10.0.0.1", "10.0.0.2"] },
            "steps": { "a": { "output": { "x": 4, "rows": [{ "port": 22, "name": "ssh" }, { "port": 80, "name": "http" }] },
                              "status": "ok", "exit": 0, "error": null },
                       "a-b": { "output": "text", "status": "failed" } },
            "bindings": { "item": { "host": "h", "n": 7 }, "index": 0,
                          "error": { "code": "timed_out", "exit": 30, "message": "m", "attempt": 1 } },
        }))
    }

    fn find(&self, root: Root, name: &str, field: Option<&str>) -> Option<&Value> {
        let root = match root {
            Root::Variable => "vars",
            Root::Assets => "assets",
            Root::Step => "steps",
            Root::Binding => "bindings",
        };
        let value = self.0.get(root)?.get(name)?;
        match field {
            Some(field) => value.get(field),
            None => Some(value),
        }
    }
}

impl Environment for World {
    fn value(&self, root: Root, name: &str, field: Option<&str>) -> Option<Cow<'_, Value>> {
        self.find(root, name, field).map(Cow::Borrowed)
    }
}

impl Scope for World {
    fn type_of(&self, reference: &Reference) -> Option<Type> {
        let field = reference.field.as_deref();
        let value = self.find(reference.root, &reference.name, field)?;
        Some(match (reference.root, value) {
            (Root::Step, Value::String(_)) if field == Some("status") => Type::String,
            (Root::Step | Root::Binding, _) => Type::Dyn,
            (_, Value::String(_)) => Type::String,
            (_, Value::Bool(_)) => Type::Bool,
            (_, Value::Array(_)) => Type::List,
            (_, Value::Object(_)) => Type::Map,
            (_, Value::Number(number)) if number.is_i64() => Type::Int,
            _ => Type::Dyn,
        })
    }

    fn known(&self, root: Root) -> BTreeSet<String> {
        let root = match root {
            Root::Variable => "vars",
            Root::Assets => "assets",
            Root::Step => "steps",
            Root::Binding => "bindings",
        };
        self.0[root]
            .as_object()
            .expect("a map")
            .keys()
            .cloned()
            .collect()
    }
}

/// Where all texts of the tests stand.
pub fn origin() -> Origin {
    Origin {
        first: Place {
            line: 10,
            column: 5,
        },
        further_column: 7,
    }
}

/// The value of an expression that the check before the run accepts.
pub fn value(source: &str) -> Value {
    let expression =
        Expression::parse(source, origin()).unwrap_or_else(|why| panic!("{source}: {why}"));
    expression
        .check(&World::new())
        .unwrap_or_else(|why| panic!("{source}: {why:?}"));
    expression
        .evaluate(&World::new())
        .unwrap_or_else(|why| panic!("{source}: {why}"))
}

/// The problem of an expression that can be read, during the run.
pub fn problem(source: &str) -> Problem {
    let expression =
        Expression::parse(source, origin()).unwrap_or_else(|why| panic!("{source}: {why}"));
    match expression.evaluate(&World::new()) {
        Ok(value) => panic!("{source} has the value {value}"),
        Err(problem) => problem,
    }
}

/// The problem of an expression that cannot be read.
pub fn misread(source: &str) -> Problem {
    match Expression::parse(source, origin()) {
        Ok(_) => panic!("{source} can be read"),
        Err(problem) => problem,
    }
}

/// The problems of an expression before the run.
pub fn problems(source: &str) -> Vec<Problem> {
    let expression =
        Expression::parse(source, origin()).unwrap_or_else(|why| panic!("{source}: {why}"));
    expression.check(&World::new()).expect_err(source)
}

/// A template that can be read.
pub fn template(source: &str) -> Template {
    Template::parse(source, origin()).unwrap_or_else(|why| panic!("{source}: {why}"))
}
