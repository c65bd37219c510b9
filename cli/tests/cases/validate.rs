//! `tenzik validate`: bad modules by their exact code, many files, JSON.

use std::fs::File;

use crate::world::World;

const GOOD: &str =
    r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#;

fn codes(file: &serde_json::Value) -> Vec<&str> {
    file["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

#[test]
fn named_bad_inputs() {
    let world = World::new();
    let cases: [(&str, &[u8], i32, &[&str]); 6] = [
        ("empty.wasm", b"", 10, &["not_wasm"]),
        ("elf.wasm", b"\x7fELF\x02\x01\x01", 10, &["not_wasm"]),
        (
            "header.wasm",
            b"\0asm\x01\0\0\0",
            10,
            &["memory_missing", "run_missing"],
        ),
        ("component.wasm", b"\0asm\x0d\0\x01\0", 10, &["component"]),
        ("version.wasm", b"\0asm\x02\0\0\0", 10, &["module_invalid"]),
        ("text.wat", b"(module (func", 10, &["text_invalid"]),
    ];
    for (name, bytes, exit, expected) in cases {
        world.write(name, bytes);
        let object = world
            .tenzik(["validate", name, "--json"])
            .exits(exit)
            .json();
        let mut found = codes(&object["files"][0]);
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
        world.tenzik(["run", &format!("./{name}")]).exits(exit);
    }
}

#[test]
fn a_four_gigabyte_file_is_not_read() {
    let world = World::new();
    let file = File::create(world.path("huge.wasm")).unwrap();
    file.set_len(4 << 30).unwrap();
    for arguments in [
        vec!["validate", "huge.wasm", "--json"],
        vec!["run", "./huge.wasm", "--json"],
    ] {
        let object = world.tenzik(arguments).exits(13).json();
        let text = object.to_string();
        assert!(text.contains("module_too_large"), "{text}");
        assert!(!text.contains("capsule_id"), "{text}");
    }
    // As text it is refused by its own limit.
    let file = File::create(world.path("huge.wat")).unwrap();
    file.set_len(4 << 30).unwrap();
    world.tenzik(["validate", "huge.wat"]).exits(10);
}

#[test]
fn the_size_limit_is_exact_and_applies_to_assembled_bytes() {
    let world = World::new();
    let padded = |bytes: usize| {
        let data = "x".repeat(bytes);
        format!(
            r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)) (data (i32.const 0) "{data}"))"#
        )
    };
    world.write("probe.wat", padded(1_000));
    let base = world
        .tenzik(["validate", "probe.wat", "--json"])
        .exits(0)
        .json()["files"][0]["bytes"]
        .as_u64()
        .unwrap();
    let fill = 1_000 + 5_120 - usize::try_from(base).unwrap();
    world.write("exact.wat", padded(fill));
    let object = world
        .tenzik(["validate", "exact.wat", "--json"])
        .exits(0)
        .json();
    assert_eq!(object["files"][0]["bytes"], 5_120);
    assert_eq!(codes(&object["files"][0]), ["module_near_limit"]);
    world
        .tenzik(["validate", "exact.wat", "--deny-warnings"])
        .exits(13);
    world.write("over.wat", padded(fill + 1));
    world.tenzik(["validate", "over.wat"]).exits(13);
    world
        .tenzik(["validate", "over.wat", "--max-size", "5121"])
        .exits(0);
    world
        .tenzik(["validate", "over.wat", "--profile", "development"])
        .exits(0);
    // Comments do not count.
    world.write("comment.wat", format!(";; {}\n{GOOD}", "c".repeat(10_000)));
    world.tenzik(["validate", "comment.wat"]).exits(0);
}

#[test]
fn wasm_bytes_are_wasm_whatever_their_name() {
    let world = World::new();
    world.write("good.wat", GOOD);
    world
        .tenzik(["build", "good.wat", "-o", "good.wasm"])
        .exits(0);
    std::fs::copy(world.path("good.wasm"), world.path("binary.wat")).unwrap();
    world.tenzik(["run", "./binary.wat"]).exits(0);
    std::fs::copy(world.path("good.wat"), world.path("text.wasm")).unwrap();
    world.tenzik(["run", "./text.wasm"]).exits(10);
    // The id is that of the assembled bytes.
    let id = |path: &str| {
        world.tenzik(["inspect", path, "--json"]).exits(0).json()["capsule_id"].clone()
    };
    assert_eq!(id("./good.wat"), id("./good.wasm"));
    assert_eq!(
        id("./good.wasm"),
        blake3::hash(&world.read("good.wasm")).to_hex().as_str()
    );
}

#[test]
fn many_files_one_summary_and_the_gravest_code() {
    let world = World::new();
    world.write("good.wat", GOOD);
    world.write("import.wat", r#"(module (import "env" "x" (func)) (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#);
    world.write("start.wat", r#"(module (memory (export "memory") 1) (func $f) (start $f) (func (export "run") (result i32) (i32.const 0)))"#);
    world
        .tenzik(["validate", "good.wat", "import.wat"])
        .exits(11);
    let ended = world
        .tenzik(["validate", "good.wat", "import.wat", "start.wat"])
        .exits(10);
    assert!(
        ended.text().contains("3 files: 1 accepted, 2 rejected"),
        "{}",
        ended.text()
    );
    world
        .tenzik(["validate", "good.wat", "none.wasm", "start.wat"])
        .exits(1);
    let object = world
        .tenzik(["validate", "good.wat", "import.wat", "start.wat", "--json"])
        .exits(10)
        .json();
    assert_eq!(object["summary"]["rejected"], 2);
}

#[test]
fn every_finding_has_a_cause_and_a_remedy_and_no_raw_attacker_text() {
    let world = World::new();
    world.write(
        "bad.wat",
        r#"(module
            (import "tenzik" "\1b[2J\u{202e}evil" (func))
            (import "tenzik" "input_raed" (func (param i32 i32) (result i32)))
            (import "tenzik" "hash_commit" (global i32))
            (import "tenzik" "output_write" (func (param i64 i32)))
            (memory 1) (memory 1)
            (func $simd (result i32) (i8x16.extract_lane_s 0 (v128.const i32x4 0 0 0 0)))
            (func $start) (start $start))"#,
    );
    let object = world
        .tenzik(["validate", "bad.wat", "--json"])
        .exits(10)
        .json();
    let file = &object["files"][0];
    let mut found = codes(file);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "feature_disabled",
            "import_kind",
            "import_type",
            "import_unknown",
            "import_unknown",
            "memory_count",
            "memory_missing",
            "run_missing",
            "start_function",
        ],
        "{file}"
    );
    for finding in file["findings"].as_array().unwrap() {
        for part in ["message", "cause", "remedy"] {
            assert!(!finding[part].as_str().unwrap().is_empty(), "{finding}");
        }
    }
    let simd = file["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "feature_disabled")
        .unwrap();
    assert_eq!(simd["function_name"], "simd");
    assert!(
        simd["remedy"].as_str().unwrap().contains("simd128"),
        "{simd}"
    );
    let page = world.tenzik(["validate", "bad.wat"]).exits(10);
    assert!(
        page.text()
            .chars()
            .all(|character| character == '\n' || !character.is_control()),
        "{:?}",
        page.text()
    );
    assert!(!page.text().contains('\u{202e}'));
    assert!(
        page.text().contains("did you mean tenzik.input_read?"),
        "{}",
        page.text()
    );
}

#[test]
fn grants_and_profiles() {
    let world = World::new();
    let text = r#"(module (import "tenzik" "time_now_ms" (func (result i64))) (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))"#;
    world.write("time.wat", text);
    world.tenzik(["validate", "time.wat"]).exits(0);
    world
        .tenzik(["validate", "time.wat", "--profile", "production"])
        .exits(30);
    world
        .tenzik([
            "validate",
            "time.wat",
            "--profile",
            "production",
            "--grant",
            "time",
        ])
        .exits(0);
    world
        .tenzik(["validate", "time.wat", "--deny", "time"])
        .exits(30);
}
