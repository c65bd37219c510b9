//! A directory with a journal.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tenzik_journal::{Access, Journal, JournalOptions, NewRow, RowKind, RunRow};

pub struct Sandbox(TempDir);

impl Sandbox {
    pub fn new() -> Sandbox {
        Sandbox(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The journal `j/journal.db`, which is made if need be.
    pub fn journal(&self) -> Journal {
        Journal::open(&self.path("j/journal.db"), &JournalOptions::default()).unwrap()
    }

    pub fn reader(&self) -> Journal {
        let options = JournalOptions {
            access: Access::Read,
            ..JournalOptions::default()
        };
        Journal::open(&self.path("j/journal.db"), &options).unwrap()
    }
}

pub fn run_row(run: &str) -> RunRow<'_> {
    RunRow {
        run,
        scenario: "sweep",
        session: Some("nightly"),
        source: r#"{"text":"version: 1\n"}"#,
        started_ms: 1_000,
        pid: 42,
    }
}

pub fn row<'a>(run: &'a str, kind: RowKind, body: &'a str) -> NewRow<'a> {
    NewRow {
        run,
        kind,
        job: Some("00112233445566778899aabbccddeeff"),
        at_ms: 2_000,
        body,
    }
}

/// Says that something is not tested; fails in CI.
pub fn not_tested(why: &str) {
    use std::io::Write as _;
    // Past the test harness, which keeps what a passing test prints.
    let _ = writeln!(std::io::stderr().lock(), "NOT TESTED: {why}");
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "{why}");
}

/// The mode of a file.
pub fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
