//! Compiled code that is kept between commands.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::Value;

use crate::world::{Ended, World, ended, repository};

const WARNING: &str = "was not as tenzik wrote it";

fn run(world: &World) -> Ended {
    let scan = repository().join("docs/examples/scan.xml");
    let mut command = world.command(["run", "nmap-parse", "--json", "--now"]);
    command
        .arg("2026-01-02T03:04:05Z")
        .args(["--seed", "1", "--input"])
        .arg(scan)
        .env("XDG_CACHE_HOME", world.path("cache"))
        .env_remove("TENZIK_CODE_CACHE");
    ended(command.output().unwrap()).exits(0)
}

/// The one file of code.
fn kept(world: &World) -> PathBuf {
    let folder = world.path("cache").join("tenzik/compiled");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// What a run says, without times.
fn facts(ended: &Ended) -> [Value; 4] {
    let json = ended.json();
    let usage = &json["usage"];
    [
        &json["output"],
        &json["status"],
        &usage["fuel"],
        &usage["host_calls"],
    ]
    .map(Value::clone)
}

#[test]
fn kept_code_does_the_same() {
    let world = World::new();
    let first = run(&world);
    let code = kept(&world);
    let written = fs::metadata(&code).unwrap().modified().unwrap();
    let second = run(&world);
    assert_eq!(facts(&first), facts(&second));
    assert_eq!(
        fs::metadata(kept(&world)).unwrap().modified().unwrap(),
        written
    );
    let key = world.path("state").join("tenzik/compiled.key");
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), fs::read(&key).unwrap().len()), (0o600, 32));
    assert_eq!(mode(&code.parent().unwrap().to_owned()), 0o700);
}

#[test]
fn changed_code_is_never_executed() {
    let world = World::new();
    let first = run(&world);
    let code = kept(&world);
    let good = fs::read(&code).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let no_mac = [&[0; 32], &good[32..]].concat();
    for bad in [
        flipped,
        no_mac,
        good[..good.len() - 1].to_vec(),
        Vec::new(),
        vec![0; 31],
    ] {
        fs::write(&code, &bad).unwrap();
        let again = run(&world);
        assert!(again.stderr.contains(WARNING), "{}", again.stderr);
        assert_eq!(facts(&first), facts(&again));
        let restored = fs::read(&code).unwrap();
        assert!(restored != bad && restored.len() == good.len());
        assert!(!run(&world).stderr.contains(WARNING));
    }
}

#[test]
fn good_code_under_another_name_is_refused() {
    let world = World::new();
    run(&world);
    let parse = kept(&world);
    let good = fs::read(&parse).unwrap();
    fs::remove_file(&parse).unwrap();
    let mut command = world.command(["run", "echo", "--input-text", "hello"]);
    command
        .env("XDG_CACHE_HOME", world.path("cache"))
        .env_remove("TENZIK_CODE_CACHE");
    ended(command.output().unwrap()).exits(0);
    // The code of nmap-parse in the place of that of echo: it carries a MAC, but of another name.
    fs::write(kept(&world), good).unwrap();
    let again = ended(command.output().unwrap()).exits(0);
    assert_eq!(again.text(), "hello");
    assert!(again.stderr.contains(WARNING), "{}", again.stderr);
}

#[test]
fn a_key_that_others_can_read_or_place_is_not_used() {
    let world = World::new();
    run(&world);
    let code = kept(&world);
    let key = world.path("state").join("tenzik/compiled.key");
    fs::remove_file(&code).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    run(&world);
    assert!(!code.exists());
    let elsewhere = world.write("key", [7; 32]);
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(&key).unwrap();
    symlink(&elsewhere, &key).unwrap();
    run(&world);
    assert_eq!(fs::read_dir(code.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn no_more_files_are_kept_than_allowed() {
    let world = World::new();
    let folder = world.path("cache").join("tenzik/compiled");
    fs::create_dir_all(&folder).unwrap();
    for number in 0..300 {
        fs::write(folder.join(number.to_string()), "old").unwrap();
    }
    run(&world);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 256);
    assert!(!run(&world).stderr.contains(WARNING));
}
