//! The published schema: as committed, and of one mind with the reader.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tenzik_scenario::{Scenario, json_schema, yaml};

use crate::fixtures::scenarios;
use crate::hostile::{Random, changed, good_texts};

/// Problems that a schema sees as well.
const SEEN_BY_SCHEMA: [&str; 9] = [
    "missing_key",
    "misplaced_key",
    "name_malformed",
    "step_kind",
    "unknown_key",
    "unknown_limit",
    "unknown_word",
    "version_unknown",
    "wrong_type",
];

#[test]
fn committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenario.schema.json");
    let text = serde_json::to_string_pretty(&json_schema()).expect("it is JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).expect("it can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/scenario.schema.json differs; UPDATE=1 accepts"
    );
}

#[test]
fn validator_agrees_with_the_reader() {
    let Some(python) = python() else {
        return;
    };
    let mut documents = Vec::new();
    for path in scenarios("ok").into_iter().chain(scenarios("bad")) {
        let text = fs::read_to_string(&path).expect("it is there");
        let Ok(node) = yaml::parse(&text) else {
            continue;
        };
        let problems = Scenario::parse(&text).err().unwrap_or_default();
        let expected = match problems.iter().any(|it| SEEN_BY_SCHEMA.contains(&it.code)) {
            true => json!(false),
            // What it does not see may pass.
            false if !problems.is_empty() => Value::Null,
            false => json!(true),
        };
        documents.push(json!({
            "name": path.file_name().map(|name| name.to_string_lossy()),
            "document": node.to_value(),
            "expected": expected,
        }));
    }
    documents.extend(changed_and_still_read());
    let input = json!({"schema": json_schema(), "documents": documents}).to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema_check.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.trim(), format!("{} documents", documents.len()));
}

/// What the schema refuses, the reader refuses: so what this reads, that accepts.
fn changed_and_still_read() -> Vec<Value> {
    let texts: Vec<String> = good_texts()
        .into_iter()
        .chain([include_str!("yaml/ok/everything.yaml").to_owned()])
        .collect();
    let mut random = Random(7);
    (0..2_000)
        .filter_map(|number| {
            let text = changed(&texts[number % texts.len()], &mut random);
            Scenario::parse(&text).ok()?;
            let document = yaml::parse(&text).ok()?.to_value();
            Some(json!({"name": text, "document": document, "expected": true}))
        })
        .collect()
}

/// The Python of scripts/setup-python-peers.
fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")))?;
    let python = cache.join("tenzik/python-peers/bin/python3");
    if python.exists() {
        return Some(python);
    }
    eprintln!("NOT TESTED: the Python packages are not there; run scripts/setup-python-peers");
    assert!(std::env::var_os("CI").is_none(), "CI tests everything");
    None
}
