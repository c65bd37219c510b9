//! Files of tenzik's own below granted trees.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tenzik_gate::{EffectKind, FileError, FileTrees, WriteMode};

use crate::sandbox::{Sandbox, grant, id};

/// A tree with files of tenzik's own in it.
fn sandbox() -> (Sandbox, Vec<PathBuf>) {
    let sandbox = Sandbox::new();
    for directory in ["tree/.config/tenzik/deep", "tree/other"] {
        std::fs::create_dir_all(sandbox.path(directory)).unwrap();
    }
    sandbox.write("tree/.config/tenzik/node.pem", "key");
    sandbox.write("tree/.config/tenzik/deep/key", "key");
    sandbox.write("tree/runs.db", "rows");
    sandbox.write("tree/other/a", "mine");
    symlink("../.config", sandbox.path("tree/other/link")).unwrap();
    std::fs::hard_link(
        sandbox.path("tree/runs.db"),
        sandbox.path("tree/other/hard"),
    )
    .unwrap();
    let own = [".config/tenzik", "runs.db", "runs.db-wal", "runs.db.store"];
    let own = own.map(|name| sandbox.path("tree").join(name));
    (sandbox, own.to_vec())
}

fn open(sandbox: &Sandbox, tree: &Path, protected: &[PathBuf]) -> FileTrees {
    let grants = [grant(tree)];
    FileTrees::open(&grants, &id("r1"), &sandbox.path("state"), protected).unwrap()
}

#[test]
fn files_of_tenziks_own_are_neither_read_nor_written() {
    let (sandbox, own) = sandbox();
    let below = |name: &str| sandbox.path("tree").join(name);
    for (tree, path) in [
        ("", ".config/tenzik/node.pem"),
        ("", ".config/tenzik/deep/key"),
        ("", "other/link/tenzik/node.pem"),
        ("", ".config/tenzik/new"),
        ("", "runs.db"),
        ("", "runs.db-wal"),
        ("", "other/hard"),
        (".config", "tenzik/node.pem"),
        (".config/tenzik", "node.pem"),
        (".config/tenzik/deep", "key"),
    ] {
        let trees = open(&sandbox, &below(tree), &own);
        let read = trees.read(0, Path::new(path)).unwrap_err();
        let written = trees.create(0, Path::new(path), WriteMode::Replace);
        for error in [read, written.unwrap_err()] {
            assert!(
                matches!(error, FileError::Protected { .. }),
                "{path}: {error}"
            );
            assert_eq!(error.kind(), EffectKind::Refused);
        }
    }
    assert_eq!(sandbox.text("tree/runs.db"), "rows");
}

#[test]
fn a_tree_around_files_of_tenziks_own_stays_usable() {
    let (sandbox, own) = sandbox();
    let trees = open(&sandbox, &sandbox.path("tree"), &own);
    assert_eq!(trees.read(0, Path::new("other/a")).unwrap().size(), 4);
    for path in ["other/new", "runs.db.txt", ".config/new"] {
        let mut writer = trees.create(0, Path::new(path), WriteMode::New).unwrap();
        writer.write(b"new").unwrap();
        writer.commit().unwrap();
    }
    trees.finish().unwrap();
}
