//! A file that is being written.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};

use crate::undo::TempRole;

use super::Run;
use super::error::FileError;
use super::path::TreePath;
use super::replacement::Replacement;
use super::target::{Target, open_regular};
use super::tree::OpenTree;

/// What a writer does to a file that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Replaces it.
    Replace,
    /// Refuses.
    New,
    /// Adds to its end.
    Append,
}

impl WriteMode {
    /// The mode that guests call `number`.
    pub const fn from_number(number: i32) -> Option<WriteMode> {
        match number {
            0 => Some(WriteMode::Replace),
            1 => Some(WriteMode::New),
            2 => Some(WriteMode::Append),
            _ => None,
        }
    }
}

/// A file that is being written, as a temporary file beside its target. Dropped without
/// [`FileWriter::commit`] it leaves nothing.
#[derive(Debug)]
pub struct FileWriter {
    pub(super) tree: Arc<OpenTree>,
    pub(super) run: Arc<Run>,
    pub(super) path: TreePath,
    pub(super) mode: WriteMode,
    pub(super) seq: u64,
    pub(super) temporary: TemporaryFile,
    /// Of the written bytes.
    pub(super) hasher: blake3::Hasher,
    failed: bool,
}

/// What a commit left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3 of its content.
    pub digest: blake3::Hash,
    /// Whether there was no such file before.
    pub created: bool,
}

impl FileWriter {
    pub(super) fn create(
        tree: Arc<OpenTree>,
        run: Arc<Run>,
        path: TreePath,
        mode: WriteMode,
    ) -> Result<FileWriter, FileError> {
        let parent = tree.parent(&path)?;
        let target = open_regular(&parent, path.name());
        let target = target.map_err(|source| tree.error("look at", &path, source))?;
        check_target(&tree, &path, mode, &target)?;
        drop(target);
        tree.spend_file()?;
        let seq = run.with_journal(|journal| Ok(journal.temp(tree.path(), path.as_path())?))?;
        let name = TempRole::New.name(&run.id, seq);
        let temporary = TemporaryFile::make(parent, name)
            .map_err(|source| tree.error("make a file beside", &path, source))?;
        let (hasher, failed) = (blake3::Hasher::new(), false);
        Ok(FileWriter {
            tree,
            run,
            path,
            mode,
            seq,
            temporary,
            hasher,
            failed,
        })
    }

    /// Adds `bytes`: all of them, or none if the quota does not allow that. After any other error
    /// the file cannot be committed.
    ///
    /// # Errors
    /// [`FileError::Quota`], or what the system says.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        if self.failed {
            return Err(FileError::Closed);
        }
        self.tree.spend_bytes(bytes.len() as u64)?;
        self.temporary.file.write_all(bytes).map_err(|source| {
            self.failed = true;
            self.tree.error("write", &self.path, source)
        })?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Makes it the file of its name, at once and on disk. What was there is backed up before.
    ///
    /// # Errors
    /// When the file is as it was; [`FileError::Io`] while synchronising the directory is the
    /// exception: the file is the new one, and may be the old one after a loss of power.
    pub fn commit(self) -> Result<Committed, FileError> {
        if self.failed {
            return Err(FileError::Closed);
        }
        let run = Arc::clone(&self.run);
        run.with_journal(|journal| {
            let _lock = journal.lock_store()?;
            Replacement::prepare(self, journal)?.perform(journal)
        })
    }
}

/// Whether a file can be written where `target` is.
pub(super) fn check_target(
    tree: &OpenTree,
    path: &TreePath,
    mode: WriteMode,
    target: &Target,
) -> Result<(), FileError> {
    let names = || (tree.path().to_owned(), path.as_path().to_owned());
    match (target, mode) {
        (Target::Other(_) | Target::Regular { .. }, WriteMode::New) => {
            let (tree, path) = names();
            Err(FileError::AlreadyExists { tree, path })
        }
        (Target::Other(kind), _) => {
            let (tree, path) = names();
            Err(FileError::NotRegular { tree, path, kind })
        }
        (Target::Absent, WriteMode::Append) if !tree.grant.write => {
            let (tree, path) = names();
            Err(FileError::NotFound { tree, path })
        }
        _ => Ok(()),
    }
}

/// A file beside its target that is removed when it is dropped, unless it was kept.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    pub(super) parent: OwnedFd,
    pub(super) name: OsString,
    pub(super) file: File,
    pub(super) keep: bool,
}

impl TemporaryFile {
    pub(super) fn make(parent: OwnedFd, name: OsString) -> io::Result<TemporaryFile> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&parent, &name, flags, Mode::from_raw_mode(0o600))?;
        Ok(TemporaryFile {
            parent,
            name,
            file: File::from(file),
            keep: false,
        })
    }

    /// Another one in the same directory.
    pub(super) fn beside(&self, name: OsString) -> io::Result<TemporaryFile> {
        TemporaryFile::make(self.parent.as_fd().try_clone_to_owned()?, name)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.keep {
            // If this fails, the next run finds its name in the manifest.
            let _ = unlinkat(&self.parent, &self.name, AtFlags::empty());
        }
    }
}
