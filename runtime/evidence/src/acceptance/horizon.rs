//! Up to when a store has forgotten everything.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};

use rustix::fs::{self as sys, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{AcceptError, AcceptanceStore};
use crate::checked_text::parse_decimal;

const HORIZON: &str = "horizon";
const HORIZON_NEW: &str = "horizon.new";
const LOCK: &str = "lock";

/// Longest horizon file in bytes: the digits of a `u64` and a line feed.
const HORIZON_BYTES_MAX: u64 = 21;

const SAFE: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

impl AcceptanceStore {
    /// The horizon in milliseconds since 1970; 0 if nothing was ever forgotten.
    pub(super) fn horizon(&self) -> Result<u64, AcceptError> {
        let wrong = || self.strange(HORIZON, "a file with a decimal number and a line feed");
        let file = match sys::openat(&self.root, HORIZON, OFlags::RDONLY | SAFE, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(0),
            Err(Errno::LOOP | Errno::NXIO) => return Err(wrong()),
            Err(error) => return Err(self.failed("read", error)),
        };
        self.check_regular(&file, HORIZON)?;
        let mut text = String::new();
        File::from(file)
            .take(HORIZON_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(|_| wrong())?;
        text.strip_suffix('\n')
            .and_then(parse_decimal)
            .ok_or_else(wrong)
    }

    /// Replaces the horizon in one step; it is on disk before this returns. Only with the lock.
    pub(super) fn raise_horizon(&self, horizon: u64) -> Result<(), AcceptError> {
        let failed = |error| self.failed("write to", error);
        match sys::unlinkat(&self.root, HORIZON_NEW, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        }
        let create = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | SAFE;
        let new = sys::openat(&self.root, HORIZON_NEW, create, Mode::RUSR | Mode::WUSR);
        let mut new = File::from(new.map_err(failed)?);
        new.write_all(format!("{horizon}\n").as_bytes())
            .and_then(|()| new.sync_all())
            .map_err(|source| AcceptError::Store {
                path: self.path.clone(),
                doing: "write to",
                source,
            })?;
        sys::renameat(&self.root, HORIZON_NEW, &self.root, HORIZON).map_err(failed)?;
        sys::fsync(&self.root).map_err(failed)
    }

    /// The lock, until it is dropped or its process ends; `None` while another process has it.
    pub(super) fn try_lock(&self) -> Result<Option<File>, AcceptError> {
        let create = OFlags::RDWR | OFlags::CREATE | SAFE;
        let lock = match sys::openat(&self.root, LOCK, create, Mode::RUSR | Mode::WUSR) {
            Ok(lock) => lock,
            Err(Errno::LOOP | Errno::NXIO) => return Err(self.strange(LOCK, "a regular file")),
            Err(error) => return Err(self.failed("lock", error)),
        };
        self.check_regular(&lock, LOCK)?;
        let lock = File::from(lock);
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(AcceptError::Store {
                path: self.path.clone(),
                doing: "lock",
                source,
            }),
        }
    }

    fn check_regular(&self, file: &rustix::fd::OwnedFd, name: &str) -> Result<(), AcceptError> {
        let stat = sys::fstat(file).map_err(|error| self.failed("read", error))?;
        if FileType::from_raw_mode(stat.st_mode).is_file() {
            Ok(())
        } else {
            Err(self.strange(name, "a regular file"))
        }
    }
}
