//! However long a journal is, reading it takes little memory.

use std::process::Command;

use tenzik_journal::{Durability, NewRow, RowKind};

use crate::sandbox::{Sandbox, row, run_row};

/// Set for a process that reads: the sandbox's directory.
const ROLE: &str = "TENZIK_TEST_JOURNAL_READS";

/// What the process does that is measured. It is this test, started by the other with [`ROLE`].
#[test]
fn a_process_that_reads() {
    let Some(path) = std::env::var_os(ROLE) else {
        return;
    };
    let options = tenzik_journal::JournalOptions {
        access: tenzik_journal::Access::Read,
        ..Default::default()
    };
    let journal = tenzik_journal::Journal::open(path.as_ref(), &options).unwrap();
    journal.verify(&[], &mut |_, _| {}).unwrap();
    assert_eq!(
        journal.rows("run1", 0).unwrap().map(Result::unwrap).count(),
        3_065
    );
    journal.sessions().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 48 << 10, "{kib} KiB");
}

#[test]
fn reading_a_large_journal_takes_little_memory() {
    if !std::path::Path::new("/proc/self/status").exists() {
        return crate::sandbox::not_tested("there is no /proc");
    }
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    journal.begin(&run_row("run1")).unwrap();
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let small: Vec<String> = (0..3_000).map(|number| number.to_string()).collect();
    for _ in 0..64 {
        let new = row("run1", RowKind::Settled, &large);
        journal.append(&[new], Durability::Pure).unwrap();
    }
    let rows: Vec<NewRow<'_>> = small
        .iter()
        .map(|body| row("run1", RowKind::Settled, body))
        .collect();
    assert_eq!(journal.append(&rows, Durability::Pure).unwrap(), 3_065);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::a_process_that_reads"])
        .env(ROLE, journal.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
