//! Samples of what the machine used. They are not part of the chain: rows name them.

use rusqlite::OptionalExtension as _;

use crate::error::JournalError;
use crate::journal::Journal;
use crate::row::Durability;

/// Most bytes of a sample.
const SAMPLE_BYTES_MAX: usize = 64 << 10;

impl Journal {
    /// Keeps a sample (JSON) and gives its number.
    ///
    /// # Errors
    /// When it is over 64 KiB, or the file cannot be written.
    pub fn sample(&self, body: &str) -> Result<u64, JournalError> {
        if body.len() > SAMPLE_BYTES_MAX {
            return Err(JournalError::TooLarge {
                what: "a sample",
                bytes: body.len() as u64,
                max: SAMPLE_BYTES_MAX as u64,
            });
        }
        self.write(Durability::Pure, |writer| {
            writer
                .connection
                .prepare_cached("INSERT INTO samples (body) VALUES (?1)")?
                .execute([body])?;
            let id = writer.connection.last_insert_rowid();
            Ok((id.unsigned_abs(), body.len() as u64))
        })
    }

    /// The sample of this number, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sample_of(&self, id: u64) -> Result<Option<String>, JournalError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement = reader.prepare_cached("SELECT body FROM samples WHERE id = ?1")?;
            statement
                .query_row([i64::try_from(id).unwrap_or(i64::MAX)], |row| row.get(0))
                .optional()
        };
        read().map_err(self.read_failed())
    }
}
