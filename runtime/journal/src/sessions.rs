//! Sessions: jobs that belong together, over several runs. A job belongs to a session by what its
//! outcome says: it joins when it succeeded.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::JournalError;
use crate::journal::Journal;
use crate::row::{Row, RowKind};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// Runs with a job in it.
    pub runs: u64,
    /// Jobs in it.
    pub jobs: u64,
    /// When the first job joined, in milliseconds since 1970.
    pub first_ms: u64,
    /// When the last one did.
    pub last_ms: u64,
}

/// A job of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionJob {
    /// The session.
    pub session: String,
    /// The run.
    pub run: String,
    /// The job.
    pub job: String,
    /// The step, with the positions of the loops around it; empty if the outcome names none.
    pub path: String,
    /// When it ended, in milliseconds since 1970.
    pub at_ms: u64,
}

/// The parts of an outcome's body that make it part of a session.
#[derive(Deserialize)]
struct OutcomeBody {
    session: Option<String>,
    status: Option<String>,
    #[serde(default)]
    path: String,
}

impl SessionJob {
    /// The job of an `outcome` whose body has `"status":"ok"` and a `"session"`.
    pub fn of(row: &Row) -> Option<SessionJob> {
        // Most outcomes belong to none, and some are large.
        if row.kind != RowKind::Outcome || !row.body.contains("\"session\":\"") {
            return None;
        }
        let body: OutcomeBody = serde_json::from_str(&row.body).ok()?;
        if body.status.as_deref() != Some("ok") {
            return None;
        }
        Some(SessionJob {
            session: body.session?,
            run: row.run.clone(),
            job: row.job.clone()?,
            path: body.path,
            at_ms: row.at_ms,
        })
    }
}

impl Journal {
    /// All sessions by name. Reads the whole file.
    ///
    /// # Errors
    /// When a row is not as it was written, or the file cannot be read.
    pub fn sessions(&self) -> Result<Vec<Session>, JournalError> {
        let mut sessions: BTreeMap<String, (Session, BTreeSet<String>)> = BTreeMap::new();
        for row in self.all_rows(0) {
            let Some(job) = SessionJob::of(&row?) else {
                continue;
            };
            let (session, runs) = sessions.entry(job.session.clone()).or_insert_with(|| {
                let session = Session {
                    name: job.session,
                    runs: 0,
                    jobs: 0,
                    first_ms: job.at_ms,
                    last_ms: job.at_ms,
                };
                (session, BTreeSet::new())
            });
            session.jobs += 1;
            session.first_ms = session.first_ms.min(job.at_ms);
            session.last_ms = session.last_ms.max(job.at_ms);
            runs.insert(job.run);
            session.runs = runs.len() as u64;
        }
        Ok(sessions.into_values().map(|(session, _)| session).collect())
    }
}
