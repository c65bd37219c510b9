//! Findings as SARIF 2.1.0 (OASIS), which editors and code hosts show beside the files.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Value, json};

use tenzik_runtime::{Finding, FindingCode, Severity, escaped};

use crate::exit_code::ExitCode;

use super::Verdict;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One log with one run over all files.
pub(super) fn log(verdicts: &[Verdict<'_>], exit: ExitCode) -> Value {
    let notifications: Vec<Value> = verdicts
        .iter()
        .enumerate()
        .filter_map(notification)
        .collect();
    let results: Vec<Value> = verdicts.iter().enumerate().flat_map(results).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "tenzik",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": FindingCode::ALL.iter().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "exitCode": exit.number(),
                "toolExecutionNotifications": notifications,
            }],
            "artifacts": verdicts.iter().map(artifact).collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

fn rule(code: &FindingCode) -> Value {
    json!({
        "id": code.code(),
        "shortDescription": { "text": plain(code.cause()) },
        "fullDescription": { "text": plain(code.cause()) },
        "help": { "text": plain(code.remedy()) },
        "properties": { "exitCode": ExitCode::from(code.class()).number() },
    })
}

fn artifact(verdict: &Verdict<'_>) -> Value {
    let mut artifact = json!({ "location": { "uri": uri(verdict.path) } });
    if let Ok(examination) = &verdict.examined {
        let validation = examination.validation();
        if !is_text(verdict.path) {
            artifact["length"] = json!(validation.bytes());
        }
        if let Some(id) = validation.id() {
            artifact["properties"] = json!({ "capsuleId": id.to_string() });
        }
    }
    artifact
}

/// What kept a file from being examined.
fn notification((index, verdict): (usize, &Verdict<'_>)) -> Option<Value> {
    let failure = verdict.examined.as_ref().err()?;
    Some(json!({
        "level": "error",
        "message": { "text": plain(&failure.message) },
        "locations": [location(verdict.path, index)],
        "descriptor": { "id": failure.code },
    }))
}

fn results<'a>((index, verdict): (usize, &'a Verdict<'_>)) -> impl Iterator<Item = Value> + 'a {
    let findings = verdict
        .examined
        .as_ref()
        .map_or(&[][..], |examination| examination.findings());
    findings
        .iter()
        .map(move |finding| result(verdict.path, index, finding))
}

fn result(path: &Path, index: usize, finding: &Finding) -> Value {
    let mut location = location(path, index);
    let place = &finding.location;
    let mut properties = json!({ "remedy": finding.remedy });
    if let Some(offset) = place.offset {
        properties["moduleOffset"] = json!(offset);
        // The offset is one of the assembled module, which WebAssembly text is not.
        if !is_text(path) {
            location["physicalLocation"]["region"] = json!({ "byteOffset": offset });
        }
    }
    if let Some(function) = place.function_index {
        let name = place.function_name.as_deref().map(escaped);
        let name = name.as_deref().map(|name| name.trim_matches('"'));
        location["logicalLocations"] = json!([{
            "name": name.unwrap_or_default(),
            "fullyQualifiedName": format!("function {function}"),
            "kind": "function",
        }]);
    }
    let rule_index = FindingCode::ALL
        .iter()
        .position(|code| *code == finding.code);
    json!({
        "ruleId": finding.code.code(),
        "ruleIndex": rule_index,
        "level": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": { "text": plain(&finding.message) },
        "locations": [location],
        "properties": properties,
    })
}

fn location(path: &Path, index: usize) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path), "index": index } } })
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wat")
}

/// A text that SARIF shows as it is: braces would be placeholders (section 3.11.5), and brackets
/// links (3.11.6), which a module could put into its names.
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

/// A relative reference for a relative path, else a file URI (RFC 3986).
fn uri(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "" });
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            // Writing to a `String` cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{plain, uri};
    use std::path::Path;

    #[test]
    fn texts_hold_neither_links_nor_placeholders() {
        assert_eq!(
            plain("a [b](http://c) {0} \\"),
            "a \\[b\\](http://c) {{0}} \\\\"
        );
    }

    #[test]
    fn paths_are_encoded() {
        assert_eq!(
            uri(Path::new("./a b/é:%.wasm")),
            "./a%20b/%C3%A9%3A%25.wasm"
        );
        assert_eq!(uri(Path::new("/x/y")), "file:///x/y");
        assert_eq!(uri(Path::new("http://x")), "http%3A//x");
    }
}
