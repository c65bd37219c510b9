//! A real disk without room, and one that cannot be written.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tenzik_journal::{
    Access, ArtifactStore, Durability, Journal, JournalError, JournalOptions, RowKind,
};

use crate::sandbox::{Sandbox, not_tested, row, run_row};

/// Set for a process in a mount namespace: a small file system.
const ROLE: &str = "TENZIK_TEST_JOURNAL_DISK";

/// What a process in the namespace does. It is this test, started by the other with [`ROLE`].
#[test]
fn a_process_with_a_small_disk() {
    let Some(disk) = std::env::var_os(ROLE) else {
        return;
    };
    let disk = Path::new(&disk);
    let path = disk.join("journal.db");
    let acknowledged = fill(&path);
    // Nothing else fits either, and says so.
    let full = std::fs::write(disk.join("filler"), vec![0; 8 << 20]).unwrap_err();
    assert!(full.to_string().contains("No space left"), "{full}");
    let error = Journal::open(&disk.join("new.db"), &JournalOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("remedy") || error.to_string().contains("space"),
        "{error}"
    );

    std::fs::remove_file(disk.join("filler")).unwrap();
    let journal = Journal::open(&path, &JournalOptions::default()).unwrap();
    let verified = journal.verify(&[], &mut |_, _| {}).unwrap();
    assert!(verified.rows >= acknowledged, "{verified:?}");
    drop(journal);
    read_only(disk, &path);
}

/// Appends until nothing fits; gives the last row that was acknowledged.
fn fill(path: &Path) -> u64 {
    let journal = Arc::new(Journal::open(path, &JournalOptions::default()).unwrap());
    journal.begin(&run_row("r1")).unwrap();
    let body = format!("\"{}\"", "x".repeat(50_000));
    let mut acknowledged = 1;
    let error = loop {
        match journal.append(&[row("r1", RowKind::Settled, &body)], Durability::Effect) {
            Ok(seq) => acknowledged = seq,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000);
    };
    // The second one if there was room in the log, and none in the file that it is moved to.
    assert!(
        matches!(
            error,
            JournalError::Write { .. } | JournalError::Poisoned { .. }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("disk is full"), "{error}");
    let later = journal.append(&[row("r1", RowKind::Settled, "1")], Durability::Pure);
    assert!(
        matches!(later, Err(JournalError::Poisoned { .. })),
        "{later:?}"
    );
    let store = ArtifactStore::open(Arc::clone(&journal));
    let put = store.and_then(|store| store.put(&[1; 4 << 20], u64::MAX, Durability::Effect));
    assert!(put.unwrap_err().to_string().contains("No space left"));
    acknowledged
}

/// On a file system that cannot be written there is an error that says so.
fn read_only(disk: &Path, path: &Path) {
    let remounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(disk)
        .status()
        .unwrap();
    assert!(remounted.success());
    for name in ["journal.db", "new/journal.db"] {
        let error = Journal::open(&disk.join(name), &JournalOptions::default()).unwrap_err();
        assert!(
            error.to_string().contains("Read-only file system"),
            "{error}"
        );
    }
    let options = JournalOptions {
        access: Access::Read,
        ..JournalOptions::default()
    };
    let journal = Journal::open(path, &options).unwrap();
    assert!(journal.verify(&[], &mut |_, _| {}).unwrap().rows > 1);
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    let probe = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .output();
    match probe {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            return not_tested(&format!("no mount namespace here: {error}"));
        }
        Err(error) => return not_tested(&format!("unshare is not installed: {error}")),
    }
    let script = "mount -t tmpfs -o size=4m none \"$0\" && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-ec", script])
        .arg(sandbox.path("disk"))
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "full_disk::a_process_with_a_small_disk",
            "--nocapture",
        ])
        .env(ROLE, sandbox.path("disk"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{error}"
    );
}
