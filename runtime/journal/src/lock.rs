//! Which process drives a run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, retry_on_intr};

use crate::error::JournalError;
use crate::file;
use crate::journal::Journal;
use crate::row::id_problem;

/// Somebody who looks whether a run is alive holds its lock for a moment.
const ATTEMPTS: u32 = 50;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(2);

/// The lock of a run: this process drives it until this is dropped or the process ends.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Takes the lock of `run`, whether it began or not.
    ///
    /// # Errors
    /// [`JournalError::RunBusy`] when another process, or another handle, has it.
    pub fn lock_run(&self, run: &str) -> Result<RunLock, JournalError> {
        let directory = self.locks_directory();
        let path = lock_path(&directory, run)?;
        file::own_directory(&directory)?;
        for _ in 0..ATTEMPTS {
            let file = open(&path, true).map_err(JournalError::io("make", &path))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Who had it before may have removed the file meanwhile.
                Ok(()) if is_at(&file, &path) => {
                    say_who(&file).map_err(JournalError::io("write", &path))?;
                    return Ok(RunLock { path, file });
                }
                Ok(()) => {}
                Err(Errno::AGAIN) => std::thread::sleep(PAUSE),
                Err(errno) => return Err(JournalError::io("lock", &path)(errno)),
            }
        }
        Err(JournalError::RunBusy {
            run: run.to_owned(),
            pid: read_pid(&path),
        })
    }

    /// Whether a process drives `run`.
    pub(crate) fn is_alive(&self, run: &str) -> Result<bool, JournalError> {
        let path = lock_path(&self.locks_directory(), run)?;
        let file = match open(&path, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(JournalError::io("open", &path))?,
        };
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => {
                let _ = flock(&file, FlockOperation::Unlock);
                Ok(false)
            }
            Err(Errno::AGAIN) => Ok(true),
            Err(errno) => Err(JournalError::io("lock", &path)(errno)),
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // In this order: a file that is not locked must not be at the path for long, and one that is
        // locked by another must never be removed.
        let _ = fs::remove_file(&self.path);
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Waits until this process alone sets up the file.
pub(crate) fn setup(directory: &Path) -> Result<SetupLock, JournalError> {
    file::own_directory(directory)?;
    let path = directory.join("setup.lock");
    let file = open(&path, true).map_err(JournalError::io("make", &path))?;
    retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))
        .map_err(JournalError::io("lock", &path))?;
    Ok(SetupLock(file))
}

/// Held while a file is set up.
pub(crate) struct SetupLock(File);

impl Drop for SetupLock {
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

fn lock_path(directory: &Path, run: &str) -> Result<PathBuf, JournalError> {
    match id_problem(run) {
        None => Ok(directory.join(format!("{run}.lock"))),
        Some(what) => Err(JournalError::NotAcceptable {
            what,
            remedy: "use another id",
        }),
    }
}

fn open(path: &Path, make: bool) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    OpenOptions::new()
        .read(true)
        .write(make)
        .create(make)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(opened), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (opened.dev(), opened.ino()) == (there.dev(), there.ino())
}

fn say_who(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(std::process::id().to_string().as_bytes())
}

fn read_pid(path: &Path) -> Option<u32> {
    let mut text = String::new();
    let file = open(path, false).ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
