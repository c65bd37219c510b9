//! The JSON Schema of scenarios (draft 2020-12), for editors: rendered from the tables of keys.
//!
//! Whatever it refuses, the reader refuses; not the other way round: it knows nothing of names that
//! are there twice, of the ranges of durations, and of expressions.

use serde_json::{Map, Value, json};
use tenzik_policy::LIMIT_FIELDS;

use crate::language::{
    COLUMN, EXEC, FALLBACK, GROUP, KeySpec, Kind, NAME_LENGTH_MAX, PARAMETER, REPORT, RETRIES,
    ROOT, RUN, SCAN, STEP, TOOL, Table,
};
use crate::scenario::BodyKind;

/// Every table but that of the whole scenario.
const TABLES: [&Table; 11] = [
    &COLUMN, &EXEC, &FALLBACK, &GROUP, &PARAMETER, &REPORT, &RETRIES, &RUN, &SCAN, &STEP, &TOOL,
];

/// The schema.
pub fn json_schema() -> Value {
    let mut definitions: Map<String, Value> = TABLES
        .iter()
        .map(|table| (table.name.to_owned(), object(table)))
        .collect();
    if let Some(step) = definitions.get_mut(STEP.name) {
        step["oneOf"] = BodyKind::ALL
            .iter()
            .map(|kind| alternative(*kind))
            .collect();
    }
    definitions.insert(
        "steps".to_owned(),
        json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}),
    );
    definitions.insert("limits".to_owned(), limits());
    let mut schema = object(&ROOT);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("tenzik scenario, version 1");
    schema["$defs"] = Value::Object(definitions);
    schema
}

fn object(table: &Table) -> Value {
    let properties: Map<String, Value> = table
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| key.is_required && key.kinds.is_all())
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    match table.is_open {
        true => schema["propertyNames"] = json!({"pattern": name_pattern("A-Za-z0-9_-")}),
        false => schema["additionalProperties"] = json!(false),
    }
    schema
}

fn property(key: &KeySpec) -> Value {
    let mut schema = kind(&key.kind);
    let mut doc = key.doc.to_owned();
    let words = words(&key.kind);
    let range = key.kind.range().unwrap_or_default();
    for sentence in [words, range].iter().filter(|said| !said.is_empty()) {
        doc.push_str(&format!(" {sentence}."));
    }
    schema["description"] = json!(doc);
    // Rendered from constants: a test shows that all of them are JSON.
    if let Ok(default) = serde_json::from_str::<Value>(key.default) {
        schema["default"] = default;
    }
    if let Ok(example) = serde_json::from_str::<Value>(key.example) {
        schema["examples"] = json!([example]);
    }
    schema
}

/// What the words of a key mean.
fn words(kind: &Kind) -> String {
    match kind {
        Kind::Words(words) => {
            let words: Vec<String> = words
                .iter()
                .map(|word| format!("{}: {}", word.word, word.doc))
                .collect();
            words.join("; ")
        }
        Kind::Any(kinds) => kinds.first().map(words).unwrap_or_default(),
        _ => String::new(),
    }
}

fn kind(of: &Kind) -> Value {
    match of {
        Kind::Version => json!({"const": 1}),
        Kind::Text => json!({"type": "string", "minLength": 1, "not": {"pattern": r"\$\{\{"}}),
        Kind::ScenarioName => json!({
            "type": "string",
            "pattern": format!("^[a-z][a-z0-9-]{{0,{}}}$", NAME_LENGTH_MAX - 1),
        }),
        Kind::Name => json!({"type": "string", "pattern": name_pattern("A-Za-z0-9_-")}),
        Kind::Reference => json!({"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.-]*$"}),
        Kind::Binding => json!({"type": "string", "pattern": name_pattern("A-Za-z0-9_")}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        Kind::Duration { .. } => json!({
            "type": "string",
            "pattern": r"^\s*[0-9][0-9A-Za-zµ.\s]*$",
        }),
        Kind::Words(words) => {
            let words: Vec<&str> = words.iter().map(|word| word.word).collect();
            json!({"enum": words})
        }
        Kind::Expression => json!({"type": ["string", "boolean", "number"], "minLength": 1}),
        Kind::Template => json!({"type": "string"}),
        Kind::Argument => json!({"type": ["string", "boolean", "number"]}),
        Kind::Value | Kind::Literal => json!({}),
        Kind::Limits => json!({"$ref": "#/$defs/limits"}),
        Kind::List(item) => json!({"type": "array", "items": kind(item)}),
        Kind::Some(item) => json!({"type": "array", "minItems": 1, "items": kind(item)}),
        Kind::Map(value) => json!({
            "type": "object",
            "propertyNames": {"pattern": name_pattern("A-Za-z0-9_-")},
            "additionalProperties": kind(value),
        }),
        Kind::Object(table) => json!({"$ref": format!("#/$defs/{}", table.name)}),
        Kind::Steps => json!({"$ref": "#/$defs/steps"}),
        Kind::Any(kinds) => json!({"anyOf": kinds.iter().map(kind).collect::<Vec<_>>()}),
    }
}

fn name_pattern(characters: &str) -> String {
    format!("^[A-Za-z][{characters}]{{0,{}}}$", NAME_LENGTH_MAX - 1)
}

/// A step of one kind: the key that names it, those that it needs, and none of other kinds.
fn alternative(of: BodyKind) -> Value {
    let is_of = |key: &&KeySpec| key.kinds.has(of);
    let required: Vec<&str> = STEP
        .keys
        .iter()
        .filter(|key| key.is_required && key.kinds.has(of))
        .map(|key| key.name)
        .chain([of.key()])
        .collect();
    let refused: Map<String, Value> = STEP
        .keys
        .iter()
        .filter(|key| !is_of(key))
        .map(|key| (key.name.to_owned(), json!(false)))
        .collect();
    json!({"title": of.key(), "required": required, "properties": refused})
}

fn limits() -> Value {
    let properties: Map<String, Value> = LIMIT_FIELDS
        .iter()
        .map(|field| {
            let number = json!({"type": "integer", "minimum": field.min, "maximum": field.max});
            let has_unit = field.name.ends_with("_bytes") || field.name.starts_with("wall_us");
            let mut schema = match has_unit {
                true => json!({"anyOf": [number, {"type": "string"}]}),
                false => number,
            };
            schema["description"] = json!(format!("{} to {}.", field.min, field.max));
            (field.name.to_owned(), schema)
        })
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{ROOT, TABLES};

    #[test]
    fn defaults_and_examples_are_json() {
        for key in TABLES.iter().chain([&&ROOT]).flat_map(|table| table.keys) {
            for text in [key.default, key.example] {
                let read = serde_json::from_str::<Value>(text);
                assert!(text.is_empty() || read.is_ok(), "{}: {text}", key.name);
            }
        }
    }
}
