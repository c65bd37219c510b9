//! What the files of a directory look like from outside, to notice that one has changed.
//!
//! A snapshot is taken by looking, not by asking the system to be told: that works on every file
//! system, needs no watch for each directory, and its cost is bounded.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The most files and directories that are looked at.
const ENTRIES_MAX: usize = 20_000;
/// The deepest directory, below the first.
const DEPTH_MAX: usize = 32;

/// What builds make, or what they take from elsewhere. Names that begin with a dot are skipped too.
const SKIPPED: [&str; 4] = ["target", "node_modules", "zig-out", "Cargo.lock"];

/// Names, sizes and times of all sources below a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, Mark>);

/// What changes when a file does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    modified: Option<SystemTime>,
    size: u64,
    /// The time of the last change of the file's attributes, and its number: a rename over a file
    /// keeps times.
    #[cfg(unix)]
    change: (i64, i64, u64),
}

/// There is more below the directory than a capsule has.
#[derive(Debug, thiserror::Error)]
#[error("{directory} has more than {entries_max} files; name the directory of one capsule")]
pub struct SnapshotError {
    /// The directory.
    pub directory: String,
    /// The most files that are looked at.
    pub entries_max: usize,
}

impl Snapshot {
    /// Looks at `source`, a file or a directory with everything below it. Skipped are hidden
    /// files, modules (`.wasm`), `target`, `node_modules`, `zig-out`, `Cargo.lock`, caches (a
    /// directory with a `CACHEDIR.TAG`) and the files `made`; links to directories are not
    /// followed. What cannot be read counts as absent.
    ///
    /// # Errors
    /// [`SnapshotError`] if there are too many files.
    pub fn take(source: &Path, made: &[PathBuf]) -> Result<Snapshot, SnapshotError> {
        Snapshot::take_at_most(source, made, ENTRIES_MAX)
    }

    fn take_at_most(
        source: &Path,
        made: &[PathBuf],
        entries_max: usize,
    ) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::default();
        // The same file has many paths. One that is not there yet is not found below either.
        let made: Vec<PathBuf> = made
            .iter()
            .filter_map(|path| path.canonicalize().ok())
            .collect();
        if let Ok(metadata) = fs::metadata(source)
            && metadata.is_file()
        {
            snapshot.0.insert(source.to_owned(), Mark::of(&metadata));
            return Ok(snapshot);
        }
        let mut seen = 0;
        let mut waiting = vec![(source.to_owned(), 0)];
        while let Some((directory, depth)) = waiting.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if is_skipped(&path) || is_one_of(&path, &made) {
                    continue;
                }
                seen += 1;
                if seen > entries_max {
                    return Err(SnapshotError {
                        directory: source.display().to_string(),
                        entries_max,
                    });
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    // https://bford.info/cachedir/
                    if depth < DEPTH_MAX && !path.join("CACHEDIR.TAG").exists() {
                        waiting.push((path, depth + 1));
                    }
                } else if let Ok(metadata) = fs::metadata(&path)
                    && metadata.is_file()
                {
                    snapshot.0.insert(path, Mark::of(&metadata));
                }
            }
        }
        Ok(snapshot)
    }
}

impl Mark {
    fn of(metadata: &Metadata) -> Mark {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Mark {
            modified: metadata.modified().ok(),
            size: metadata.len(),
            #[cfg(unix)]
            change: (metadata.ctime(), metadata.ctime_nsec(), metadata.ino()),
        }
    }
}

fn is_one_of(path: &Path, made: &[PathBuf]) -> bool {
    let mut names = made.iter().map(|made| made.file_name());
    names.any(|name| name == path.file_name())
        && path.canonicalize().is_ok_and(|path| made.contains(&path))
}

fn is_skipped(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let by_name = name.is_some_and(|name| name.starts_with('.') || SKIPPED.contains(&name));
    by_name || path.extension().is_some_and(|end| end == "wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(directory: &Path) -> Snapshot {
        Snapshot::take(directory, &[directory.join("src/../out")]).unwrap()
    }

    #[test]
    fn sources_count_and_what_builds_make_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let write = |path: &str, content: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("src/a.c", "one");
        let first = take(root);
        assert_eq!(first, take(root));
        for made in [
            "out",
            "a.wasm",
            "target/x",
            "src/target/x",
            "node_modules/x/y",
            ".git/index",
            "cache/CACHEDIR.TAG",
            "cache/more",
            "Cargo.lock",
        ] {
            write(made, "made");
            assert_eq!(first, take(root), "{made}");
        }
        write("src/a.c", "two");
        let second = take(root);
        assert_ne!(first, second);
        write("src/b.c", "");
        assert_ne!(second, take(root));
        fs::remove_file(root.join("src/b.c")).unwrap();
        assert_eq!(second, take(root));
        assert_eq!(take(&root.join("absent")), Snapshot::default());
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_ends() {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(directory.path(), directory.path().join("self")).unwrap();
        fs::write(directory.path().join("a"), "").unwrap();
        assert_eq!(take(directory.path()).0.len(), 1);
    }

    #[test]
    fn too_many_files_are_an_error() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        assert!(Snapshot::take_at_most(directory.path(), &[], 3).is_ok());
        let error = Snapshot::take_at_most(directory.path(), &[], 2).unwrap_err();
        assert!(error.to_string().contains("more than 2 files"), "{error}");
    }
}
