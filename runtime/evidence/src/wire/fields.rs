//! The fields of a JSON object, before anything is known about their values.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::FIELDS;
use crate::checked_text::parse_decimal;
use crate::{FieldProblem, ReceiptError, ReceiptVersion, Status};

/// The known fields of an object. Each is taken once; whatever is left at the end is refused.
pub(super) struct Fields {
    values: BTreeMap<&'static str, Value>,
    status: Option<Status>,
}

enum Value {
    Bool(bool),
    Text(String),
    Other,
}

impl Fields {
    /// The fields of a JSON object, none of them unknown or twice.
    pub(super) fn parse(bytes: &[u8]) -> Result<Fields, ReceiptError> {
        let object: Object = serde_json::from_slice(bytes).map_err(|error| ReceiptError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        // A newer version may have other fields, so its number is the better answer.
        for (name, value) in &object.0 {
            if let ("version", Value::Text(version)) = (name.as_str(), value)
                && ReceiptVersion::from_name(version).is_none()
            {
                return Err(ReceiptError::UnknownVersion {
                    version: excerpt(version),
                });
            }
        }
        let mut values = BTreeMap::new();
        for (name, value) in object.0 {
            let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
                return Err(ReceiptError::UnknownField {
                    name: excerpt(&name),
                });
            };
            if values.insert(field, value).is_some() {
                return Err(ReceiptError::DuplicateField { field });
            }
        }
        Ok(Fields {
            values,
            status: None,
        })
    }

    /// Takes the version.
    pub(super) fn version(&mut self) -> Result<ReceiptVersion, ReceiptError> {
        let version = self.text("version")?;
        ReceiptVersion::from_name(&version).ok_or_else(|| ReceiptError::UnknownVersion {
            version: excerpt(&version),
        })
    }

    /// Takes the status; later complaints about missing and unexpected fields name it.
    pub(super) fn status(&mut self) -> Result<Status, ReceiptError> {
        let field = "status";
        let status = Status::from_name(&self.text(field)?).ok_or(ReceiptError::Field {
            field,
            problem: FieldProblem::Status,
        })?;
        self.status = Some(status);
        Ok(status)
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<String, ReceiptError> {
        match self.take(field)? {
            Value::Text(text) => Ok(text),
            Value::Bool(_) | Value::Other => Err(ReceiptError::Field {
                field,
                problem: FieldProblem::NotText,
            }),
        }
    }

    pub(super) fn bool(&mut self, field: &'static str) -> Result<bool, ReceiptError> {
        match self.take(field)? {
            Value::Bool(bool) => Ok(bool),
            Value::Text(_) | Value::Other => Err(ReceiptError::Field {
                field,
                problem: FieldProblem::NotBool,
            }),
        }
    }

    pub(super) fn number(&mut self, field: &'static str) -> Result<u64, ReceiptError> {
        parse_decimal(&self.text(field)?).ok_or(ReceiptError::Field {
            field,
            problem: FieldProblem::Number,
        })
    }

    pub(super) fn signed_number(&mut self, field: &'static str) -> Result<i32, ReceiptError> {
        let text = self.text(field)?;
        text.parse()
            .ok()
            .filter(|number: &i32| number.to_string() == text)
            .ok_or(ReceiptError::Field {
                field,
                problem: FieldProblem::SignedNumber,
            })
    }

    pub(super) fn parsed<T>(&mut self, field: &'static str) -> Result<T, ReceiptError>
    where
        T: FromStr,
        FieldProblem: From<T::Err>,
    {
        let text = self.text(field)?;
        text.parse().map_err(|error: T::Err| ReceiptError::Field {
            field,
            problem: error.into(),
        })
    }

    pub(super) fn has(&self, field: &'static str) -> bool {
        self.values.contains_key(field)
    }

    /// Checks that every field was taken.
    pub(super) fn finish(self, status: Status) -> Result<(), ReceiptError> {
        match self.values.into_keys().next() {
            Some(field) => Err(ReceiptError::UnexpectedField { field, status }),
            None => Ok(()),
        }
    }

    fn take(&mut self, field: &'static str) -> Result<Value, ReceiptError> {
        self.values.remove(field).ok_or(ReceiptError::MissingField {
            field,
            status: self.status,
        })
    }
}

/// As much of a foreign text as an error message can bear.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Names and values as they come, with duplicates.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        struct ValueVisitor;

        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
                Ok(Value::Bool(bool))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
                Ok(Value::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
                Ok(Value::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
                Ok(Value::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }
        }

        deserializer.deserialize_any(ValueVisitor)
    }
}
