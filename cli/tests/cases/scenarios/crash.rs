//! Crashes at every write of the journal.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::world::{World, documented, ended};

/// Twenty steps of all kinds and effects: `cli/tests/crash`.
pub(super) fn twenty_steps(world: &World) {
    let data = world.path("data");
    std::fs::create_dir(&data).unwrap();
    // Programs are started as another user when tenzik is started as root.
    std::fs::set_permissions(&data, Permissions::from_mode(0o777)).unwrap();
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    let texts = [
        ("twenty.yaml", include_str!("../../crash/twenty.yaml")),
        ("twenty.toml", include_str!("../../crash/twenty.toml")),
        ("act", include_str!("../../crash/act")),
    ];
    for (name, text) in texts {
        let text = text
            .replace(
                "@WORLD@",
                world.path("").to_str().unwrap().trim_end_matches('/'),
            )
            .replace("@SHELL@", shell.to_str().unwrap())
            .replace("@NUMBER@", &std::process::id().to_string());
        world.write(name, text);
    }
}

/// Makes room for another run.
fn empty(world: &World) {
    for entry in std::fs::read_dir(world.path("data")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

/// What has to be in the world after a run, however often it was interrupted. Steps in `assumed` were
/// taken as done: they may lack, and never happened twice.
pub(super) fn assert_done(world: &World, assumed: &BTreeSet<String>) {
    let read = |name: &str| std::fs::read_to_string(world.path("data").join(name));
    for name in [
        "add1", "add2", "add3", "log1", "log2", "log3", "instead", "item0", "item1", "item2",
    ] {
        let path = match name.strip_prefix("item") {
            Some(number) => format!("items[{number}].log"),
            None => name.to_owned(),
        };
        let found = read(name).unwrap_or_default();
        let may_lack = assumed.contains(&path) && found.is_empty();
        assert!(found == "line\n" || may_lack, "{name}: {found:?}");
    }
    for (name, content) in [
        ("put1", "line"),
        ("put2", "again"),
        ("put3", "then"),
        ("putitem0", "a.example"),
        ("putitem1", "b.example"),
        ("putitem2", "c.example"),
        ("flaky", "once"),
    ] {
        assert_eq!(read(name).unwrap(), format!("{content}\n"), "{name}");
    }
}

/// Effects that must not be repeated and were, by the log of effects.
pub(super) fn repeated(log: &str) -> usize {
    let paths = log.lines().filter_map(|line| {
        let mut words = line.splitn(4, ' ').skip(1);
        (words.next() == Some("at_most_once")).then(|| words.nth(1))
    });
    let all: Vec<Option<&str>> = paths.collect();
    all.len() - all.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn a_crash_at_any_write_loses_and_repeats_nothing() {
    let world = World::new();
    twenty_steps(&world);
    // Every point takes two processes; a part of them here, all of them in docs/scenarios-recovery.md.
    let every = if std::env::var_os("TENZIK_EVERY_POINT").is_some() {
        "1"
    } else {
        "7"
    };
    let test = world
        .tenzik([
            "scenario",
            "crash-test",
            "twenty.yaml",
            "--every",
            every,
            "--json",
        ])
        .exits(0)
        .json();
    documented("scenario crash-test", &test);
    assert_eq!(test["recovered"], test["points"], "{test}");
    assert_eq!(test["repeated"], 0);
    assert!(
        test["killed"].as_u64() > test["points"].as_u64().map(|points| points / 2),
        "{test}"
    );
    assert!(test["writes"].as_u64().unwrap() >= 15, "{test}");
    let crashes = test["crashes"].as_array().unwrap();
    assert!(
        crashes
            .iter()
            .any(|crash| crash["resumes"].as_u64() > Some(0))
    );
}

#[test]
fn a_run_killed_while_it_tells_ends_as_if_it_had_not_been() {
    let world = World::new();
    twenty_steps(&world);
    let mut killed = 0;
    for round in 0..12_u64 {
        let state = format!("state{round}");
        let command = |words: &[&str]| {
            let mut command = world.command(words);
            command.env("XDG_STATE_HOME", world.path(&state));
            command
        };
        empty(&world);
        let mut child = command(&[
            "scenario",
            "run",
            "twenty.yaml",
            "--json",
            "--effects-log",
            &format!("effects{round}"),
        ])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..=round * 7 {
            lines.next();
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        let runs: Value = ended(command(&["runs", "--json"]).output().unwrap()).json();
        let Some(id) = runs["runs"][0]["run"].as_str() else {
            continue;
        };
        if status.code() == Some(0) {
            continue;
        }
        killed += 1;
        let mut assume: Vec<String> = Vec::new();
        let mut taken = BTreeSet::new();
        loop {
            let log = format!("effects{round}");
            let mut words = vec!["resume", id, "--json", "--effects-log", &log];
            for path in &assume {
                words.extend(["--assume", "done", path.as_str()]);
            }
            let resumed = ended(command(&words).output().unwrap());
            if resumed.code == 0 {
                break;
            }
            let resumed = resumed.exits(51);
            let last: Value = serde_json::from_str(resumed.text().lines().last().unwrap()).unwrap();
            assume = last["unknown"]
                .as_array()
                .unwrap()
                .iter()
                .map(|path| path.as_str().unwrap().to_owned())
                .collect::<Vec<_>>();
            assert!(!assume.is_empty());
            taken.extend(assume.iter().cloned());
        }
        assert_done(&world, &taken);
        let log = String::from_utf8(world.read(&format!("effects{round}"))).unwrap();
        assert_eq!(repeated(&log), 0, "{log}");
    }
    assert!(killed > 0, "no run was killed while it ran");
}
