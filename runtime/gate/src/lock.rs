//! Files that are locked while somebody works with them.

use std::fs::File;
use std::ops::{Deref, DerefMut};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

/// A file with an exclusive lock (flock(2)), released when it is dropped.
///
/// Closing it would not do: a process that is being started has a copy of every descriptor until it
/// executes its program, and the lock would live as long.
#[derive(Debug)]
pub(crate) struct Locked(File);

impl Locked {
    /// Locks `file`, which may have to wait.
    pub(crate) fn wait(file: File) -> rustix::io::Result<Locked> {
        // A signal that is handled must not look like a lock that cannot be had.
        retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))?;
        Ok(Locked(file))
    }

    /// Locks `file`; gives it back if somebody else has the lock.
    pub(crate) fn attempt(file: File) -> rustix::io::Result<Result<Locked, File>> {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Ok(Locked(file))),
            Err(Errno::AGAIN) => Ok(Err(file)),
            Err(errno) => Err(errno),
        }
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // It fails for no file that was locked.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}
