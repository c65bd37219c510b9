//! Timeouts, cancelling and signals really stop work: nothing of it is left.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::world::World;

use super::{events, run_id, state};

/// A scenario whose step runs a shell that starts what outlives it, unless it is killed.
fn write(world: &World, options: &str) -> String {
    let shell = std::fs::canonicalize("/bin/sh").unwrap();
    let mark = format!(
        "tenzik-{}-{}",
        std::process::id(),
        world.path("").display().to_string().len()
    ) + &world
        .path("")
        .file_name()
        .unwrap()
        .to_string_lossy()
        .replace('.', "-");
    let script = format!(
        "setsid sleep 7654.{0} & sleep 7655.{0} & echo {mark}; wait",
        digits(&mark)
    );
    world.write(
        "p.toml",
        format!(
            "version = 1\ngrants = []\n[[exec]]\nname = \"sh\"\nprogram = {shell:?}\nargs = [\"-c\", {script:?}]\n\
             read = [\"/usr\", \"/bin\", \"/lib\", \"/lib64\", \"/etc/ld.so.cache\"]\nenv = {{ PATH = \"/usr/bin:/bin\" }}\ndeadline = \"600s\"\n"
        ),
    );
    let argv = serde_json::json!(["sh", "-c", script]).to_string();
    world.write(
        "s.yaml",
        format!(
            "version: 1\nname: test\npolicies: {{ p: p.toml }}\nsteps:\n  - id: long\n    exec: {argv}\n    grants: p\n    effect: idempotent\n{options}\n  - {{ id: next, run: echo, needs: [long] }}\n"
        ),
    );
    digits(&mark)
}

/// A number that no other test sleeps for.
fn digits(mark: &str) -> String {
    let digest = blake3::hash(mark.as_bytes());
    let bytes = &digest.as_bytes()[..6];
    bytes.iter().map(|byte| format!("{byte:03}")).collect()
}

/// Processes that sleep for this number.
fn sleepers(number: &str) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let text = String::from_utf8_lossy(&command).into_owned();
        count += usize::from(text.starts_with("sleep") && text.contains(number));
    }
    count
}

/// Waits until the number of sleepers is `wanted`; that they come and go is the test.
fn await_sleepers(number: &str, wanted: usize) {
    let begin = std::time::Instant::now();
    while sleepers(number) != wanted {
        assert!(
            begin.elapsed().as_secs() < 60,
            "{} sleepers",
            sleepers(number)
        );
        std::thread::yield_now();
    }
}

fn spawn(world: &World) -> Child {
    let mut command = world.command(["scenario", "run", "s.yaml", "--json"]);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The id of a run that goes on.
fn id_of(child: &mut Child) -> (String, BufReader<std::process::ChildStdout>) {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    (event["run"].as_str().unwrap().to_owned(), lines)
}

fn signal(child: &Child, name: &str) {
    let killed = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

#[test]
fn a_timeout_kills_the_whole_tree() {
    let world = World::new();
    let number = write(&world, "    timeout: 1s");
    let run = world
        .tenzik(["scenario", "run", "s.yaml", "--json"])
        .exits(50);
    assert_eq!(sleepers(&number), 0);
    let ended = events(&run)
        .into_iter()
        .find(|event| event["event"] == "step_ended")
        .unwrap();
    assert_eq!(ended["status"], "timed_out");
    assert_eq!(state(&world, &run_id(&run), "next"), "skipped");
}

#[test]
fn one_interrupt_ends_a_run_gracefully() {
    let world = World::new();
    let number = write(&world, "");
    let mut child = spawn(&world);
    let (id, _lines) = id_of(&mut child);
    await_sleepers(&number, 2);
    signal(&child, "-INT");
    let status = child.wait().unwrap();
    assert_eq!(sleepers(&number), 0);
    assert!(
        status.code() == Some(130)
            || std::os::unix::process::ExitStatusExt::signal(&status) == Some(2),
        "{status:?}"
    );
    assert_eq!(state(&world, &id, "long"), "cancelled");
    let runs = world.tenzik(["runs", "--json"]).exits(0).json();
    assert_eq!(runs["runs"][0]["state"], "cancelled");
    world.tenzik(["journal", "verify"]).exits(0);
}

#[test]
fn another_process_cancels_a_run() {
    let world = World::new();
    let number = write(&world, "");
    let mut child = spawn(&world);
    let (id, _lines) = id_of(&mut child);
    await_sleepers(&number, 2);
    world.tenzik(["cancel", &id]).exits(0);
    assert_eq!(child.wait().unwrap().code(), Some(50));
    assert_eq!(sleepers(&number), 0);
    assert_eq!(state(&world, &id, "next"), "skipped");
    // It has ended: there is nothing to cancel or to resume any more.
    world.tenzik(["cancel", &id]).exits(2);
    world.tenzik(["resume", &id]).exits(2);
}

#[test]
fn a_killed_run_leaves_no_process_and_can_be_resumed() {
    let world = World::new();
    let number = write(&world, "    timeout: 3s");
    let mut child = spawn(&world);
    let (id, _lines) = id_of(&mut child);
    await_sleepers(&number, 2);
    // While it runs nobody else may drive it.
    world.tenzik(["resume", &id]).exits(1);
    child.kill().unwrap();
    child.wait().unwrap();
    await_sleepers(&number, 0);
    let runs = world.tenzik(["runs", "--json"]).exits(0).json();
    assert_eq!(runs["runs"][0]["state"], "interrupted");
    // The step is idempotent, so it is done again, and times out this time.
    let resumed = world.tenzik(["resume", &id, "--json"]).exits(50);
    assert!(
        events(&resumed)
            .iter()
            .any(|event| event["event"] == "step_started" && event["again"] == true)
    );
    assert_eq!(sleepers(&number), 0);
}

#[test]
fn a_step_that_must_not_be_repeated_asks() {
    let world = World::new();
    let number = write(&world, "    timeout: 60s");
    let text = String::from_utf8(world.read("s.yaml")).unwrap();
    world.write(
        "s.yaml",
        text.replace("effect: idempotent", "effect: at_most_once"),
    );
    let mut child = spawn(&world);
    let (id, _lines) = id_of(&mut child);
    await_sleepers(&number, 2);
    child.kill().unwrap();
    child.wait().unwrap();
    await_sleepers(&number, 0);
    let asked = world.tenzik(["resume", &id, "--json"]).exits(51);
    let last = events(&asked).pop().unwrap();
    assert_eq!(last["unknown"][0], "long");
    assert_eq!(sleepers(&number), 0);
    // It asks again until somebody decides.
    let asked = world.tenzik(["resume", &id]).exits(51);
    assert!(asked.stderr.contains("--assume"), "{}", asked.stderr);
    world
        .tenzik(["resume", &id, "--assume", "done", "nothing"])
        .exits(2);
    let other = world
        .tenzik(["resume", &id, "--assume", "done", "long", "--json"])
        .exits(0);
    assert_eq!(run_id(&other), id);
    assert_eq!(state(&world, &id, "next"), "ok");
}
