//! Undoing a run: everything, in order, once, and not over what came later.

mod crashes;
mod full_disk;

use std::os::unix::fs::symlink;
use std::path::Path;

use tenzik_gate::{
    ConflictReason, EffectKind, RestoreAction, UndoError, UndoReport, UndoRunState, WriteMode,
};

use crate::sandbox::{Files, Sandbox, id, put, set_mode};

use WriteMode::{Append, New, Replace};

fn undo(sandbox: &Sandbox, run: &str) -> Result<UndoReport, UndoError> {
    sandbox.store().undo(&id(run), false)
}

#[track_caller]
fn conflicts(result: Result<UndoReport, UndoError>) -> Vec<(String, ConflictReason)> {
    match result {
        Err(UndoError::Changed { conflicts, .. }) => conflicts
            .into_iter()
            .map(|conflict| {
                let name = conflict
                    .path
                    .file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                (name, conflict.reason)
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// A tree with files of several modes; what is in it.
fn before(sandbox: &Sandbox) -> Files {
    for (name, mode) in [
        ("a", 0o600),
        ("b", 0o4755),
        ("inner/c", 0o644),
        ("large", 0o644),
    ] {
        let content = if name == "large" {
            vec![5; 300_000]
        } else {
            name.into()
        };
        let path = sandbox.write(&format!("tree/{name}"), content);
        set_mode(&path, mode);
    }
    sandbox.files("tree")
}

/// Changes everything.
fn change(sandbox: &Sandbox, run: &str) {
    let trees = sandbox.trees(run);
    put(&trees, "a", Replace, b"other").unwrap();
    put(&trees, "b", Append, b"+").unwrap();
    put(&trees, "inner/c", Replace, b"").unwrap();
    put(&trees, "inner/c", Append, b"twice").unwrap();
    put(&trees, "large", Replace, b"small").unwrap();
    put(&trees, "inner/new\n%\u{e9}", New, b"new").unwrap();
    put(&trees, "inner/new\n%\u{e9}", Replace, b"newer").unwrap();
    put(&trees, "empty", Replace, b"").unwrap();
    trees.finish().unwrap();
}

#[test]
fn a_run_is_undone_and_once() {
    let sandbox = Sandbox::new();
    let old = before(&sandbox);
    change(&sandbox, "r1");
    assert_ne!(sandbox.files("tree"), old);
    let report = undo(&sandbox, "r1").unwrap();
    assert_eq!(sandbox.files("tree"), old);
    let actions: Vec<RestoreAction> = report.restored.iter().map(|file| file.action).collect();
    use RestoreAction::{Removed, Restored};
    let expected = [
        Removed, Restored, Removed, Restored, Restored, Restored, Restored, Restored,
    ];
    assert_eq!(actions, expected);
    assert_eq!((report.undone_before, report.temporary_files), (0, 0));
    // Again, whatever the files are now.
    sandbox.write("tree/a", "later");
    let report = undo(&sandbox, "r1").unwrap();
    assert_eq!((report.restored.len(), report.undone_before), (0, 8));
    assert_eq!(sandbox.text("tree/a"), "later");
    let run = sandbox.store().run(&id("r1")).unwrap();
    assert_eq!(run.state, UndoRunState::Undone);
    // Nothing needs the backups any more.
    let kept: Vec<_> = sandbox.files("state/undo/r1").into_keys().collect();
    assert_eq!(kept, ["manifest.jsonl"]);
}

#[test]
fn what_changed_since_is_listed_and_nothing_is_done() {
    let sandbox = Sandbox::new();
    let old = before(&sandbox);
    change(&sandbox, "r1");
    sandbox.write("tree/a", "OTHER");
    sandbox.write("tree/large", "larger");
    set_mode(&sandbox.path("tree/b"), 0o700);
    std::fs::remove_file(sandbox.path("tree/inner/c")).unwrap();
    std::fs::remove_file(sandbox.path("tree/empty")).unwrap();
    let now = sandbox.files("tree");
    let mut found = conflicts(undo(&sandbox, "r1"));
    found.sort_by(|left, right| left.0.cmp(&right.0));
    let expected = [
        ("a", ConflictReason::Content),
        (
            "b",
            ConflictReason::Mode {
                left: 0o755,
                got: 0o700,
            },
        ),
        ("c", ConflictReason::Gone),
        ("large", ConflictReason::Size { left: 5, got: 6 }),
    ];
    let expected = expected.map(|(name, reason)| (name.to_owned(), reason));
    assert_eq!(found, expected);
    assert_eq!(sandbox.files("tree"), now);
    // By force everything is put back.
    let report = sandbox.store().undo(&id("r1"), true).unwrap();
    assert_eq!((report.forced.len(), report.left.len()), (4, 0));
    assert_eq!(sandbox.files("tree"), old);
}

#[test]
fn what_is_no_file_any_more_is_never_replaced() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    change(&sandbox, "r1");
    let outside = sandbox.write("outside/f", "theirs");
    std::fs::remove_file(sandbox.path("tree/a")).unwrap();
    symlink(&outside, sandbox.path("tree/a")).unwrap();
    std::fs::remove_file(sandbox.path("tree/empty")).unwrap();
    std::fs::create_dir(sandbox.path("tree/empty")).unwrap();
    // The directory is a way to another place now.
    std::fs::rename(sandbox.path("tree/inner"), sandbox.path("moved")).unwrap();
    symlink(sandbox.path("outside"), sandbox.path("tree/inner")).unwrap();
    sandbox.write("outside/c", "twice");
    assert_eq!(conflicts(undo(&sandbox, "r1")).len(), 6);
    let report = sandbox.store().undo(&id("r1"), true).unwrap();
    assert_eq!(report.left.len(), 6);
    assert_eq!(report.restored.len(), 2);
    assert_eq!(sandbox.text("outside/f"), "theirs");
    assert_eq!(sandbox.text("outside/c"), "twice");
    assert_eq!(sandbox.files("outside").len(), 2);
    // When they can be reached again, the rest is undone.
    std::fs::remove_file(sandbox.path("tree/inner")).unwrap();
    std::fs::rename(sandbox.path("moved"), sandbox.path("tree/inner")).unwrap();
    std::fs::remove_file(sandbox.path("tree/a")).unwrap();
    std::fs::remove_dir(sandbox.path("tree/empty")).unwrap();
    sandbox.store().undo(&id("r1"), true).unwrap();
    assert_eq!(sandbox.text("tree/inner/c"), "inner/c");
    assert_eq!(sandbox.text("tree/a"), "a");
}

#[test]
fn runs_are_undone_one_behind_the_other() {
    let sandbox = Sandbox::new();
    let old = before(&sandbox);
    for (run, text) in [("r1", "1"), ("r2", "2")] {
        let trees = sandbox.trees(run);
        put(&trees, "a", Append, text.as_bytes()).unwrap();
        trees.finish().unwrap();
    }
    assert_eq!(
        conflicts(undo(&sandbox, "r1")),
        [("a".to_owned(), ConflictReason::Size { left: 2, got: 3 })]
    );
    undo(&sandbox, "r2").unwrap();
    assert_eq!(sandbox.text("tree/a"), "a1");
    undo(&sandbox, "r1").unwrap();
    assert_eq!(sandbox.files("tree"), old);
}

/// The same file by two ways: through a link, and below two trees.
#[test]
fn one_file_under_several_names_is_undone_in_order() {
    let sandbox = Sandbox::new();
    let old = before(&sandbox);
    symlink("inner", sandbox.path("tree/way")).unwrap();
    let inner = crate::sandbox::grant(&sandbox.path("tree/inner"));
    let trees = sandbox.open(&[sandbox.grant(), inner], "r1").unwrap();
    put(&trees, "inner/c", Replace, b"1").unwrap();
    put(&trees, "way/c", Append, b"2").unwrap();
    let mut writer = trees.create(1, Path::new("c"), Append).unwrap();
    writer.write(b"3").unwrap();
    writer.commit().unwrap();
    assert_eq!(sandbox.text("tree/inner/c"), "123");
    trees.finish().unwrap();
    undo(&sandbox, "r1").unwrap();
    assert_eq!(sandbox.files("tree"), old);
}

#[test]
fn a_capsule_undoes_only_below_its_own_trees() {
    let sandbox = Sandbox::new();
    let old = before(&sandbox);
    change(&sandbox, "r1");
    let mut read_only = sandbox.grant();
    (read_only.write, read_only.append) = (false, false);
    let inner = crate::sandbox::grant(&sandbox.path("tree/inner"));
    let elsewhere = crate::sandbox::grant(&sandbox.path("outside"));
    let trees = sandbox.open(&[read_only, inner, elsewhere], "r2").unwrap();
    let error = trees.undo(&id("r1")).unwrap_err();
    assert_eq!(error.kind(), EffectKind::Refused, "{error}");
    assert_ne!(sandbox.files("tree"), old);
    let above = crate::sandbox::grant(&sandbox.path("tree"));
    let trees = sandbox.open(&[above], "r3").unwrap();
    assert_eq!(
        trees.undo(&id("nobody")).unwrap_err().kind(),
        EffectKind::NotFound
    );
    trees.undo(&id("r1")).unwrap();
    assert_eq!(sandbox.files("tree"), old);
}

#[test]
fn a_run_that_goes_on_cannot_be_undone() {
    let sandbox = Sandbox::new();
    let trees = sandbox.trees("r1");
    put(&trees, "a", New, b"x").unwrap();
    assert!(matches!(
        undo(&sandbox, "r1"),
        Err(UndoError::Running { .. })
    ));
    assert!(matches!(
        trees.undo(&id("r1")),
        Err(tenzik_gate::FileError::Undo(UndoError::Running { .. }))
    ));
    assert_eq!(
        sandbox.store().run(&id("r1")).unwrap().state,
        UndoRunState::Running
    );
    // Another run does not clean up behind it.
    let writer = trees.create(0, Path::new("b"), New).unwrap();
    put(&sandbox.trees("r2"), "c", New, b"x").unwrap();
    writer.commit().unwrap();
    trees.finish().unwrap();
    undo(&sandbox, "r1").unwrap();
    assert!(matches!(
        sandbox.trees("r1").create(0, Path::new("d"), New),
        Err(tenzik_gate::FileError::Undo(UndoError::RunExists { .. }))
    ));
}

#[test]
fn the_store_lists_its_runs() {
    let sandbox = Sandbox::new();
    assert!(sandbox.store().list().unwrap().is_empty());
    assert!(matches!(undo(&sandbox, "r1"), Err(UndoError::NoRun { .. })));
    before(&sandbox);
    change(&sandbox, "r1");
    let trees = sandbox.trees("r2");
    put(&trees, "a", Replace, b"x").unwrap();
    drop(trees);
    std::fs::create_dir(sandbox.path("state/undo/broken")).unwrap();
    sandbox.write("state/undo/broken/manifest.jsonl", "{}\n");
    sandbox.write("state/undo/broken/open", "");
    let runs = sandbox.store().list().unwrap();
    let states: std::collections::BTreeMap<String, &str> = runs
        .iter()
        .flatten()
        .map(|run| (run.run.to_string(), run.state.name()))
        .collect();
    assert_eq!(states["r1"], "ended");
    assert_eq!(states["r2"], "interrupted");
    assert_eq!((states.len(), runs.len()), (2, 3));
    let run = sandbox.store().run(&id("r1")).unwrap();
    assert_eq!((run.changes.len(), run.changes[5].created), (8, true));
    assert_eq!(run.changes[5].path, Path::new("inner/new\n%\u{e9}"));
    assert!(run.backup_bytes > 300_000);
    assert!(matches!(
        undo(&sandbox, "nobody"),
        Err(UndoError::NoRun { .. })
    ));
}

/// A manifest that tenzik did not write changes nothing.
#[test]
fn a_broken_manifest_is_an_error_with_its_line() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    change(&sandbox, "r1");
    let good = sandbox.text("state/undo/r1/manifest.jsonl");
    let (files, tree) = (sandbox.files("tree"), sandbox.path("tree"));
    let line = |number: usize| good.lines().nth(number - 1).unwrap().to_owned() + "\n";
    let cases: Vec<(u64, String)> = vec![
        (1, "\n".to_owned()),
        (1, line(2)),
        (1, good.replace("\"version\":1", "\"version\":2")),
        (1, good.replace("\"run\":\"r1\"", "\"run\":\"r2\"")),
        (1, good.replace("\"run\":\"r1\"", "\"run\":\"../r1\"")),
        (1, good.replace("\"run\":\"r1\"", "\"run\":\"r1\",\"x\":1")),
        (2, good.replacen("\"seq\":1", "\"seq\":2", 1)),
        (2, good.replacen("\"path\":\"a\"", "\"path\":\"../a\"", 1)),
        (2, good.replacen("\"path\":\"a\"", "\"path\":\"%0\"", 1)),
        (2, good.replacen(tree.to_str().unwrap(), "tree", 1)),
        (3, good.replacen("\"blake3\":\"", "\"blake3\":\"x", 1)),
        (2, line(1) + &line(1)),
        (2, line(1) + &line(3)),
        (4, line(1) + &line(2) + &line(3) + &line(3)),
        (
            5,
            line(1) + &line(2) + &line(3) + &line(4) + "{\"record\":\"void\",\"seq\":1}\n",
        ),
        (2, line(1) + &"x".repeat(40_000)),
        (2, line(1) + "\u{0}\n"),
    ];
    for (expected, text) in cases {
        sandbox.write("state/undo/r1/manifest.jsonl", &text);
        match undo(&sandbox, "r1") {
            Err(UndoError::Broken { line, .. }) => assert_eq!(line, expected, "{text:.300}"),
            other => panic!("{text:.300}: {other:?}"),
        }
        assert_eq!(sandbox.files("tree"), files);
    }
    // Cut anywhere, it is a shorter run or an error, and never a wrong undo.
    let old_content = "a";
    for end in 0..line(1).len() + line(2).len() + line(3).len() {
        sandbox.write("state/undo/r1/manifest.jsonl", &good[..end]);
        let ended = undo(&sandbox, "r1");
        if end < line(1).len() {
            assert!(
                matches!(ended, Err(UndoError::NoRun { .. })),
                "{end}: {ended:?}"
            );
        } else {
            assert_eq!(ended.unwrap().restored.len(), 0, "{end}");
        }
        assert_ne!(sandbox.text("tree/a"), old_content);
    }
}

/// Whatever stands in a manifest, reading it ends.
#[test]
fn a_manifest_with_any_byte_changed_is_read_or_refused() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    change(&sandbox, "r1");
    let good = sandbox.read("state/undo/r1/manifest.jsonl");
    let mut refused = 0;
    for index in 0..good.len() {
        for byte in [0, b'\n', b'"', b'%', b'9', good[index] ^ 0x80] {
            let mut bad = good.clone();
            bad[index] = byte;
            sandbox.write("state/undo/r1/manifest.jsonl", &bad);
            if sandbox.store().run(&id("r1")).is_err() {
                refused += 1;
            }
        }
    }
    assert!(refused > good.len(), "{refused} of {}", 6 * good.len());
}

#[test]
fn a_damaged_backup_is_not_put_back() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/a", "old");
    let trees = sandbox.trees("r1");
    put(&trees, "a", Replace, b"new").unwrap();
    trees.finish().unwrap();
    sandbox.write("state/undo/r1/1.before", "OLD");
    for force in [false, true] {
        let error = sandbox.store().undo(&id("r1"), force).unwrap_err();
        assert!(matches!(error, UndoError::BackupDamaged { .. }), "{error}");
        assert_eq!(sandbox.text("tree/a"), "new");
        assert_eq!(sandbox.files("tree").len(), 1);
    }
}

#[test]
fn the_oldest_runs_make_room() {
    let sandbox = Sandbox::new();
    for number in 0..tenzik_gate::RUNS_MAX + 3 {
        let directory = sandbox.path(&format!("state/undo/old{number}"));
        std::fs::create_dir_all(&directory).unwrap();
        let line = format!(
            "{{\"record\":\"run\",\"format\":\"tenzik-undo\",\"version\":1,\"run\":\"old{number}\"}}\n"
        );
        let manifest = directory.join("manifest.jsonl");
        std::fs::write(&manifest, line).unwrap();
        let time =
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + number as u64);
        std::fs::File::options()
            .append(true)
            .open(manifest)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    sandbox.write("state/undo/notes.txt", "of a person");
    put(&sandbox.trees("new"), "a", New, b"x").unwrap();
    let runs: Vec<String> = sandbox
        .store()
        .list()
        .unwrap()
        .iter()
        .flatten()
        .map(|run| run.run.to_string())
        .collect();
    assert_eq!(runs.len(), tenzik_gate::RUNS_MAX);
    assert_eq!(
        (runs[0].as_str(), runs.last().unwrap().as_str()),
        ("new", "old4")
    );
    assert_eq!(sandbox.text("state/undo/notes.txt"), "of a person");
}

/// A file of more than a run may back up is not changed: sparse here, so the disk does not matter.
#[test]
fn what_cannot_be_backed_up_is_not_changed() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("tree/huge", "");
    let huge = tenzik_gate::RUN_BACKUP_BYTES_MAX + 1;
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(huge)
        .unwrap();
    let trees = sandbox.trees("r1");
    let error = put(&trees, "huge", Replace, b"x").unwrap_err();
    assert_eq!(error.kind(), EffectKind::Exceeded, "{error}");
    assert!(error.to_string().contains(&huge.to_string()), "{error}");
    assert_eq!(path.metadata().unwrap().len(), huge);
    assert_eq!(sandbox.files("state/undo/r1").len(), 2);
    put(&trees, "small", New, b"x").unwrap();
    trees.finish().unwrap();
}
