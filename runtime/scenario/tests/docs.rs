//! docs/scenarios.md: its tables are those of the schema, its examples are read, its codes are all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tenzik_scenario::{Scenario, json_schema};

use crate::fixtures::{scenarios, shown};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md")
}

fn text() -> String {
    fs::read_to_string(page()).expect("the page is there")
}

/// The keys of a map, in alphabetical order.
fn table(of: &Value) -> String {
    let required = of["required"].as_array().cloned().unwrap_or_default();
    let properties = of["properties"].as_object().expect("it has keys");
    let code = |value: &Value| match value {
        Value::Null => String::new(),
        value => format!("`{}`", inline(value).replace('|', "\\|")),
    };
    let mut rows = String::from("| key | default | example | |\n| --- | --- | --- | --- |\n");
    for (key, property) in properties {
        let default = match required.iter().any(|name| name == key) {
            true => "required".to_owned(),
            false => code(&property["default"]),
        };
        let doc = property["description"].as_str().unwrap_or_default();
        let example = code(&property["examples"][0]);
        rows.push_str(&format!("| `{key}` | {default} | {example} | {doc} |\n"));
    }
    rows
}

/// A value as somebody would write it in a line of YAML.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key}: {}", inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(text) => {
            let is_plain = text
                .starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/')
                && !text.contains([',', ':', '#', '{', '[']);
            match is_plain {
                true => text.clone(),
                false => value.to_string(),
            }
        }
        other => other.to_string(),
    }
}

#[test]
fn tables_are_those_of_the_schema() {
    let schema = json_schema();
    let before = text();
    let mut page_text = before.clone();
    let definitions = schema["$defs"].as_object().expect("there are some");
    let named = definitions
        .iter()
        .map(|(name, of)| (name.as_str(), of))
        .chain([("scenario", &schema)]);
    for (name, of) in named {
        let (begin, end) = (
            format!("<!-- keys of {name} -->\n"),
            format!("<!-- end of keys of {name} -->"),
        );
        let Some((above, rest)) = page_text.split_once(&begin) else {
            continue;
        };
        let (_, below) = rest.split_once(&end).expect("a rendered part ends");
        page_text = format!("{above}{begin}{}{end}{below}", table(of));
    }
    if std::env::var_os("UPDATE").is_some() && page_text != before {
        fs::write(page(), &page_text).expect("it can be written");
    }
    assert!(
        text() == page_text,
        "docs/scenarios.md differs; UPDATE=1 accepts"
    );
}

#[test]
fn examples_are_read() {
    let text = text();
    let examples: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|part| part.split("```").next())
        .collect();
    assert!(examples.len() > 10);
    for example in examples {
        let head = "version: 1\nname: example\n";
        let whole = match example {
            whole if whole.starts_with("version:") => whole.to_owned(),
            steps if steps.starts_with("- ") => format!("{head}steps:\n{steps}"),
            keys => format!("{head}{keys}steps: [{{ run: a }}]\n"),
        };
        if let Err(problems) = Scenario::parse(&whole) {
            panic!("{whole}\n{}", shown(&problems));
        }
    }
}

/// Every code that a fixture has is in the table, or is one of expressions.
#[test]
fn codes_are_listed() {
    let text = text();
    let expressions = page().with_file_name("scenarios-expressions.md");
    let expressions = fs::read_to_string(expressions).expect("the page is there");
    let mut codes = BTreeSet::new();
    for path in scenarios("bad") {
        let problems = fs::read_to_string(path.with_extension("problems")).expect("it is there");
        let code = |line: &str| Some(line.split_once(' ')?.1.split_once(':')?.0.to_owned());
        codes.extend(problems.lines().filter_map(code));
    }
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        let row = format!("| `{code}` |");
        assert!(
            text.contains(&row) || expressions.contains(&format!("`{code}`")),
            "{code} is not listed"
        );
    }
}
