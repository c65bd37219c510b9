//! Checking the whole chain.

use std::fmt;

use rusqlite::OptionalExtension as _;

use crate::chain::{Hash, Head};
use crate::error::{JournalError, SqliteError};
use crate::journal::Journal;
use crate::rows::{Cursor, walk};

/// The first row that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub seq: u64,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not there, but a later one is.
    Missing {
        /// That one.
        next: u64,
    },
    /// Its fields and the hash of the row before do not give its hash: one of them was changed.
    Hash {
        /// What the row has.
        stored: Hash,
        /// What its fields and the row before give.
        computed: Hash,
    },
    /// Its hash has another length.
    HashLength {
        /// In bytes.
        bytes: usize,
    },
    /// It is of a kind that there is not.
    Kind {
        /// The text, cut after 64 characters.
        found: String,
    },
    /// SQLite cannot read it.
    Unreadable(SqliteError),
    /// It has another hash than the caller knows.
    Anchor {
        /// What the row has; `None` if there are fewer rows.
        stored: Option<Hash>,
        /// What the caller knows.
        known: Hash,
    },
    /// The table of runs does not lead to it, or leads to it wrongly.
    Index {
        /// The run.
        run: String,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.why {
            Why::Missing { next } => {
                write!(f, "row {seq} is missing, the next one there is row {next}")
            }
            Why::Hash { stored, computed } => write!(
                f,
                "row {seq} has the hash {stored}, but what it says and the row before give {computed}: \
                 this row or the hash before it was changed"
            ),
            Why::HashLength { bytes } => {
                write!(f, "row {seq} has a hash of {bytes} bytes instead of 32")
            }
            Why::Kind { found } => write!(f, "row {seq} is of the unknown kind {found:?}"),
            Why::Unreadable(error) => write!(f, "row {seq} cannot be read: {error}"),
            Why::Anchor {
                stored: Some(stored),
                known,
            } => write!(f, "row {seq} has the hash {stored}, it should be {known}"),
            Why::Anchor {
                stored: None,
                known,
            } => write!(
                f,
                "row {seq} with the hash {known} should be there, the journal ends before it"
            ),
            Why::Index { run } => write!(
                f,
                "the table of runs does not lead to row {seq} of run {run:?} as it should"
            ),
        }
    }
}

/// A chain without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Rows.
    pub rows: u64,
    /// The newest one; what is removed after it nobody can tell from the file alone.
    pub head: Head,
}

impl Journal {
    /// Checks every row up to the newest one, and that each of `anchors` is among them. `progress`
    /// is told how many rows were checked, and how many there are.
    ///
    /// # Errors
    /// [`JournalError::Broken`] with the first row that is not as it was written, or why the file
    /// cannot be read.
    pub fn verify(
        &self,
        anchors: &[Head],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verified, JournalError> {
        let broken = |seq, why| JournalError::Broken {
            path: self.path.clone(),
            broken: Broken { seq, why },
        };
        let last = self.head()?.seq;
        let mut cursor = Cursor::start();
        while cursor.after() < last {
            let reader = self.reader()?;
            let mut wrong = None;
            let seen = walk(&reader, &self.path, &mut cursor, last, |row| {
                if let Some(anchor) = anchors.iter().find(|anchor| anchor.seq == row.fields.seq)
                    && anchor.hash != row.hash
                {
                    let (stored, known) = (Some(row.hash), anchor.hash);
                    wrong = Some((row.fields.seq, Why::Anchor { stored, known }));
                }
                wrong.is_none()
            })?;
            if let Some((seq, why)) = wrong {
                return Err(broken(seq, why));
            }
            progress(cursor.after(), last);
            if seen == 0 {
                let (seq, next) = (cursor.after() + 1, last);
                return Err(broken(seq, Why::Missing { next }));
            }
        }
        self.verify_index()?;
        let missing = anchors.iter().find(|anchor| anchor.seq > last);
        if let Some(anchor) = missing {
            let (stored, known) = (None, anchor.hash);
            return Err(broken(anchor.seq, Why::Anchor { stored, known }));
        }
        Ok(Verified {
            rows: last,
            head: Head {
                seq: last,
                hash: cursor.previous().unwrap_or(Hash::BEFORE_FIRST),
            },
        })
    }

    /// The table of runs is not part of the chain, and what it leads to is checked when it is used.
    /// Here it is looked whether it leads to all runs.
    fn verify_index(&self) -> Result<(), JournalError> {
        let reader = self.reader()?;
        for sql in INDEX_PROBLEMS {
            let read = || {
                reader
                    .prepare_cached(sql)?
                    .query_row([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
                    .optional()
            };
            if let Some((seq, run)) = read().map_err(self.read_failed())? {
                let run = run.chars().take(80).collect();
                return Err(self.broken(seq, Why::Index { run }));
            }
        }
        Ok(())
    }
}

/// What gives the first row that the table of runs does not lead to, or leads to wrongly.
const INDEX_PROBLEMS: [&str; 2] = [
    "SELECT rows.seq, rows.run FROM rows LEFT JOIN runs ON runs.run = rows.run \
     WHERE rows.kind IN ('run_started', 'run_resumed', 'run_ended') \
     AND (runs.run IS NULL OR rows.seq > runs.state_seq \
     OR (rows.kind = 'run_started' AND rows.seq <> runs.first_seq)) \
     ORDER BY rows.seq LIMIT 1",
    "SELECT runs.first_seq, runs.run FROM runs \
     LEFT JOIN rows AS first ON first.seq = runs.first_seq \
     LEFT JOIN rows AS state ON state.seq = runs.state_seq \
     WHERE first.kind IS NOT 'run_started' OR first.run IS NOT runs.run \
     OR state.run IS NOT runs.run OR state.kind IS NULL \
     OR state.kind NOT IN ('run_started', 'run_resumed', 'run_ended') \
     ORDER BY runs.first_seq LIMIT 1",
];
