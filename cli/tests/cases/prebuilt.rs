//! The prebuilt capsules are what their sources compile to.
//!
//! `UPDATE=1` writes them anew, together with the lock file.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::world::{World, not_tested, repository};

/// Every capsule, and how many bytes it may have: what the default profile takes, or else what its
/// policy in docs/examples accepts.
const CAPSULES: [(&str, usize); 14] = [
    ("base64", SMALL),
    ("dice", SMALL),
    ("echo", SMALL),
    ("exec", SMALL),
    ("file-read", SMALL),
    ("file-write", SMALL),
    ("git", 12 << 10),
    ("gobuster-parse", SMALL),
    ("hash", SMALL),
    ("json-select", SMALL),
    ("kill", SMALL),
    ("nmap-parse", SMALL),
    ("nmap-scan", 12 << 10),
    ("undo", SMALL),
];

const SMALL: usize = 5_120;

fn directory() -> PathBuf {
    repository().join("capsules/prebuilt")
}

fn lock() -> Value {
    serde_json::from_slice(&std::fs::read(directory().join("lock.json")).unwrap()).unwrap()
}

#[test]
fn the_lock_file_fits_the_bytes() {
    let lock = lock();
    let entries = lock["capsules"].as_object().unwrap();
    assert_eq!(entries.len(), CAPSULES.len());
    for (name, bytes_max) in CAPSULES {
        let entry = &entries[name];
        let bytes = std::fs::read(directory().join(format!("{name}.wasm"))).unwrap();
        assert_eq!(
            entry["blake3"],
            blake3::hash(&bytes).to_hex().as_str(),
            "{name}"
        );
        assert_eq!(entry["bytes"], bytes.len(), "{name}");
        assert!(bytes.len() <= bytes_max, "{name} has {} bytes", bytes.len());
    }
}

#[test]
fn the_page_has_the_sizes() {
    let page = std::fs::read_to_string(repository().join("docs/capsules.md")).unwrap();
    for (name, entry) in lock()["capsules"].as_object().unwrap() {
        let bytes = entry["bytes"].as_u64().unwrap();
        let shown = match (bytes / 1_000, bytes % 1_000) {
            (0, rest) => rest.to_string(),
            (thousands, rest) => format!("{thousands},{rest:03}"),
        };
        let row = format!("| `{name}` | {shown} |");
        assert!(page.contains(&row), "docs/capsules.md lacks {row}");
    }
}

#[test]
fn sources_compile_to_the_prebuilt_bytes() {
    let world = World::new();
    if world.tenzik(["doctor"]).code != 0 {
        not_tested("this machine cannot compile capsules; scripts/setup-wasm repairs it");
        return;
    }
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut capsules = serde_json::Map::new();
    let mut toolchain = Value::Null;
    for (name, _) in CAPSULES {
        let source = repository().join("capsules").join(name);
        let built = world.path(&format!("{name}.wasm"));
        let source = source.to_str().unwrap();
        let object = world
            .tenzik(
                ["build", source, "-o", built.to_str().unwrap(), "--json"]
                    .into_iter()
                    .chain(MAX_SIZE),
            )
            .exits(0)
            .json();
        let bytes = std::fs::read(&built).unwrap();
        toolchain = object["report"]["toolchain_id"].clone();
        capsules.insert(
            name.to_owned(),
            json!({ "blake3": blake3::hash(&bytes).to_hex().as_str(), "bytes": bytes.len() }),
        );
        if update {
            std::fs::copy(&built, directory().join(format!("{name}.wasm"))).unwrap();
        } else if toolchain == lock()["toolchain_id"] {
            let prebuilt = std::fs::read(directory().join(format!("{name}.wasm"))).unwrap();
            assert!(
                bytes == prebuilt,
                "{name}: the same toolchain made other bytes; UPDATE=1 accepts them"
            );
        } else {
            behaves_like_prebuilt(&world, name);
        }
    }
    if update {
        let lock = json!({ "version": 1, "toolchain_id": toolchain, "capsules": capsules });
        let text = serde_json::to_string_pretty(&lock).unwrap() + "\n";
        std::fs::write(directory().join("lock.json"), text).unwrap();
    }
}

/// Room for the capsules, also where only the built-in optimiser is there.
const MAX_SIZE: [&str; 2] = ["--max-size", "16KiB"];

/// What needs a policy to do anything.
const EFFECTS: [&str; 7] = [
    "exec",
    "file-read",
    "file-write",
    "git",
    "kill",
    "nmap-scan",
    "undo",
];

/// Another compiler or optimiser makes other bytes of about the same size that do the same.
fn behaves_like_prebuilt(world: &World, name: &str) {
    let size = |path: PathBuf| std::fs::metadata(path).unwrap().len();
    let (ours, theirs) = (
        size(world.path(&format!("{name}.wasm"))),
        size(directory().join(format!("{name}.wasm"))),
    );
    assert!(
        ours <= theirs + theirs / 12 + 32,
        "{name}: {ours} bytes, prebuilt {theirs}"
    );
    if EFFECTS.contains(&name) {
        return;
    }
    let input = match name {
        "json-select" => b"$.a\n{\"a\":1}".to_vec(),
        "gobuster-parse" => b"/admin (Status: 301) [Size: 3] [--> /a/]".to_vec(),
        "nmap-parse" => std::fs::read(repository().join("docs/examples/scan.xml")).unwrap(),
        _ => b"some input".to_vec(),
    };
    world.write("input", input);
    let run = |capsule: &str| {
        let fixed = ["--seed", "1", "--now", "2026-01-01T00:00:00Z"];
        world
            .tenzik(
                ["run", capsule, "--input", "input"]
                    .into_iter()
                    .chain(fixed)
                    .chain(MAX_SIZE),
            )
            .exits(0)
            .stdout
    };
    assert_eq!(run(&format!("./{name}.wasm")), run(name), "{name}");
}
