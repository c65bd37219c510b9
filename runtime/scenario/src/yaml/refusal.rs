//! What lies outside of the language: keys that are no texts, numbers that 64 bits do not hold, tags.

use saphyr_parser::Tag;
use tenzik_capsule::escaped;

use super::node::{Key, Node, ScalarValue};
use super::scalar::Meaningless;
use crate::place::{Place, Problem};

/// The key that a node is.
pub(super) fn key(node: &Node) -> Result<Key, Problem> {
    let wrong = |message: String, remedy: &str| {
        Err(Problem::new(node.place, "key_malformed", message, remedy))
    };
    let Some(scalar) = node.scalar() else {
        return wrong(
            format!("a key is {}; keys are texts", node.noun()),
            "write a text as the key",
        );
    };
    if scalar.is_plain && &*scalar.text == "<<" {
        return Err(Problem::new(
            node.place,
            "yaml_merge_key",
            "merge keys are not part of YAML 1.2",
            "write the keys out, or put << in quotes if it is a name",
        ));
    }
    let same = match &scalar.value {
        ScalarValue::Null => {
            return wrong(
                "a key is null; keys are texts".to_owned(),
                "name the key, or put it in quotes",
            );
        }
        ScalarValue::Bool(value) => value.to_string(),
        ScalarValue::Number(number) => number.to_string(),
        ScalarValue::Text => scalar.text.to_string(),
    };
    if same != *scalar.text {
        let message = format!(
            "the key {} means {same}; keys are texts",
            escaped(&scalar.text)
        );
        return wrong(message, "put it in quotes, or write it as it is meant");
    }
    Ok(Key {
        text: same.into(),
        place: node.place,
    })
}

/// Why a scalar is refused.
pub(super) fn meaningless(why: Meaningless, text: &str, tag: Option<&Tag>, at: Place) -> Problem {
    let shown = escaped(text);
    let (code, message, remedy) = match (why, tag) {
        (Meaningless::Integer, _) => (
            "number_too_large",
            format!("{shown} does not fit into 64 bits"),
            "put it in quotes if it is a text",
        ),
        (Meaningless::Float, _) => (
            "number_too_large",
            format!("{shown} is beyond the largest number, 1.7976931348623157e308"),
            "put it in quotes if it is a text",
        ),
        (Meaningless::NotFinite, _) => (
            "number_not_finite",
            format!("{shown} is no number that JSON has"),
            "put it in quotes if it is a text",
        ),
        (Meaningless::Tag, Some(tag)) => return refused_tag(tag, at),
        (Meaningless::Tag, None) => (
            "yaml_tag",
            format!("{shown} does not fit its tag"),
            "remove the tag",
        ),
    };
    Problem::new(at, code, message, remedy)
}

/// Why a tag is refused.
pub(super) fn refused_tag(tag: &Tag, at: Place) -> Problem {
    let name = format!("{}{}", tag.handle, tag.suffix);
    let message = match tag.is_yaml_core_schema() {
        true => format!("what follows the tag {} is something else", escaped(&name)),
        false => format!("the tag {} has no meaning in scenarios", escaped(&name)),
    };
    Problem::new(
        at,
        "yaml_tag",
        message,
        "remove the tag; quotes make a text of a number",
    )
}
