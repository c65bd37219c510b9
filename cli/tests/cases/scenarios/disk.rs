//! The disk of the journal fails while a scenario runs.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::crash::{assert_done, repeated, twenty_steps};
use crate::world::{Ended, World, ended, has};

/// Runs the scenario; the `nth` of the calls of each thread on the journal's log fails. The trace
/// tells what happened.
fn failing(world: &World, call: &str, error: &str, nth: u32) -> (Ended, String) {
    let tenzik = world.command([
        "scenario",
        "run",
        "twenty.yaml",
        "--no-guard",
        "--effects-log",
        "effects",
    ]);
    let state = world.path("state").join("tenzik");
    let log = state.join("journal.db-wal");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o", "trace", "-P"])
        .arg(&log)
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:error={error}:when={nth}")])
        .arg(tenzik.get_program())
        .args(tenzik.get_args())
        .current_dir(tenzik.get_current_dir().unwrap());
    for (name, value) in tenzik.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace.env("XDG_STATE_HOME", world.path("state"));
    let ended = ended(strace.output().unwrap());
    (ended, String::from_utf8(world.read("trace")).unwrap())
}

fn tenzik(world: &World, words: &[&str]) -> Ended {
    let mut command = world.command(words);
    command.env("XDG_STATE_HOME", world.path("state"));
    ended(command.output().unwrap())
}

/// Resumes until the run ended well; gives what was taken as done.
fn resume(world: &World) -> BTreeSet<String> {
    let runs = tenzik(world, &["runs", "--json"]);
    let listed = (runs.code == 0).then(|| runs.json());
    let Some(run) = listed
        .as_ref()
        .and_then(|runs| runs["runs"][0]["run"].as_str())
    else {
        // Nothing was begun.
        let words = ["scenario", "run", "twenty.yaml", "--effects-log", "effects"];
        tenzik(world, &words).exits(0);
        return BTreeSet::new();
    };
    let mut unknown: Vec<String> = Vec::new();
    let mut assumed = BTreeSet::new();
    loop {
        let mut words = vec!["resume", run, "--json", "--effects-log", "effects"];
        for path in &unknown {
            words.extend(["--assume", "done", path]);
        }
        let resumed = tenzik(world, &words);
        if resumed.code == 0 {
            return assumed;
        }
        let resumed = resumed.exits(51);
        let last: Value = serde_json::from_str(resumed.text().lines().last().unwrap()).unwrap();
        let paths = last["unknown"].as_array().unwrap().iter();
        unknown = paths
            .map(|path| path.as_str().unwrap().to_owned())
            .collect();
        assumed.extend(unknown.iter().cloned());
    }
}

#[test]
fn a_disk_that_fails_ends_the_run_before_the_next_effect_and_nothing_is_lost() {
    if !has("strace", "-V") {
        return;
    }
    for (call, error, nth) in [
        ("pwrite64", "EIO", 20),
        ("pwrite64", "ENOSPC", 40),
        ("pwrite64", "EIO", 111),
        ("fsync", "EIO", 2),
        ("fsync", "ENOSPC", 9),
    ] {
        let world = World::new();
        twenty_steps(&world);
        let (run, trace) = failing(&world, call, error, nth);
        let case = format!("{call} {error} {nth}: {}", run.stderr);
        assert!(trace.contains("(INJECTED)"), "{case}");
        assert_eq!(run.code, 1, "{case}");
        assert!(run.stderr.contains("journal"), "{case}");
        // Whatever was begun had been written down before.
        let exported = tenzik(&world, &["journal", "export", "--jsonl"]);
        // Where the journal was not even made, nothing may have been begun.
        let exported = if exported.code == 0 {
            exported.text()
        } else {
            ""
        };
        let intents: BTreeSet<String> = exported
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|row| row["kind"] == "intent")
            .map(|row| row["job"].as_str().unwrap().to_owned())
            .collect();
        let effects = std::fs::read_to_string(world.path("effects")).unwrap_or_default();
        for line in effects.lines() {
            let job = line.split(' ').next().unwrap();
            assert!(intents.contains(job), "{case}\n{line}");
        }
        let assumed = resume(&world);
        assert_done(&world, &assumed);
        let effects = String::from_utf8(world.read("effects")).unwrap();
        assert_eq!(repeated(&effects), 0, "{case}\n{effects}");
        tenzik(&world, &["journal", "verify"]).exits(0);
    }
}
