//! The custom section `tenzik`: a claim that can only narrow.

use tenzik_runtime::{Policy, Status};
use wasm_encoder::{CustomSection, Module, RawSection};

use crate::world::{error_codes, pooled, run, wasm};

const CLOCK: &str = r#"(module
    (import "tenzik" "time_now_ms" (func (result i64)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (i32.const 0)))"#;

/// The module that only reads the clock, with a manifest section of these bytes.
fn with_manifest(manifest: &[u8]) -> Vec<u8> {
    let mut module = Module::new().finish();
    for payload in wasmparser::Parser::new(0).parse_all(&wasm(CLOCK)) {
        if let Some((id, range)) = payload.unwrap().as_section() {
            let bytes = wasm(CLOCK);
            let mut one = Module::new();
            one.section(&RawSection {
                id,
                data: &bytes[range],
            });
            module.extend_from_slice(&one.finish()[8..]);
        }
    }
    let mut last = Module::new();
    last.section(&CustomSection {
        name: "tenzik".into(),
        data: manifest.into(),
    });
    module.extend_from_slice(&last.finish()[8..]);
    module
}

fn codes_of(manifest: &[u8]) -> Vec<&'static str> {
    error_codes(&pooled().examine(&with_manifest(manifest), &Policy::default()))
}

#[test]
fn a_canonical_manifest_is_accepted() {
    let manifest = br#"{"abi":1,"name":"clock","needs":["time"],"version":"0.1.0"}"#;
    assert_eq!(
        run(
            &with_manifest(manifest),
            &Policy::default(),
            b"".as_slice().into()
        )
        .status,
        Status::Ok
    );
    let more = br#"{"abi":1,"name":"clock","needs":["base64","hash","json","random","time"],"version":"0.1.0"}"#;
    assert_eq!(codes_of(more), [""; 0]);
}

#[test]
fn a_manifest_narrows() {
    let none = br#"{"abi":1,"name":"clock","needs":[],"version":"0.1.0"}"#;
    assert_eq!(codes_of(none), ["capability_not_claimed"]);
    let other = br#"{"abi":1,"name":"clock","needs":["random"],"version":"0.1.0"}"#;
    assert_eq!(codes_of(other), ["capability_not_claimed"]);
}

#[test]
fn anything_but_the_canonical_bytes_is_refused() {
    let long = format!(
        r#"{{"abi":1,"name":"clock","needs":["time"],"version":"{}"}}"#,
        "1".repeat(500)
    );
    let long_word = format!(
        r#"{{"abi":1,"name":"clock","needs":["time"],"version":"{}"}}"#,
        "1".repeat(65)
    );
    let refused: [&[u8]; 25] = [
        b"",
        b"\0",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        br#"{"abi":1,"name":"clock","needs":["time"]}"#,
        br#"{"abi":1,"name":"clock","needs":["time"],"version":"0.1.0""#,
        br#"{"abi":1,"name":"clock","needs":["time"],"version":"0.1.0"} "#,
        br#" {"abi":1,"name":"clock","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"clock","needs": ["time"],"version":"0.1.0"}"#,
        br#"{"name":"clock","abi":1,"needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"abi":1,"name":"clock","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"clock","needs":[],"needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"more":1,"name":"clock","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":0,"name":"clock","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":2,"name":"clock","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1.0,"name":"clock","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"clock","needs":["time","hash"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"clock","needs":["time","time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"clock","needs":["time","exec"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"","needs":["time"],"version":"0.1.0"}"#,
        br#"{"abi":1,"name":"a\u001b[2J","needs":["time"],"version":"0.1.0"}"#,
        long.as_bytes(),
        long_word.as_bytes(),
    ];
    for manifest in refused {
        let shown = String::from_utf8_lossy(manifest);
        assert_eq!(codes_of(manifest), ["manifest_invalid"], "{shown}");
    }
}

#[test]
fn a_manifest_cut_or_flipped_is_never_wider() {
    let manifest = br#"{"abi":1,"name":"clock","needs":["time"],"version":"0.1.0"}"#;
    for cut in 0..manifest.len() {
        assert_eq!(
            codes_of(&manifest[..cut]),
            ["manifest_invalid"],
            "cut at {cut}"
        );
    }
    for bit in 0..manifest.len() * 8 {
        let mut flipped = manifest.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let codes = codes_of(&flipped);
        assert!(
            matches!(
                codes[..],
                [] | ["manifest_invalid" | "capability_not_claimed"]
            ),
            "bit {bit}: {codes:?}"
        );
    }
}
