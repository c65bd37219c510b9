//! The runs in the undo store.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::lock::Locked;
use crate::run_id::RunId;

use super::error::UndoError;
use super::journal::{Journal, StoreLock};
use super::manifest::{ChangeState, Manifest};
use super::upkeep::backup_bytes;

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
