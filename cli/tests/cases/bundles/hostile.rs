//! Runs that are killed while they are recorded, and secrets.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{json, policy, world};
use crate::world::{World, ended, not_tested};

/// Starts a recorded run of a program that ends by itself much later only.
fn start_long(home: &World) -> Child {
    let real = std::fs::canonicalize("/bin/sleep").unwrap();
    std::fs::copy(real, home.path("tool/sleep")).unwrap();
    home.write("p.toml", policy(home, "sleep", "tool/sleep", ""));
    let input = r#"{"argv":["sleep","40"]}"#;
    let run = [
        "run",
        "./c.wat",
        "--policy",
        "p.toml",
        "--input-text",
        input,
        "--record",
        "b",
        "--receipt",
        "r.json",
    ];
    let mut command = home.command(run);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The unfinished bundles in the directory of `b`.
fn unfinished(home: &World) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(home.path("")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(".tenzik-")
        })
        .collect()
}

/// Waits until `is_so`, and says what did not happen otherwise.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_killed_run_leaves_no_bundle() {
    let home = world();
    let mut child = start_long(&home);
    wait_until("no bundle was begun", || !unfinished(&home).is_empty());
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(9));
    assert!(!home.path("b").exists());
    for left in unfinished(&home) {
        home.tenzik(["bundle", "inspect", &left.to_string_lossy()])
            .exits(40);
    }
}

/// At whatever moment a run is killed: its bundle is whole, or it is not there.
#[test]
fn killed_at_any_moment_a_bundle_is_whole_or_absent() {
    let home = world();
    let (mut whole, mut absent) = (0, 0);
    for round in 0..60_u32 {
        let _ = std::fs::remove_file(home.path("b"));
        let input = r#"{"argv":["echo","1"]}"#;
        let run = [
            "run",
            "./c.wat",
            "--policy",
            "p.toml",
            "--input-text",
            input,
            "--record",
            "b",
        ];
        let mut command = home.command(run);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..round * 60_000 {
            std::hint::spin_loop();
        }
        // It may have ended already.
        let _ = child.kill();
        child.wait().unwrap();
        if home.path("b").exists() {
            home.tenzik(["receipt", "verify", "--replay", "b"]).exits(0);
            whole += 1;
        } else {
            absent += 1;
        }
    }
    println!("killed 60 runs: {whole} bundles whole, {absent} absent, 0 broken");
    assert!(absent > 0);
}

#[test]
fn a_full_disk_is_a_failure_of_the_machine() {
    let home = world();
    home.write("c.wat", super::outcomes::HEAD);
    home.write("long", vec![b'x'; 200_000]);
    std::fs::create_dir(home.path("disk")).unwrap();
    let run = [
        "run", "./c.wat", "--input", "long", "--record", "disk/b", "--json",
    ];
    let tenzik = home.command(run);
    for size in ["16k", "64k", "196k"] {
        let script = format!(
            "mount -t tmpfs -o size={size} none disk; \"$@\"; code=$?; ls -A disk; exit $code"
        );
        let mut command = std::process::Command::new(super::which("unshare"));
        command
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                &script,
                "sh",
            ])
            .arg(tenzik.get_program())
            .args(run)
            .current_dir(home.path(""))
            .env("XDG_CONFIG_HOME", home.path("config"));
        let ended = ended(command.output().unwrap());
        if ended.stderr.contains("unshare:") || ended.stderr.contains("mount:") {
            not_tested(&format!("no mount namespace here: {}", ended.stderr));
            return;
        }
        let ended = ended.exits(1);
        let (object, left) = ended.text().split_once('\n').unwrap();
        assert!(
            object.contains("machine_failure") && object.contains("No space left"),
            "{object}"
        );
        assert_eq!(left, "", "something was left on the disk");
    }
}

/// Whether a process runs whose arguments end like this.
fn is_running(end: &str) -> bool {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.ends_with(end.as_bytes())
    })
}

#[test]
fn a_cancelled_run_is_recorded_until_then() {
    let home = world();
    let child = start_long(&home);
    wait_until("the program did not start", || is_running("sleep\x0040\0"));
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = ended(child.wait_with_output().unwrap());
    assert!(ended.stderr.contains("cancelled"), "{}", ended.stderr);
    let shown = home
        .tenzik(["bundle", "inspect", "b", "--transcript"])
        .exits(0);
    assert!(shown.text().contains("-> cancelled"), "{}", shown.text());
    let replayed = json(home.tenzik(["run", "--replay", "b", "--json"]), 23);
    assert_eq!(replayed["error"]["code"], "cancelled");
    home.tenzik(["receipt", "verify", "--replay", "b"]).exits(0);
}

#[test]
fn no_secret_is_in_a_bundle() {
    const VALUE: &str = "hunter2-0123456789-abcdef";
    let home = world();
    let real = std::fs::canonicalize("/usr/bin/env").unwrap();
    std::fs::copy(real, home.path("tool/env")).unwrap();
    let rule = policy(
        &home,
        "env",
        "tool/env",
        "env = { TOKEN = { secret = \"t\" } }",
    );
    let rule = rule.replace("args = [\"{n...}\"]", "args = []");
    let rule = &rule[..rule.find("[exec.holes.n]").unwrap()];
    home.write(
        "p.toml",
        format!("{rule}[secrets.t]\nenv = \"API_TOKEN\"\n"),
    );
    let input = r#"{"argv":["env"]}"#;
    let run = [
        "run",
        "./c.wat",
        "--policy",
        "p.toml",
        "--input-text",
        input,
        "--record",
        "b",
    ];
    let mut command = home.command(run);
    let ended = ended(command.env("API_TOKEN", VALUE).output().unwrap()).exits(0);
    assert!(ended.text().contains("TOKEN="), "{}", ended.text());
    let holds = |bytes: &[u8]| bytes.windows(7).any(|window| window == b"hunter2");
    assert!(!holds(&ended.stdout));
    assert!(!holds(&home.read("b")));
    assert!(holds(b"a hunter2 b"));
    // The replay has no secret to ask for.
    let replayed = home.tenzik(["run", "--replay", "b"]).exits(0);
    assert_eq!(replayed.stdout, ended.stdout);
}
