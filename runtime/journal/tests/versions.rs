//! Journals that an earlier tenzik wrote.

use rusqlite::Connection;

use tenzik_journal::{Durability, Find, Request, RowKind};

use crate::sandbox::{Sandbox, row, run_row};

/// The fixture was computed by another program from docs/journal.md: what it says of the hashes is
/// all that is needed.
#[test]
fn a_journal_of_version_1_is_read_and_goes_on() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("j")).unwrap();
    let connection = Connection::open(sandbox.path("j/journal.db")).unwrap();
    let fixture = include_str!("fixtures/version-1.sql");
    connection.execute_batch(fixture).unwrap();
    drop(connection);
    let journal = sandbox.journal();
    let verified = journal.verify(&[], &mut |_, _| {}).unwrap();
    assert_eq!(verified.rows, 5);
    let run = journal.resolve_run("0123").unwrap();
    let state = journal.run(&run).unwrap();
    assert_eq!((state.scenario.as_str(), state.pid), ("sweep", 42));
    let ended = state.ended.unwrap();
    assert_eq!((ended.end.as_str(), ended.seq), ("ok", 5));
    assert_eq!(journal.source(&run).unwrap(), "version: 1");
    let outcome = journal.rows(&run, 3).unwrap().next().unwrap().unwrap();
    assert_eq!(outcome.kind, RowKind::Outcome);
    assert!(outcome.body.ends_with(r#""output":"é 1.50"}"#));
    let sessions = journal.sessions().unwrap();
    assert_eq!(
        (sessions[0].name.as_str(), sessions[0].jobs),
        ("nightly", 1)
    );
    assert_eq!(journal.sample_of(1).unwrap().unwrap(), r#"{"cpu":0.5}"#);
    assert_eq!(journal.recall("key").unwrap().unwrap(), "[1]");
    let artifacts = journal.artifacts(Find::Run(&run)).unwrap();
    assert_eq!(
        (artifacts[0].name.as_str(), artifacts[0].bytes),
        ("output", 7)
    );
    let left = journal.resolve_run("fedc").unwrap();
    let cancel = Request::Cancel { force: false };
    assert_eq!(journal.requested(&left).unwrap(), [cancel]);

    let rows = [
        row(&left, RowKind::RunResumed, "{}"),
        row(&left, RowKind::RunEnded, "{}"),
    ];
    journal.append(&rows, Durability::Effect).unwrap();
    journal.begin(&run_row("another")).unwrap();
    let head = journal.head().unwrap();
    assert_eq!(head.seq, 8);
    journal.verify(&[head], &mut |_, _| {}).unwrap();
}
