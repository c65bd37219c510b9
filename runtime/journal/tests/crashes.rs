//! Killed before every system call, and failed by every write and sync: what was acknowledged is
//! there, and the rest can be done.

use std::cell::Cell;
use std::path::Path;
use std::process::{Command, Output};

use std::os::unix::process::ExitStatusExt as _;

use tenzik_journal::JournalError;

use crate::sandbox::{Sandbox, not_tested};
use crate::script::{self, Trouble, say};

/// Set for a process that something happens to: what it does, and the file that it does it with.
const ROLE: &str = "TENZIK_TEST_JOURNAL";

/// The system calls that change something or may wait, with how often the script makes each at
/// least. A question mark is before those that not every processor has.
const CHANGES: [(&str, usize); 11] = [
    ("openat", 20),
    ("pwrite64", 60),
    ("write", 15),
    ("fsync,fdatasync", 12),
    ("ftruncate", 1),
    ("fcntl", 60),
    ("flock", 4),
    ("?rename,?renameat,renameat2", 1),
    ("?unlink,unlinkat", 2),
    ("?mknod,mknodat", 1),
    ("?mkdir,mkdirat", 4),
];

/// The system calls of a disk that fails.
const FAILURES: [(&str, usize); 5] = [
    ("pwrite64", 60),
    ("fsync,fdatasync", 12),
    ("ftruncate", 1),
    ("?rename,?renameat,renameat2", 1),
    ("?mkdir,mkdirat", 4),
];

/// What a process does that something happens to. It is this test, started by the others with
/// [`ROLE`].
#[test]
fn a_process_with_trouble() {
    let Some(path) = std::env::var_os(ROLE) else {
        return;
    };
    let journal = match script::open(Path::new(&path)) {
        Ok(journal) => journal,
        Err(error) => return say(&format!("cannot open: {error}")),
    };
    let mut last = String::new();
    let ended = script::go_on(&journal, &mut |text| {
        say(text);
        text.clone_into(&mut last);
    });
    match ended {
        Ok(()) => say("all done"),
        Err(Trouble::Artifact(error)) => say(&format!("artifact: {error}")),
        Err(Trouble::Journal(error)) => {
            say(&format!("failed after {last}: {error}"));
            match (&error, journal.recall("key")) {
                (JournalError::Write { .. }, Err(JournalError::Poisoned { first, .. })) => {
                    assert!(error.to_string().contains(&first));
                    say("poisoned");
                }
                (_, Ok(_)) => say("goes on"),
                (_, Err(error)) => say(&format!("and then: {error}")),
            }
        }
    }
}

/// Runs the script in a process of its own; gives the log of strace of its `calls`.
pub fn traced(sandbox: &Sandbox, calls: &str) -> String {
    let log = sandbox.path("strace.log");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-y", "-xx", "-s", "100000", "-o"])
        .arg(&log)
        .args(["-e", &format!("trace={calls}")])
        .args(role())
        .env(ROLE, sandbox.path("j/journal.db"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::read_to_string(log).unwrap()
}

/// This test as a program of its own.
fn role() -> Vec<std::ffi::OsString> {
    let this = std::env::current_exe().unwrap().into_os_string();
    let test = "crashes::a_process_with_trouble";
    let arguments = ["--exact", test, "--test-threads=1", "--nocapture"];
    std::iter::once(this)
        .chain(arguments.map(Into::into))
        .collect()
}

/// Runs the script in a process of its own, with `what` injected into its `step`th call of `calls`.
/// Also tells whether there was one.
fn with_injection(sandbox: &Sandbox, calls: &str, what: &str, step: usize) -> (Output, bool) {
    let (path, log) = (sandbox.path("j/journal.db"), sandbox.path("strace.log"));
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&log)
        .args(["-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={calls}:{what}:when={step}")])
        .args(role())
        .env(ROLE, path)
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let killed = output.status.signal() == Some(9) || output.status.code() == Some(137);
    let log = std::fs::read_to_string(log).unwrap_or_default();
    (output, killed || log.contains("(INJECTED)"))
}

pub fn can_trace() -> bool {
    match Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output()
    {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            not_tested(&format!("strace cannot trace here: {error}"));
            false
        }
        Err(error) => {
            not_tested(&format!("strace is not installed: {error}"));
            false
        }
    }
}

/// The head that a script leaves that nothing happens to.
pub fn undisturbed_head() -> String {
    let sandbox = Sandbox::new();
    let journal = script::open(&sandbox.path("j/journal.db")).unwrap();
    script::go_on(&journal, &mut |_| {}).unwrap();
    journal.head().unwrap().hash.to_hex()
}

/// Does `check` with each step of each of `calls`, until the script gets through.
fn at_every_step(
    calls: &str,
    least: usize,
    what: &str,
    check: impl Fn(&Sandbox, &Output, &str),
) -> usize {
    let mut happened = 0;
    loop {
        let sandbox = Sandbox::new();
        let (output, happens) = with_injection(&sandbox, calls, what, happened + 1);
        check(
            &sandbox,
            &output,
            &format!("{what} {calls} {}", happened + 1),
        );
        if !happens {
            assert!(output.status.success(), "{what} {calls}: {output:?}");
            assert!(happened >= least, "{what} {calls}: {happened} times only");
            return happened;
        }
        happened += 1;
        assert!(happened < 1_000, "{what} {calls}: it never ends");
    }
}

#[test]
fn killed_at_any_step_nothing_acknowledged_is_lost() {
    if !can_trace() {
        return;
    }
    let head = undisturbed_head();
    let mut total = 0;
    for (calls, least) in CHANGES {
        total += at_every_step(calls, least, "signal=KILL", |sandbox, output, what| {
            script::check_recovered(sandbox, &script::said(output), what, &head);
        });
    }
    say(&format!("killed {total} times, 0 wrong states"));
}

#[test]
fn a_disk_that_fails_at_any_step_loses_nothing_acknowledged() {
    if !can_trace() {
        return;
    }
    let head = undisturbed_head();
    let mut total = 0;
    let poisoned = Cell::new(0);
    for (calls, least) in FAILURES {
        for error in ["error=EIO", "error=ENOSPC"] {
            total += at_every_step(calls, least, error, |sandbox, output, what| {
                assert!(output.status.success(), "{what}: {output:?}");
                let said = script::said(output);
                // Whatever fails while a row is appended, nothing more is tried.
                assert!(
                    !said.iter().any(|line| line == "goes on"),
                    "{what}: {said:?}"
                );
                poisoned
                    .set(poisoned.get() + usize::from(said.iter().any(|line| line == "poisoned")));
                script::check_recovered(sandbox, &said, what, &head);
            });
        }
    }
    assert!(poisoned.get() > 60, "{poisoned:?}");
    say(&format!(
        "failed {total} times, {} handles poisoned, 0 wrong states",
        poisoned.get()
    ));
}
