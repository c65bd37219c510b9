//! `tenzik receipt accept`: once, whoever else tries and whatever kills it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::world::{World, ended, has, not_tested};

use super::json;
use super::sample::{batch, key, statement, write};

const TIME: &str = "2026-01-02T03:04:05.000Z";

/// The arguments that accept the receipt in `name` when the time is `now`.
fn accept<'a>(name: &'a str, now: &'a str) -> [&'a str; 11] {
    [
        "receipt",
        "accept",
        name,
        "--store",
        "store",
        "--max-age",
        "1h",
        "--trust",
        "trusted",
        "--now",
        now,
    ]
}

/// A world with a receipt of [`TIME`].
fn world() -> World {
    let home = World::new();
    write(&home, "r.json", &key().sign(statement(1, TIME)));
    home
}

#[test]
fn a_receipt_is_accepted_once() {
    let home = world();
    let object = json(&home, 0, &accept("r.json", TIME));
    assert_eq!(object["status"], "accepted");
    assert_eq!(object["receipt"]["status"], "refused");
    assert_eq!(object["signature"]["name"], "builder");
    assert_eq!(object["nonce"], "01".repeat(16));
    assert_eq!(object["timestamp"], TIME);
    let object = json(&home, 40, &accept("r.json", TIME));
    assert_eq!(object["error"]["code"], "receipt_replayed");
    let message = object["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(TIME) && message.contains(&"01".repeat(16)),
        "{message}"
    );

    write(&home, "other.json", &key().sign(statement(2, TIME)));
    let said = home.tenzik(accept("other.json", TIME)).exits(0);
    assert!(
        said.text().starts_with("accepted: refused at 2026"),
        "{said:?}"
    );
    for receipt in batch(3, TIME).iter().skip(2) {
        write(&home, "batch.json", receipt);
        // It has nonce 2 too: the same receipt, signed in another way, is a replay.
        assert_eq!(
            json(&home, 40, &accept("batch.json", TIME))["error"]["code"],
            "receipt_replayed"
        );
    }
    write(&home, "batch.json", &batch(1, TIME)[0]);
    home.tenzik(accept("batch.json", TIME)).exits(0);
}

#[test]
fn age_trust_and_signature_are_judged_first() {
    let home = world();
    let cases = [
        ("2026-01-02T04:04:05.001Z", "receipt_too_old"),
        ("2026-01-02T03:03:04.999Z", "receipt_from_future"),
    ];
    for (now, code) in cases {
        let object = json(&home, 40, &accept("r.json", now));
        assert_eq!(object["error"]["code"], code);
    }
    home.write("trusted", "");
    let object = json(&home, 40, &accept("r.json", TIME));
    assert_eq!(object["error"]["code"], "receipt_broken");
    write(&home, "r.json", &key().sign(statement(1, TIME)));
    let forged = String::from_utf8(home.read("r.json"))
        .unwrap()
        .replace("\"8\"", "\"9\"");
    home.write("forged.json", forged);
    assert_eq!(
        json(&home, 40, &accept("forged.json", TIME))["error"]["code"],
        "receipt_broken"
    );
    home.write("garbage.json", "{}");
    json(&home, 40, &accept("garbage.json", TIME));
    json(&home, 1, &accept("missing.json", TIME));
    // None of this has used the receipt up.
    home.tenzik(accept("r.json", TIME)).exits(0);
    for age in ["0s", "999ms", "367d"] {
        let mut arguments = accept("r.json", TIME);
        arguments[6] = age;
        home.tenzik(arguments).exits(2);
    }
    home.tenzik(["receipt", "accept", "r.json"]).exits(2);
}

/// Without --now it is the clock that decides: a run of just now is neither old nor of the future.
#[test]
fn a_receipt_of_just_now_is_accepted() {
    let home = World::new();
    super::run(&home, super::ECHO, 0, &[]);
    let arguments = [
        "receipt",
        "accept",
        "r.json",
        "--store",
        "s",
        "--max-age",
        "1d",
    ];
    assert_eq!(
        json(&home, 0, &arguments)["signature"]["name"],
        "this machine"
    );
    json(&home, 40, &arguments);
}

#[test]
fn old_entries_are_forgotten_and_stay_refused() {
    let home = world();
    home.tenzik(accept("r.json", TIME)).exits(0);
    write(
        &home,
        "later.json",
        &key().sign(statement(2, "2026-01-02T06:00:00.000Z")),
    );
    home.tenzik(accept("later.json", "2026-01-02T06:00:00Z"))
        .exits(0);
    assert!(
        !home
            .path("store/v1/01")
            .join(format!("{}-{}", "01".repeat(16), key().public_key()))
            .is_symlink()
    );
    let object = json(&home, 40, &accept("r.json", TIME));
    assert_eq!(object["error"]["code"], "receipt_too_old");
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("forgotten")
    );
}

fn start(mut command: Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn of_many_processes_one_succeeds() {
    for _ in 0..20 {
        let home = world();
        let all: Vec<Child> = (0..8)
            .map(|_| start(home.command(accept("r.json", TIME))))
            .collect();
        let mut codes: Vec<i32> = all
            .into_iter()
            .map(|child| ended(child.wait_with_output().unwrap()).code)
            .collect();
        codes.sort_unstable();
        assert_eq!(codes, [0, 40, 40, 40, 40, 40, 40, 40]);
    }
}

/// What is still possible after a process that was killed: at most one success in all, and the
/// receipt is used up in the end.
fn check_after_kill(home: &World, said_accepted: bool, now: &str, what: &str) {
    let again = home.tenzik(accept("r.json", now)).code;
    let expected: &[i32] = if said_accepted { &[40] } else { &[0, 40] };
    assert!(expected.contains(&again), "{what}: {again}");
    home.tenzik(accept("r.json", now)).exits(40);
}

/// The system calls that change something, with how often the command makes each at least.
const CHANGES: [(&str, usize); 8] = [
    ("mkdirat", 3),
    ("symlinkat", 1),
    ("fsync", 5),
    ("write", 3),
    ("flock", 1),
    ("renameat", 1),
    ("readlinkat", 1),
    ("unlinkat", 2),
];

/// The process is killed before the first, second, … system call of each kind that changes
/// something, until it gets through; each time the store holds an entry that it will forget.
#[test]
fn killed_at_every_step_it_accepts_at_most_once() {
    if !has("strace", "-V") {
        return;
    }
    for (call, count_min) in CHANGES {
        let mut kills = 0;
        loop {
            match killed_at(call, kills + 1) {
                None => return,
                Some(false) => break,
                Some(true) => kills += 1,
            }
            assert!(kills < 1_000, "{call}: it never ends");
        }
        assert!(kills >= count_min, "{call}: killed {kills} times only");
    }
}

/// Kills a process that accepts and forgets before its `step`th `call`, and checks what it leaves.
/// Whether it was killed; `None` where processes cannot be traced.
fn killed_at(call: &str, step: usize) -> Option<bool> {
    let late = "2026-01-02T06:00:00.000Z";
    let home = World::new();
    write(&home, "old.json", &key().sign(statement(9, TIME)));
    home.tenzik(accept("old.json", TIME)).exits(0);
    write(&home, "r.json", &key().sign(statement(1, late)));
    let inject = format!("inject={call}:signal=KILL:when={step}");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]);
    let tenzik = home.command(accept("r.json", late));
    command.arg(tenzik.get_program()).args(tenzik.get_args());
    command
        .current_dir(home.path(""))
        .env("XDG_CONFIG_HOME", home.path("config"));
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if error.to_lowercase().contains("ptrace") {
        not_tested(&format!("strace cannot trace here: {error}"));
        return None;
    }
    let killed = output.status.signal() == Some(9) || output.status.code() == Some(137);
    let said = String::from_utf8_lossy(&output.stdout).contains("accepted");
    check_after_kill(&home, said, late, &format!("{call} {step}"));
    // The old one stays refused, by whatever clock.
    home.tenzik(accept("old.json", TIME)).exits(40);
    assert!(killed || output.status.code() == Some(0), "{error}");
    Some(killed)
}

/// The same with kills from outside, at moments that nobody chooses.
#[test]
fn killed_at_any_moment_it_accepts_at_most_once() {
    for round in 0..60u32 {
        let home = world();
        let mut child = start(home.command(accept("r.json", TIME)));
        for _ in 0..round * 20_000 {
            std::hint::spin_loop();
        }
        // It may have ended already.
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).contains("accepted");
        check_after_kill(&home, said, TIME, &format!("round {round}"));
    }
}

/// Runs `script` with the command in `$@`, in a mount namespace of its own; `None` where that is not
/// allowed.
fn in_namespace(home: &World, script: &str, arguments: &[&str]) -> Option<crate::world::Ended> {
    let run = |script: &str, arguments: &[&str]| {
        let tenzik = home.command(arguments);
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-ec",
            script,
            "sh",
        ]);
        command.arg(tenzik.get_program()).args(tenzik.get_args());
        command
            .current_dir(home.path(""))
            .env("XDG_CONFIG_HOME", home.path("config"));
        ended(command.output().unwrap())
    };
    if !has("unshare", "--version") {
        return None;
    }
    std::fs::create_dir_all(home.path("disk")).unwrap();
    let probe = run("mount -t tmpfs none disk", &[]);
    if probe.code != 0 {
        not_tested(&format!("no mount namespace here: {}", probe.stderr));
        return None;
    }
    Some(run(script, arguments))
}

#[test]
fn a_full_or_unwritable_store_is_a_failure_of_the_machine() {
    let scripts = [
        // Room for the store and its first directories, and then for none.
        "mount -t tmpfs -o nr_inodes=1 none disk; \"$@\"",
        "mount -t tmpfs -o nr_inodes=2 none disk; \"$@\"",
        "mount -t tmpfs -o nr_inodes=3 none disk; \"$@\"",
        "mount -t tmpfs -o nr_inodes=4 none disk; \"$@\"",
        "mount -t tmpfs none disk; mkdir -p -m 700 disk/store; mount -o remount,ro disk; \"$@\"",
    ];
    for script in scripts {
        let home = world();
        let mut arguments: Vec<&str> = accept("r.json", TIME).to_vec();
        arguments[4] = "disk/store";
        arguments.push("--json");
        let Some(said) = in_namespace(&home, script, &arguments) else {
            return;
        };
        let said = said.exits(1);
        let object: Value = said.json();
        assert_eq!(object["error"]["code"], "machine_failure", "{script}");
        assert!(
            said.stderr.contains("disk/store") && said.stderr.contains("remedy"),
            "{said:?}"
        );
    }
}

#[test]
fn a_store_that_is_none_is_named() {
    let home = world();
    home.write("store", "a file");
    let said = home.tenzik(accept("r.json", TIME)).exits(1);
    assert!(said.stderr.contains("store"), "{said:?}");
    let mut arguments = accept("r.json", TIME);
    arguments[4] = "no/such/store";
    let said = home.tenzik(arguments).exits(1);
    assert!(said.stderr.contains("no/such/store"), "{said:?}");
}
