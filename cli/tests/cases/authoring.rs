//! `tenzik new`, `build`, `doctor`: what an author does first.

use crate::world::{World, ended, has, not_tested};

/// Whether capsules can be compiled here.
pub(super) fn has_toolchain(world: &World) -> bool {
    let ended = world.tenzik(["doctor", "--json"]);
    if ended.code != 0 {
        not_tested("this machine cannot compile capsules; scripts/setup-wasm repairs it");
    }
    ended.code == 0
}

#[test]
fn a_new_rust_capsule_builds_validates_and_runs() {
    let world = World::new();
    if !has_toolchain(&world) {
        return;
    }
    world.tenzik(["new", "tally"]).exits(0);
    let object = world.tenzik(["build", "tally", "--json"]).exits(0).json();
    assert!(object["bytes"].as_u64().unwrap() <= 5_120, "{object}");
    let sum: u64 = object["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, object["bytes"].as_u64().unwrap());
    assert!(
        object["report"]["compiler"]
            .as_str()
            .unwrap()
            .starts_with("rustc "),
        "{object}"
    );
    world
        .tenzik([
            "validate",
            "tally/tally.wasm",
            "--deny-warnings",
            "--profile",
            "production",
        ])
        .exits(0);
    let ended = world
        .tenzik(["run", "tally/tally.wasm", "--input-text", "two words"])
        .exits(0);
    assert!(!ended.stdout.is_empty());
    // Too small a limit: nothing is written.
    world
        .tenzik(["build", "tally", "-o", "small.wasm", "--max-size", "100"])
        .exits(13);
    assert!(!world.path("small.wasm").exists());
}

#[test]
fn a_new_rust_capsule_can_be_tested_natively_and_offline() {
    let world = World::new();
    if !has("cargo", "--version") {
        return;
    }
    world.tenzik(["new", "tally"]).exits(0);
    let test = |tenzik: &std::path::Path| {
        let output = std::process::Command::new("cargo")
            .args(["test", "--offline", "--quiet"])
            .current_dir(world.path("tally"))
            .env("CARGO_TARGET_DIR", world.path("target"))
            .env("TENZIK", tenzik)
            .output()
            .unwrap();
        ended(output)
    };
    // Streams need no tenzik.
    let nowhere = world.path("nowhere");
    test(&nowhere).exits(0);
    // Pure functions do.
    let mut source = std::fs::read_to_string(world.path("tally/src/lib.rs")).unwrap();
    source += r#"
#[cfg(test)]
mod digest_tests {
    #[test]
    fn digests_are_those_of_the_host() {
        let outcome = tenzik_sdk::native::run(b"", || {
            tenzik_sdk::output_write(&tenzik_sdk::hash_commit(b"abc"))
        });
        assert_eq!(outcome.into_output().first(), Some(&0x64));
    }
}
"#;
    world.write("tally/src/lib.rs", source);
    test(std::path::Path::new(env!("CARGO_BIN_EXE_tenzik"))).exits(0);
    let ended = test(&nowhere).exits(101);
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(
        text.contains("set the environment variable TENZIK"),
        "{text}"
    );
}

#[test]
fn a_new_text_capsule_builds_and_runs_without_a_toolchain() {
    let world = World::new();
    world.tenzik(["new", "texty", "--lang", "wat"]).exits(0);
    let object = world.tenzik(["build", "texty", "--json"]).exits(0).json();
    let path = object["output"].as_str().unwrap();
    world
        .tenzik(["run", path, "--input-text", "hello"])
        .exits(0);
}

#[test]
fn names_and_places_that_do_not_fit() {
    let world = World::new();
    for name in ["", "../up", "a b", "-x", "é"] {
        world.tenzik(["new", "--", name]).exits(2);
    }
    world.tenzik(["new", "twice", "--lang", "wat"]).exits(0);
    world.tenzik(["new", "twice", "--lang", "wat"]).exits(1);
    world.tenzik(["new", "x", "--lang", "cobol"]).exits(2);
    world.tenzik(["build", "nowhere"]).exits(1);
    std::fs::create_dir(world.path("empty")).unwrap();
    world.tenzik(["build", "empty"]).exits(2);
}

#[test]
fn build_does_not_write_what_validate_rejects() {
    let world = World::new();
    world.write("bad.wat", "(module (memory (export \"memory\") 1))");
    world
        .tenzik(["build", "bad.wat", "-o", "bad.wasm"])
        .exits(10);
    assert!(!world.path("bad.wasm").exists());
    world.write("broken.wat", "(module");
    world
        .tenzik(["build", "broken.wat", "-o", "bad.wasm"])
        .exits(10);
}
