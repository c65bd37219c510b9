//! A private place for each test.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tenzik_gate::{FileError, FileTrees, RunId, UndoStore, WriteMode};
use tenzik_policy::{FileTree, Origin};

/// A granted directory `tree`, a directory `outside` of it and a state directory.
pub(crate) struct Sandbox {
    directory: TempDir,
}

/// Names, modes and contents of the files in a directory.
pub(crate) type Files = BTreeMap<OsString, (u32, Vec<u8>)>;

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let directory = TempDir::new().unwrap();
        for name in ["tree", "outside", "tree/inner"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        Sandbox { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// A grant of everything in `tree`, without narrow quotas.
    pub(crate) fn grant(&self) -> FileTree {
        grant(&self.path("tree"))
    }

    pub(crate) fn store(&self) -> UndoStore {
        UndoStore::new(&self.path("state"))
    }

    pub(crate) fn open(&self, grants: &[FileTree], run: &str) -> Result<FileTrees, FileError> {
        FileTrees::open(grants, &id(run), &self.path("state"), &[])
    }

    /// The tree `tree`, with everything granted, for the run `run`.
    pub(crate) fn trees(&self, run: &str) -> FileTrees {
        self.open(&[self.grant()], run).unwrap()
    }

    /// What is in the directory `name` and its directories.
    pub(crate) fn files(&self, name: &str) -> Files {
        let mut files = Files::new();
        collect(&self.path(name), Path::new(""), &mut files);
        files
    }
}

fn collect(directory: &Path, below: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), below.join(entry.file_name()));
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            collect(&path, &name, files);
        } else if metadata.is_file() {
            let mode = metadata.permissions().mode() & 0o7777;
            let content = std::fs::read(path).unwrap();
            files.insert(name.into_os_string(), (mode, content));
        }
    }
}

pub(crate) fn grant(path: &Path) -> FileTree {
    FileTree {
        path: path.to_owned(),
        read: true,
        write: true,
        append: true,
        bytes_max: 1 << 30,
        files_max: 10_000,
        origin: Origin::default(),
    }
}

pub(crate) fn id(run: &str) -> RunId {
    run.parse().unwrap()
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

/// Writes a file through the gate.
pub(crate) fn put(
    trees: &FileTrees,
    path: impl AsRef<Path>,
    mode: WriteMode,
    bytes: &[u8],
) -> Result<tenzik_gate::Committed, FileError> {
    let mut writer = trees.create(0, path.as_ref(), mode)?;
    writer.write(bytes)?;
    writer.commit()
}

/// Says that something is not tested; fails in CI.
pub(crate) fn not_tested(why: &str) {
    use std::io::Write as _;
    // Past the test harness, which keeps what a passing test prints.
    let _ = writeln!(std::io::stderr().lock(), "NOT TESTED: {why}");
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "{why}");
}
