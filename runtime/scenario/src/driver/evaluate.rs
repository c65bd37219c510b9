//! Values of a step with every expression evaluated, and of the type that is needed.

use serde_json::{Map, Value};

use crate::cel::{Environment, Expression, Template};
use crate::place::Place;
use crate::scenario::ValueTemplate;

use super::failure::Failure;
use super::limits;
use super::weight::Weight;

/// What a value is called in messages.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// A failure because of a value's type.
pub(super) fn wrong(place: Place, what: &str, value: &Value, wanted: &str) -> Failure {
    Failure::expression(format!("{place}: {what} is {}, not {wanted}", kind(value)))
}

/// The value of a condition.
pub(super) fn condition(
    expression: &Expression,
    what: &str,
    environment: &dyn Environment,
) -> Result<bool, Failure> {
    match expression.evaluate(environment)? {
        Value::Bool(value) => Ok(value),
        other => Err(wrong(expression.place(), what, &other, "true or false")),
    }
}

/// The value of a template.
pub(super) fn value(
    template: &ValueTemplate,
    environment: &dyn Environment,
) -> Result<Value, Failure> {
    let mut bytes = 0;
    evaluate(template, environment, &mut bytes)
}

fn evaluate(
    template: &ValueTemplate,
    environment: &dyn Environment,
    bytes: &mut u64,
) -> Result<Value, Failure> {
    let value = match template {
        ValueTemplate::Literal(value, _) => return Ok(value.clone()),
        ValueTemplate::Text(template) => template.evaluate(environment)?,
        ValueTemplate::List(items, _) => {
            let items: Result<Vec<Value>, Failure> = items
                .iter()
                .map(|item| evaluate(item, environment, bytes))
                .collect();
            return Ok(Value::Array(items?));
        }
        ValueTemplate::Map(entries, _) => {
            let mut map = Map::new();
            for (key, item) in entries {
                map.insert(key.clone(), evaluate(item, environment, bytes)?);
            }
            return Ok(Value::Object(map));
        }
    };
    *bytes += Weight::of(&value).json;
    if *bytes > limits::VALUE_BYTES_MAX {
        return Err(Failure::expression(format!(
            "{}: the value is more than {} bytes of JSON; pass large data on as an artifact",
            template.place(),
            limits::VALUE_BYTES_MAX
        )));
    }
    Ok(value)
}

/// The value of a text; numbers and booleans are texts as JSON writes them.
pub(super) fn text(
    template: &Template,
    what: &str,
    environment: &dyn Environment,
) -> Result<String, Failure> {
    scalar(template.evaluate(environment)?)
        .map_err(|other| wrong(template.place(), what, &other, "a text"))
}

/// A value as text, unless it is null, a list or a map.
pub(super) fn scalar(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        other => Err(other),
    }
}

/// A value or the values of a list of them, as texts; lists in lists too.
pub(super) fn scalars(value: Value, mut take: impl FnMut(String)) -> Result<(), Value> {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(items) => rest.extend(items.into_iter().rev()),
            other => take(scalar(other)?),
        }
    }
    Ok(())
}
