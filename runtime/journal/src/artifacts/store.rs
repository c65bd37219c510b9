//! The files of artifacts.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Dir, FlockOperation, OFlags, flock, unlinkat};
use rustix::io::retry_on_intr;

use crate::error::JournalError;
use crate::file;
use crate::journal::Journal;
use crate::row::Durability;

use super::digest::ArtifactDigest;
use super::error::ArtifactError;
use super::reader::ArtifactReader;
use super::writer::ArtifactWriter;

/// Tells temporary files of this process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The artifacts of a journal: files named for their content, so that the same content is stored
/// once, and their index. Threads may share it, and processes the directory.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    pub(super) journal: Arc<Journal>,
    directory: PathBuf,
    /// Keeps others from removing temporary files.
    _in_use: Arc<File>,
}

impl ArtifactStore {
    /// The artifacts of `journal`. Removes what killed processes left if nobody else uses them.
    ///
    /// # Errors
    /// When the directory cannot be made or locked.
    pub fn open(journal: Arc<Journal>) -> Result<ArtifactStore, ArtifactError> {
        let directory = journal.store_directory();
        own_directory(&directory)?;
        let temporary = own_directory(&directory.join("tmp"))?;
        let path = directory.join("lock");
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(ArtifactError::io("make", &path))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove_files(&temporary);
        }
        retry_on_intr(|| flock(&lock, FlockOperation::LockShared))
            .map_err(ArtifactError::io("lock", &path))?;
        Ok(ArtifactStore {
            journal,
            directory,
            _in_use: Arc::new(lock),
        })
    }

    /// Stores `bytes`, of which there may be `bytes_max`. With [`Durability::Effect`] they are on
    /// disk when this returns; with [`Durability::Pure`] a loss of power may lose them, which is
    /// noticed when they are read.
    ///
    /// # Errors
    /// When there are too many bytes or they cannot be written.
    pub fn put(
        &self,
        bytes: &[u8],
        bytes_max: u64,
        durability: Durability,
    ) -> Result<ArtifactDigest, ArtifactError> {
        let mut writer = self.writer(bytes_max)?;
        writer.write(bytes)?;
        writer.commit(durability).map(|(digest, _)| digest)
    }

    /// Begins an artifact of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn writer(&self, bytes_max: u64) -> Result<ArtifactWriter, ArtifactError> {
        let temporary = self.directory.join("tmp");
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = temporary.join(format!("{}-{number}", std::process::id()));
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            match made {
                Ok(file) => return Ok(ArtifactWriter::new(self.clone(), path, file, bytes_max)),
                // Of a process that had the same number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ArtifactError::io("make", &path)(error)),
            }
        }
    }

    /// As [`Journal::open_artifact`].
    ///
    /// # Errors
    /// When there is none or it cannot be opened.
    pub fn open_artifact(&self, digest: &ArtifactDigest) -> Result<ArtifactReader, ArtifactError> {
        self.journal.open_artifact(digest)
    }

    /// As [`Journal::read_artifact`].
    ///
    /// # Errors
    /// When there is none, it has more bytes, or it is not what was stored.
    pub fn read(&self, digest: &ArtifactDigest, bytes_max: u64) -> Result<Vec<u8>, ArtifactError> {
        self.journal.read_artifact(digest, bytes_max)
    }

    /// Moves the complete file `temporary` to its content's name.
    pub(super) fn keep(
        &self,
        temporary: &Path,
        digest: &ArtifactDigest,
        durability: Durability,
    ) -> Result<(), ArtifactError> {
        let path = path_of(&self.directory, digest);
        let directory = path.parent().unwrap_or(&self.directory);
        own_directory(directory)?;
        // What is there stays if it is that content, and is repaired otherwise.
        let is_there = self
            .open_artifact(digest)
            .is_ok_and(|mut reader| reader.verify().is_ok());
        if is_there {
            let _ = fs::remove_file(temporary);
        } else {
            fs::rename(temporary, &path).map_err(ArtifactError::io("make", &path))?;
        }
        if durability == Durability::Effect {
            // Whoever stored it first may not have needed that.
            if is_there {
                sync(&path)?;
            }
            sync(directory)?;
        }
        Ok(())
    }
}

impl Journal {
    /// Opens an artifact. What is read is what was stored only if reading comes to the end without
    /// an error.
    ///
    /// # Errors
    /// When there is none or it cannot be opened.
    pub fn open_artifact(&self, digest: &ArtifactDigest) -> Result<ArtifactReader, ArtifactError> {
        let directory = self.store_directory();
        let path = path_of(&directory, digest);
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(&path);
        match opened {
            Ok(file) => Ok(ArtifactReader::new(file, path, *digest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ArtifactError::Missing {
                digest: *digest,
                path: directory,
            }),
            Err(error) => Err(ArtifactError::io("open", &path)(error)),
        }
    }

    /// The whole content of an artifact of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// When there is none, it has more bytes, or it is not what was stored.
    pub fn read_artifact(
        &self,
        digest: &ArtifactDigest,
        bytes_max: u64,
    ) -> Result<Vec<u8>, ArtifactError> {
        self.open_artifact(digest)?.read_all(bytes_max)
    }
}

fn path_of(directory: &Path, digest: &ArtifactDigest) -> PathBuf {
    let digits = digest.to_hex();
    directory.join(&digits[..2]).join(digits)
}

fn own_directory(path: &Path) -> Result<OwnedFd, ArtifactError> {
    file::own_directory(path).map_err(|error| match error {
        JournalError::Io {
            doing,
            path,
            source,
        } => ArtifactError::Io {
            doing,
            path,
            source,
        },
        other => ArtifactError::Journal(other),
    })
}

fn sync(path: &Path) -> Result<(), ArtifactError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(ArtifactError::io("synchronise", path))
}

/// Removes the temporary files in `directory`, and nothing that has another name than these. What
/// cannot be removed is left.
fn remove_files(directory: &OwnedFd) {
    let Ok(entries) = Dir::read_from(directory) else {
        return;
    };
    for entry in entries.flatten() {
        if is_temporary(entry.file_name().to_bytes()) {
            let _ = unlinkat(directory, entry.file_name(), AtFlags::empty());
        }
    }
}

/// Whether `name` is of the form `PID-N`.
fn is_temporary(name: &[u8]) -> bool {
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let mut parts = name.splitn(2, |byte| *byte == b'-');
    parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number)
}
