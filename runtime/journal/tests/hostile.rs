//! Files that somebody prepared, damaged or changed: a clear error or the right rows, never a panic.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use tenzik_journal::{
    Access, ArtifactDigest, ArtifactStore, Broken, Durability, Head, Journal, JournalError,
    JournalOptions, Row, RowKind, Why,
};

use crate::dice::Dice;
use crate::sandbox::{Sandbox, mode_of, row, run_row};

fn open(path: &Path, access: Access) -> Result<Journal, JournalError> {
    let options = JournalOptions {
        access,
        busy_timeout_ms: 100,
    };
    Journal::open(path, &options)
}

/// A closed journal of two runs and `rows` rows.
fn closed(sandbox: &Sandbox, rows: u64) -> PathBuf {
    let journal = sandbox.journal();
    journal.begin(&run_row("run1")).unwrap();
    journal.begin(&run_row("run2")).unwrap();
    for number in 2..rows - 1 {
        let run = if number % 3 == 0 { "run2" } else { "run1" };
        let body = format!(
            r#"{{"path":"step-{number}","status":"ok","session":"nightly","filler":"{}"}}"#,
            "abc".repeat(usize::try_from(number % 70).unwrap())
        );
        let new = row(run, RowKind::Outcome, &body);
        journal.append(&[new], Durability::Pure).unwrap();
    }
    let end = row("run1", RowKind::RunEnded, r#"{"end":"ok"}"#);
    journal.append(&[end], Durability::Effect).unwrap();
    journal.remember("key", "[1]").unwrap();
    journal.path().to_owned()
}

/// Everything that can be read of a journal.
fn read_everything(journal: &Journal) -> Result<Vec<Row>, JournalError> {
    journal.verify(&[], &mut |_, _| {})?;
    let rows = journal.all_rows(0).collect::<Result<Vec<_>, _>>()?;
    for run in journal.runs() {
        let run = run?.run;
        journal.rows(&run, 0)?.collect::<Result<Vec<_>, _>>()?;
        journal.source(&run)?;
        journal.requested(&run)?;
    }
    journal.sessions()?;
    journal.resolve_run("run1")?;
    Ok(rows)
}

fn broken(sandbox: &Sandbox, change: &str) -> Broken {
    let path = closed(sandbox, 20);
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(change).unwrap();
    drop(connection);
    let error = open(&path, Access::Read)
        .unwrap()
        .verify(&[], &mut |_, _| {})
        .unwrap_err();
    assert!(error.to_string().contains("journal.db"), "{error}");
    match error {
        JournalError::Broken { broken, .. } => broken,
        other => panic!("{change}: {other}"),
    }
}

#[test]
fn verify_names_the_first_row_that_is_not_as_it_was_written() {
    let cases = [
        ("UPDATE rows SET body = '{}' WHERE seq >= 7", 7, "hash"),
        (
            "UPDATE rows SET at_ms = at_ms + 1 WHERE seq = 20",
            20,
            "hash",
        ),
        ("UPDATE rows SET job = NULL WHERE seq = 9", 9, "hash"),
        ("UPDATE rows SET run = 'run2' WHERE seq = 5", 5, "hash"),
        ("UPDATE rows SET kind = 'lost' WHERE seq = 5", 5, "hash"),
        (
            "UPDATE rows SET hash = zeroblob(32) WHERE seq = 6",
            6,
            "hash",
        ),
        (
            "UPDATE rows SET hash = zeroblob(31) WHERE seq = 6",
            6,
            "length",
        ),
        ("UPDATE rows SET kind = 'nothing' WHERE seq = 5", 5, "kind"),
        ("DELETE FROM rows WHERE seq = 1", 1, "missing"),
        ("DELETE FROM rows WHERE seq IN (8, 9)", 8, "missing"),
        (
            "UPDATE rows SET seq = 99 WHERE seq = 5; UPDATE rows SET seq = 5 WHERE seq = 6; \
             UPDATE rows SET seq = 6 WHERE seq = 99",
            5,
            "hash",
        ),
        (
            "DELETE FROM rows WHERE seq = 8; UPDATE rows SET seq = seq - 1 WHERE seq > 8",
            8,
            "hash",
        ),
        ("DELETE FROM runs WHERE run = 'run2'", 2, "index"),
        ("UPDATE runs SET state_seq = first_seq", 20, "index"),
        (
            "UPDATE runs SET state_seq = 7 WHERE run = 'run2'",
            2,
            "index",
        ),
        (
            "UPDATE runs SET run = 'run3' WHERE run = 'run2'",
            2,
            "index",
        ),
        ("INSERT INTO runs VALUES (7, 'run9', 7)", 7, "index"),
    ];
    for (change, seq, expected) in cases {
        let sandbox = Sandbox::new();
        let found = broken(&sandbox, change);
        let why = match &found.why {
            Why::Missing { .. } => "missing",
            Why::Hash { .. } => "hash",
            Why::HashLength { .. } => "length",
            Why::Kind { .. } => "kind",
            Why::Unreadable(_) => "unreadable",
            Why::Anchor { .. } => "anchor",
            Why::Index { .. } => "index",
        };
        assert_eq!((found.seq, why), (seq, expected), "{change}: {found}");
    }
}

#[test]
fn readers_stop_at_the_first_row_that_is_not_as_it_was_written() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE rows SET body = '{}' WHERE seq = 6")
        .unwrap();
    drop(connection);
    let journal = open(&path, Access::Write).unwrap();
    // A row of another run between those that are asked for.
    let rows: Vec<_> = journal.rows("run1", 0).unwrap().collect();
    let good = rows.iter().filter(|row| row.is_ok()).count();
    assert!(rows[..good].iter().all(Result::is_ok) && rows.len() == good + 1);
    assert!(matches!(
        rows.last().unwrap(),
        Err(JournalError::Broken { broken, .. }) if broken.seq == 6
    ));
    // What is appended later is chained to it all the same, and verify still names the first one.
    let new = row("run2", RowKind::Settled, "{}");
    assert_eq!(journal.append(&[new], Durability::Pure).unwrap(), 21);
    assert!(journal.sessions().is_err());
}

#[test]
fn an_anchor_tells_a_shortened_and_a_rewritten_file() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    let head = sandbox.reader().head().unwrap();
    let verify = |anchor: Head| sandbox.reader().verify(&[anchor], &mut |_, _| {});
    verify(head).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "DELETE FROM rows WHERE seq = 20; UPDATE runs SET state_seq = 1 WHERE run = 'run1'",
        )
        .unwrap();
    drop(connection);
    // The chain alone cannot tell.
    sandbox.reader().verify(&[], &mut |_, _| {}).unwrap();
    let error = verify(head).unwrap_err().to_string();
    assert!(error.contains("the journal ends before it"), "{error}");
    let journal = sandbox.journal();
    let other = row("run1", RowKind::RunEnded, r#"{"end":"failed"}"#);
    journal.append(&[other], Durability::Effect).unwrap();
    let error = verify(head).unwrap_err().to_string();
    assert!(error.contains("row 20 has the hash"), "{error}");
}

/// Opens the damaged file for reading and for writing, and gives whether all could be read.
fn survives(path: &Path, bytes: &[u8], good: &[Row], what: &str) -> bool {
    let mut all = true;
    for access in [Access::Read, Access::Write] {
        std::fs::write(path, bytes).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        match open(path, access).and_then(|journal| read_everything(&journal)) {
            // What nobody noticed changed nothing that counts.
            Ok(rows) => assert!(good.starts_with(&rows) || rows == good, "{what}"),
            Err(error) => {
                all = false;
                let text = error.to_string();
                assert!(
                    text.contains("journal.db") || text.contains("run"),
                    "{what}: {text}"
                );
            }
        }
        if access == Access::Write
            && let Ok(journal) = open(path, access)
        {
            let new = row("run2", RowKind::Settled, "{}");
            let _ = journal.append(&[new], Durability::Effect);
        }
    }
    all
}

#[test]
fn flipped_bits_and_overwritten_pieces_give_no_wrong_row() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 150);
    let good = sandbox
        .reader()
        .all_rows(0)
        .map(Result::unwrap)
        .collect::<Vec<_>>();
    let bytes = std::fs::read(&path).unwrap();
    let mut dice = Dice(7);
    let mut noticed = 0;
    for round in 0..600 {
        let mut damaged = bytes.clone();
        for _ in 0..=dice.below(3) {
            // Half of them where SQLite keeps what it needs to find its way.
            let at = match dice.below(2) {
                0 => dice.below(bytes.len()),
                _ => dice.below(bytes.len() / 4096) * 4096 + dice.below(110),
            };
            match dice.below(3) {
                0 => damaged[at] ^= 1 << dice.below(8),
                1 => damaged[at] = 0xff,
                _ => {
                    let end = (at + 1 + dice.below(64)).min(bytes.len());
                    let from = dice.below(bytes.len() - 64);
                    let piece = bytes[from..from + (end - at)].to_vec();
                    damaged[at..end].copy_from_slice(&piece);
                }
            }
        }
        noticed += usize::from(!survives(&path, &damaged, &good, &format!("round {round}")));
    }
    assert!(noticed > 200, "{noticed}");
    println!("600 damaged files, {noticed} noticed, 0 wrong rows");
}

#[test]
fn a_file_that_ends_early_gives_no_wrong_row() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 150);
    let good = sandbox
        .reader()
        .all_rows(0)
        .map(Result::unwrap)
        .collect::<Vec<_>>();
    let bytes = std::fs::read(&path).unwrap();
    let mut dice = Dice(8);
    let pages = (0..bytes.len()).step_by(4096);
    let lengths = pages.chain((0..60).map(|_| dice.below(bytes.len())));
    for length in lengths.chain([1, 15, 16, 99, 100, bytes.len() - 1]) {
        let all = survives(&path, &bytes[..length], &good, &format!("{length} bytes"));
        assert!(!all, "{length}");
    }
}

/// The log of a process that was killed, damaged: what is handed out are the first rows.
#[test]
fn a_damaged_log_gives_no_wrong_row() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    let journal = sandbox.journal();
    for number in 0..30 {
        let body = number.to_string();
        let new = row("run2", RowKind::Settled, &body);
        journal.append(&[new], Durability::Effect).unwrap();
    }
    let good = journal.all_rows(0).map(Result::unwrap).collect::<Vec<_>>();
    let file = std::fs::read(&path).unwrap();
    let log = std::fs::read(format!("{}-wal", path.display())).unwrap();
    drop(journal);
    let copy = sandbox.path("copy/journal.db");
    std::fs::create_dir(sandbox.path("copy")).unwrap();
    let mut dice = Dice(9);
    for round in 0..200 {
        let mut damaged = log.clone();
        match dice.below(4) {
            0 => damaged.truncate(dice.below(log.len())),
            _ => damaged[dice.below(log.len())] ^= 1 << dice.below(8),
        }
        std::fs::write(&copy, &file).unwrap();
        std::fs::write(format!("{}-wal", copy.display()), &damaged).unwrap();
        let _ = std::fs::remove_file(format!("{}-shm", copy.display()));
        set_mode(&copy, 0o600);
        let rows = open(&copy, Access::Write).and_then(|journal| read_everything(&journal));
        let rows = rows.unwrap_or_else(|error| panic!("{round}: {error}"));
        assert!(good.starts_with(&rows) && rows.len() >= 20, "{round}");
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Opens what is at `path` and gives the two errors.
fn refused(path: &Path) -> [JournalError; 2] {
    [Access::Read, Access::Write].map(|access| open(path, access).unwrap_err())
}

#[test]
fn what_is_no_journal_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("directory");
    std::fs::create_dir(&directory).unwrap();
    let link = sandbox.path("link");
    symlink(closed(&sandbox, 20), &link).unwrap();
    let dangling = sandbox.path("dangling");
    symlink("/nonexistent/journal.db", &dangling).unwrap();
    for (path, what) in [
        (&directory, "a directory"),
        (&link, "a symbolic link"),
        (&dangling, "a symbolic link"),
        (&PathBuf::from("/dev/null"), "no plain file"),
    ] {
        for error in refused(path) {
            assert!(
                matches!(&error, JournalError::NotAFile { what: found, .. } if *found == what),
                "{error}"
            );
        }
    }
    let text = sandbox.path("text");
    std::fs::write(
        &text,
        "no SQLite file, whatever its length is: ".repeat(200),
    )
    .unwrap();
    let foreign = sandbox.path("foreign");
    let connection = Connection::open(&foreign).unwrap();
    connection
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .unwrap();
    drop(connection);
    for path in [&text, &foreign] {
        set_mode(path, 0o600);
        let before = std::fs::read(path).unwrap();
        for error in refused(path) {
            assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
        }
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    for path in ["", "/", "..", "a/.."] {
        assert!(open(Path::new(path), Access::Write).is_err(), "{path}");
    }
    let missing = open(&sandbox.path("no/j.db"), Access::Read).unwrap_err();
    assert!(matches!(missing, JournalError::Missing { .. }), "{missing}");
    let missing = open(&sandbox.path("j.db"), Access::Read).unwrap_err();
    assert!(matches!(missing, JournalError::Missing { .. }), "{missing}");
    assert!(!sandbox.path("no").exists() && !sandbox.path("j.db").exists());
}

#[test]
fn a_schema_that_is_another_is_refused() {
    for (change, text) in [
        ("PRAGMA user_version = 2", "version 2"),
        ("PRAGMA user_version = 0", "no schema version 0"),
        ("PRAGMA user_version = -5", "no schema version -5"),
        ("PRAGMA application_id = 7", "another application"),
        ("CREATE TABLE more (a)", "\"more\""),
        ("DROP TABLE memo", "this file has 7"),
        (
            "CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows; END",
            "\"t\"",
        ),
        ("CREATE VIEW v AS SELECT * FROM rows", "\"v\""),
        ("ALTER TABLE rows ADD COLUMN more TEXT", "\"rows\""),
    ] {
        let sandbox = Sandbox::new();
        let path = closed(&sandbox, 20);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        for error in refused(&path) {
            let error = error.to_string();
            assert!(
                error.contains(text) && error.contains("journal.db"),
                "{change}: {error}"
            );
        }
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_when_it_is_written_and_when_it_is_read() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    let journal = sandbox.journal();
    let body = "x".repeat(tenzik_journal::BODY_BYTES_MAX + 1);
    let error = journal
        .append(&[row("run2", RowKind::Settled, &body)], Durability::Pure)
        .unwrap_err();
    assert!(error.to_string().contains("16777217"), "{error}");
    // Nothing was tried: the handle can be used.
    let largest = &body[1..];
    journal
        .append(&[row("run2", RowKind::Settled, largest)], Durability::Pure)
        .unwrap();
    assert_eq!(journal.all_rows(20).next().unwrap().unwrap().body, largest);
    drop(journal);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE rows SET body = CAST(zeroblob(100000000) AS TEXT) WHERE seq = 8")
        .unwrap();
    drop(connection);
    let error = sandbox.reader().verify(&[], &mut |_, _| {}).unwrap_err();
    assert!(
        matches!(&error, JournalError::Broken { broken, .. } if broken.seq == 8),
        "{error}"
    );
    assert!(error.to_string().contains("too big"), "{error}");
}

#[test]
fn rows_that_are_not_acceptable_are_refused_and_the_handle_goes_on() {
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    journal.begin(&run_row("run1")).unwrap();
    let good = row("run1", RowKind::Settled, "{}");
    let long = "x".repeat(65);
    for bad in [
        row("", RowKind::Settled, "{}"),
        row("a/b", RowKind::Settled, "{}"),
        row(&long, RowKind::Settled, "{}"),
        row("run9", RowKind::Settled, "{}"),
        row("run1", RowKind::RunStarted, "{}"),
        row("run1", RowKind::Settled, "{\n}"),
        row("run1", RowKind::Settled, "\0"),
        tenzik_journal::NewRow {
            at_ms: u64::MAX,
            ..good
        },
        tenzik_journal::NewRow {
            job: Some("../x"),
            ..good
        },
    ] {
        // Of several rows none is written.
        let error = journal.append(&[good, bad], Durability::Pure).unwrap_err();
        assert!(error.to_string().contains("; "), "{error}");
        assert_eq!(journal.head().unwrap().seq, 1, "{error}");
    }
    let error = journal.begin(&run_row("run1")).unwrap_err();
    assert!(matches!(error, JournalError::RunExists { .. }), "{error}");
    let end = row("run1", RowKind::RunEnded, r#"{"end":"failed"}"#);
    journal.append(&[good, end], Durability::Effect).unwrap();
    let error = journal.append(&[good], Durability::Effect).unwrap_err();
    assert!(error.to_string().contains("which ended"), "{error}");
    // Another handle goes on with it.
    let other = sandbox.journal();
    other
        .append(
            &[row("run1", RowKind::RunResumed, "{}"), good],
            Durability::Effect,
        )
        .unwrap();
    journal.append(&[good], Durability::Effect).unwrap();
    assert_eq!(journal.rows("run1", 0).unwrap().count(), 6);
    assert!(matches!(
        sandbox.reader().append(&[good], Durability::Pure),
        Err(JournalError::ReadOnly { .. })
    ));
}

#[test]
fn nobody_else_can_read_or_write_the_files() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    let _open = sandbox.journal();
    let directory = path.parent().unwrap();
    assert_eq!(mode_of(directory), 0o700);
    for name in std::fs::read_dir(directory).unwrap() {
        let name = name.unwrap().path();
        let expected = if name.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode_of(&name), expected, "{name:?}");
    }
    for mode in [0o620, 0o602, 0o666] {
        set_mode(&path, mode);
        let error = open(&path, Access::Write).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    set_mode(&path, 0o600);
    std::fs::hard_link(&path, sandbox.path("other")).unwrap();
    let error = open(&path, Access::Write).unwrap_err();
    assert!(error.to_string().contains("2 names"), "{error}");
}

#[test]
fn a_file_that_another_process_keeps_locked_is_waited_for_and_then_refused() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    let journal = open(&path, Access::Write).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let new = row("run2", RowKind::Settled, "{}");
    let error = journal.append(&[new], Durability::Pure).unwrap_err();
    assert!(
        matches!(error, JournalError::Busy { waited_ms: 100, .. }),
        "{error}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    // Nothing was begun, so that the handle is as good as before.
    journal.append(&[new], Durability::Pure).unwrap();
}

/// What a project could bring along to have tenzik write or delete elsewhere.
#[test]
fn links_in_place_of_directories_are_refused_and_lead_nowhere() {
    for name in [".store", ".store/tmp", ".runs"] {
        let sandbox = Sandbox::new();
        let path = sandbox.path("journal.db");
        let victim = sandbox.path("victim");
        std::fs::create_dir(&victim).unwrap();
        std::fs::create_dir(victim.join("tmp")).unwrap();
        for kept in ["thesis.txt", "1-2", "tmp/1-2"] {
            std::fs::write(victim.join(kept), "mine").unwrap();
        }
        if name == ".store/tmp" {
            std::fs::create_dir(sandbox.path("journal.db.store")).unwrap();
        }
        symlink(&victim, sandbox.path(&format!("journal.db{name}"))).unwrap();
        let error = match open(&path, Access::Write) {
            Err(error) => error.to_string(),
            Ok(journal) => ArtifactStore::open(journal.into()).unwrap_err().to_string(),
        };
        assert!(error.contains("is a symbolic link"), "{name}: {error}");
        assert!(error.contains(&format!("journal.db{name}")), "{error}");
        let left = std::fs::read_dir(&victim).unwrap().count();
        assert_eq!(left, 3, "{name}");
        assert!(victim.join("tmp/1-2").exists(), "{name}");
    }
}

#[test]
fn a_linked_directory_of_contents_takes_nothing() {
    let sandbox = Sandbox::new();
    let journal = sandbox.journal();
    let directory = journal.store_directory();
    let store = ArtifactStore::open(journal.into()).unwrap();
    let victim = sandbox.path("victim");
    std::fs::create_dir(&victim).unwrap();
    let digits = ArtifactDigest::of(b"content").to_hex();
    let link = directory.join(&digits[..2]);
    symlink(&victim, &link).unwrap();
    let error = store.put(b"content", 100, Durability::Pure).unwrap_err();
    assert!(error.to_string().contains("is a symbolic link"), "{error}");
    assert_eq!(std::fs::read_dir(&victim).unwrap().count(), 0);
    std::fs::remove_file(&link).unwrap();
    store.put(b"content", 100, Durability::Pure).unwrap();
}

#[test]
fn directories_that_others_write_to_are_refused_and_other_files_stay() {
    let sandbox = Sandbox::new();
    let journal = std::sync::Arc::new(sandbox.journal());
    let directory = journal.store_directory();
    drop(ArtifactStore::open(journal.clone()).unwrap());
    let temporary = directory.join("tmp");
    for name in ["17-4", "notes.txt", "17", "-4", "17-4-2"] {
        std::fs::write(temporary.join(name), "").unwrap();
    }
    drop(ArtifactStore::open(journal.clone()).unwrap());
    assert!(!temporary.join("17-4").exists());
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 4);
    for place in [&directory, &temporary] {
        set_mode(place, 0o770);
        let error = ArtifactStore::open(journal.clone())
            .unwrap_err()
            .to_string();
        assert!(error.contains("has mode 0770"), "{error}");
        set_mode(place, 0o700);
    }
}

#[test]
fn a_journal_of_another_user_is_refused() {
    let sandbox = Sandbox::new();
    let path = closed(&sandbox, 20);
    if std::os::unix::fs::chown(&path, Some(65534), None).is_err() {
        assert!(std::env::var_os("CI").is_none(), "this needs root");
        eprintln!("NOT TESTED: only root can give files away");
        return;
    }
    for access in [Access::Read, Access::Write] {
        let error = open(&path, access).unwrap_err().to_string();
        let expected = "belongs to user 65534, and tenzik runs as user 0; run tenzik as user 65534";
        assert!(error.contains(expected), "{error}");
    }
}
