//! A report as SARIF 2.1.0 (OASIS): one result for each row.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cell::{at, text};
use super::{Rows, add_line, with_lines};
use crate::text::visible;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The rule of rows that name none.
const RULE: &str = "finding";

/// Bytes of a message, a rule or an address; the row itself has all of it.
const TEXT_BYTES_MAX: usize = 8 << 10;

pub(super) fn render(report: &Rows<'_>) -> String {
    let mut rules = Rules::default();
    let mut results = String::new();
    for row in report.rows {
        if !add_line(&mut results, &result(report, row, &mut rules)) {
            break;
        }
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tenzik",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            } },
            "automationDetails": { "description": { "text": plain(&visible(cut(report.title))) } },
            "results": [],
        }],
    });
    with_lines(&log, "results", &results)
}

/// Rules in the order in which they come.
#[derive(Default)]
struct Rules {
    ids: Vec<String>,
    index: BTreeMap<String, usize>,
}

impl Rules {
    fn index(&mut self, id: &str) -> usize {
        if let Some(index) = self.index.get(id) {
            return *index;
        }
        let index = self.ids.len();
        self.ids.push(id.to_owned());
        self.index.insert(id.to_owned(), index);
        index
    }
}

fn result(report: &Rows<'_>, row: &Value, rules: &mut Rules) -> Value {
    let rule = first(row, &["ruleId", "rule_id", "rule"]);
    let rule = visible(cut(rule.as_deref().unwrap_or(RULE))).into_owned();
    let mut result = json!({
        "ruleId": rule,
        "ruleIndex": rules.index(&rule),
        "level": level(row),
        "message": { "text": plain(&visible(cut(&message(report, row)))) },
        // Not the properties themselves: SARIF gives `tags` a meaning there.
        "properties": { "row": row },
    });
    let locations: Vec<Value> = location(row).into_iter().collect();
    if !locations.is_empty() {
        result["locations"] = Value::Array(locations);
    }
    result
}

/// What the row says about how bad it is; `note` if it says nothing.
fn level(row: &Value) -> &'static str {
    let word = first(row, &["level", "severity"]).unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "error" | "critical" | "high" | "fatal" => "error",
        "warning" | "warn" | "medium" | "moderate" => "warning",
        "none" => "none",
        "" | "note" | "low" | "info" | "informational" | "information" => "note",
        // A word that is unknown is looked at rather than missed.
        _ => "warning",
    }
}

fn message(report: &Rows<'_>, row: &Value) -> String {
    if let Some(message) = first(row, &["message"]) {
        return message;
    }
    let mut message = String::new();
    for column in report.columns {
        let value = text(at(row, &column.key));
        if value.is_empty() || message.len() > TEXT_BYTES_MAX {
            continue;
        }
        let separator = if message.is_empty() { "" } else { ", " };
        let _ = write!(message, "{separator}{}: {value}", column.title);
    }
    match message.is_empty() {
        true => "(an empty row)".to_owned(),
        false => message,
    }
}

/// A file and line, or a host and port.
fn location(row: &Value) -> Option<Value> {
    if let Some(address) = first(row, &["uri", "file", "path"]) {
        let mut physical = json!({ "artifactLocation": { "uri": uri(cut(&address)) } });
        let line = positive(row, "line");
        if let Some(line) = line {
            physical["region"] = json!({ "startLine": line });
            if let Some(column) = positive(row, "column") {
                physical["region"]["startColumn"] = json!(column);
            }
        }
        return Some(json!({ "physicalLocation": physical }));
    }
    let host = first(row, &["host", "address", "hostname"])?;
    let mut name = visible(cut(&host)).into_owned();
    if let Some(port) = row.get("port").filter(|port| port.is_u64()) {
        let protocol = first(row, &["protocol"]).unwrap_or_else(|| "tcp".to_owned());
        let _ = write!(name, ":{port}/{}", visible(cut(&protocol)));
    }
    Some(json!({ "logicalLocations": [{ "fullyQualifiedName": name, "kind": "resource" }] }))
}

/// The text of the first key that has one.
fn first(row: &Value, keys: &[&str]) -> Option<String> {
    let texts = keys.iter().map(|key| text(row.get(*key)).into_owned());
    texts.into_iter().find(|text| !text.is_empty())
}

fn positive(row: &Value, key: &str) -> Option<u32> {
    let number = row.get(key)?.as_u64()?;
    u32::try_from(number).ok().filter(|number| {
        // SARIF numbers lines from 1, and its schema has no bound that readers agree on.
        (1..=i32::MAX as u32).contains(number)
    })
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A text that SARIF shows as it is: braces would be placeholders (section 3.11.5), and brackets
/// links (3.11.6), which a scanned machine could put into its banners.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '{' => plain.push_str("{{"),
            '}' => plain.push_str("}}"),
            '\\' | '[' | ']' => plain.extend(['\\', character]),
            _ => plain.push(character),
        }
    }
    plain
}

/// A reference (RFC 3986): addresses of the web and of files stay what they are, anything else is a
/// path, whose colons mean nothing.
fn uri(address: &str) -> String {
    let schemes = ["http://", "https://", "file://"];
    let is_address = schemes.iter().any(|scheme| address.starts_with(scheme));
    let mut uri = String::with_capacity(address.len());
    if !is_address && address.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in address.bytes() {
        let kept = matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/')
            || is_address && b":?#@!$&'()*+,;=%".contains(&byte);
        match kept {
            true => uri.push(char::from(byte)),
            // Writing to a `String` cannot fail.
            false => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}
