//! Runs the tests one after the other, and says how each ended.

use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::support::{copy_to, open_directory};
use crate::{attacks, bounds, degraded, killed, network, programs, streams};

/// A test and its name.
pub type Test = (&'static str, fn());

/// The user that the second pass runs as.
const NOBODY: u32 = 65534;

pub fn run(arguments: &[String]) -> ExitCode {
    let groups = [
        programs::TESTS,
        streams::TESTS,
        bounds::TESTS,
        attacks::TESTS,
        network::TESTS,
        degraded::TESTS,
        killed::TESTS,
    ];
    // Options of the usual harness are accepted without effect.
    let valued = [
        "--test-threads",
        "--skip",
        "--format",
        "--color",
        "--logfile",
        "-Z",
    ];
    let mut words = arguments.iter();
    let mut wanted = None;
    while let Some(word) = words.next() {
        if valued.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            wanted = Some(word);
        }
    }
    let all: Vec<Test> = groups.into_iter().flatten().copied().collect();
    if arguments.iter().any(|argument| argument == "--list") {
        all.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<Test> = all
        .into_iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| name.contains(wanted.as_str())))
        .collect();
    let user = rustix::process::geteuid();
    println!(
        "\nrunning {} attacks as user {}",
        chosen.len(),
        user.as_raw()
    );
    let failed = chosen.iter().filter(|test| !passes(test)).count();
    println!(
        "attacks as user {}: {} passed, {failed} failed\n",
        user.as_raw(),
        chosen.len() - failed
    );
    let second = !user.is_root() || as_nobody(arguments);
    if failed == 0 && second {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn passes((name, test): &Test) -> bool {
    let started = Instant::now();
    let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
    let outcome = if passed { "ok" } else { "FAILED" };
    println!(
        "test {name} ... {outcome} ({} ms)",
        started.elapsed().as_millis()
    );
    passed
}

/// The same suite as an ordinary user, from a copy that he may execute.
fn as_nobody(arguments: &[String]) -> bool {
    let directory = open_directory();
    let copy = copy_to(directory.path(), "attacks");
    let status = Command::new(copy)
        .args(arguments)
        .current_dir("/")
        .gid(NOBODY)
        .uid(NOBODY)
        .status()
        .unwrap();
    status.success()
}
