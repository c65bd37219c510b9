//! The YAML test suite: every case is read as its JSON says, or refused for a reason that is listed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;
use tenzik_scenario::yaml;

/// Cases for which the suite has no JSON, and the JSON of their events.
const WITHOUT_JSON: [(&str, &str); 7] = [
    ("2G84/3", r#""""#),
    (
        "4ABK",
        r#"{"http://foo.com": null, "omitted value": null, "unquoted": "separate"}"#,
    ),
    ("4MUZ/1", r#"{"foo": "bar"}"#),
    ("96NN/1", r#"{"foo": "\tbar"}"#),
    ("JEF9/2", r#"["\n"]"#),
    ("MUS6/5", "null"),
    ("MUS6/6", "null"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/yaml-test-suite")
}

/// What came of a case, in a word: a code of a problem, or `read`.
fn verdict(text: &str) -> (String, Option<Value>) {
    match yaml::parse(text) {
        Ok(node) => ("read".to_owned(), Some(node.to_value())),
        Err(problems) => (
            problems.first().expect("there is one").code.to_owned(),
            None,
        ),
    }
}

#[test]
fn cases_are_read_as_meant_or_refused() {
    let text = fs::read_to_string(folder().join("cases.json")).expect("it is there");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("it is JSON");
    let mut outside = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut as_meant = 0;
    for case in &cases {
        let id = case["id"].as_str().expect("it has an id");
        let (verdict, value) = verdict(case["yaml"].as_str().expect("it has a text"));
        let is_malformed = case["fail"] == true;
        let by_hand = WITHOUT_JSON.iter().find(|(known, _)| *known == id);
        let json = by_hand.map(|(_, json)| *json).or(case["json"].as_str());
        let documents = documents(json.unwrap_or_default());
        match (value, documents.as_slice()) {
            (None, _) if is_malformed => {}
            (Some(value), _) if is_malformed => wrong.push(format!("{id} was read: {value}")),
            (Some(value), [meant]) if value == *meant => as_meant += 1,
            (Some(value), [meant]) => wrong.push(format!("{id}: {value} instead of {meant}")),
            (Some(value), other) => {
                wrong.push(format!("{id}: {value} of {} documents", other.len()));
            }
            (None, _) => {
                outside.insert(id, verdict);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Cases with one JSON document that lies within the language.
    assert_eq!(as_meant, 237);
    let listed: String = outside
        .iter()
        .map(|(id, code)| format!("{id} {code}\n"))
        .collect();
    let path = folder().join("outside.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &listed).expect("it can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(listed, expected, "outside.txt differs; UPDATE=1 accepts");
}

fn documents(text: &str) -> Vec<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut documents = Vec::new();
    while let Ok(document) = Value::deserialize(&mut reader) {
        documents.push(document);
    }
    documents
}
