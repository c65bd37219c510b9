//! Several processes on one file.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tenzik_journal::{Durability, Journal, JournalError, JournalOptions, NewRow, RowKind};

use crate::sandbox::{Sandbox, row, run_row};

/// Set for a process that appends: its run, and the file.
const ROLE: &str = "TENZIK_TEST_JOURNAL_APPENDS";

const PROCESSES: u64 = 8;

const APPENDS: u64 = 500;

/// What one of the processes does. It is this test, started by the others with [`ROLE`].
#[test]
fn a_process_that_appends() {
    let Some(role) = std::env::var_os(ROLE) else {
        return;
    };
    let role = role.into_string().unwrap();
    let (run, path) = role.split_once(':').unwrap();
    let journal = Journal::open(Path::new(path), &JournalOptions::default()).unwrap();
    let lock = journal.lock_run(run).unwrap();
    journal.begin(&run_row(run)).unwrap();
    for number in 0..APPENDS {
        // The clock of some goes backwards: the order is that of the numbers.
        let body = number.to_string();
        let new = NewRow {
            at_ms: 1_000_000 - number,
            ..row(run, RowKind::Settled, &body)
        };
        let durability = match number % 50 {
            0 => Durability::Effect,
            _ => Durability::Pure,
        };
        journal.append(&[new], durability).unwrap();
    }
    drop(lock);
    let end = r#"{"end":"ok"}"#;
    journal
        .append(&[row(run, RowKind::RunEnded, end)], Durability::Effect)
        .unwrap();
}

fn process(test: &str, run: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(ROLE, format!("{run}:{}", path.display()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn eight_processes_append_at_once_to_a_file_that_none_of_them_made() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("j/journal.db");
    let test = "together::a_process_that_appends";
    let runs: Vec<String> = (0..PROCESSES)
        .map(|number| format!("run{number}"))
        .collect();
    let children: Vec<Child> = runs.iter().map(|run| process(test, run, &path)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let journal = sandbox.reader();
    let verified = journal.verify(&[], &mut |_, _| {}).unwrap();
    assert_eq!(verified.rows, PROCESSES * (APPENDS + 2));
    for run in &runs {
        let rows: Vec<_> = journal.rows(run, 0).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len() as u64, APPENDS + 2);
        let settled = &rows[1..=APPENDS as usize];
        for (number, row) in settled.iter().enumerate() {
            assert_eq!(row.body, number.to_string());
            assert_eq!(row.at_ms, 1_000_000 - number as u64);
        }
        let state = journal.run(run).unwrap();
        assert!(state.ended.is_some() && !state.alive);
    }
}

/// What one process does that is killed while it drives a run.
#[test]
fn a_process_that_drives() {
    let Some(role) = std::env::var_os(ROLE) else {
        return;
    };
    let role = role.into_string().unwrap();
    let (run, path) = role.split_once(':').unwrap();
    let journal = Journal::open(Path::new(path), &JournalOptions::default()).unwrap();
    let _lock = journal.lock_run(run).unwrap();
    journal.begin(&run_row(run)).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_run_is_alive_until_its_process_is_killed() {
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    let mut child = process("together::a_process_that_drives", "run1", journal.path());
    let state = loop {
        match journal.run("run1") {
            Ok(state) => break state,
            Err(JournalError::Unknown { .. }) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    assert!(state.alive && state.ended.is_none());
    let error = journal.lock_run("run1").unwrap_err();
    assert!(
        matches!(&error, JournalError::RunBusy { pid: Some(pid), .. } if *pid == child.id()),
        "{error}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!journal.run("run1").unwrap().alive);
    let lock = journal.lock_run("run1").unwrap();
    assert!(journal.run("run1").unwrap().alive);
    drop(lock);
    assert!(!journal.run("run1").unwrap().alive);
}
