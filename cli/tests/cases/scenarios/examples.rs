//! The scenarios in docs/examples do what they say.

use std::fs;

use crate::world::{World, not_tested};

use super::{events, examples, run_id, state, states};

#[test]
fn retry_and_fallback() {
    let world = World::new();
    let file = examples().join("retry.yaml");
    let run = world
        .tenzik(["scenario", "run", file.to_str().unwrap(), "--json"])
        .exits(0);
    let events = events(&run);
    let retries: Vec<u64> = events
        .iter()
        .filter(|event| event["event"] == "step_retry")
        .map(|event| event["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(retries, [2, 3]);
    let id = run_id(&run);
    assert_eq!(state(&world, &id, "mirror"), "ok");
    assert_eq!(state(&world, &id, "refused"), "skipped");
    let report = world
        .tenzik(["report", &id, "--step", "summary", "--format", "table"])
        .exits(0);
    assert!(
        report.text().contains("https://origin.example"),
        "{}",
        report.text()
    );
}

#[test]
fn a_file_pipeline_and_its_undo() {
    let world = World::new();
    let directory = world.path("data");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("hosts.json"), "before").unwrap();
    for name in ["pipeline.yaml", "pipeline.toml", "scan.xml"] {
        let text = fs::read_to_string(examples().join(name)).unwrap();
        world.write(
            name,
            text.replace("/tmp/tenzik-pipeline", directory.to_str().unwrap()),
        );
    }
    let run = world
        .tenzik(["scenario", "run", "pipeline.yaml", "--json"])
        .exits(0);
    let written: serde_json::Value =
        serde_json::from_slice(&fs::read(directory.join("hosts.json")).unwrap()).unwrap();
    assert!(written["hosts"].is_array(), "{written}");
    let job = events(&run)
        .iter()
        .find(|event| event["event"] == "step_started" && event["path"] == "write")
        .map(|event| event["job"].as_str().unwrap().to_owned())
        .unwrap();
    world.tenzik(["undo", &job]).exits(0);
    assert_eq!(
        fs::read_to_string(directory.join("hosts.json")).unwrap(),
        "before"
    );

    // The second run parses nothing anew, and says so.
    let again = world
        .tenzik(["scenario", "run", "pipeline.yaml", "--json"])
        .exits(0);
    let reused: Vec<String> = events(&again)
        .iter()
        .filter(|event| event["event"] == "step_ended" && event["reused"] == true)
        .map(|event| event["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(reused, ["parse"]);
}

#[test]
fn a_secret_shows_nowhere() {
    const SECRET: &str = "correct-horse-battery-51";
    let world = World::new();
    let file = examples().join("secrets.yaml");
    let mut command = world.command(["scenario", "run", file.to_str().unwrap(), "--json"]);
    command.env("API_TOKEN", SECRET);
    let run = super::finished(command).exits(0);
    let id = run_id(&run);
    let report = world
        .tenzik(["report", &id, "--step", "seen", "--format", "table"])
        .exits(0);
    assert!(report.text().contains("TOKEN=***"), "{}", report.text());
    let mut files = 0;
    let mut waiting = vec![world.path("state")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            files += 1;
            let bytes = fs::read(&path).unwrap();
            let found = bytes
                .windows(SECRET.len())
                .any(|part| part == SECRET.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    assert!(files > 3);
    assert!(!run.text().contains(SECRET) && !run.stderr.contains(SECRET));

    // Without the secret, nothing after it runs.
    let mut command = world.command(["scenario", "run", file.to_str().unwrap(), "--json"]);
    command.env_remove("API_TOKEN");
    let run = super::finished(command).exits(50);
    let states = states(&world, &run_id(&run));
    assert!(
        states.contains(&("token".to_owned(), "failed".to_owned())),
        "{states:?}"
    );
    assert!(
        states.contains(&("tell".to_owned(), "skipped".to_owned())),
        "{states:?}"
    );
}

#[test]
fn the_sweep_runs_on_this_machine() {
    if std::process::Command::new("nmap")
        .arg("--version")
        .output()
        .is_err()
    {
        return not_tested("nmap is not installed");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = World::new();
    let file = examples().join("sweep.yaml");
    let run = world
        .tenzik([
            "scenario",
            "run",
            file.to_str().unwrap(),
            "--json",
            "--var",
            &format!("ports={port}"),
        ])
        .exits(0);
    let id = run_id(&run);
    let findings = world
        .tenzik(["report", &id, "--step", "findings", "--format", "json"])
        .exits(0);
    let text = findings.text();
    assert!(
        text.contains("127.0.0.1") && text.contains(&port.to_string()),
        "{text}"
    );
}
