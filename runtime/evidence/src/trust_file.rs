//! Changing a trust file while other processes may do the same.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::file::{self, Existing, FileError};
use crate::trust_store::{check_name, parse_line};
use crate::{PublicKey, TRUST_FILE_BYTES_MAX, TrustError, TrustStore};

/// Attempts to take the lock, [`LOCK_PAUSE`] apart; a holder needs it for milliseconds.
const LOCK_ATTEMPTS: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A trust file that can be changed. Changes replace the file in one step and hold a lock on
/// `.NAME.lock` beside it, so that none is lost; comments and order stay.
#[derive(Clone, Debug)]
pub struct TrustFile {
    path: PathBuf,
}

impl TrustFile {
    /// The trust file with this name; it need not exist, its directory must.
    pub fn new(path: impl Into<PathBuf>) -> TrustFile {
        TrustFile { path: path.into() }
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys in it; none when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read or has a line that is not understood.
    pub fn read(&self) -> Result<TrustStore, TrustError> {
        self.parse(&self.bytes()?)
    }

    /// Adds a key with an optional name. Does nothing when the key is in it already, whatever its
    /// name.
    ///
    /// Returns whether the key is new.
    ///
    /// # Errors
    /// When the file cannot be read, understood, locked or written, or the name is not acceptable.
    pub fn add(&self, key: &PublicKey, name: Option<&str>) -> Result<bool, TrustError> {
        name.map_or(Ok(()), check_name).map_err(TrustError::Name)?;
        let _lock = self.lock()?;
        let mut bytes = self.bytes()?;
        if self.parse(&bytes)?.find(key).is_some() {
            return Ok(false);
        }
        if bytes.last().is_some_and(|last| *last != b'\n') {
            bytes.push(b'\n');
        }
        let line = match name {
            Some(name) => format!("{key} {name}\n"),
            None => format!("{key}\n"),
        };
        bytes.extend_from_slice(line.as_bytes());
        self.replace(&bytes)?;
        Ok(true)
    }

    /// Removes every line with this key.
    ///
    /// Returns whether there was one.
    ///
    /// # Errors
    /// When the file cannot be read, understood, locked or written.
    pub fn remove(&self, key: &PublicKey) -> Result<bool, TrustError> {
        let _lock = self.lock()?;
        let bytes = self.bytes()?;
        if self.parse(&bytes)?.find(key).is_none() {
            return Ok(false);
        }
        let mut kept = Vec::with_capacity(bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match parse_line(line) {
                Ok(Some((found, _))) if found == *key => {}
                _ => kept.extend_from_slice(line),
            }
        }
        self.replace(&kept)?;
        Ok(true)
    }

    fn bytes(&self) -> Result<Vec<u8>, FileError> {
        match file::read(&self.path, TRUST_FILE_BYTES_MAX) {
            Ok((bytes, _)) => Ok(bytes),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The keys of a text that consists of lines; a PEM key is refused.
    fn parse(&self, bytes: &[u8]) -> Result<TrustStore, TrustError> {
        let mut store = TrustStore::new();
        store
            .insert_lines(bytes)
            .map_err(|(line, problem)| TrustError::Line {
                path: self.path.clone(),
                line,
                problem,
            })?;
        Ok(store)
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), FileError> {
        if bytes.len() as u64 > TRUST_FILE_BYTES_MAX {
            let bytes_max = TRUST_FILE_BYTES_MAX;
            return Err(FileError::TooLarge {
                path: self.path.clone(),
                bytes_max,
            });
        }
        file::write(&self.target(), bytes, 0o644, Existing::Replace).map_err(|source| {
            FileError::Write {
                path: self.path.clone(),
                source,
            }
        })
    }

    /// Takes the lock until the returned file is dropped.
    fn lock(&self) -> Result<File, TrustError> {
        let target = self.target();
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".lock");
        let failed = |source| FileError::Write {
            path: self.path.clone(),
            source,
        };
        let lock = File::options()
            .create(true)
            .append(true)
            .open(target.with_file_name(name))
            .map_err(failed)?;
        for _ in 0..LOCK_ATTEMPTS {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(source)) => return Err(failed(source).into()),
            }
        }
        Err(TrustError::Locked {
            path: self.path.clone(),
        })
    }

    /// The file behind symbolic links, so that a change does not replace a link by a file.
    fn target(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }
}
