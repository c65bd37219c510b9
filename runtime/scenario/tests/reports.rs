//! What other programs say to reports: SARIF is checked with the schema of OASIS.

#![expect(
    clippy::disallowed_methods,
    reason = "a test drives a program that the environment names, and has failed if it cannot go on"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tenzik_scenario::report::render;
use tenzik_scenario::{ReportFormat, ReportWork};

/// Where scripts/setup-python-peers puts its packages, if they are there.
fn packages() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let place = cache.join("tenzik/python-peers");
    if place.join("versions").is_file() {
        return Some(place);
    }
    let reason = "the Python packages are not there; run scripts/setup-python-peers";
    not_tested(reason);
    None
}

/// Says so past the test harness, which keeps what a passing test prints, and fails where CI is set.
fn not_tested(why: &str) {
    let _ = writeln!(std::io::stderr().lock(), "NOT TESTED: {why}");
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "{why}");
}

#[test]
fn the_schema_of_sarif_holds_for_every_row() {
    let Some(packages) = packages() else { return };
    let text = "</script>[a](b){0}\u{1b}\0\u{202e}é漢";
    let mut rows = vec![
        json!({}),
        json!({ "severity": text, "ruleId": text, "message": text, "uri": text, "line": 3, "column": 9 }),
        json!({ "severity": ["high"], "ruleId": {}, "message": null, "uri": 7, "line": -1, "column": "x" }),
        json!({ "uri": "a", "line": u64::MAX, "column": 0, "tags": "x", "properties": [] }),
        json!({ "host": text, "port": 65535, "protocol": text }),
        json!({ "host": [1, [2]], "port": 1.5 }),
        json!({ "file": "", "path": "../x" }),
        json!(null),
        json!([1, "x", [true]]),
    ];
    for level in [
        "critical", "HIGH", "medium", "low", "info", "none", "note", "error", "",
    ] {
        rows.push(json!({ "level": level, "uri": format!("https://h/{level}?a=b c") }));
    }
    let work = ReportWork {
        title: text.to_owned(),
        formats: vec![ReportFormat::Sarif],
        rows,
        columns: Vec::new(),
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cli/tests/python/schema.py");
    let mut child = Command::new(packages.join("bin/python"))
        .arg(script)
        .arg(packages.join("sarif-2.1.0.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = render(&work, ReportFormat::Sarif);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(log.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "valid",
        "{errors}"
    );
}
