//! Sizes: of modules, of files, of memory at the start; and bytes that are no module at all.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tenzik_runtime::{
    Examination, Input, Limits, Loaded, Policy, Profile, Severity, Status, load_module,
};
use wasm_encoder::{CustomSection, Module};

use crate::world::{error_codes, on_demand, pooled, request, run, wasm};

const SMALLEST: &str =
    r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#;

/// The smallest capsule, padded to `size` bytes.
fn padded(size: usize) -> Vec<u8> {
    let bytes = wasm(SMALLEST);
    let padding = |len: usize| {
        let mut module = Module::new();
        module.section(&CustomSection {
            name: "x".into(),
            data: vec![0; len].into(),
        });
        [&bytes[..], &module.finish()[8..]].concat()
    };
    let about = padding(size - bytes.len() - 8);
    let exact = padding(size - bytes.len() - 8 + size - about.len());
    assert_eq!(exact.len(), size);
    exact
}

fn warnings(examination: &Examination) -> Vec<&'static str> {
    let warnings = examination
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Warning);
    warnings.map(|finding| finding.code.code()).collect()
}

#[test]
fn a_module_at_the_limit_runs_with_a_warning() {
    let policy = Policy::default();
    for (size, expected) in [
        (4_095, vec![]),
        (4_096, vec!["module_near_limit"]),
        (5_120, vec!["module_near_limit"]),
    ] {
        let examination = pooled().examine(&padded(size), &policy);
        assert_eq!(warnings(&examination), expected, "{size}");
        assert_eq!(error_codes(&examination), [""; 0], "{size}");
    }
    assert_eq!(
        run(&padded(5_120), &policy, Input::empty()).status,
        Status::Ok
    );
}

#[test]
fn a_module_over_the_limit_is_not_even_hashed() {
    for bytes in [padded(5_121), vec![0xff; 5_121], vec![0; 100_000]] {
        let examination = pooled().examine(&bytes, &Policy::default());
        assert_eq!(error_codes(&examination), ["module_too_large"]);
        assert_eq!(examination.findings().len(), 1);
        assert_eq!(examination.validation().id(), None);
        assert_eq!(examination.validation().bytes(), bytes.len() as u64);
    }
}

#[test]
fn bytes_that_are_no_module() {
    let garbage: [&[u8]; 8] = [
        b"",
        b"\0",
        b"\0as",
        b"asm\0",
        b"GIF89a",
        b"\x7fELF\x02\x01",
        b"(module)",
        &[0xff; 5_000],
    ];
    for bytes in garbage {
        assert_eq!(
            error_codes(&pooled().examine(bytes, &Policy::default())),
            ["not_wasm"],
            "{bytes:?}"
        );
    }
    assert_eq!(
        error_codes(&pooled().examine(b"\0asm", &Policy::default())),
        ["module_invalid"]
    );
    assert_eq!(
        error_codes(&pooled().examine(b"\0asm\x0d\0\x01\0", &Policy::default())),
        ["component"]
    );
}

/// A file below the target directory, removed when it is dropped.
struct TestFile(PathBuf);

impl TestFile {
    fn new(name: &str, size: u64, content: &[u8]) -> TestFile {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        file.write_all(content).unwrap();
        file.set_len(size).unwrap();
        TestFile(path)
    }

    fn codes(&self) -> Vec<&'static str> {
        let policy = Policy::default();
        let examination = match load_module(&self.0, &policy.limits.module_limits()).unwrap() {
            Loaded::Bytes(bytes) => Examination::of(&bytes, &policy),
            Loaded::Rejected(validation) => Examination::from_validation(*validation, &policy),
        };
        error_codes(&examination)
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn files_of_four_gib_are_not_read() {
    let gib_4 = 4 << 30;
    assert_eq!(
        TestFile::new("sparse.wasm", gib_4, b"\0asm").codes(),
        ["module_too_large"]
    );
    assert_eq!(
        TestFile::new("sparse", gib_4, b"").codes(),
        ["module_too_large"]
    );
    assert_eq!(
        TestFile::new("sparse.wat", gib_4, b"(module").codes(),
        ["text_too_large"]
    );
    assert_eq!(
        TestFile::new("sparse_wasm.wat", gib_4, b"\0asm").codes(),
        ["module_too_large"]
    );
}

#[test]
fn text_is_read_by_its_name_and_bytes_by_their_head() {
    let size = |text: &[u8]| text.len() as u64;
    let text = SMALLEST.as_bytes();
    assert_eq!(TestFile::new("text.wat", size(text), text).codes(), [""; 0]);
    assert_eq!(
        TestFile::new("text.wasm", size(text), text).codes(),
        ["not_wasm"]
    );
    let long = format!("{SMALLEST}{}", " ".repeat(200_000));
    assert_eq!(
        TestFile::new("long.wat", size(long.as_bytes()), long.as_bytes()).codes(),
        [""; 0]
    );
    let bytes = wasm(SMALLEST);
    assert_eq!(
        TestFile::new("bytes.wat", size(&bytes), &bytes).codes(),
        [""; 0]
    );
    assert_eq!(
        TestFile::new("bytes", size(&bytes), &bytes).codes(),
        [""; 0]
    );
    assert_eq!(TestFile::new("empty.wat", 0, b"").codes(), ["text_invalid"]);
    assert_eq!(TestFile::new("empty.wasm", 0, b"").codes(), ["not_wasm"]);
    assert_eq!(
        TestFile::new("latin.wat", 3, b";;\xe9").codes(),
        ["text_invalid"]
    );
}

#[test]
fn what_cannot_be_opened_says_nothing_about_a_capsule() {
    let limits = Policy::default().limits.module_limits();
    assert!(load_module(Path::new("/nonexistent/capsule.wasm"), &limits).is_err());
    assert!(load_module(Path::new(env!("CARGO_TARGET_TMPDIR")), &limits).is_err());
}

#[test]
fn memory_at_the_start_may_be_as_large_as_the_limit() {
    let policy = Profile::Development.policy();
    let module = |pages: u64, elements: u64| {
        wasm(&format!(
            r#"(module (memory (export "memory") {pages}) (table {elements} funcref)
                (func (export "run") (result i32) (i32.store (i32.const 0) (i32.const 1)) (i32.const 0)))"#
        ))
    };
    for (pages, elements) in [(1_024, 0), (1_023, 8_192)] {
        let outcome = run(&module(pages, elements), &policy, Input::empty());
        assert_eq!(outcome.status, Status::Ok);
        assert_eq!(outcome.usage.memory_bytes, 64 << 20);
    }
    for (pages, elements) in [(1_025, 0), (1_024, 1), (1_023, 8_193)] {
        let examination = pooled().examine(&module(pages, elements), &policy);
        assert_eq!(error_codes(&examination), ["memory_minimum"]);
    }
}

#[test]
fn memory_beyond_the_pool_is_allocated_for_the_run() {
    let mut policy = Policy::default();
    policy.limits = Limits {
        memory_bytes_max: 256 << 20,
        ..policy.limits
    };
    let text = r#"(module (memory (export "memory") 2000)
        (func (export "run") (result i32) (i32.sub (memory.grow (i32.const 1000)) (i32.const 2000))))"#;
    for runtime in [pooled(), on_demand()] {
        let examination = runtime.examine(&wasm(text), &policy);
        let (capsule, permit) = examination.admitted().unwrap();
        let prepared = runtime.prepare(capsule).unwrap();
        let outcome = runtime
            .execute(&prepared, permit, request(Input::empty()))
            .unwrap();
        assert_eq!(
            (outcome.status, outcome.usage.memory_bytes),
            (Status::Ok, 3_000 << 16)
        );
    }
}
