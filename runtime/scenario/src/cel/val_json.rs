//! Values as JSON, and JSON as values that the expression made.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::fault::{Faulty, NOT_JSON};
use super::val::{Key, Text, Val};
use super::work::Work;

impl<'v> Val<'v> {
    /// A copy of a JSON value that the expression made.
    pub fn copied(work: &mut Work, value: &Value) -> Faulty<Val<'v>> {
        Ok(match value {
            Value::Null => Val::Null,
            Value::String(text) => {
                work.text(text.len())?;
                Val::made_text(text)
            }
            Value::Array(values) => {
                work.reserve(values.len())?;
                let values: Faulty<Vec<_>> = values
                    .iter()
                    .map(|value| Val::copied(work, value))
                    .collect();
                Val::made_list(work, values?)?
            }
            Value::Object(values) => {
                work.reserve(values.len())?;
                let mut copies = BTreeMap::new();
                for (key, value) in values {
                    work.text(key.len())?;
                    let key = Key::Text(Text::Made(Rc::from(key.as_str())));
                    copies.insert(key, Val::copied(work, value)?);
                }
                Val::made_map(work, copies)?
            }
            Value::Bool(value) => Val::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Val::Int(value),
                (None, Some(value)) => Val::Uint(value),
                (None, None) => Val::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
        })
    }

    /// It as JSON.
    ///
    /// # Errors
    /// Bytes, types, numbers that are not finite, and budgets.
    pub fn to_json(&self, work: &mut Work) -> Faulty<Value> {
        to_json(self, work, 0)
    }
}

fn to_json(value: &Val<'_>, work: &mut Work, depth: u16) -> Faulty<Value> {
    work.produce(4)?;
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(value) => Value::Bool(*value),
        Val::Int(value) => Value::from(*value),
        Val::Uint(value) => Value::from(*value),
        Val::Double(value) => match serde_json::Number::from_f64(*value) {
            Some(number) => Value::Number(number),
            None => {
                let message = format!("the result is {value}, which JSON does not have");
                return Err(work.fault(
                    NOT_JSON,
                    message,
                    "check the divisor, or the range of the numbers",
                ));
            }
        },
        Val::Text(text) => {
            work.produce(text.as_str().len())?;
            Value::String(text.as_str().to_owned())
        }
        Val::Bytes(bytes) => {
            let message = format!(
                "the result has {} bytes, which JSON does not have",
                bytes.as_slice().len()
            );
            return Err(work.fault(NOT_JSON, message, "convert them with string(…)"));
        }
        Val::Type(kind) => {
            let message = format!("the result is the type {kind}, which JSON does not have");
            return Err(work.fault(NOT_JSON, message, "compare types with type(value) == int"));
        }
        Val::List(list) => {
            let depth = work.nest(Some(depth))?;
            let values: Faulty<Vec<Value>> = list
                .iter()
                .map(|value| to_json(&value, work, depth))
                .collect();
            Value::Array(values?)
        }
        Val::Map(map) => {
            let depth = work.nest(Some(depth))?;
            let mut values = serde_json::Map::new();
            for (key, value) in map.entries() {
                let key = key_text(key);
                work.produce(key.len())?;
                if values.contains_key(&key) {
                    return Err(work.fault(
                        NOT_JSON,
                        "two keys of the result have the same text, which JSON does not allow",
                        "make keys of one type",
                    ));
                }
                values.insert(key, to_json(&value, work, depth)?);
            }
            Value::Object(values)
        }
    })
}

/// A key as JSON writes it.
fn key_text(key: Key<'_>) -> String {
    match key {
        Key::Bool(value) => value.to_string(),
        Key::Int(value) => value.to_string(),
        Key::Uint(value) => value.to_string(),
        Key::Text(text) => text.as_str().to_owned(),
    }
}
