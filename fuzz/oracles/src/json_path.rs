//! JSONPath: the two host functions agree, and what they select is JSON.

use std::sync::OnceLock;

use serde::de::IgnoredAny;
use tenzik_runtime::{Examination, Outcome, Status, assemble};

use crate::running::{Way, admitted, run};

const JSON_SELECT: &[u8] = include_bytes!("../../../capsules/prebuilt/json-select.wasm");

/// Like `json-select`, but with the JSON in its memory: query up to the first line feed, then JSON.
const IN_MEMORY: &str = r#"(module
    (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $output_write (param i32 i32)))
    (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
    (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
    (memory (export "memory") 32)
    (func (export "run") (result i32)
        (local $size i32) (local $query i32) (local $handle i32)
        (local.set $size (call $input_read (i32.const 0) (i32.const 0x100000)))
        (loop $search
            (if (i32.ge_u (local.get $query) (local.get $size)) (then (return (i32.const 99))))
            (if (i32.ne (i32.load8_u (local.get $query)) (i32.const 10)) (then
                (local.set $query (i32.add (local.get $query) (i32.const 1)))
                (br $search))))
        (local.set $handle (call $json_path
            (i32.add (local.get $query) (i32.const 1))
            (i32.sub (i32.sub (local.get $size) (local.get $query)) (i32.const 1))
            (i32.const 0) (local.get $query)))
        (if (i32.lt_s (local.get $handle) (i32.const 0)) (then (return (local.get $handle))))
        (local.set $size (call $result_read (local.get $handle) (i32.const 0) (i32.const 0x200000)))
        (call $output_write (i32.const 0) (local.get $size))
        (i32.const 0)))"#;

/// Checks what must hold for `bytes`: a query, a line feed, and JSON.
///
/// # Panics
/// When it does not.
pub fn json_path(bytes: &[u8]) {
    // The twin has room for this much; no line feed, carriage return or long query is its business.
    let query = bytes.iter().position(|byte| *byte == b'\n');
    let Some(query) = query.filter(|query| *query <= 1024 && bytes.len() <= 64 << 10) else {
        return;
    };
    if query > 0 && bytes[query - 1] == b'\r' {
        return;
    }
    static CAPSULES: OnceLock<[Examination; 2]> = OnceLock::new();
    let [streamed, in_memory] = CAPSULES.get_or_init(|| {
        [
            admitted(JSON_SELECT),
            admitted(&assemble(IN_MEMORY).unwrap()),
        ]
    });
    let first = run(streamed, bytes, Way::Pooled);
    let second = run(in_memory, bytes, Way::Pooled);
    assert_eq!(ended(&first), ended(&second), "{first:?} {second:?}");
    if first.status == Status::Ok {
        let line = first.output.strip_suffix(b"\n").unwrap();
        assert_eq!(line, second.output);
        assert_array(line);
    }
}

/// Whether the query was evaluated. A query may need more fuel than there is; how much it needs
/// is the same, but the capsules around it differ.
fn ended(outcome: &Outcome) -> &'static str {
    match &outcome.status {
        Status::Ok => "ok",
        Status::Failure { .. } => "refused",
        Status::Fault(fault) if fault.code.code() == "fuel_exhausted" => "refused",
        Status::Fault(fault) => panic!("{fault:?}"),
        Status::Refused(refused) => panic!("{refused:?}"),
    }
}

fn assert_array(json: &[u8]) {
    match serde_json::from_slice::<Vec<IgnoredAny>>(json) {
        Ok(_) => {}
        // The array around values that are nested as deep as allowed is one level more.
        Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
    }
}
