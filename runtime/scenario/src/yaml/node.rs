//! The tree.

use std::rc::Rc;

use serde_json::{Map, Number, Value};

use crate::place::{Origin, Place};

/// A scalar, list or map, and where it stands. What an alias stands for has the place of its anchor.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its first character.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// What a node is. Cloning one shares its children.
#[derive(Clone, Debug)]
pub enum Data {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Rc<[Node]>),
    /// A map, in the order of the text; no key is there twice.
    Map(Rc<[(Key, Node)]>),
}

/// A scalar.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// What it means.
    pub value: ScalarValue,
    /// Its text, without quotes, escapes and indentation.
    pub text: Box<str>,
    /// Where the lines of its text stand.
    pub origin: Origin,
    /// Whether it stands without quotes, and not in a block.
    pub is_plain: bool,
    /// Its text before its lines were folded; none if they were not, or if it has escapes.
    pub unfolded: Option<Box<Unfolded>>,
}

/// A text as it stands, with the indentation of all lines but the first.
#[derive(Clone, Debug)]
pub struct Unfolded {
    /// The text; line feeds end its lines.
    pub text: Box<str>,
    /// Where its lines stand.
    pub origin: Origin,
}

/// What a scalar means in the core schema.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalarValue {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that 64 bits hold.
    Number(Number),
    /// Its text.
    Text,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: Box<str>,
    /// Its first character.
    pub place: Place,
}

impl Node {
    /// The scalar that it is.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            Data::List(_) | Data::Map(_) => None,
        }
    }

    /// The text that it is: not a number, truth value or null.
    pub fn text(&self) -> Option<&Scalar> {
        self.scalar()
            .filter(|scalar| scalar.value == ScalarValue::Text)
    }

    /// The items of the list that it is.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.data {
            Data::List(items) => Some(items),
            Data::Scalar(_) | Data::Map(_) => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.value == ScalarValue::Null)
    }

    /// What it is called in messages.
    pub fn noun(&self) -> &'static str {
        match &self.data {
            Data::Scalar(scalar) => match scalar.value {
                ScalarValue::Null => "null",
                ScalarValue::Bool(_) => "true or false",
                ScalarValue::Number(_) => "a number",
                ScalarValue::Text => "a text",
            },
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// The same as a JSON value.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Scalar(scalar) => scalar.to_value(),
            Data::List(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Data::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, node)| (key.text.to_string(), node.to_value()))
                    .collect::<Map<String, Value>>(),
            ),
        }
    }
}

impl Scalar {
    /// The same as a JSON value.
    pub fn to_value(&self) -> Value {
        match &self.value {
            ScalarValue::Null => Value::Null,
            ScalarValue::Bool(value) => Value::Bool(*value),
            ScalarValue::Number(number) => Value::Number(number.clone()),
            ScalarValue::Text => Value::String(self.text.to_string()),
        }
    }
}
