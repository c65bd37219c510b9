//! Why nothing could be backed up or undone.

use std::io;
use std::path::{Path, PathBuf};

use crate::EffectKind;
use crate::run_id::RunId;

use super::store::{MANIFEST_BYTES_MAX, RUN_BACKUP_BYTES_MAX};

/// Why nothing could be backed up or undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// The run has backups already.
    #[error("the undo store has a run {run} already; use a new run id")]
    RunExists {
        /// The run.
        run: RunId,
    },
    /// The store does not know the run.
    #[error(
        "the undo store {store:?} has no run {run}: it wrote no files, is older than what is kept, or belongs to another user; tenzik undo --list shows the runs"
    )]
    NoRun {
        /// The run.
        run: RunId,
        /// The store.
        store: PathBuf,
    },
    /// The run goes on.
    #[error("run {run} has not ended; undo it afterwards")]
    Running {
        /// The run.
        run: RunId,
    },
    /// A manifest that tenzik did not write.
    #[error(
        "{path:?}, line {line}: {problem}; restore the file from a backup, or remove its directory and with it the run"
    )]
    Broken {
        /// The manifest.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// Backups of the run would become too large.
    #[error(
        "the backup of {path:?} has {asked} bytes, and those of this run have {spent} of at most {RUN_BACKUP_BYTES_MAX}; write fewer or smaller files in one run"
    )]
    BackupQuota {
        /// The file.
        path: PathBuf,
        /// Its size.
        asked: u64,
        /// Bytes of the backups before.
        spent: u64,
    },
    /// Too many changes.
    #[error(
        "the list of changes of this run has reached {MANIFEST_BYTES_MAX} bytes; write fewer files in one run"
    )]
    ManifestFull,
    /// A backup is not what was written.
    #[error(
        "the backup {path:?} is damaged: its digest is not the one in the manifest; nothing was done with it"
    )]
    BackupDamaged {
        /// The backup.
        path: PathBuf,
    },
    /// Files are not as the run left them.
    #[error("{} of the files that run {run} changed are not as it left them; look at them, and force the undo if they may be lost", conflicts.len())]
    Changed {
        /// The run.
        run: RunId,
        /// The files.
        conflicts: Vec<UndoConflict>,
    },
    /// The run changed files that are not granted.
    #[error(
        "run {run} changed files below {tree:?}, which is not granted for writing; grant it in [[files]], or use tenzik undo"
    )]
    OutsideTrees {
        /// The run.
        run: RunId,
        /// The tree.
        tree: PathBuf,
    },
    /// The system refused.
    #[error("cannot {doing} {path:?}: {source}; check permissions and free space")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl UndoError {
    /// What kind of "no" it is.
    pub fn kind(&self) -> EffectKind {
        match self {
            UndoError::NoRun { .. } => EffectKind::NotFound,
            UndoError::BackupQuota { .. } | UndoError::ManifestFull => EffectKind::Exceeded,
            UndoError::OutsideTrees { .. } => EffectKind::Refused,
            UndoError::RunExists { .. }
            | UndoError::Running { .. }
            | UndoError::Broken { .. }
            | UndoError::BackupDamaged { .. }
            | UndoError::Changed { .. }
            | UndoError::Io { .. } => EffectKind::Io,
        }
    }

    /// For `map_err`: what was attempted, and with which file.
    pub(super) fn io<E: Into<io::Error>>(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> UndoError {
        move |source| UndoError::Io {
            doing,
            path: path.to_owned(),
            source: source.into(),
        }
    }
}

/// A file that is not as a run left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoConflict {
    /// Its path.
    pub path: PathBuf,
    /// What is different.
    pub reason: ConflictReason,
}

/// What is different about a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConflictReason {
    /// It is gone.
    #[error("was removed since")]
    Gone,
    /// It has another size.
    #[error("has {got} bytes now, the run left {left}")]
    Size {
        /// Bytes that the run left.
        left: u64,
        /// Bytes now.
        got: u64,
    },
    /// It has another content of the same size.
    #[error("has another content now")]
    Content,
    /// It has another mode.
    #[error("has mode {got:04o} now, the run left {left:04o}")]
    Mode {
        /// The mode that the run left.
        left: u32,
        /// The mode now.
        got: u32,
    },
    /// It has got what a restored file would lose.
    #[error("has extended attributes or an access control list now")]
    Attributes,
    /// It is no regular file any more.
    #[error("is {0} now")]
    Kind(&'static str),
    /// It cannot be looked at.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
}

impl ConflictReason {
    /// Its name in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            ConflictReason::Gone => "gone",
            ConflictReason::Size { .. } => "size",
            ConflictReason::Content => "content",
            ConflictReason::Mode { .. } => "mode",
            ConflictReason::Attributes => "attributes",
            ConflictReason::Kind(_) => "kind",
            ConflictReason::Unreachable(_) => "unreachable",
        }
    }

    /// Whether force can put a backup in its place.
    pub(super) fn can_be_forced(&self) -> bool {
        !matches!(
            self,
            ConflictReason::Kind(_) | ConflictReason::Unreachable(_)
        )
    }
}
