//! The manifest of a run that goes on, and its backups.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::files::{KeptState, RESERVED_PREFIX};
use crate::lock::Locked;
use crate::run_id::RunId;

use super::error::UndoError;
use super::manifest::{Manifest, Record, WireState, escape};
use super::store::{
    MANIFEST, MANIFEST_BYTES_MAX, OPEN_MARKER, RUN_BACKUP_BYTES_MAX, sync_directory,
};

/// Most bytes of the later lines about a file: room for them is kept.
const LATER_BYTES_MAX: u64 = 1024;

/// What a temporary file is for. Each change has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TempRole {
    /// What the capsule writes.
    New,
    /// The old content with what is appended.
    Joined,
    /// A backup that is being put back.
    Restored,
}

impl TempRole {
    pub(super) const ALL: [TempRole; 3] = [TempRole::New, TempRole::Joined, TempRole::Restored];

    /// The name of the temporary file with number `seq` of `run`. No other run and no capsule makes
    /// a file of this name.
    pub(crate) fn name(self, run: &RunId, seq: u64) -> OsString {
        let role = match self {
            TempRole::New => "new",
            TempRole::Joined => "joined",
            TempRole::Restored => "restored",
        };
        OsString::from(format!("{RESERVED_PREFIX}{run}-{seq}-{role}"))
    }
}

/// The manifest of a run that goes on. Dropped without [`Journal::end`], it is ended by the next
/// run or by an undo.
#[derive(Debug)]
pub(crate) struct Journal {
    run: RunId,
    directory: PathBuf,
    /// Locked for as long as the run goes on.
    manifest: Locked,
    manifest_bytes: u64,
    count: u64,
    changes: u64,
    backup_bytes: u64,
}

/// Held while a file is changed: changes of other runs of this user wait.
#[derive(Debug)]
pub(crate) struct StoreLock {
    _file: Locked,
}

impl StoreLock {
    pub(super) fn take(store: &Path) -> Result<StoreLock, UndoError> {
        let path = store.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(UndoError::io("open", &path))?;
        let file = Locked::wait(file).map_err(UndoError::io("lock", &path))?;
        Ok(StoreLock { _file: file })
    }
}

impl Journal {
    /// Begins the manifest of `run` in `directory`, which is new.
    pub(super) fn begin(run: &RunId, directory: PathBuf) -> Result<Journal, UndoError> {
        let marker = directory.join(OPEN_MARKER);
        new_file(&marker)?;
        let path = directory.join(MANIFEST);
        let manifest = new_file(&path)?;
        let manifest = Locked::wait(manifest).map_err(UndoError::io("lock", &path))?;
        let (run, count) = (run.clone(), 0);
        let mut journal = Journal {
            run,
            directory,
            manifest,
            manifest_bytes: 0,
            count,
            changes: 0,
            backup_bytes: 0,
        };
        // On disk with the first change.
        journal.append(&Record::run(&journal.run), false)?;
        sync_directory(&journal.directory)?;
        Ok(journal)
    }

    /// Goes on with the manifest of a run that has ended. Half a line at the end is cut off.
    pub(super) fn resume(
        manifest: &Manifest,
        directory: &Path,
        file: Locked,
    ) -> Result<Journal, UndoError> {
        let (path, manifest_bytes) = (directory.join(MANIFEST), manifest.valid_bytes);
        file.set_len(manifest_bytes)
            .map_err(UndoError::io("cut", &path))?;
        Ok(Journal {
            run: manifest.run.clone(),
            directory: directory.to_owned(),
            manifest: file,
            manifest_bytes,
            count: manifest.written.len() as u64,
            changes: 0,
            backup_bytes: 0,
        })
    }

    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    /// Changes that happened.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Waits until no other change is being made.
    pub(crate) fn lock_store(&self) -> Result<StoreLock, UndoError> {
        StoreLock::take(self.directory.parent().unwrap_or(Path::new("/")))
    }

    /// Says that there will be temporary files beside `path`. Returns their number. A killed process
    /// cannot lose this; a loss of power can, until the change is on disk, and then the temporary
    /// file stays.
    pub(crate) fn temp(&mut self, tree: &Path, path: &Path) -> Result<u64, UndoError> {
        let seq = self.count + 1;
        self.append(
            &Record::Temp {
                seq,
                tree: escape(tree),
                path: escape(path),
            },
            false,
        )?;
        self.count = seq;
        Ok(seq)
    }

    /// A new file for the backup of change `seq`, of the file `path` with `bytes` bytes.
    pub(crate) fn backup(&mut self, seq: u64, path: &Path, bytes: u64) -> Result<File, UndoError> {
        let (asked, spent) = (bytes, self.backup_bytes);
        match spent
            .checked_add(asked)
            .filter(|sum| *sum <= RUN_BACKUP_BYTES_MAX)
        {
            Some(sum) => self.backup_bytes = sum,
            None => {
                let path = path.to_owned();
                return Err(UndoError::BackupQuota { path, asked, spent });
            }
        }
        new_file(&self.backup_path(seq))
    }

    /// Where the backup of change `seq` is.
    pub(crate) fn backup_path(&self, seq: u64) -> PathBuf {
        self.directory.join(format!("{seq}.before"))
    }

    /// Says that `seq` is about to change a file from `before`, with its owner, to `after`. When
    /// this returns, that and the backup are on disk.
    pub(crate) fn change(
        &mut self,
        seq: u64,
        before: Option<(KeptState, (u32, u32))>,
        after: KeptState,
    ) -> Result<(), UndoError> {
        if before.is_some() {
            sync_directory(&self.directory)?;
        }
        let before = before.map(|(state, owner)| WireState::new(state, Some(owner)));
        let after = WireState::new(after, None);
        self.append(&Record::Change { seq, before, after }, true)
    }

    /// Says that the change happened.
    pub(crate) fn done(&mut self, seq: u64) -> Result<(), UndoError> {
        self.changes += 1;
        self.append(&Record::Done { seq }, false)
    }

    /// Says that the change did not happen.
    pub(crate) fn void(&mut self, seq: u64) -> Result<(), UndoError> {
        self.append(&Record::Void { seq }, false)
    }

    pub(super) fn undone(&mut self, seq: u64) -> Result<(), UndoError> {
        self.append(&Record::Undone { seq }, true)
    }

    /// Says that the run has ended and left no temporary file.
    pub(crate) fn end(mut self) -> Result<(), UndoError> {
        // If it is lost with the power, the next run says so again.
        self.append(&Record::End {}, false)?;
        let marker = self.directory.join(OPEN_MARKER);
        match std::fs::remove_file(&marker) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(UndoError::io("remove", &marker)(error))
            }
            _ => Ok(()),
        }
    }

    fn append(&mut self, record: &Record, durable: bool) -> Result<(), UndoError> {
        let path = self.directory.join(MANIFEST);
        let line = record
            .line()
            .map_err(|error| UndoError::io("write", &path)(std::io::Error::from(error)))?;
        let bytes = self.manifest_bytes + line.len() as u64;
        let begins = matches!(record, Record::Temp { .. });
        if begins && bytes + (self.count + 1) * LATER_BYTES_MAX > MANIFEST_BYTES_MAX {
            return Err(UndoError::ManifestFull);
        }
        if let Err(error) = self.manifest.write_all(&line) {
            // Half a line must not stand before the next one.
            let _ = self.manifest.set_len(self.manifest_bytes);
            return Err(UndoError::io("write", &path)(error));
        }
        self.manifest_bytes = bytes;
        if durable {
            self.manifest
                .sync_data()
                .map_err(UndoError::io("write", &path))?;
        }
        Ok(())
    }
}

/// Makes a file that only its owner can read and that is appended to.
fn new_file(path: &Path) -> Result<File, UndoError> {
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(UndoError::io("make", path))
}
