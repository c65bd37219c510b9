//! What is compared and given to functions (RFC 9535 section 2.4.1, `ValueType`).

use std::borrow::Cow;

use super::document::{Document, Kind, NodeId};
use super::query::Literal;
use super::text::Text;

/// A value, or nothing.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Nothing,
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(Cow<'a, str>),
    Text(Text<'a>),
    Array(NodeId),
    Object(NodeId),
}

impl<'a> Value<'a> {
    pub(super) fn of_node(document: &'a Document, id: NodeId) -> Value<'a> {
        match document.kind(id) {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Number => Value::Number(Cow::Borrowed(document.source(id))),
            Kind::Text => Value::Text(document.string(id)),
            Kind::Array => Value::Array(id),
            Kind::Object => Value::Object(id),
        }
    }

    pub(super) fn of_literal(literal: &'a Literal) -> Value<'a> {
        match literal {
            Literal::Null => Value::Null,
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Number(number) => Value::Number(Cow::Borrowed(number)),
            Literal::Text(text) => Value::Text(Text::plain(text)),
        }
    }

    pub(super) fn of_count(count: usize) -> Value<'a> {
        Value::Number(Cow::Owned(count.to_string()))
    }
}
