//! Results of pure work, to be used again.

use rusqlite::{Connection, OptionalExtension as _};

use crate::append::Turn;
use crate::error::JournalError;
use crate::journal::Journal;
use crate::row::{BODY_BYTES_MAX, Durability};

/// Most bytes of a key.
const KEY_BYTES_MAX: usize = 256;

impl Journal {
    /// Keeps `result` (JSON) under `key`, in the place of what was there.
    ///
    /// # Errors
    /// When the key has over 256 bytes, the result more than a body may have, or the file cannot be
    /// written.
    pub fn remember(&self, key: &str, result: &str) -> Result<(), JournalError> {
        let turn = Turn {
            results: &[(key, result)],
            ..Turn::default()
        };
        self.record(&turn, Durability::Pure).map(drop)
    }

    /// What was kept under `key`. What is not as it was written is as good as nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recall(&self, key: &str) -> Result<Option<String>, JournalError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement =
                reader.prepare_cached("SELECT result, digest FROM memo WHERE key = ?1")?;
            statement
                .query_row([key], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
                })
                .optional()
        };
        let found = read().map_err(self.read_failed())?;
        Ok(found
            .filter(|(result, stored)| digest(key, result)[..] == stored[..])
            .map(|(result, _)| result))
    }
}

/// Whether a result can be kept.
pub(crate) fn acceptable(key: &str, result: &str) -> Result<(), JournalError> {
    for (what, text, max) in [
        ("the key of a result", key, KEY_BYTES_MAX),
        ("a result", result, BODY_BYTES_MAX),
    ] {
        if text.len() > max {
            return Err(JournalError::TooLarge {
                what,
                bytes: text.len() as u64,
                max: max as u64,
            });
        }
    }
    Ok(())
}

/// Keeps results, in the transaction of the caller. Gives about how many bytes that takes.
pub(crate) fn insert(connection: &Connection, results: &[(&str, &str)]) -> rusqlite::Result<u64> {
    let mut bytes = 0;
    for (key, result) in results {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO memo (key, result, digest) VALUES (?1, ?2, ?3)",
            )?
            .execute((key, result, digest(key, result)))?;
        bytes += result.len() as u64;
    }
    Ok(bytes)
}

/// What tells a changed result: it is not part of the chain.
fn digest(key: &str, result: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tenzik.memo.v1");
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key.as_bytes());
    hasher.update(result.as_bytes());
    *hasher.finalize().as_bytes()
}
