//! The runs in the undo store.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;

use crate::files::{TreePath, open_parent, open_tree};
use crate::lock::Locked;
use crate::run_id::RunId;

use super::error::UndoError;
use super::journal::{Journal, StoreLock, TempRole};
use super::manifest::{ChangeState, Manifest};

/// Most bytes of all backups of one run. A change that needs more is not made.
pub const RUN_BACKUP_BYTES_MAX: u64 = 1 << 30;
/// Most bytes of the list of changes of one run.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Runs that are kept. A new run removes the oldest ones before it begins.
pub const RUNS_MAX: usize = 256;
/// Bytes of ended runs that are kept when a new run begins; the oldest are removed.
pub const STORE_BYTES_MAX: u64 = 4 << 30;

pub(super) const MANIFEST: &str = "manifest.jsonl";
pub(super) const OPEN_MARKER: &str = "open";

/// The undo store of a user.
#[derive(Clone, Debug)]
pub struct UndoStore {
    directory: PathBuf,
}

/// How far a run and its undo have got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoRunState {
    /// The run goes on.
    Running,
    /// It was killed.
    Interrupted,
    /// It has ended.
    Ended,
    /// Every change has been undone.
    Undone,
}

impl UndoRunState {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            UndoRunState::Running => "running",
            UndoRunState::Interrupted => "interrupted",
            UndoRunState::Ended => "ended",
            UndoRunState::Undone => "undone",
        }
    }
}

/// A run in the store.
#[derive(Clone, Debug)]
pub struct UndoRun {
    /// Its id.
    pub run: RunId,
    /// How far it has got.
    pub state: UndoRunState,
    /// Its changes, in the order in which they were made.
    pub changes: Vec<UndoneChange>,
    /// Bytes of its backups.
    pub backup_bytes: u64,
}

/// A change that a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoneChange {
    /// The tree.
    pub tree: PathBuf,
    /// The file, from the tree on.
    pub path: PathBuf,
    /// Whether the run made the file.
    pub created: bool,
    /// Whether it has been undone.
    pub undone: bool,
}

/// A run and its manifest.
pub(super) struct OpenRun {
    pub(super) directory: PathBuf,
    pub(super) manifest: Option<Manifest>,
    /// Taken unless the run goes on.
    pub(super) lock: Option<Locked>,
}

impl UndoStore {
    /// The store below `state_dir`, which need not exist.
    pub fn new(state_dir: &Path) -> UndoStore {
        UndoStore {
            directory: state_dir.join("undo"),
        }
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every run, newest first. A run whose manifest is broken is an error beside its directory.
    ///
    /// # Errors
    /// When the store cannot be read. A store that does not exist has no runs.
    pub fn list(&self) -> Result<Vec<Result<UndoRun, UndoError>>, UndoError> {
        let _lock = self.lock()?;
        let mut runs = self.entries()?;
        runs.sort_by_key(|entry| std::cmp::Reverse(entry.changed));
        let runs = runs
            .iter()
            .filter_map(|entry| self.read(&entry.run).transpose());
        Ok(runs.collect())
    }

    /// What the store knows about `run`.
    ///
    /// # Errors
    /// When it does not know the run, or its manifest is broken.
    pub fn run(&self, run: &RunId) -> Result<UndoRun, UndoError> {
        let _lock = self.lock()?;
        self.read(run)?.ok_or_else(|| self.unknown(run))
    }

    /// Keeps everybody else from the store, if there is one.
    pub(super) fn lock(&self) -> Result<Option<StoreLock>, UndoError> {
        let exists = self.directory.is_dir();
        exists.then(|| StoreLock::take(&self.directory)).transpose()
    }

    pub(super) fn unknown(&self, run: &RunId) -> UndoError {
        UndoError::NoRun {
            run: run.clone(),
            store: self.directory.clone(),
        }
    }

    /// Begins the journal of `run`: cleans up behind runs that were killed, and makes room.
    pub(crate) fn begin(&self, run: &RunId) -> Result<Journal, UndoError> {
        make_directory(&self.directory, true)?;
        let _lock = StoreLock::take(&self.directory)?;
        self.clean_up()?;
        self.make_room()?;
        let directory = self.directory.join(run.as_str());
        match make_directory(&directory, false) {
            Err(UndoError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                return Err(UndoError::RunExists { run: run.clone() });
            }
            other => other?,
        }
        let journal = Journal::begin(run, directory)?;
        sync_directory(&self.directory)?;
        Ok(journal)
    }

    fn read(&self, run: &RunId) -> Result<Option<UndoRun>, UndoError> {
        let Some(open) = self.open(run)? else {
            return Ok(None);
        };
        let Some(manifest) = &open.manifest else {
            return Ok(None);
        };
        let changes: Vec<UndoneChange> = manifest
            .changes()
            .filter(|(_, change)| change.state != ChangeState::Void)
            .map(|(written, change)| UndoneChange {
                tree: written.tree.clone(),
                path: written.path.clone(),
                created: change.before.is_none(),
                undone: change.state == ChangeState::Undone,
            })
            .collect();
        let state = if open.lock.is_none() {
            UndoRunState::Running
        } else if !changes.is_empty() && changes.iter().all(|change| change.undone) {
            UndoRunState::Undone
        } else if manifest.ended {
            UndoRunState::Ended
        } else {
            UndoRunState::Interrupted
        };
        let backup_bytes = backup_bytes(&open.directory);
        Ok(Some(UndoRun {
            run: run.clone(),
            state,
            changes,
            backup_bytes,
        }))
    }

    /// Opens the manifest of `run` and locks it unless the run goes on. The caller has the lock of
    /// the store, so that nobody takes this look for the run itself.
    pub(super) fn open(&self, run: &RunId) -> Result<Option<OpenRun>, UndoError> {
        let directory = self.directory.join(run.as_str());
        let path = directory.join(MANIFEST);
        let file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(UndoError::io("open", &path)(error)),
        };
        let attempt = Locked::attempt(file).map_err(UndoError::io("lock", &path))?;
        let manifest = match &attempt {
            Ok(file) => Manifest::read(file, &path)?,
            Err(file) => Manifest::read(file, &path)?,
        };
        if manifest
            .as_ref()
            .is_some_and(|manifest| manifest.run != *run)
        {
            let problem = "`run` is not the name of the directory".to_owned();
            return Err(UndoError::Broken {
                path,
                line: 1,
                problem,
            });
        }
        let lock = attempt.ok();
        Ok(Some(OpenRun {
            directory,
            manifest,
            lock,
        }))
    }

    /// Ends runs that were killed. What cannot be ended now is left for the next time.
    fn clean_up(&self) -> Result<(), UndoError> {
        for entry in self.entries()?.into_iter().filter(|entry| entry.open) {
            match self.open(&entry.run) {
                Ok(Some(open)) if open.lock.is_none() => {}
                Ok(Some(open)) => match open.end() {
                    Ok(true) => {}
                    Ok(false) => self.remove(&entry.run)?,
                    Err(_) => {}
                },
                // It was killed before it began.
                Ok(None) => self.remove(&entry.run)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Removes the oldest ended runs until there is room for one more.
    fn make_room(&self) -> Result<(), UndoError> {
        let mut entries = self.entries()?;
        entries.sort_by_key(|entry| entry.changed);
        let mut count = entries.len();
        let sizes: Vec<u64> = entries
            .iter()
            .map(|entry| backup_bytes(&self.directory.join(entry.run.as_str())))
            .collect();
        let mut bytes: u64 = sizes.iter().sum();
        for (entry, size) in entries.iter().zip(sizes) {
            if count < RUNS_MAX && bytes <= STORE_BYTES_MAX {
                break;
            }
            if !entry.open {
                self.remove(&entry.run)?;
                count -= 1;
                bytes -= size;
            }
        }
        Ok(())
    }

    /// Removes a run. Its marker goes first on and last off, so that a removal that was cut short
    /// is finished by the next one.
    fn remove(&self, run: &RunId) -> Result<(), UndoError> {
        let directory = self.directory.join(run.as_str());
        let marker = directory.join(OPEN_MARKER);
        File::create(&marker).map_err(UndoError::io("make", &marker))?;
        let manifest = directory.join(MANIFEST);
        match fs::remove_file(&manifest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(UndoError::io("remove", &manifest)(error));
            }
            _ => {}
        }
        fs::remove_dir_all(&directory).map_err(UndoError::io("remove", &directory))
    }

    fn entries(&self) -> Result<Vec<Entry>, UndoError> {
        let names = match fs::read_dir(&self.directory) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(UndoError::io("list", &self.directory)(error)),
        };
        let mut entries = Vec::new();
        for name in names {
            let name = name.map_err(UndoError::io("list", &self.directory))?;
            // Other things in the store are not touched: the lock, what a person put there.
            let Some(run) = name.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let directory = name.path();
            if !directory.is_dir() {
                continue;
            }
            let manifest = fs::symlink_metadata(directory.join(MANIFEST));
            let open = manifest.is_err() || directory.join(OPEN_MARKER).exists();
            let changed = manifest.and_then(|metadata| metadata.modified());
            entries.push(Entry {
                run,
                open,
                changed: changed.unwrap_or(SystemTime::UNIX_EPOCH),
            });
        }
        Ok(entries)
    }
}

/// A directory in the store.
struct Entry {
    run: RunId,
    /// Whether there may be something to clean up.
    open: bool,
    /// When its manifest was last written.
    changed: SystemTime,
}

impl OpenRun {
    /// Ends a run that was killed: removes its temporary files. `false` if it has not even begun.
    fn end(self) -> Result<bool, UndoError> {
        let (Some(manifest), Some(lock)) = (&self.manifest, self.lock) else {
            return Ok(false);
        };
        remove_temporary_files(manifest)?;
        Journal::resume(manifest, &self.directory, lock)?.end()?;
        Ok(true)
    }
}

/// Removes what a run may have left beside the files that it wrote; how many there were.
///
/// # Errors
/// When one is there and cannot be removed. Trees and directories that are gone have none.
pub(super) fn remove_temporary_files(manifest: &Manifest) -> Result<u64, UndoError> {
    let mut count = 0;
    for written in &manifest.written {
        let Ok(path) = TreePath::parse(&written.path) else {
            continue;
        };
        let Ok(tree) = open_tree(&written.tree) else {
            continue;
        };
        let Ok(parent) = open_parent(&tree, &path) else {
            continue;
        };
        for role in TempRole::ALL {
            let name = role.name(&manifest.run, written.seq);
            match unlinkat(&parent, &name, AtFlags::empty()) {
                Ok(()) => count += 1,
                Err(Errno::NOENT) => {}
                Err(errno) => {
                    let path = written.tree.join(path.parent()).join(name);
                    return Err(UndoError::io("remove", &path)(errno));
                }
            }
        }
    }
    Ok(count)
}

/// Bytes of the backups in `directory`.
fn backup_bytes(directory: &Path) -> u64 {
    let Ok(names) = fs::read_dir(directory) else {
        return 0;
    };
    let sizes = names.flatten().filter_map(|name| name.metadata().ok());
    sizes.map(|metadata| metadata.len()).sum()
}

fn make_directory(path: &Path, with_parents: bool) -> Result<(), UndoError> {
    let mut builder = DirBuilder::new();
    builder.recursive(with_parents).mode(0o700);
    builder
        .create(path)
        .map_err(UndoError::io("make the directory", path))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), UndoError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(UndoError::io("synchronise", path))
}
