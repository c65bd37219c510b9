//! Policies written as files, and the least policy of a run.

use std::path::Path;

use tenzik_host_abi::{Capability, CapabilitySet};
use tenzik_policy::{
    FileAccess, Limits, Observed, ObservedExec, Policy, PolicyFile, Protocol, SignalTarget,
    decide_artifact, decide_exec, decide_file, decide_secret, decide_signal,
};

use crate::ceiling::file;
use crate::dice::Dice;
use crate::{NMAP, argv};

fn policy(text: &str) -> Policy {
    PolicyFile::parse("p.toml", text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .policy
}

#[track_caller]
fn round_trips(text: &str) {
    let read = policy(text);
    let written = read.to_toml();
    assert_eq!(policy(&written).canonical(), read.canonical(), "{written}");
    assert_eq!(policy(&written).to_toml(), written);
}

#[test]
fn what_is_written_reads_as_the_same_policy() {
    round_trips("version = 1\n");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
    let page = std::fs::read_to_string(page).unwrap();
    for rest in page.split("```toml\n").skip(1) {
        round_trips(rest.split("```").next().unwrap());
    }
    let odd = r#"version = 1
profile = "production"
[limits]
wall_us = "7ms"
[[exec]]
name = "odd"
program = "/opt/a b/\"\\é"
blake3 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
args = ["{{}}", "'\"\\", "x{a...}y", "{a}", "{b}", "{c}", "{d}", "{e}"]
env = { A = "line\nline", B = { secret = "s" }, C = "" }
pass_env = ["D"]
deadline = "1001ms"
memory = 1048577
network = "host"
targets = []
write = ["/w"]
[exec.holes.a]
type = "integer"
min = -3
max = -1
option = true
max_count = 7
[exec.holes.b]
type = "ports"
max = 3
[exec.holes.c]
type = "enum"
values = ["{", "\u00e9 \u2028"]
[exec.holes.d]
type = "text"
pattern = '\d+"\\'
max_bytes = 9
[exec.holes.e]
type = "path"
below = "/w/x"
[secrets.s]
command = ["/bin/pass", "a b"]
"#;
    round_trips(odd);
    let mut dice = Dice::new(5);
    for _ in 0..300 {
        round_trips(&file(&mut dice));
    }
}

fn ran(rule: usize, arguments: &[&str]) -> ObservedExec {
    ObservedExec {
        rule,
        argv: argv(arguments),
        concurrent: 1,
        ..ObservedExec::default()
    }
}

#[test]
fn the_least_policy_of_a_scan() {
    let run = ObservedExec {
        connected: vec![(Protocol::Tcp, "127.0.0.1".parse().unwrap(), 22)],
        wall_ms: 900,
        ..ran(0, &["nmap", "-sT", "-oX", "-", "-p", "22", "127.0.0.1"])
    };
    let needs = CapabilitySet::of(&[Capability::Exec, Capability::Json]);
    let mut limits = Limits::DEFAULT;
    limits.module_bytes_max = 9_000;
    let mut had = policy(NMAP);
    had.limits.module_bytes_max = 16 << 10;
    let learned = had.learned(needs, &limits, &[Observed::Exec(run)]);
    assert_eq!(
        learned.to_toml(),
        r#"version = 1
grants = ["json"]

[limits]
module_bytes = 16384

[[exec]]
name = "nmap"
program = "/usr/bin/nmap"
args = ["-sT", "-oX", "-", "-p", "22", "127.0.0.1"]
network = "targets"
targets = ["127.0.0.0/8"]
read = ["/etc/ld.so.cache", "/lib", "/lib64", "/usr"]
"#
    );
}

const MANY: &str = r#"version = 1
grants = ["json", "hash"]
[[exec]]
name = "t"
program = "/bin/t"
args = ["{x}"]
stdin = true
stdout_bytes = "100MiB"
deadline = "10m"
concurrency = 3
network = "targets"
targets = ["127.0.0.1", "::1"]
[exec.holes.x]
type = "text"
pattern = '[ -~]+'
max_bytes = "8KiB"
[[files]]
path = "/srv"
access = ["read", "write", "append"]
bytes = "1GiB"
[[signals]]
program = "/bin/sleep"
uid = 5
signals = ["TERM", "KILL"]
[artifacts]
count = 1000
[secrets.s]
env = "S"
[secrets.unused]
env = "U"
"#;

/// Whether a policy lets all of this happen again.
fn admits(policy: &Policy, needs: CapabilitySet, observed: &[Observed]) -> bool {
    let rules = &policy.rules;
    needs.minus(policy.grants).is_empty()
        && observed.iter().all(|observed| match observed {
            Observed::Exec(run) => decide_exec(rules, &run.argv).is_ok_and(|decision| {
                let rule = decision.rule;
                (rule.stdin || !run.stdin)
                    && run.stdout_bytes <= rule.stdout_bytes_max
                    && run.wall_ms <= rule.deadline_ms
                    && run.concurrent <= rule.concurrency_max
                    && run
                        .connected
                        .iter()
                        .all(|(protocol, address, port)| rule.reaches(*protocol, *address, *port))
            }),
            Observed::File {
                path,
                access,
                bytes,
            } => {
                let path = path.to_str().unwrap();
                decide_file(rules, path.as_bytes(), *access)
                    .is_ok_and(|decision| *bytes <= decision.tree.bytes_max)
            }
            Observed::Signal { signal, .. } => {
                let target = SignalTarget {
                    program: Path::new("/bin/sleep"),
                    uid: 5,
                    pid: 9,
                    start: 1,
                    signal,
                };
                decide_signal(rules, &target).is_ok()
            }
            Observed::Artifact { .. } => decide_artifact(rules, b"a").is_ok(),
            Observed::Secret { name } => decide_secret(rules, name.as_bytes()).is_ok(),
        })
}

fn everything_observed() -> Vec<Observed> {
    let file = |path: &str, access, bytes| Observed::File {
        path: path.into(),
        access,
        bytes,
    };
    vec![
        Observed::Exec(ObservedExec {
            stdin: true,
            stdout_bytes: 99 << 20,
            wall_ms: 61_000,
            concurrent: 2,
            connected: vec![(Protocol::Tcp, "::1".parse().unwrap(), 80)],
            ..ran(0, &["t", "{a}"])
        }),
        Observed::Exec(ran(0, &["t", "b \"c\" \\"])),
        file("/srv/a/x", FileAccess::Read, 0),
        file("/srv/a/y", FileAccess::Write, 1 << 29),
        file("/srv/b/y", FileAccess::Append, 9),
        Observed::Signal {
            rule: 0,
            signal: "TERM".into(),
        },
        Observed::Artifact { bytes: 9 },
        Observed::Secret { name: "s".into() },
    ]
}

/// Each line of the least policy is needed: without it the file is malformed, or it allows less than
/// what happened.
#[test]
fn without_any_of_its_lines_the_same_run_is_not_admitted() {
    let needs = CapabilitySet::of(&Capability::ALL).minus(CapabilitySet::of(&[
        Capability::Random,
        Capability::Time,
        Capability::Base64,
    ]));
    let observed = everything_observed();
    let learned = policy(MANY).learned(needs, &Limits::DEFAULT, &observed);
    let text = learned.to_toml();
    let read = policy(&text);
    assert_eq!(read.canonical(), learned.canonical());
    assert!(admits(&read, needs, &observed), "{text}");
    assert!(!text.contains("unused") && !text.contains("KILL"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
    {
        let mut others = lines.clone();
        others.remove(index);
        if let Ok(file) = PolicyFile::parse("p.toml", &others.join("\n")) {
            assert!(
                !admits(&file.policy, needs, &observed),
                "{line} is not needed\n{text}"
            );
        }
    }
}

#[test]
fn what_is_not_used_is_granted_as_nothing() {
    let needs = CapabilitySet::of(&Capability::ALL);
    let learned = policy(MANY).learned(needs, &Limits::DEFAULT, &[]);
    let read = policy(&learned.to_toml());
    assert_eq!(read.grants, needs, "the capsule is accepted");
    for path in ["/srv/x", "/nonexistent/x"] {
        assert!(decide_file(&read.rules, path.as_bytes(), FileAccess::Read).is_err());
    }
    assert!(decide_exec(&read.rules, &argv(&["t", "b"])).is_err());
    assert!(decide_secret(&read.rules, b"s").is_err());
}

#[test]
fn many_and_long_requests_keep_the_template() {
    let needs = CapabilitySet::of(&[Capability::Exec]);
    let learn = |arguments: Vec<String>| {
        let observed: Vec<Observed> = arguments
            .iter()
            .map(|argument| Observed::Exec(ran(0, &["t", argument])))
            .collect();
        let learned = policy(MANY).learned(needs, &Limits::DEFAULT, &observed);
        assert!(admits(&policy(&learned.to_toml()), needs, &observed));
        learned.rules.exec.len()
    };
    assert_eq!(
        learn((0..16).map(|number| number.to_string()).collect()),
        16
    );
    assert_eq!(learn((0..17).map(|number| number.to_string()).collect()), 1);
    assert_eq!(learn(vec!["a".repeat(5_000)]), 1);
    assert_eq!(learn(vec!["a".into(), "a".into()]), 1);
    let files: Vec<Observed> = (0..70)
        .map(|number| Observed::File {
            path: format!("/srv/{number}/x").into(),
            access: FileAccess::Read,
            bytes: 0,
        })
        .collect();
    let learned = policy(MANY).learned(CapabilitySet::EMPTY, &Limits::DEFAULT, &files);
    assert_eq!(learned.rules.files.len(), 1);
}
