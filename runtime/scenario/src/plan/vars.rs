//! Variables that are set before the first step: defaults, and those of the command line.

use serde_json::{Map, Value};

use tenzik_capsule::escaped;

use crate::place::{Place, Problem};
use crate::scenario::Scenario;
use crate::yaml::{Data, Node, ScalarValue};

use super::flat::Flat;
use super::names::type_of;

/// The variables, and the names of those that the command line sets.
pub(super) fn variables(
    scenario: &Scenario,
    flat: &Flat<'_>,
    given: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> (Map<String, Value>, Vec<String>) {
    let defaults = scenario.vars.iter();
    let mut vars: Map<String, Value> = defaults
        .map(|(name, value)| (name.value.clone(), value.clone()))
        .collect();
    let mut fixed = Vec::new();
    for (name, text) in given {
        let value = match vars.get(name) {
            Some(default) => typed(name, text, default),
            None if flat.variables.contains_key(name.as_str()) => {
                Ok(meant(text).unwrap_or_else(|_| Value::from(text.as_str())))
            }
            None => {
                let known = vars.keys().map(String::as_str);
                let known = known.chain(flat.variables.keys().copied());
                Err(Problem::new(
                    Place::default(),
                    "unknown_name",
                    format!("--var: the scenario has no variable {}", escaped(name)),
                    crate::nearest::remedy(name, known, "name one of vars, or of a let step"),
                ))
            }
        };
        match value {
            Ok(value) => {
                vars.insert(name.clone(), value);
                fixed.push(name.clone());
            }
            Err(problem) => problems.push(problem),
        }
    }
    fixed.sort();
    fixed.dedup();
    (vars, fixed)
}

/// The text as a value of the type of `default`.
fn typed(name: &str, text: &str, default: &Value) -> Result<Value, Problem> {
    if default.is_string() {
        return Ok(Value::from(text));
    }
    let value = meant(text).map_err(|problems| {
        let first = problems.into_iter().next();
        let message = first.map_or_else(String::new, |problem| problem.to_string());
        Problem::new(
            Place::default(),
            "value_malformed",
            format!("--var {}: {message}", escaped(name)),
            "write the value as in a scenario, or as JSON",
        )
    })?;
    let alike = match (default, &value) {
        (Value::Null, _) | (Value::Number(_), Value::Number(_)) => true,
        _ => type_of(default) == type_of(&value),
    };
    if alike {
        return Ok(value);
    }
    let wanted = match default {
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Array(_) => "a list as JSON, such as [1,2]",
        _ => "a map as JSON, such as {\"a\":1}",
    };
    Err(Problem::new(
        Place::default(),
        "type_mismatch",
        format!(
            "--var {}: {} is not {wanted}, as the default of the variable is",
            escaped(name),
            escaped(text)
        ),
        format!("write {wanted}"),
    ))
}

/// What the text means in a scenario, JSON included; none where it means nothing there.
fn meant(text: &str) -> Result<Value, Vec<Problem>> {
    crate::yaml::parse(text).map(|node| value(&node))
}

/// Nesting is bounded by the reader.
fn value(node: &Node) -> Value {
    match &node.data {
        Data::Scalar(scalar) => match &scalar.value {
            ScalarValue::Null => Value::Null,
            ScalarValue::Bool(flag) => Value::Bool(*flag),
            ScalarValue::Number(number) => Value::Number(number.clone()),
            ScalarValue::Text => Value::from(&*scalar.text),
        },
        Data::List(items) => items.iter().map(value).collect(),
        Data::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, node)| (key.text.to_string(), value(node)))
                .collect()
        }
    }
}
