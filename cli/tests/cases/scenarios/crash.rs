//! Crashes at every write of the journal.

use serde_json::Value;

use crate::world::{World, documented, ended};

/// Twenty steps of all effects: pure ones, files that are replaced, and files that are appended to,
/// which must not happen twice.
fn twenty_steps(world: &World) {
    let data = world.path("data");
    std::fs::create_dir(&data).unwrap();
    world.write(
        "p.toml",
        format!(
            "version = 1\ngrants = [\"hash\"]\n[[files]]\npath = {data:?}\naccess = [\"read\", \"write\", \"append\"]\n"
        ),
    );
    let mut steps = String::new();
    for number in 0..5 {
        let path = |name: &str| data.join(format!("{name}{number}")).display().to_string();
        let input = |path: String, mode: &str| {
            let request = serde_json::json!({ "path": path, "mode": mode }).to_string();
            serde_json::to_string(&format!("{request}\n${{{{ steps.pure{number}.output }}}}"))
                .unwrap()
        };
        steps +=
            &format!("  - {{ id: pure{number}, run: {{ capsule: echo, input: line{number} }} }}\n");
        steps += &format!(
            "  - {{ id: put{number}, run: {{ capsule: file-write, input: {} }}, grants: p, effect: idempotent }}\n",
            input(path("put"), "replace")
        );
        steps += &format!(
            "  - {{ id: add{number}, run: {{ capsule: file-write, input: {} }}, grants: p }}\n",
            input(path("add"), "append")
        );
        steps += &format!(
            "  - {{ id: last{number}, run: {{ capsule: hash, input: x }}, needs: [put{number}, add{number}] }}\n"
        );
    }
    world.write(
        "s.yaml",
        format!(
            "version: 1\nname: twenty\npolicies: {{ p: p.toml }}\nconcurrency: 3\nsteps:\n{steps}"
        ),
    );
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
            "s.yaml",
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
fn a_run_killed_at_random_moments_ends_as_if_it_had_not_been() {
    let world = World::new();
    twenty_steps(&world);
    let (mut killed, mut whole) = (0, 0);
    let mut delay_ms = 3.0_f64;
    for round in 0..60_u64 {
        // Later and later, until runs end before they are killed, however busy the machine is.
        delay_ms *= 1.3;
        if killed >= 8 || whole >= 3 {
            break;
        }
        let state = format!("state{round}");
        let command = |words: &[&str]| {
            let mut command = world.command(words);
            command.env("XDG_STATE_HOME", world.path(&state));
            command
        };
        for entry in std::fs::read_dir(world.path("data")).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let mut child = command(&[
            "scenario",
            "run",
            "s.yaml",
            "--effects-log",
            &format!("effects{round}"),
        ])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
        // Not a wait for anything: the moment is what is random.
        std::thread::sleep(std::time::Duration::from_secs_f64(delay_ms / 1_000.0));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        let runs: Value = ended(command(&["runs", "--json"]).output().unwrap()).json();
        let Some(id) = runs["runs"][0]["run"].as_str() else {
            continue;
        };
        if status.code() == Some(0) {
            whole += 1;
            continue;
        }
        killed += 1;
        let mut assume: Vec<String> = Vec::new();
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
        }
        for number in 0..5 {
            let added = std::fs::read_to_string(world.path("data").join(format!("add{number}")));
            // What was taken as done may not have been done; it never is done twice.
            assert!(
                added.as_deref().unwrap_or("").matches("line").count() <= 1,
                "{added:?}"
            );
            let put = std::fs::read_to_string(world.path("data").join(format!("put{number}")));
            assert_eq!(put.unwrap(), format!("line{number}"));
        }
    }
    assert!(killed > 0, "no run was killed while it ran");
}
