//! The moment at which a written file takes its name.
//!
//! Order: old content to the backup, new content complete, both on disk; the line in the manifest,
//! on disk; rename; the directory, on disk.
//!
//! Appending makes a new file too, of the old content and what is added. Adding in place would be
//! seen half done by readers and after a crash, would write through a hard link to a file outside of
//! the tree, and could only be undone while nobody else has added something. The price is a copy of
//! the old content, and that a program that keeps the old file open goes on with that one.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::AsFd as _;

use rustix::fs::{
    AtFlags, RenameFlags, Stat, fstat, fsync, linkat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use crate::undo::{Journal, TempRole};

use super::error::FileError;
use super::metadata::{drop_access_list, has_attributes, new_mode, own, set_mode};
use super::target::{KeptState, MODE_BITS, Target, copy, open_regular, unchanged};
use super::writer::{Committed, FileWriter, TemporaryFile, WriteMode, check_target};

/// The bits of a mode that a replaced file keeps. Writing drops set-user-id and set-group-id, as
/// the kernel does it.
const KEPT_MODE_BITS: u32 = 0o777;

/// A file that is complete beside its target.
pub(super) struct Replacement {
    writer: FileWriter,
    complete: Complete,
    old: Option<Old>,
    after: KeptState,
}

/// Which temporary file is complete.
enum Complete {
    /// That of the writer.
    Written,
    /// Another one: the old content and what is appended.
    Joined(TemporaryFile),
}

/// The file that is replaced. It is backed up.
struct Old {
    stat: Stat,
    state: KeptState,
}

impl Old {
    fn owner(&self) -> (u32, u32) {
        (self.stat.st_uid, self.stat.st_gid)
    }
}

impl Replacement {
    /// Backs up what is there, and completes what will be. Nothing has changed after it.
    pub(super) fn prepare(
        mut writer: FileWriter,
        journal: &mut Journal,
    ) -> Result<Replacement, FileError> {
        let target = open_regular(&writer.temporary.parent, writer.path.name());
        let target = target.map_err(|source| writer.error("look at", source))?;
        check_target(&writer.tree, &writer.path, writer.mode, &target)?;
        let (complete, old) = match target {
            Target::Regular { file, stat } => writer.back_up(journal, &file, stat)?,
            // Anything else was refused.
            _ => (Complete::Written, None),
        };
        let mode = match &old {
            Some(old) => old.state.mode & KEPT_MODE_BITS,
            None => new_mode(),
        };
        let (bytes, digest) = (writer.hasher.count(), writer.hasher.finalize());
        let after = KeptState {
            bytes,
            digest,
            mode,
        };
        let replacement = Replacement {
            writer,
            complete,
            old,
            after,
        };
        replacement.dress()?;
        Ok(replacement)
    }

    /// Gives the new file mode and owner of the old one, and puts it on disk.
    fn dress(&self) -> Result<(), FileError> {
        let (writer, file) = (&self.writer, &self.temporary().file);
        if let Some(old) = &self.old {
            let (uid, gid) = old.owner();
            own(file.as_fd(), uid, gid).map_err(|source| {
                let (tree, path) = writer.names();
                FileError::Owner {
                    tree,
                    path,
                    uid,
                    gid,
                    source,
                }
            })?;
            drop_access_list(file.as_fd())
                .map_err(|source| writer.error("set the access control list of", source))?;
        }
        set_mode(file.as_fd(), self.after.mode)
            .map_err(|source| writer.error("set the mode of", source))?;
        file.sync_all()
            .map_err(|source| writer.error("synchronise", source))
    }

    /// Makes the change: one line in the manifest, then one rename.
    pub(super) fn perform(mut self, journal: &mut Journal) -> Result<Committed, FileError> {
        let seq = self.writer.seq;
        let before = self.old.as_ref().map(|old| (old.state, old.owner()));
        journal.change(seq, before, self.after)?;
        if let Err(error) = self.rename() {
            // Without this line the next look at the file would tell the same.
            let _ = journal.void(seq);
            return Err(error);
        }
        let created = self.old.is_none();
        self.temporary_mut().keep = true;
        let done = journal.done(seq);
        fsync(&self.writer.temporary.parent).map_err(|errno| {
            self.writer
                .error("synchronise the directory of", errno.into())
        })?;
        done?;
        Ok(Committed {
            bytes: self.after.bytes,
            digest: self.after.digest,
            created,
        })
    }

    fn rename(&self) -> Result<(), FileError> {
        let (writer, temporary) = (&self.writer, self.temporary());
        let (parent, target) = (&temporary.parent, writer.path.name());
        let failed = |errno: Errno| writer.error("replace", errno.into());
        let Some(old) = &self.old else {
            return match rename_new(temporary, target) {
                Err(Errno::EXIST) if writer.mode == WriteMode::New => {
                    let (tree, path) = writer.names();
                    Err(FileError::AlreadyExists { tree, path })
                }
                Err(Errno::EXIST) => Err(writer.changed()),
                other => other.map_err(failed),
            };
        };
        let now = statat(parent, target, AtFlags::SYMLINK_NOFOLLOW);
        if !now.is_ok_and(|now| unchanged(&old.stat, &now)) {
            return Err(writer.changed());
        }
        renameat(parent, &temporary.name, parent, target).map_err(failed)
    }

    fn temporary(&self) -> &TemporaryFile {
        match &self.complete {
            Complete::Written => &self.writer.temporary,
            Complete::Joined(joined) => joined,
        }
    }

    fn temporary_mut(&mut self) -> &mut TemporaryFile {
        match &mut self.complete {
            Complete::Written => &mut self.writer.temporary,
            Complete::Joined(joined) => joined,
        }
    }
}

/// Renames to a name that is free.
fn rename_new(temporary: &TemporaryFile, target: &std::ffi::OsStr) -> rustix::io::Result<()> {
    let (parent, name) = (&temporary.parent, &temporary.name);
    match renameat_with(parent, name, parent, target, RenameFlags::NOREPLACE) {
        // The file system cannot do that: a second name for the file, which must be free as well.
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(parent, name, parent, target, AtFlags::empty())?;
            unlinkat(parent, name, AtFlags::empty())
        }
        other => other,
    }
}

impl FileWriter {
    /// Copies the old file to its backup. For appending, also to a new file before what was
    /// written.
    fn back_up(
        &mut self,
        journal: &mut Journal,
        file: &std::fs::File,
        stat: Stat,
    ) -> Result<(Complete, Option<Old>), FileError> {
        if has_attributes(file).map_err(|source| self.error("look at", source))? {
            let (tree, path) = self.names();
            return Err(FileError::Attributes { tree, path });
        }
        let bytes = u64::try_from(stat.st_size).unwrap_or(0);
        let shown = self.tree.path().join(self.path.as_path());
        let mut backup = journal.backup(self.seq, &shown, bytes)?;
        // One byte more than expected shows that it grew.
        let source = file.take(bytes.saturating_add(1));
        let (copied, complete) = if self.mode == WriteMode::Append {
            let mut hasher = blake3::Hasher::new();
            let name = TempRole::Joined.name(&self.run.id, self.seq);
            let joined = self.temporary.beside(name);
            let mut joined = joined.map_err(|source| self.error("make a file beside", source))?;
            let mut into: [&mut dyn std::io::Write; 3] =
                [&mut backup, &mut joined.file, &mut hasher];
            let copied = copy(source, &mut into).map_err(|source| self.error("copy", source))?;
            let mut written = &self.temporary.file;
            written
                .seek(SeekFrom::Start(0))
                .and_then(|_| copy(written, &mut [&mut joined.file, &mut hasher]))
                .map_err(|source| self.error("copy", source))?;
            self.hasher = hasher;
            (copied, Complete::Joined(joined))
        } else {
            let copied =
                copy(source, &mut [&mut backup]).map_err(|source| self.error("back up", source))?;
            (copied, Complete::Written)
        };
        backup
            .sync_all()
            .map_err(|source| self.error("back up", source))?;
        let now = fstat(file).map_err(|errno| self.error("look at", errno.into()))?;
        if copied.0 != bytes || !unchanged(&stat, &now) {
            return Err(self.changed());
        }
        let mode = stat.st_mode & MODE_BITS;
        let state = KeptState {
            bytes,
            digest: copied.1,
            mode,
        };
        Ok((complete, Some(Old { stat, state })))
    }

    fn names(&self) -> (std::path::PathBuf, std::path::PathBuf) {
        (self.tree.path().to_owned(), self.path.as_path().to_owned())
    }

    fn changed(&self) -> FileError {
        let (tree, path) = self.names();
        FileError::Changed { tree, path }
    }

    fn error(&self, doing: &'static str, source: std::io::Error) -> FileError {
        self.tree.error(doing, &self.path, source)
    }
}
