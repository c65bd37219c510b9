//! Names of functions come from outside: they are found where they are, and nothing breaks on them.

use tenzik_runtime::FunctionNames;

use crate::world::wasm;

const MODULE: &str = r#"(module
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (func $helper) (func (export "run")) (func $both (export "other")))"#;

#[test]
fn the_name_section_comes_before_exports() {
    let names = FunctionNames::of(&wasm(MODULE));
    let found: Vec<_> = (0..5).map(|index| names.name(index)).collect();
    let expected = [
        Some("write"),
        Some("helper"),
        Some("run"),
        Some("both"),
        None,
    ];
    assert_eq!(found, expected);
    assert_eq!(names.functions(), 4);
}

#[test]
fn other_names_come_before_own() {
    let own = FunctionNames::of(&wasm(MODULE));
    let other = FunctionNames::of(&wasm("(module (func) (func $better))"));
    let names = own.or_better(other);
    assert_eq!(names.name(0), Some("write"));
    assert_eq!(names.name(1), Some("better"));
}

/// Whatever the bytes say, reading names ends and keeps little.
#[test]
fn broken_modules_have_fewer_names() {
    let bytes = wasm(MODULE);
    for end in 0..bytes.len() {
        FunctionNames::of(&bytes[..end]);
        for flip in [0xff, 0x80, 0x01] {
            let mut broken = bytes.clone();
            broken[end] ^= flip;
            let names = FunctionNames::of(&broken);
            let kept = (0..1_000).filter_map(|index| names.name(index));
            assert!(kept.map(str::len).all(|bytes| bytes <= 256));
        }
    }
    assert!(FunctionNames::of(b"").is_empty());
}
