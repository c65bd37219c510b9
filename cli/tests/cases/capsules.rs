//! The embedded capsules with effects, with real programs and the policies in docs/examples.

mod exec;
mod files;
mod git;
mod gobuster;
mod kill;
mod nmap;
mod replay;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{Ended, World, ended, has, not_tested, repository};

/// What stands for the trees of the examples, and other changes of them.
type Changes<'a> = &'a [(&'a str, &'a str)];

/// Writes the policy docs/examples/NAME.toml with each first text, which has to be there, replaced by the
/// second one. Outside of CI it requires no layers, so that capsules are tested where some are missing.
fn example(world: &World, name: &str, changes: Changes<'_>) {
    let path = repository()
        .join("docs/examples")
        .join(format!("{name}.toml"));
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{name}.toml has no {from}");
        text = text.replace(from, to);
    }
    if !in_ci() {
        text = text
            .lines()
            .filter(|line| !line.starts_with("require = "))
            .flat_map(|line| [line, "\n"])
            .collect();
    }
    world.write("policy.toml", text);
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// The examples are well-formed, and nothing but a pin could be added. What they name need not be on
/// this machine.
#[test]
fn examples_are_as_they_should_be() {
    let world = World::new();
    for name in ["exec", "files", "git", "kill", "nmap"] {
        let path = repository().join(format!("docs/examples/{name}.toml"));
        let checked = world
            .tenzik(["policy", "check", path.to_str().unwrap(), "--json"])
            .exits(0);
        let checked = checked.json();
        let warnings = checked["files"][0]["warnings"].as_array().unwrap().clone();
        for warning in warnings {
            let code = warning["code"].as_str().unwrap();
            let expected = ["program_unpinned", "program_missing", "tree_missing"];
            assert!(expected.contains(&code), "{name}: {warning}");
        }
    }
}

/// Runs a capsule under the policy of [`example`].
fn run(world: &World, capsule: &str, input: impl AsRef<[u8]>) -> Ended {
    world.write("input", input);
    run_command(world, capsule, &["--input", "input"])
}

fn run_command(world: &World, capsule: &str, more: &[&str]) -> Ended {
    let arguments = ["run", capsule, "--policy", "policy.toml"];
    let mut command = world.command(arguments.iter().chain(more));
    command.env("XDG_STATE_HOME", world.path("state"));
    ended(command.output().unwrap())
}

/// Asserts that the run was refused and that no process was started.
#[track_caller]
fn refused(world: &World, capsule: &str, input: impl AsRef<[u8]>) -> Ended {
    world.write("input", input);
    let ended = run_command(world, capsule, &["--input", "input", "--json"]).exits(30);
    assert_eq!(ended.json()["effects"]["processes"], serde_json::json!([]));
    ended
}

/// Asserts that the capsule failed with this code, and says why.
#[track_caller]
fn failed(ended: Ended, code: i32, message: &str) {
    let ended = ended.exits(20);
    let expected = format!("the capsule failed with code {code}: ");
    assert!(
        ended.stderr.contains(&expected) && ended.stderr.contains(message),
        "{}",
        ended.stderr
    );
}

/// The executable itself, behind all links; without it the test says that it tests nothing.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find_map(|file| std::fs::canonicalize(file).ok());
    if found.is_none() {
        not_tested(&format!("{name} is not installed"));
    }
    found
}

/// Gives a tree to the user that programs run as where tenzik is root.
fn hand_over(tree: &Path) {
    let root = std::fs::metadata("/proc/self").is_ok_and(|metadata| {
        use std::os::unix::fs::MetadataExt as _;
        metadata.uid() == 0
    });
    if root {
        let mut chown = Command::new("chown");
        chown.args(["-R", "65534:65534"]).arg(tree);
        assert!(chown.status().unwrap().success());
    }
}

/// The tests of the capsules themselves, in which processes follow scripts.
#[test]
fn native_tests_pass() {
    if !has("cargo", "--version") {
        return;
    }
    let manifest = repository().join("capsules/Cargo.toml");
    let output = Command::new("cargo")
        .args(["test", "--workspace", "--quiet", "--offline", "--locked"])
        .arg("--manifest-path")
        .arg(manifest)
        .env("TENZIK", env!("CARGO_BIN_EXE_tenzik"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
