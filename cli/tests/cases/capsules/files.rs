//! The capsules file-read, file-write and undo.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::json;

use super::{example, failed, refused, run, run_command};
use crate::world::World;

/// A world with the example, and its tree.
pub(super) fn with_example(changes: &[(&str, &str)]) -> (World, PathBuf) {
    let world = World::new();
    let data = world.path("data");
    std::fs::create_dir(&data).unwrap();
    let mut all = vec![("/srv/data", data.to_str().unwrap())];
    all.extend(changes);
    example(&world, "files", &all);
    (world, data)
}

/// The input of file-write.
pub(super) fn writing(path: &str, mode: &str, bytes: &[u8]) -> Vec<u8> {
    let mut input = json!({ "path": path, "mode": mode })
        .to_string()
        .into_bytes();
    input.push(b'\n');
    input.extend_from_slice(bytes);
    input
}

fn reading(path: &str) -> String {
    json!({ "path": path }).to_string()
}

#[test]
fn what_is_written_is_read() {
    let (world, data) = with_example(&[]);
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|index| (index % 251) as u8)
        .collect();
    let path = data.join("a \"file\" \u{e9}");
    let path = path.to_str().unwrap();
    let written = run(&world, "file-write", writing(path, "new", &bytes)).exits(0);
    let expected = json!({
        "path": path,
        "mode": "new",
        "bytes": bytes.len(),
        "blake3": blake3::hash(&bytes).to_hex().as_str(),
    });
    assert_eq!(written.json(), expected);
    assert!(std::fs::read(path).unwrap() == bytes);
    assert!(run(&world, "file-read", reading(path)).exits(0).stdout == bytes);
}

#[test]
fn modes_decide_over_what_is_there() {
    let (world, data) = with_example(&[]);
    let path = data.join("file");
    let path = path.to_str().unwrap();
    let write =
        |mode: &str, text: &str| run(&world, "file-write", writing(path, mode, text.as_bytes()));
    write("append", "one ").exits(0);
    write("append", "two").exits(0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "one two");
    failed(write("new", "three"), 1008, "the file is there already");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "one two");
    write("replace", "").exits(0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "");
}

#[test]
fn a_run_is_undone_by_its_name() {
    let (world, data) = with_example(&[]);
    let (old, new) = (data.join("old"), data.join("new"));
    std::fs::write(&old, "before").unwrap();
    let run_of = |path: &PathBuf| {
        world.write(
            "input",
            writing(path.to_str().unwrap(), "replace", b"after"),
        );
        let more = ["--input", "input", "--json"];
        let ended = run_command(&world, "file-write", &more).exits(0).json();
        ended["effects"]["run_id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (run_of(&old), run_of(&new));
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "after");
    for id in [&first, &second] {
        let undone = run(&world, "undo", json!({ "run": id }).to_string()).exits(0);
        assert_eq!(undone.json(), json!({ "undone": id }));
    }
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "before");
    assert!(!new.exists());
    let unknown = json!({ "run": "0".repeat(32) }).to_string();
    failed(
        run(&world, "undo", unknown),
        1007,
        "what the run changed is not there",
    );
}

#[test]
fn what_is_missing_is_a_failure() {
    let (world, data) = with_example(&[]);
    let none = data.join("none");
    let ended = run(&world, "file-read", reading(none.to_str().unwrap()));
    failed(ended, 1007, "the file is not there");
    let below = none.join("file");
    let ended = run(
        &world,
        "file-write",
        writing(below.to_str().unwrap(), "new", b"x"),
    );
    failed(ended, 1007, "the file is not there");
}

#[test]
fn nothing_outside_of_the_tree_is_touched() {
    let (world, data) = with_example(&[]);
    let secret = world.write("secret", "secret");
    symlink(&secret, data.join("link")).unwrap();
    symlink(world.path(""), data.join("up")).unwrap();
    let data = data.to_str().unwrap();
    for path in [
        "/etc/passwd".to_owned(),
        secret.to_str().unwrap().to_owned(),
        format!("{data}/../secret"),
        format!("{data}2/file"),
        "file".to_owned(),
        "/proc/self/environ".to_owned(),
        format!("{data}/file\0"),
        "-".to_owned(),
        String::new(),
    ] {
        refused(&world, "file-read", reading(&path));
        refused(&world, "file-write", writing(&path, "replace", b"x"));
    }
    for path in [format!("{data}/link"), format!("{data}/up/secret")] {
        for capsule in ["file-read", "file-write"] {
            let input = match capsule {
                "file-read" => reading(&path).into_bytes(),
                _ => writing(&path, "append", b"x"),
            };
            let ended = run(&world, capsule, input);
            assert!(matches!(ended.code, 20 | 30), "{ended:?}");
            assert!(ended.stdout.is_empty(), "{ended:?}");
        }
    }
    assert_eq!(std::fs::read_to_string(secret).unwrap(), "secret");
    let long = reading(&format!("/{}", "a".repeat(2 << 20)));
    failed(
        run(&world, "file-read", long),
        1000,
        "longer than 32768 bytes",
    );
}

#[test]
fn a_file_over_the_quota_never_appears() {
    let (world, data) = with_example(&[("64MiB", "100KiB")]);
    let path = data.join("file");
    let input = writing(path.to_str().unwrap(), "new", &vec![b'x'; 200_000]);
    let ended = run(&world, "file-write", input);
    failed(ended, 1010, "the file needs more than the policy grants");
    assert_eq!(std::fs::read_dir(data).unwrap().count(), 0);
}

#[test]
fn without_a_policy_nothing_is_granted() {
    let world = World::new();
    for capsule in ["file-read", "file-write", "undo", "kill", "exec"] {
        let ended = world.tenzik(["run", capsule, "--input-text", "{}"]);
        assert_eq!(ended.code, 30, "{capsule}: {}", ended.stderr);
    }
}
