//! What people ask of runs that other processes drive.

use crate::error::JournalError;
use crate::journal::{Journal, WriteError};
use crate::row::Durability;

/// Most requests that are kept for a run: more do not say more.
const REQUESTS_MAX: u32 = 64;

/// What somebody asks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// To end.
    Cancel {
        /// At once, without waiting for jobs.
        force: bool,
    },
}

impl Request {
    const fn text(self) -> &'static str {
        match self {
            Request::Cancel { force: false } => "cancel",
            Request::Cancel { force: true } => "cancel_force",
        }
    }

    fn from_text(text: &str) -> Option<Request> {
        match text {
            "cancel" => Some(Request::Cancel { force: false }),
            "cancel_force" => Some(Request::Cancel { force: true }),
            _ => None,
        }
    }
}

impl Journal {
    /// Asks `request` of `run`. The process that drives it sees it when it looks.
    ///
    /// # Errors
    /// When there is no such run, or the file cannot be written.
    pub fn request(&self, run: &str, request: Request) -> Result<(), JournalError> {
        self.span(run)?;
        self.write(Durability::Pure, |writer| {
            let count: u32 = writer
                .connection
                .prepare_cached("SELECT count(*) FROM requests WHERE run = ?1")?
                .query_row([run], |row| row.get(0))?;
            if count >= REQUESTS_MAX {
                return Err(WriteError::Refused(JournalError::NotAcceptable {
                    what: format!("run {run} has {count} requests already"),
                    remedy: "wait until it ends, or end its process",
                }));
            }
            writer
                .connection
                .prepare_cached("INSERT INTO requests (run, request) VALUES (?1, ?2)")?
                .execute((run, request.text()))?;
            Ok(((), 0))
        })
    }

    /// What was asked of `run` since it began or was resumed, in that order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn requested(&self, run: &str) -> Result<Vec<Request>, JournalError> {
        let reader = self.reader()?;
        let read = || -> rusqlite::Result<Vec<Request>> {
            let mut statement = reader.prepare_cached(
                "SELECT request FROM requests WHERE run = ?1 ORDER BY id LIMIT 64",
            )?;
            let mut rows = statement.query([run])?;
            let mut requests = Vec::new();
            while let Some(row) = rows.next()? {
                requests.extend(Request::from_text(row.get_ref(0)?.as_str()?));
            }
            Ok(requests)
        };
        read().map_err(self.read_failed())
    }
}
