//! What a capsule did is repeated from a bundle, without the programs and files.

use std::process::Command;

use super::git::Place;
use super::{files, nmap, run_command};
use crate::world::{World, ended, not_tested};

/// Records a run of `capsule` over `input`.
fn record(world: &World, capsule: &str, input: impl AsRef<[u8]>) -> Vec<u8> {
    world.write("input", input);
    let more = ["--input", "input", "--record", "run.bundle"];
    run_command(world, capsule, &more).exits(0).stdout
}

/// Repeats it where there is no network but a loopback of its own and no program to find.
fn replay(world: &World) -> Vec<u8> {
    let alone = Command::new("unshare").args(["-rn", "true"]).status();
    let mut command = if alone.is_ok_and(|status| status.success()) {
        let mut command = Command::new("unshare");
        command.arg("-rn").arg(env!("CARGO_BIN_EXE_tenzik"));
        command
    } else {
        not_tested("a replay without network: unshare -rn does not work here");
        Command::new(env!("CARGO_BIN_EXE_tenzik"))
    };
    command
        .args(["run", "--replay", "run.bundle"])
        .current_dir(world.path(""))
        .env("XDG_CONFIG_HOME", world.path("config"))
        .env("XDG_STATE_HOME", world.path("replay-state"));
    ended(command.output().unwrap()).exits(0).stdout
}

#[test]
fn a_scan() {
    let Some(world) = nmap::with_example(&[]) else {
        return;
    };
    let (listener, port) = nmap::listener("127.0.0.1");
    let findings = record(
        &world,
        "nmap-scan",
        nmap::request("127.0.0.1", &port.to_string()),
    );
    // The port is open in the recording only.
    drop(listener);
    std::fs::remove_file(world.path("policy.toml")).unwrap();
    assert_eq!(replay(&world), findings);
    assert!(String::from_utf8(findings).unwrap().contains("\"open\""));
}

#[test]
fn a_clone() {
    let Some(place) = Place::new() else { return };
    let cloned = record(&place.world, "git", place.clone_to("one").to_string());
    std::fs::remove_dir_all(place.path("clones/one")).unwrap();
    std::fs::remove_dir_all(place.path("origin")).unwrap();
    assert_eq!(replay(&place.world), cloned);
    assert!(!place.path("clones/one").exists());
}

#[test]
fn a_written_file() {
    let (world, data) = files::with_example(&[]);
    let path = data.join("file");
    let input = files::writing(path.to_str().unwrap(), "new", b"content");
    let written = record(&world, "file-write", input);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(replay(&world), written);
    assert!(!path.exists());
}
