//! `tenzik validate --sarif`: the schema holds, places are places of the file, and no text of a
//! module means anything to a viewer.

use serde_json::{Value, json};

use crate::peers::{file, said, with_packages};
use crate::world::{Ended, World};

const GOOD: &str =
    r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#;

/// The log, checked against the schema.
fn log(ended: &Ended) -> Value {
    if let Some(schema) = file("sarif-2.1.0.json") {
        let output = with_packages("schema.py", schema.to_str().unwrap(), &ended.stdout);
        assert_eq!(said(&output.unwrap()).trim(), "valid");
    }
    ended.json()
}

fn validate(home: &World, exit: i32, files: &[&str]) -> Value {
    log(&home
        .tenzik([&["validate", "--sarif"], files].concat())
        .exits(exit))
}

#[test]
fn a_log_names_rules_files_and_bytes() {
    let home = World::new();
    home.write("good.wat", GOOD);
    home.write("bad.wasm", b"\0asm\x01\0\0\0\x01\xff");
    home.write("none.wasm", b"\0asm\x01\0\0\0");
    let log = validate(&home, 10, &["./good.wat", "bad.wasm", "none.wasm"]);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let artifacts = run["artifacts"].as_array().unwrap();
    assert_eq!(artifacts.len(), 3);
    assert_eq!(artifacts[0]["location"]["uri"], "./good.wat");
    assert_eq!(artifacts[1]["length"], 10);
    assert_eq!(run["invocations"][0]["exitCode"], 10);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 3, "{results:?}");
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let artifact = &artifacts[place["artifactLocation"]["index"].as_u64().unwrap() as usize];
        assert_eq!(
            artifact["location"]["uri"],
            place["artifactLocation"]["uri"]
        );
    }
    let bad = &results[0];
    assert_eq!(bad["ruleId"], "module_invalid");
    let findings = home
        .tenzik(["validate", "--json", "bad.wasm"])
        .exits(10)
        .json();
    let offset = &findings["files"][0]["findings"][0]["offset"];
    assert!(offset.is_u64());
    assert_eq!(
        &bad["locations"][0]["physicalLocation"]["region"]["byteOffset"],
        offset
    );
}

/// An offset is one of the assembled module: of text it is no place.
#[test]
fn text_has_no_byte_offsets() {
    let home = World::new();
    home.write("import.wat", r#"(module (import "env" "x" (func)) (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#);
    let log = validate(&home, 11, &["import.wat"]);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "import_unknown");
    assert!(result["properties"]["moduleOffset"].is_u64(), "{result}");
    assert!(
        result["locations"][0]["physicalLocation"]
            .get("region")
            .is_none(),
        "{result}"
    );
}

#[test]
fn files_that_cannot_be_read_are_notifications() {
    let home = World::new();
    home.write("good.wat", GOOD);
    let said = home
        .tenzik(["validate", "--sarif", "good.wat", "missing.wasm"])
        .exits(1);
    let log = log(&said);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["exitCode"], 1);
    let notification = &invocation["toolExecutionNotifications"][0];
    assert_eq!(notification["level"], "error");
    assert_eq!(
        notification["locations"][0]["physicalLocation"]["artifactLocation"]["index"],
        1
    );
    assert!(said.stderr.contains("missing.wasm"), "{said:?}");
    assert_eq!(log["runs"][0]["results"], json!([]));
    home.tenzik(["validate", "--sarif", "--json", "good.wat"])
        .exits(2);
}

/// Names in a module are the author's: they make no links, placeholders or control characters, and
/// a file name is a path, not a URL.
#[test]
fn texts_of_a_module_are_only_shown() {
    let home = World::new();
    let name = "[click](http://evil/) {0} \\1b[31m\\u{202e}";
    let text = GOOD.replacen(
        "(module",
        &format!("(module (import \"{name}\" \"{name}\" (func))"),
        1,
    );
    let file = "http:%2f [x]\u{1b}.wat";
    home.write(file, text);
    let log = validate(&home, 11, &[&format!("./{file}")]);
    let result = &log["runs"][0]["results"][0];
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains("click"), "{message}");
    assert!(
        message.contains("\\[click\\](http") && message.contains("{{0}}"),
        "{message}"
    );
    assert!(!message.contains(['\u{1b}', '\u{202e}']), "{message}");
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(*uri, "./http%3A%252f%20%5Bx%5D%1B.wat");
}
