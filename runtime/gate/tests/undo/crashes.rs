//! Killed before every system call that changes something: what is left can be undone or goes on.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tenzik_gate::{UndoError, UndoStore, WriteMode};

use crate::sandbox::{Files, Sandbox, id, not_tested, put, set_mode};

use WriteMode::{Append, New, Replace};

/// Set for a process that is killed: what it does, and the sandbox that it does it in.
const ROLE: &str = "TENZIK_TEST_CRASH";

/// The system calls that change something, with how often a run and an undo make each at least.
/// A question mark is before those that not every processor has.
const CHANGES: [(&str, usize, usize); 13] = [
    ("?mkdir", 2, 0),
    ("?mkdirat", 0, 0),
    ("openat", 20, 20),
    ("write", 20, 8),
    ("fsync", 12, 7),
    ("fdatasync", 4, 4),
    ("flock", 6, 2),
    ("fchmod", 4, 3),
    ("renameat2", 1, 0),
    ("?renameat", 3, 3),
    ("?unlink", 1, 4),
    ("unlinkat", 3, 12),
    ("ftruncate", 0, 1),
];

/// What a process that is killed does. It is this test, started by the others with [`ROLE`].
#[test]
fn a_process_that_is_killed() {
    let Some(role) = std::env::var_os(ROLE) else {
        return;
    };
    let role = role.into_string().unwrap();
    let (role, root) = role.split_once(':').unwrap();
    let root = Path::new(root);
    match role {
        "run" => run(root, "r1"),
        "next" => run(root, "r2"),
        "undo" => {
            UndoStore::new(&root.join("state"))
                .undo(&id("r1"), false)
                .unwrap();
        }
        other => panic!("{other}"),
    }
}

fn run(root: &Path, name: &str) {
    let grant = crate::sandbox::grant(&root.join("tree"));
    let trees =
        tenzik_gate::FileTrees::open(&[grant], &id(name), &root.join("state"), &[]).unwrap();
    put(&trees, "a", Replace, b"replaced").unwrap();
    put(&trees, "inner/log", Append, b"2\n").unwrap();
    put(&trees, "inner/new", New, b"new").unwrap();
    let mut lost = trees.create(0, Path::new("lost"), New).unwrap();
    lost.write(b"lost").unwrap();
    put(&trees, "a", Append, b" twice").unwrap();
    drop(lost);
    trees.finish().unwrap();
}

/// A sandbox with files; what is in its tree.
fn sandbox() -> (Sandbox, Files) {
    let sandbox = Sandbox::new();
    set_mode(&sandbox.write("tree/a", "old"), 0o640);
    set_mode(&sandbox.write("tree/inner/log", "1\n"), 0o604);
    let files = sandbox.files("tree");
    (sandbox, files)
}

/// Runs the role in a process of its own, killed before its `step`th `call` if there is one.
fn role(sandbox: &Sandbox, role: &str, kill: Option<(&str, usize)>) -> Output {
    let this = std::env::current_exe().unwrap();
    let mut command = match kill {
        None => Command::new(&this),
        Some((call, step)) => {
            let mut command = Command::new("strace");
            let inject = format!("inject={call}:signal=KILL:when={step}");
            command
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &inject])
                .arg(&this);
            command
        }
    };
    command
        .args([
            "--exact",
            "undo::crashes::a_process_that_is_killed",
            "--test-threads=1",
        ])
        .env(ROLE, format!("{role}:{}", sandbox.path("").display()))
        .env_remove("RUST_BACKTRACE");
    command.output().unwrap()
}

/// Whether the role was killed before its `step`th `call`; `None` where nothing can be traced.
fn killed_at(sandbox: &Sandbox, name: &str, call: &str, step: usize) -> Option<bool> {
    let output = role(sandbox, name, Some((call, step)));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if error.to_lowercase().contains("ptrace") {
        not_tested(&format!("strace cannot trace here: {error}"));
        return None;
    }
    let killed = output.status.signal() == Some(9) || output.status.code() == Some(137);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        killed || output.status.code() == Some(0),
        "{name} {call} {step}: {error}\n{said}"
    );
    Some(killed)
}

fn can_trace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok();
    if !found {
        not_tested("strace is not installed");
    }
    found
}

/// Does `check` with each step of each call, until the role gets through.
fn at_every_step(
    name: &str,
    count_min: impl Fn(usize, usize) -> usize,
    check: impl Fn(&str, usize) -> Option<bool>,
) {
    let mut total = 0;
    for (call, in_run, in_undo) in CHANGES {
        let mut kills = 0;
        loop {
            match check(call, kills + 1) {
                None => return,
                Some(false) => break,
                Some(true) => kills += 1,
            }
            assert!(kills < 1_000, "{call}: it never ends");
        }
        let expected = count_min(in_run, in_undo);
        assert!(
            kills >= expected,
            "{name}, {call}: killed {kills} times only"
        );
        total += kills;
    }
    println!("{name}: killed {total} times, 0 wrong states");
}

/// After the kill each file is as before or as it should become; then an undo gives back what was.
#[test]
fn a_run_that_is_killed_at_any_step_can_be_undone() {
    if !can_trace() {
        return;
    }
    at_every_step(
        "run",
        |run, _| run,
        |call, step| {
            let (sandbox, old) = sandbox();
            let killed = killed_at(&sandbox, "run", call, step)?;
            check_states(&sandbox, &format!("{call} {step}"));
            match sandbox.store().undo(&id("r1"), false) {
                // It was killed before it began.
                Err(UndoError::NoRun { .. }) => {}
                other => drop(other.unwrap()),
            }
            assert_eq!(sandbox.files("tree"), old, "{call} {step}");
            Some(killed)
        },
    );
}

/// After the kill the next run removes temporary files, does its own work, and both can be undone.
#[test]
fn a_run_that_is_killed_at_any_step_stops_no_other() {
    if !can_trace() {
        return;
    }
    at_every_step(
        "run and next",
        |run, _| run,
        |call, step| {
            let (sandbox, old) = sandbox();
            let killed = killed_at(&sandbox, "run", call, step)?;
            // The next one makes this file new.
            let made = sandbox.path("tree/inner/new");
            let was_made = made.exists();
            if was_made {
                std::fs::rename(&made, sandbox.path("kept")).unwrap();
            }
            let output = role(&sandbox, "next", None);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{call} {step}: {said}");
            let names: Vec<_> = sandbox.files("tree").into_keys().collect();
            assert_eq!(names, ["a", "inner/log", "inner/new"], "{call} {step}");
            sandbox.store().undo(&id("r2"), false).unwrap();
            if was_made {
                std::fs::rename(sandbox.path("kept"), &made).unwrap();
            }
            match sandbox.store().undo(&id("r1"), false) {
                Err(UndoError::NoRun { .. }) => {}
                other => drop(other.unwrap()),
            }
            assert_eq!(sandbox.files("tree"), old, "{call} {step}");
            Some(killed)
        },
    );
}

/// An undo that is killed can be done again.
#[test]
fn an_undo_that_is_killed_at_any_step_goes_on() {
    if !can_trace() {
        return;
    }
    at_every_step(
        "undo",
        |_, undo| undo,
        |call, step| {
            let (sandbox, old) = sandbox();
            assert!(role(&sandbox, "run", None).status.success());
            assert_ne!(sandbox.files("tree"), old);
            let killed = killed_at(&sandbox, "undo", call, step)?;
            check_states(&sandbox, &format!("{call} {step}"));
            sandbox.store().undo(&id("r1"), false).unwrap();
            assert_eq!(sandbox.files("tree"), old, "{call} {step}");
            Some(killed)
        },
    );
}

/// Every file but temporary ones has one of the contents that it may have, and its mode.
fn check_states(sandbox: &Sandbox, what: &str) {
    for (name, (mode, content)) in sandbox.files("tree") {
        let name = name.to_str().unwrap();
        let content = String::from_utf8(content).unwrap();
        let (contents, expected): (&[&str], u32) = match name {
            "a" => (&["old", "replaced", "replaced twice"], 0o640),
            "inner/log" => (&["1\n", "1\n2\n"], 0o604),
            "inner/new" => (&["new"], mode),
            _ if name.contains(".tenzik-temp-r1-") => continue,
            _ => panic!("{what}: {name}"),
        };
        assert!(
            contents.contains(&content.as_str()),
            "{what}: {name}: {content}"
        );
        assert_eq!(mode, expected, "{what}: {name}");
    }
}
