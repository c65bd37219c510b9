//! A disk without room, and one that cannot be written: errors, and nothing half done.

use std::path::Path;
use std::process::Command;

use tenzik_gate::{EffectKind, UndoStore, WriteMode};

use crate::sandbox::{Sandbox, grant, id, not_tested, put};

/// Set for a process in a mount namespace: the sandbox, with a full disk in `disk`.
const ROLE: &str = "TENZIK_TEST_FULL_DISK";

/// What a process in the namespace does. It is this test, started by the other with [`ROLE`].
#[test]
fn a_process_with_a_full_disk() {
    let Some(root) = std::env::var_os(ROLE) else {
        return;
    };
    let root = Path::new(&root);
    full_tree(root);
    full_store(root);
    full_artifacts(root);
}

/// The tree is full, the store is not.
fn full_tree(root: &Path) {
    let (tree, state) = (root.join("disk/tree"), root.join("state1"));
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("f"), "old").unwrap();
    let trees = tenzik_gate::FileTrees::open(&[grant(&tree)], &id("r1"), &state, &[]).unwrap();
    for mode in [WriteMode::Replace, WriteMode::Append] {
        let mut writer = trees.create(0, Path::new("f"), mode).unwrap();
        let error = writer.write(&vec![1; 8 << 20]).unwrap_err();
        assert_eq!(error.kind(), EffectKind::Io);
        assert!(error.to_string().contains("No space left"), "{error}");
        // What is half there cannot be committed.
        assert!(writer.write(b"x").is_err());
        assert!(writer.commit().is_err());
        assert_eq!(std::fs::read(tree.join("f")).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(&tree).unwrap().count(), 1);
    }
    // There is room again, and the run goes on.
    put(&trees, "f", WriteMode::Append, b" and new").unwrap();
    trees.finish().unwrap();
    UndoStore::new(&state).undo(&id("r1"), false).unwrap();
    assert_eq!(std::fs::read(tree.join("f")).unwrap(), b"old");
}

/// The store is full, the tree is not: without a backup nothing changes.
fn full_store(root: &Path) {
    let (tree, state) = (root.join("tree"), root.join("disk/state"));
    let large = vec![7; 8 << 20];
    std::fs::write(tree.join("large"), &large).unwrap();
    let trees = tenzik_gate::FileTrees::open(&[grant(&tree)], &id("r1"), &state, &[]).unwrap();
    let error = put(&trees, "large", WriteMode::Replace, b"new").unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(std::fs::read(tree.join("large")).unwrap(), large);
    // The backup that did not fit is gone or stays until the run is forgotten; either way the
    // rest of the run is refused or complete, and can be undone.
    let _ = put(&trees, "small", WriteMode::New, b"new");
    let names = || {
        let names = std::fs::read_dir(&tree)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.filter(|name| name != "inner").collect();
        names.sort();
        names
    };
    assert!(
        names()
            .iter()
            .all(|name| name == "large" || name == "small"),
        "{:?}",
        names()
    );
    drop(trees);
    UndoStore::new(&state).undo(&id("r1"), false).unwrap();
    assert_eq!(names(), ["large"]);
    std::fs::remove_dir_all(&state).unwrap();
}

fn full_artifacts(root: &Path) {
    let directory = root.join("disk/artifacts");
    let grant = tenzik_policy::ArtifactGrant {
        bytes_max: u64::MAX,
        count_max: 10,
        origin: tenzik_policy::Origin::default(),
    };
    let artifacts = tenzik_gate::Artifacts::new(&directory, &id("r1"), &grant);
    let mut writer = artifacts.create(b"a").unwrap();
    let error = writer.write(&vec![1; 8 << 20]).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert!(writer.commit().is_err());
    let mut writer = artifacts.create(b"a").unwrap();
    writer.write(b"small").unwrap();
    writer.commit().unwrap();
    assert_eq!(artifacts.committed().len(), 1);
}

#[test]
fn a_full_disk_leaves_nothing_half_done() {
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
            "undo::full_disk::a_process_with_a_full_disk",
            "--nocapture",
        ])
        .env(ROLE, sandbox.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{error}"
    );
}
