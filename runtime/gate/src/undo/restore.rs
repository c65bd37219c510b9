//! Undoing what a run changed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, fsync, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::files::{FileError, copy, drop_access_list, open_tree, own, set_mode, unchanged};
use crate::run_id::RunId;

use super::error::{ConflictReason, UndoConflict, UndoError};
use super::journal::{Journal, TempRole};
use super::manifest::{ChangeState, Manifest, WireState};
use super::plan::{Plan, Step, What};
use super::store::UndoStore;
use super::upkeep::remove_temporary_files;

/// Where an undo may change files.
#[derive(Clone, Copy)]
pub(crate) enum Within<'a> {
    /// Wherever the run did.
    Anywhere,
    /// Below these trees only, by path and descriptor.
    Trees(&'a [(&'a Path, &'a Dir)]),
}

/// What was done about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreAction {
    /// The run made it: it was removed.
    Removed,
    /// It has its old content and mode again.
    Restored,
    /// It was as before already.
    Unchanged,
}

impl RestoreAction {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            RestoreAction::Removed => "removed",
            RestoreAction::Restored => "restored",
            RestoreAction::Unchanged => "unchanged",
        }
    }
}

/// A file that an undo dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Its path.
    pub path: PathBuf,
    /// What was done.
    pub action: RestoreAction,
}

/// What an undo did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoReport {
    /// The run.
    pub run: RunId,
    /// The files, in the order in which they were dealt with: the last change first.
    pub restored: Vec<Restored>,
    /// Changes that had been undone before.
    pub undone_before: u64,
    /// Files that were not as the run left them and were put back by force.
    pub forced: Vec<UndoConflict>,
    /// Files that cannot be put back, although the undo was forced.
    pub left: Vec<UndoConflict>,
    /// Temporary files of the run that were removed.
    pub temporary_files: u64,
}

impl Within<'_> {
    /// The tree to go from and the path from there. The outer error ends the undo, the inner one is
    /// about this file.
    pub(super) fn locate(
        &self,
        run: &RunId,
        tree: &Path,
        path: &Path,
    ) -> Result<Result<(Dir, PathBuf), FileError>, UndoError> {
        let Within::Trees(granted) = self else {
            return Ok(open_tree(tree).map(|open| (open, path.to_owned())));
        };
        let plain = !tree.components().any(|part| part == Component::ParentDir);
        let found = granted
            .iter()
            .filter(|_| plain)
            .find_map(|(granted, directory)| Some((directory, tree.strip_prefix(granted).ok()?)));
        let Some((directory, rest)) = found else {
            let (run, tree) = (run.clone(), tree.to_owned());
            return Err(UndoError::OutsideTrees { run, tree });
        };
        let cloned = directory.try_clone().map_err(UndoError::io("open", tree))?;
        Ok(Ok((cloned, rest.join(path))))
    }
}

impl UndoStore {
    /// Puts back what `run` changed, the last change first: content and mode of files that it
    /// replaced; files that it made are removed. If a file is not as the run left it, nothing is
    /// done, or with `force` it is put back all the same. Undoing again does nothing. After a kill
    /// at any moment it can be done again and goes on where it was.
    ///
    /// # Errors
    /// [`UndoError::Changed`] lists the files that are not as the run left them.
    pub fn undo(&self, run: &RunId, force: bool) -> Result<UndoReport, UndoError> {
        self.undo_within(run, force, &Within::Anywhere)
    }

    pub(crate) fn undo_within(
        &self,
        run: &RunId,
        force: bool,
        within: &Within<'_>,
    ) -> Result<UndoReport, UndoError> {
        let _lock = self.lock()?.ok_or_else(|| self.unknown(run))?;
        let open = self.open(run)?.ok_or_else(|| self.unknown(run))?;
        let Some(lock) = open.lock else {
            return Err(UndoError::Running { run: run.clone() });
        };
        let Some(manifest) = &open.manifest else {
            return Err(self.unknown(run));
        };
        let plan = Plan::make(manifest, within)?;
        let (run, conflicts) = (run.clone(), plan.conflicts);
        if !conflicts.is_empty() && !force {
            return Err(UndoError::Changed { run, conflicts });
        }
        let temporary_files = remove_temporary_files(manifest)?;
        let mut journal = Journal::resume(manifest, &open.directory, lock)?;
        let undone_before = undone(manifest);
        let (left, forced) = conflicts
            .into_iter()
            .partition(|conflict| !conflict.reason.can_be_forced());
        let restored = Vec::new();
        let mut report = UndoReport {
            run,
            restored,
            undone_before,
            forced,
            left,
            temporary_files,
        };
        for step in plan.steps {
            if let Some(action) = step.perform(&mut journal, force)? {
                report.restored.push(Restored {
                    path: step.shown,
                    action,
                });
            }
        }
        if report.left.is_empty() {
            remove_backups(&journal, manifest)?;
        }
        journal.end()?;
        Ok(report)
    }
}

fn undone(manifest: &Manifest) -> u64 {
    let changes = manifest.written.iter().filter_map(|written| written.change);
    changes
        .filter(|change| change.state == ChangeState::Undone)
        .count() as u64
}

/// Everything is undone: nothing needs the backups any more.
fn remove_backups(journal: &Journal, manifest: &Manifest) -> Result<(), UndoError> {
    for written in &manifest.written {
        let path = journal.backup_path(written.seq);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(UndoError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Step {
    /// Undoes one change, and says so in the journal when it is on disk.
    fn perform(
        &self,
        journal: &mut Journal,
        force: bool,
    ) -> Result<Option<RestoreAction>, UndoError> {
        let action = match &self.what {
            What::Leave => return Ok(None),
            What::Nothing => RestoreAction::Unchanged,
            What::Restore { parent, name, seen } => {
                if let (Some(seen), false) = (seen, force) {
                    self.check_unchanged(journal.run(), parent, name, seen)?;
                }
                let action = match &self.change.before {
                    Some(before) => self.put_back(journal, parent, name, before)?,
                    None => self.remove(parent, name)?,
                };
                fsync(parent)
                    .map_err(UndoError::io("synchronise the directory of", &self.shown))?;
                action
            }
        };
        journal.undone(self.seq)?;
        Ok(Some(action))
    }

    /// That nobody changed the file since the plan was made.
    fn check_unchanged(
        &self,
        run: &RunId,
        parent: &OwnedFd,
        name: &OsStr,
        seen: &Stat,
    ) -> Result<(), UndoError> {
        let now = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
        if now.is_ok_and(|now| unchanged(seen, &now)) {
            return Ok(());
        }
        let (path, reason) = (self.shown.clone(), ConflictReason::Content);
        let conflicts = vec![UndoConflict { path, reason }];
        Err(UndoError::Changed {
            run: run.clone(),
            conflicts,
        })
    }

    fn remove(&self, parent: &OwnedFd, name: &OsStr) -> Result<RestoreAction, UndoError> {
        match unlinkat(parent, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(RestoreAction::Removed),
            Err(errno) => Err(UndoError::io("remove", &self.shown)(errno)),
        }
    }

    fn put_back(
        &self,
        journal: &Journal,
        parent: &OwnedFd,
        name: &OsStr,
        before: &WireState,
    ) -> Result<RestoreAction, UndoError> {
        let temp = TempRole::Restored.name(journal.run(), self.seq);
        let written = self.write_backup(journal, parent, &temp, before);
        let renamed = written.and_then(|()| {
            renameat(parent, &temp, parent, name).map_err(UndoError::io("put back", &self.shown))
        });
        if renamed.is_err() {
            // It is in the way of nobody, and the next undo removes it if this does not.
            let _ = unlinkat(parent, &temp, AtFlags::empty());
        }
        renamed.map(|()| RestoreAction::Restored)
    }

    /// Writes the backup to the new file `temp`.
    fn write_backup(
        &self,
        journal: &Journal,
        parent: &OwnedFd,
        temp: &OsStr,
        before: &WireState,
    ) -> Result<(), UndoError> {
        let backup = journal.backup_path(self.seq);
        let source = File::open(&backup).map_err(UndoError::io("open", &backup))?;
        let failed = |doing| UndoError::io(doing, &self.shown);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(parent, temp, flags, Mode::from_raw_mode(0o600));
        let file = file.map_err(std::io::Error::from);
        let mut file = File::from(file.map_err(failed("make a file beside"))?);
        let (bytes, digest) =
            copy(source, &mut [&mut file]).map_err(failed("write the backup of"))?;
        let state = before.state();
        if (bytes, digest) != (state.bytes, state.digest) {
            return Err(UndoError::BackupDamaged { path: backup });
        }
        if let Some((uid, gid)) = before.owner() {
            own(file.as_fd(), uid, gid).map_err(failed("restore the owner of"))?;
        }
        drop_access_list(file.as_fd()).map_err(failed("restore the access control list of"))?;
        set_mode(file.as_fd(), state.mode).map_err(failed("restore the mode of"))?;
        file.sync_all().map_err(failed("synchronise"))
    }
}
