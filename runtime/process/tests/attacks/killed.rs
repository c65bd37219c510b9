//! The process that started trees is killed at random moments: nobody survives it.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use crate::suite::Test;
use crate::support::{eventually, hostile, marker, never, own_program, start, survivors};

pub const TESTS: &[Test] = &[
    ("killed::nobody_survives_a_parent_that_is_killed", parent),
    ("killed::nobody_survives_a_helper_that_is_killed", helper),
];

/// Rounds of killing a parent.
const ROUNDS: u64 = 60;

fn parent() {
    let (mut processes, mut left) = (0, 0);
    // Any sequence does; the seed is told so that a failure can be repeated.
    let mut state = u64::from(std::process::id()) | 1;
    println!("    seed {state}");
    // What loses its parent becomes a child of the suite, which can wait for it then.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    for _ in 0..ROUNDS {
        let marker = marker();
        let mut parent = Command::new(own_program())
            .args(["parent", &marker])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(parent.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((state >> 33) % 30_000));
        processes += survivors(&marker).len();
        parent.kill().unwrap();
        parent.wait().unwrap();
        reap_orphans();
        left += survivors(&marker).len();
    }
    println!("    {ROUNDS} parents killed with {processes} processes below them, {left} survivors");
    assert_eq!(left, 0);
}

/// Waits for every process that lost its parent: the helpers, which end behind their trees.
fn reap_orphans() {
    eventually("the end of all helpers", || {
        loop {
            match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    });
}

/// Starts trees of hoppers for ever.
pub fn be_the_parent(arguments: &[String]) -> ExitCode {
    println!("ready");
    let mut kept = Vec::new();
    loop {
        let mut process = start(&hostile("hoppers", &["3", &arguments[0]])).unwrap();
        let mut line = [0; 8];
        process
            .read(tenzik_process::Stream::Stdout, &mut line, &never)
            .unwrap();
        kept.push(process);
        if kept.len() == 4 {
            kept.clear();
        }
    }
}

fn helper() {
    let (mut rounds, mut left) = (0, 0);
    for _ in 0..20 {
        let marker = marker();
        let mut process = start(&hostile("hoppers", &["3", &marker])).unwrap();
        let mut line = [0; 8];
        process
            .read(tenzik_process::Stream::Stdout, &mut line, &never)
            .unwrap();
        for helper in children() {
            let _ = rustix::process::kill_process(
                rustix::process::Pid::from_raw(helper).unwrap(),
                rustix::process::Signal::KILL,
            );
        }
        assert!(process.wait(&never).is_err());
        drop(process);
        eventually("the end of the tree", || survivors(&marker).is_empty());
        rounds += 1;
        left += survivors(&marker).len();
    }
    println!("    {rounds} helpers killed, {left} survivors");
    assert_eq!(left, 0);
}

/// Children of this process.
fn children() -> Vec<i32> {
    let own = std::process::id();
    let path = format!("/proc/{own}/task/{own}/children");
    std::fs::read_to_string(path)
        .unwrap()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}
