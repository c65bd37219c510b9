//! Writing: atomic, bounded, and inside of the tree.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tenzik_gate::{EffectKind, FileError, WriteMode};

use crate::sandbox::{Sandbox, put, set_mode};

use WriteMode::{Append, New, Replace};

#[test]
fn a_file_is_there_when_it_is_committed() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/old", "old");
    let trees = sandbox.trees("r1");
    let mut writer = trees.create(0, Path::new("old"), Replace).unwrap();
    writer.write(b"new ").unwrap();
    writer.write(b"content").unwrap();
    assert_eq!(sandbox.text("tree/old"), "old");
    let committed = writer.commit().unwrap();
    assert_eq!((committed.bytes, committed.created), (11, false));
    assert_eq!(committed.digest, blake3::hash(b"new content"));
    assert_eq!(sandbox.text("tree/old"), "new content");

    let committed = put(&trees, "inner/made", New, b"x").unwrap();
    assert!(committed.created);
    assert_eq!(sandbox.text("tree/inner/made"), "x");
    assert!(put(&trees, "empty", Replace, b"").unwrap().created);
    let names: Vec<_> = sandbox.files("tree").into_keys().collect();
    assert_eq!(names, ["empty", "inner/made", "old"]);
    trees.finish().unwrap();
}

#[test]
fn what_is_not_committed_never_happened() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/f", "old");
    let trees = sandbox.trees("r1");
    for mode in [Replace, Append] {
        let mut writer = trees.create(0, Path::new("f"), mode).unwrap();
        writer.write(b"lost").unwrap();
        assert_eq!(sandbox.files("tree").len(), 2);
        drop(writer);
    }
    drop(trees.create(0, Path::new("g"), New).unwrap());
    trees.finish().unwrap();
    let names: Vec<_> = sandbox.files("tree").into_keys().collect();
    assert_eq!(names, ["f"]);
    assert_eq!(sandbox.text("tree/f"), "old");
}

#[test]
fn a_new_file_replaces_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/f", "old");
    symlink("nowhere", sandbox.path("tree/link")).unwrap();
    let trees = sandbox.trees("r1");
    for path in ["f", "link", "inner"] {
        let error = trees.create(0, Path::new(path), New).unwrap_err();
        assert_eq!(error.kind(), EffectKind::AlreadyExists, "{path}");
    }
    // It may appear after the first look, too.
    let mut writer = trees.create(0, Path::new("late"), New).unwrap();
    writer.write(b"mine").unwrap();
    sandbox.write("tree/late", "theirs");
    assert_eq!(
        writer.commit().unwrap_err().kind(),
        EffectKind::AlreadyExists
    );
    assert_eq!(sandbox.text("tree/late"), "theirs");
    assert_eq!(sandbox.text("tree/f"), "old");
}

#[test]
fn appending_keeps_what_is_there_and_what_came_in_between() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/log", "1\n");
    let trees = sandbox.trees("r1");
    let mut first = trees.create(0, Path::new("log"), Append).unwrap();
    let mut second = trees.create(0, Path::new("log"), Append).unwrap();
    first.write(b"2\n").unwrap();
    second.write(b"3\n").unwrap();
    std::fs::write(sandbox.path("tree/log"), "1\nother\n").unwrap();
    let committed = second.commit().unwrap();
    first.commit().unwrap();
    assert_eq!(sandbox.text("tree/log"), "1\nother\n3\n2\n");
    assert_eq!(committed.digest, blake3::hash(b"1\nother\n3\n"));
    put(&trees, "fresh", Append, b"x").unwrap();
    assert_eq!(sandbox.text("tree/fresh"), "x");

    let mut grant = sandbox.grant();
    grant.write = false;
    let trees = sandbox.open(&[grant], "r2").unwrap();
    put(&trees, "log", Append, b"4\n").unwrap();
    assert!(sandbox.text("tree/log").ends_with("2\n4\n"));
    let error = put(&trees, "none", Append, b"").unwrap_err();
    assert_eq!(error.kind(), EffectKind::NotFound);
    let error = put(&trees, "log", Replace, b"").unwrap_err();
    assert!(
        error.to_string().contains("does not grant write"),
        "{error}"
    );
}

#[test]
fn of_two_writers_the_last_commit_stays() {
    let sandbox = Sandbox::new();
    let trees = sandbox.trees("r1");
    let mut first = trees.create(0, Path::new("f"), Replace).unwrap();
    let mut second = trees.create(0, Path::new("f"), Replace).unwrap();
    first.write(b"first").unwrap();
    second.write(b"second").unwrap();
    second.commit().unwrap();
    assert_eq!(sandbox.text("tree/f"), "second");
    first.commit().unwrap();
    assert_eq!(sandbox.text("tree/f"), "first");
    trees.finish().unwrap();
    sandbox
        .store()
        .undo(&crate::sandbox::id("r1"), false)
        .unwrap();
    assert!(sandbox.files("tree").is_empty());
}

#[test]
fn quotas_count_bytes_and_files_of_a_run() {
    let sandbox = Sandbox::new();
    let mut grant = sandbox.grant();
    (grant.bytes_max, grant.files_max) = (10, 2);
    let trees = sandbox.open(&[grant.clone()], "r1").unwrap();
    let mut writer = trees.create(0, Path::new("a"), Replace).unwrap();
    writer.write(b"123456").unwrap();
    let error = writer.write(b"12345").unwrap_err();
    assert_eq!(error.kind(), EffectKind::Exceeded);
    let text = error.to_string();
    for part in ["10 bytes", "6 are used", "5 more", "`bytes`", "[[files]]"] {
        assert!(text.contains(part), "{text}");
    }
    // Nothing of the refused piece is in the file, and the rest of the quota is usable.
    writer.write(b"7890").unwrap();
    writer.commit().unwrap();
    assert_eq!(sandbox.text("tree/a"), "1234567890");
    assert_eq!(
        put(&trees, "b", New, b"1").unwrap_err().kind(),
        EffectKind::Exceeded
    );
    let error = trees.create(0, Path::new("c"), New).unwrap_err();
    assert!(error.to_string().contains("2 files"), "{error}");
    drop(trees);
    // Another run has its own quota, and huge ones do not overflow.
    (grant.bytes_max, grant.files_max) = (u64::MAX, u64::MAX);
    let trees = sandbox.open(&[grant], "r2").unwrap();
    put(&trees, "b", New, b"1").unwrap();
}

#[test]
fn modes_and_owners_are_kept() {
    let sandbox = Sandbox::new();
    for (name, mode) in [("a", 0o600), ("b", 0o644), ("c", 0o755), ("d", 0o4711)] {
        set_mode(&sandbox.write(&format!("tree/{name}"), "old"), mode);
    }
    let trees = sandbox.trees("r1");
    for (name, mode) in [("a", 0o600), ("b", 0o644), ("c", 0o755), ("d", 0o711)] {
        let mut writer = trees.create(0, Path::new(name), Replace).unwrap();
        writer.write(b"new").unwrap();
        let temporary = sandbox.files("tree").into_iter();
        let mut temporary = temporary.filter(|(name, _)| name.to_str().unwrap().contains("temp"));
        assert_eq!(temporary.next().unwrap().1.0, 0o600);
        writer.commit().unwrap();
        assert_eq!(
            sandbox.files("tree")[&std::ffi::OsString::from(name)].0,
            mode,
            "{name}"
        );
    }
    let plain = sandbox.write("tree/plain", "");
    put(&trees, "made", New, b"").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().mode();
    assert_eq!(mode(&sandbox.path("tree/made")), mode(&plain));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&plain, Some(12), Some(34)).unwrap();
        put(&trees, "plain", Append, b"x").unwrap();
        let metadata = plain.metadata().unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12, 34));
    }
}

/// A hard link may be the second name of a file outside: that one is never written.
#[test]
fn nothing_is_written_through_a_hard_link() {
    let sandbox = Sandbox::new();
    let outside = sandbox.write("outside/f", "theirs");
    for (name, mode) in [("a", Replace), ("b", Append)] {
        std::fs::hard_link(&outside, sandbox.path("tree").join(name)).unwrap();
        put(&sandbox.trees(&format!("r{name}")), name, mode, b"mine").unwrap();
    }
    assert_eq!(sandbox.text("outside/f"), "theirs");
    assert_eq!(sandbox.text("tree/a"), "mine");
    assert_eq!(sandbox.text("tree/b"), "theirsmine");
}

#[test]
fn nothing_but_regular_files_is_written() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.path("tree/fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    sandbox.write("outside/f", "theirs");
    symlink(sandbox.path("outside/f"), sandbox.path("tree/leak")).unwrap();
    symlink(sandbox.path("outside/new"), sandbox.path("tree/dangling")).unwrap();
    symlink(sandbox.path("outside"), sandbox.path("tree/way")).unwrap();
    let trees = sandbox.trees("r1");
    let cases = [
        "fifo",
        "leak",
        "dangling",
        "way/f",
        "way/new",
        "inner",
        "../outside/f",
        "/tmp/f",
        ".tenzik-temp-r1-1-new",
    ];
    for path in cases {
        for mode in [Replace, Append] {
            let error = put(&trees, path, mode, b"mine").unwrap_err();
            assert_eq!(error.kind(), EffectKind::Refused, "{path}: {error}");
        }
    }
    assert_eq!(
        put(&trees, "none/f", New, b"").unwrap_err().kind(),
        EffectKind::NotFound
    );
    assert_eq!(sandbox.files("outside").len(), 1);
    assert_eq!(sandbox.text("outside/f"), "theirs");
}

/// A file that turns into a link or a FIFO before the commit is not followed.
#[test]
fn a_target_that_is_swapped_before_the_commit_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("outside/f", "theirs");
    let path = sandbox.write("tree/f", "old");
    let trees = sandbox.trees("r1");
    for mode in [Replace, Append] {
        let mut writer = trees.create(0, Path::new("f"), mode).unwrap();
        writer.write(b"mine").unwrap();
        std::fs::remove_file(&path).unwrap();
        symlink(sandbox.path("outside/f"), &path).unwrap();
        assert!(matches!(writer.commit(), Err(FileError::NotRegular { .. })));
        std::fs::remove_file(&path).unwrap();
        sandbox.write("tree/f", "old");
    }
    assert_eq!(sandbox.text("outside/f"), "theirs");
    assert_eq!(sandbox.files("tree").len(), 1);
}

/// A replaced file would lose them without a word.
#[test]
fn files_with_extended_attributes_are_left_alone() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("tree/f", "old");
    let flags = rustix::fs::XattrFlags::empty();
    if let Err(errno) = rustix::fs::setxattr(&path, "user.note", b"x", flags) {
        crate::sandbox::not_tested(&format!("no extended attributes here: {errno}"));
        return;
    }
    let trees = sandbox.trees("r1");
    let error = put(&trees, "f", Replace, b"new").unwrap_err();
    assert!(matches!(error, FileError::Attributes { .. }), "{error}");
    assert_eq!(sandbox.text("tree/f"), "old");
}

/// A directory that gives its files an access control list gives none to a replaced file.
#[test]
fn a_replaced_file_gets_no_access_control_list() {
    let sandbox = Sandbox::new();
    sandbox.write("tree/inner/f", "old");
    // A list of version 2: owner rwx, user 12345 rwx, group r-x, mask rwx, others r-x.
    let entry = |tag: u16, rights: u16, id: u32| {
        [
            &tag.to_le_bytes()[..],
            &rights.to_le_bytes(),
            &id.to_le_bytes(),
        ]
        .concat()
    };
    let entries = [
        2u32.to_le_bytes().to_vec(),
        entry(1, 7, u32::MAX),
        entry(2, 7, 12345),
        entry(4, 5, u32::MAX),
        entry(16, 7, u32::MAX),
        entry(32, 5, u32::MAX),
    ];
    let (flags, list) = (rustix::fs::XattrFlags::empty(), entries.concat());
    let inner = sandbox.path("tree/inner");
    if let Err(errno) = rustix::fs::setxattr(&inner, "system.posix_acl_default", &list, flags) {
        crate::sandbox::not_tested(&format!("no access control lists here: {errno}"));
        return;
    }
    let has_list = |name: &str| {
        let path = sandbox.path(name);
        rustix::fs::getxattr_query(&path, "system.posix_acl_access").is_ok()
    };
    let before = sandbox.files("tree");
    let trees = sandbox.trees("r1");
    put(&trees, "inner/f", Replace, b"new").unwrap();
    assert!(!has_list("tree/inner/f"));
    put(&trees, "inner/made", New, b"new").unwrap();
    assert!(has_list("tree/inner/made"));
    trees.finish().unwrap();
    sandbox
        .store()
        .undo(&crate::sandbox::id("r1"), false)
        .unwrap();
    assert_eq!(sandbox.files("tree"), before);
    assert!(!has_list("tree/inner/f"));
}

/// The directory may be moved while a file in it is written: it stays where the directory is.
#[test]
fn a_writer_stays_in_its_directory() {
    let sandbox = Sandbox::new();
    let trees = sandbox.trees("r1");
    let mut writer = trees.create(0, Path::new("inner/f"), New).unwrap();
    writer.write(b"x").unwrap();
    std::fs::rename(sandbox.path("tree/inner"), sandbox.path("tree/moved")).unwrap();
    symlink(sandbox.path("outside"), sandbox.path("tree/inner")).unwrap();
    writer.commit().unwrap();
    assert_eq!(sandbox.text("tree/moved/f"), "x");
    assert!(sandbox.files("outside").is_empty());
}
