//! What the loop needs of the journal: a seam, so that its failures can be tried out.

use std::any::Any;

use tenzik_journal::{Durability, Journal, NewRow, Request, Row, RunRow, Turn};

/// Something was not written or read.
pub type StorageError = String;

/// The rows of runs.
pub trait RunJournal: Sync {
    /// Drives `run` until what is returned is dropped.
    ///
    /// # Errors
    /// When another process does.
    fn lock(&self, run: &str) -> Result<Box<dyn Any>, StorageError>;

    /// Writes the first row of a run; it is durable then.
    ///
    /// # Errors
    /// When it was not written.
    fn begin(&self, run: &RunRow<'_>) -> Result<(), StorageError>;

    /// Writes all of `turn`, or nothing.
    ///
    /// # Errors
    /// When it was not written. Nothing is written through this handle any more.
    fn record(&self, turn: &Turn<'_>, durability: Durability) -> Result<(), StorageError>;

    /// Writes all of `rows`, or none.
    ///
    /// # Errors
    /// As [`RunJournal::record`].
    fn append(&self, rows: &[NewRow<'_>], durability: Durability) -> Result<(), StorageError> {
        let turn = Turn {
            rows,
            ..Turn::default()
        };
        self.record(&turn, durability)
    }

    /// What [`RunJournal::begin`] was given as source.
    ///
    /// # Errors
    /// When there is no such run.
    fn source(&self, run: &str) -> Result<String, StorageError>;

    /// Hands each row of a run to `take`, in their order.
    ///
    /// # Errors
    /// When a row is not as it was written, or `take` fails.
    fn rows(
        &self,
        run: &str,
        take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>;

    /// What was asked of the run since it began or was resumed.
    ///
    /// # Errors
    /// When it cannot be read.
    fn requested(&self, run: &str) -> Result<Vec<Request>, StorageError>;

    /// A result that was kept.
    ///
    /// # Errors
    /// When it cannot be read.
    fn recall(&self, key: &str) -> Result<Option<String>, StorageError>;
}

impl RunJournal for Journal {
    fn lock(&self, run: &str) -> Result<Box<dyn Any>, StorageError> {
        let lock = self.lock_run(run).map_err(told)?;
        Ok(Box::new(lock))
    }

    fn begin(&self, run: &RunRow<'_>) -> Result<(), StorageError> {
        Journal::begin(self, run).map_err(told)
    }

    fn record(&self, turn: &Turn<'_>, durability: Durability) -> Result<(), StorageError> {
        Journal::record(self, turn, durability)
            .map(drop)
            .map_err(told)
    }

    fn source(&self, run: &str) -> Result<String, StorageError> {
        Journal::source(self, run).map_err(told)
    }

    fn rows(
        &self,
        run: &str,
        take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for row in Journal::rows(self, run, 0).map_err(told)? {
            take(row.map_err(told)?)?;
        }
        Ok(())
    }

    fn requested(&self, run: &str) -> Result<Vec<Request>, StorageError> {
        Journal::requested(self, run).map_err(told)
    }

    fn recall(&self, key: &str) -> Result<Option<String>, StorageError> {
        Journal::recall(self, key).map_err(told)
    }
}

fn told(error: impl std::fmt::Display) -> StorageError {
    error.to_string()
}
