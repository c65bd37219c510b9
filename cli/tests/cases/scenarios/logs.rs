//! Logs of runs on standard error.

use serde_json::Value;

use crate::world::{Ended, World, documented};

use super::{examples, finished, run_id};

const STEPS: &str = "version: 1\nname: logged\nsteps:\n  \
    - { id: hello, run: { capsule: echo, input: hello } }\n  \
    - { id: bad, run: { capsule: nmap-parse, input: nonsense }, on_error: continue }\n";

/// The lines of a log in JSON.
fn lines(run: &Ended) -> Vec<Value> {
    let lines = run.stderr.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", run.stderr)))
        .collect()
}

/// The lines of this message.
fn named<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    let found: Vec<&Value> = lines
        .iter()
        .filter(|line| line["message"] == message)
        .collect();
    assert!(!found.is_empty(), "{message}: {lines:#?}");
    found
}

fn run(world: &World, level: &str, more: &[&str]) -> Ended {
    let arguments = ["scenario", "run", "s.yaml", "--json", "--log-format=json"];
    let level = format!("--log-level={level}");
    world.tenzik(arguments.iter().chain([&level.as_str()]).chain(more))
}

#[test]
fn a_log_tells_what_an_operator_needs() {
    let world = World::new();
    world.write("s.yaml", STEPS);
    let first = run(&world, "debug", &[]).exits(50);
    let id = run_id(&first);
    let log = lines(&first);
    for line in &log {
        documented("logs", line);
        assert_eq!(line["run"], *id, "{line}");
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(
            timestamp.len() == 24 && timestamp.ends_with('Z'),
            "{timestamp}"
        );
    }
    assert_eq!(named(&log, "run started")[0]["steps"], 2);
    let ended = named(&log, "job ended");
    let bad = ended.iter().find(|line| line["step"] == "bad").unwrap();
    assert_eq!(
        (&bad["level"], &bad["status"]),
        (&"info".into(), &"failed".into())
    );
    assert_eq!(bad["code"], "capsule_failure");
    assert!(bad["exit"].is_u64() && bad["duration_ms"].is_u64(), "{bad}");
    let admitted = named(&log, "job admitted");
    assert!(admitted.iter().any(|line| line["job"] == bad["job"]));
    assert!(named(&log, "journal committed")[0]["duration_us"].is_u64());
    assert_eq!(named(&log, "guard decided")[0]["decision"], "now");
    assert_eq!(named(&log, "run ended")[0]["end"], "failed");

    // On threads of jobs there are run, job and step too.
    let log = lines(&run(&world, "debug", &[]).exits(50));
    let reused = named(&log, "result reused")[0];
    assert_eq!(reused["step"], "hello");
    assert!(reused["run"].is_string() && reused["job"].is_string());

    // Levels and forms.
    assert_eq!(run(&world, "warn", &[]).exits(50).stderr, "");
    let info = lines(&run(&world, "info", &[]).exits(50));
    assert!(info.iter().all(|line| line["level"] == "info"), "{info:#?}");
    let text = world.tenzik(["scenario", "run", "s.yaml", "--log-level", "info"]);
    let text = text.exits(50).stderr;
    assert!(text.contains(" INFO job ended run="), "{text}");
    assert!(text.contains(" step=hello attempt=1 status=ok "), "{text}");
    run(&world, "loud", &[]).exits(2);
}

#[test]
fn a_lost_job_is_logged_when_the_run_goes_on() {
    let world = World::new();
    world.write("s.yaml", STEPS);
    let killed = run(&world, "warn", &["--crash-at", "2:after"]);
    let id = run_id(&killed);
    let resumed = world
        .tenzik([
            "resume",
            &id,
            "--json",
            "--receipts",
            "off",
            "--log-format",
            "json",
            "--log-level",
            "info",
        ])
        .exits(50);
    let log = lines(&resumed);
    let lost = named(&log, "job lost");
    assert_eq!(
        (&lost[0]["level"], &lost[0]["run"]),
        (&"warn".into(), &id.into())
    );
    assert_eq!(named(&log, "run replayed")[0]["lost"], lost.len());
    assert_eq!(named(&log, "run started")[0]["resumed"], true);
    for line in &log {
        documented("logs", line);
    }
}

#[test]
fn a_log_holds_no_secret() {
    const SECRET: &str = "correct-horse-battery-52";
    let world = World::new();
    for format in ["text", "json"] {
        let mut command = world.command(["scenario", "run", "--log-level=trace"]);
        command.arg(format!("--log-format={format}"));
        command.arg(examples().join("secrets.yaml"));
        command.env("API_TOKEN", SECRET);
        let run = finished(command).exits(0);
        assert!(run.stderr.contains("job ended"), "{}", run.stderr);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
        assert!(!run.text().contains(SECRET), "{}", run.text());
    }
}
