//! `tenzik undo`: lists, undoes, refuses, and says so.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use tenzik_runtime::gate::{FileTrees, WriteMode};
use tenzik_runtime::policy::{FileTree, Origin};

use crate::world::{Ended, World, documented};

/// Runs the command with the state of the world.
fn undo(world: &World, arguments: &[&str]) -> Ended {
    let mut command = world.command([&["undo"], arguments].concat());
    command.env("XDG_STATE_HOME", world.path("state"));
    crate::world::ended(command.output().unwrap())
}

fn json(world: &World, exit: i32, arguments: &[&str]) -> Value {
    let object = undo(world, &[arguments, &["--json"]].concat())
        .exits(exit)
        .json();
    assert_eq!(object["exit"], exit);
    documented("undo", &object);
    object
}

/// Writes files as a run with this id does.
fn write(world: &World, run: &str, files: &[(&str, WriteMode, &str)]) {
    let grant = FileTree {
        path: world.path("tree"),
        read: true,
        write: true,
        append: true,
        bytes_max: 1 << 20,
        files_max: 100,
        origin: Origin::default(),
    };
    let (run, state) = (run.parse().unwrap(), world.path("state/tenzik"));
    let trees = FileTrees::open(&[grant], &run, &state, &[]).unwrap();
    for (path, mode, text) in files {
        let mut writer = trees.create(0, Path::new(path), *mode).unwrap();
        writer.write(text.as_bytes()).unwrap();
        writer.commit().unwrap();
    }
    trees.finish().unwrap();
}

/// A world in which the run `r1` replaced one file and made another.
fn world() -> World {
    let world = World::new();
    std::fs::create_dir(world.path("tree")).unwrap();
    let old = world.write("tree/old", "old");
    std::fs::set_permissions(old, std::fs::Permissions::from_mode(0o640)).unwrap();
    let files = [
        ("old", WriteMode::Append, " and new"),
        ("n\u{1b}ew", WriteMode::New, "new"),
    ];
    write(&world, "r1", &files);
    world
}

#[test]
fn a_run_is_listed_undone_and_not_undone_again() {
    let world = world();
    let listed = undo(&world, &["--list"]).exits(0);
    assert!(
        listed.text().starts_with("r1  ended        2 changes, "),
        "{listed:?}"
    );
    let object = json(&world, 0, &["--list"]);
    assert_eq!(object["runs"][0]["run"], "r1");
    assert_eq!(object["runs"][0]["undone"], 0);
    let listed = undo(&world, &["--list", "r1"]).exits(0);
    assert!(listed.text().contains("replaced  "), "{listed:?}");
    // No name moves a cursor.
    assert!(!listed.text().contains('\u{1b}'), "{listed:?}");
    let object = json(&world, 0, &["r1", "--list"]);
    assert_eq!(object["changes"][1]["created"], true);

    let said = undo(&world, &["r1"]).exits(0);
    let lines: Vec<&str> = said.text().lines().collect();
    assert!(lines[0].starts_with("removed "), "{lines:?}");
    assert!(lines[1].starts_with("restored "), "{lines:?}");
    assert_eq!(world.read("tree/old"), b"old");
    let metadata = std::fs::metadata(world.path("tree/old")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o640);
    assert_eq!(std::fs::read_dir(world.path("tree")).unwrap().count(), 1);
    let object = json(&world, 0, &["r1"]);
    assert_eq!(object["undone_before"], 2);
    assert_eq!(json(&world, 0, &["--list"])["runs"][0]["state"], "undone");
    let again = undo(&world, &["r1"]).exits(0);
    assert!(again.stderr.contains("left nothing to undo"), "{again:?}");
}

#[test]
fn what_changed_since_is_listed_and_forced() {
    let world = world();
    world.write("tree/old", "later");
    let object = json(&world, 1, &["r1"]);
    assert_eq!(object["error"]["code"], "undo_changed");
    assert_eq!(object["conflicts"][0]["code"], "size");
    assert!(
        object["conflicts"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("/tree/old")
    );
    let said = undo(&world, &["r1"]).exits(1);
    assert!(
        said.stderr.contains("has 5 bytes now, the run left 11"),
        "{said:?}"
    );
    assert!(said.stderr.contains("--force"), "{said:?}");
    assert!(said.stdout.is_empty());
    assert_eq!(world.read("tree/old"), b"later");
    let object = json(&world, 0, &["r1", "--force"]);
    assert_eq!(object["forced"][0]["code"], "size");
    assert_eq!(object["restored"][1]["action"], "restored");
    assert_eq!(world.read("tree/old"), b"old");
}

#[test]
fn what_cannot_be_put_back_is_named() {
    let world = world();
    std::fs::remove_file(world.path("tree/old")).unwrap();
    std::fs::create_dir(world.path("tree/old")).unwrap();
    assert_eq!(json(&world, 1, &["r1"])["conflicts"][0]["code"], "kind");
    let object = json(&world, 1, &["r1", "--force"]);
    assert_eq!(object["error"]["code"], "undo_incomplete");
    assert_eq!(object["left"][0]["message"], "is a directory now");
    assert_eq!(object["restored"][0]["action"], "removed");
    std::fs::remove_dir(world.path("tree/old")).unwrap();
    json(&world, 0, &["r1", "--force"]);
    assert_eq!(world.read("tree/old"), b"old");
}

#[test]
fn unknown_runs_and_broken_stores_are_failures() {
    let world = World::new();
    assert!(undo(&world, &["--list"]).exits(0).stdout.is_empty());
    let object = json(&world, 1, &["nobody"]);
    assert_eq!(object["error"]["code"], "machine_failure");
    assert!(
        object["error"]["remedy"]
            .as_str()
            .unwrap()
            .contains("--list"),
        "{object}"
    );
    for bad in ["../r1", "a/b", "", ".", &"x".repeat(65)] {
        undo(&world, &["--", bad]).exits(2);
    }
    undo(&world, &[]).exits(2);
    undo(&world, &["--list", "--force"]).exits(2);

    std::fs::create_dir_all(world.path("state/tenzik/undo/r1")).unwrap();
    world.write(
        "state/tenzik/undo/r1/manifest.jsonl",
        "{\"record\":\"\u{1b}\"}\n",
    );
    let said = undo(&world, &["r1"]).exits(1);
    assert!(said.stderr.contains("line 1"), "{said:?}");
    let object = json(&world, 0, &["--list"]);
    assert_eq!(object["problems"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_home_there_is_no_store() {
    let world = World::new();
    let mut command = world.command(["undo", "--list"]);
    command.env_remove("XDG_STATE_HOME").env_remove("HOME");
    let said = crate::world::ended(command.output().unwrap()).exits(1);
    assert!(said.stderr.contains("XDG_STATE_HOME"), "{said:?}");
}

/// A world with a policy that lets `file-write` replace the file `tree/old`, and an input of 1 MiB.
fn writing_world() -> World {
    let world = World::new();
    std::fs::create_dir(world.path("tree")).unwrap();
    let tree = std::fs::canonicalize(world.path("tree")).unwrap();
    world.write("tree/old", "old");
    let policy = format!(
        "version = 1\ngrants = [\"hash\", \"json\"]\n[[files]]\npath = {tree:?}\naccess = [\"write\"]\nbytes = \"2MiB\"\nfiles = 1\n"
    );
    world.write("p.toml", policy);
    let request = format!(
        "{{\"path\": {:?}, \"mode\": \"replace\"}}\n",
        tree.join("old")
    );
    world.write("input", request + &"new\n".repeat(1 << 18));
    world
}

fn file_write(world: &World, arguments: &[&str]) -> std::process::Command {
    let base = [
        "run",
        "file-write",
        "--policy",
        "p.toml",
        "--input",
        "input",
    ];
    let mut command = world.command([&base[..], &["--time", "60s"], arguments].concat());
    command.env("XDG_STATE_HOME", world.path("state"));
    command
}

/// Kills from outside, at moments that nobody chooses.
#[test]
fn killed_at_any_moment_a_run_can_be_undone() {
    let (mut untouched, mut replaced, mut left) = (0, 0, 0);
    for round in 0..60u64 {
        let world = writing_world();
        let mut child = file_write(&world, &["--quiet"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..round * 60_000 {
            std::hint::spin_loop();
        }
        // It may have ended already.
        let _ = child.kill();
        child.wait().unwrap();
        match world.read("tree/old").len() {
            3 => untouched += 1,
            0x10_0000 => replaced += 1,
            other => panic!("round {round}: {other} bytes"),
        }
        left += std::fs::read_dir(world.path("tree")).unwrap().count() - 1;
        for run in json(&world, 0, &["--list"])["runs"].as_array().unwrap() {
            json(&world, 0, &[run["run"].as_str().unwrap()]);
        }
        assert_eq!(world.read("tree/old"), b"old", "round {round}");
        assert_eq!(
            std::fs::read_dir(world.path("tree")).unwrap().count(),
            1,
            "round {round}"
        );
    }
    println!(
        "{untouched} untouched, {replaced} replaced, {left} temporary files found and removed"
    );
}

/// The whole way: a capsule that writes under a policy, the run id that `run` prints, the undo.
#[test]
fn what_a_capsule_wrote_is_undone_by_the_id_that_run_prints() {
    let world = writing_world();
    let run =
        |arguments: &[&str]| crate::world::ended(file_write(&world, arguments).output().unwrap());
    let said = run(&[]).exits(0);
    assert_eq!(world.read("tree/old").len(), 1 << 20);
    let (_, id) = said.stderr.split_once("undo: tenzik undo ").unwrap();
    undo(&world, &[id.lines().next().unwrap()]).exits(0);
    assert_eq!(world.read("tree/old"), b"old");
    let object = run(&["--json"]).exits(0).json();
    assert_eq!(object["effects"]["files_changed"], 1);
    json(&world, 0, &[object["effects"]["run_id"].as_str().unwrap()]);
    assert_eq!(world.read("tree/old"), b"old");
}
