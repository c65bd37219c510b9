//! A directory with a journal.

use std::path::PathBuf;

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
