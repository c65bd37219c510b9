//! Runs: how one begins, and what became of them.

use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::error::{JournalError, SqliteError};
use crate::journal::Journal;
use crate::row::{NewRow, Row, RowKind};
use crate::verify::{Broken, Why};

/// Fewest characters of an abbreviated id.
pub const UNIQUE_PREFIX_MIN: usize = 4;

/// Runs that are listed at a time.
const PIECE: u64 = 256;

/// A run that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunRow<'a> {
    /// Its id, 32 hexadecimal digits.
    pub run: &'a str,
    /// The name of the scenario.
    pub scenario: &'a str,
    /// The session that its jobs belong to by default.
    pub session: Option<&'a str>,
    /// Everything that a resumption needs; what is in it is the caller's business.
    pub source: &'a str,
    /// When, in milliseconds since 1970.
    pub started_ms: u64,
    /// The process that drives it.
    pub pid: u32,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunState {
    /// Its id.
    pub run: String,
    /// The name of the scenario.
    pub scenario: String,
    /// The session that its jobs belong to by default.
    pub session: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// The process that began it.
    pub pid: u32,
    /// Its first row.
    pub first_seq: u64,
    /// How it ended; `None` if it did not, or goes on again.
    pub ended: Option<RunEnded>,
    /// Whether a process drives it now. It was interrupted if it has neither ended nor is alive.
    pub alive: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnded {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The text `end` of the body of its last row, such as `ok` or `failed`; empty if there is none.
    pub end: String,
    /// Its last row.
    pub seq: u64,
    /// The hash of that row, for those who keep it elsewhere.
    pub hash: Hash,
}

/// The body of `run_started`.
#[derive(Serialize, Deserialize)]
struct StartedBody {
    scenario: String,
    session: Option<String>,
    pid: u32,
    source: String,
}

/// The part of the body of `run_ended` that is read here.
#[derive(Deserialize)]
struct EndedBody {
    #[serde(default)]
    end: String,
}

impl Journal {
    /// Writes the first row of a run; it is durable when this returns.
    ///
    /// # Errors
    /// When there is such a run already, something is too large, or the file cannot be written.
    pub fn begin(&self, run: &RunRow<'_>) -> Result<(), JournalError> {
        let body = StartedBody {
            scenario: run.scenario.to_owned(),
            session: run.session.map(str::to_owned),
            pid: run.pid,
            source: run.source.to_owned(),
        };
        let body = serde_json::to_string(&body).map_err(|error| JournalError::NotAcceptable {
            what: error.to_string(),
            remedy: "use another name or source",
        })?;
        self.append_first(&NewRow {
            run: run.run,
            kind: RowKind::RunStarted,
            job: None,
            at_ms: run.started_ms,
            body: &body,
        })
        .map(drop)
    }

    /// What became of a run.
    ///
    /// # Errors
    /// When there is none of this id, or the file cannot be read.
    pub fn run(&self, run: &str) -> Result<RunState, JournalError> {
        let (first, state) = self.index_of(run)?;
        self.state(run, first, state)
    }

    /// What [`Journal::begin`] was given as `source`.
    ///
    /// # Errors
    /// When there is no such run, or the file cannot be read.
    pub fn source(&self, run: &str) -> Result<String, JournalError> {
        let (first, _) = self.index_of(run)?;
        let row = self.row_of(run, first)?;
        Ok(self.started_body(&row)?.source)
    }

    /// All runs, the newest first.
    pub fn runs(&self) -> Runs<'_> {
        Runs {
            journal: self,
            before: i64::MAX,
            piece: Vec::new().into_iter(),
            ended: false,
        }
    }

    /// The one run whose id is `prefix` or begins with it.
    ///
    /// # Errors
    /// When there is none, or several, or the prefix is shorter than [`UNIQUE_PREFIX_MIN`].
    pub fn resolve_run(&self, prefix: &str) -> Result<String, JournalError> {
        let unknown = |remedy| JournalError::Unknown {
            what: "run",
            id: prefix.chars().take(80).collect(),
            path: self.path.clone(),
            remedy,
        };
        let mut found = Vec::new();
        {
            let reader = self.reader()?;
            let read = || -> rusqlite::Result<Vec<String>> {
                // Ids are of characters before `~`.
                let mut statement = reader.prepare_cached(
                    "SELECT run FROM runs WHERE run >= ?1 AND run < ?1 || '~' ORDER BY run LIMIT 2",
                )?;
                statement
                    .query_map([prefix], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()
            };
            found.extend(read().map_err(self.read_failed())?);
        }
        match &found[..] {
            [exact, ..] if exact == prefix => Ok(exact.clone()),
            [] => Err(unknown("tenzik runs lists them")),
            _ if prefix.len() < UNIQUE_PREFIX_MIN => Err(unknown("give at least 4 characters")),
            [one] => Ok(one.clone()),
            [first, second, ..] => Err(JournalError::Ambiguous {
                what: "run",
                prefix: prefix.to_owned(),
                first: first.clone(),
                second: second.clone(),
            }),
        }
    }

    /// The first row of a run, and the last one that it can have: none comes after its end.
    pub(crate) fn span(&self, run: &str) -> Result<(u64, u64), JournalError> {
        let (first, state) = self.index_of(run)?;
        let last = match self.row_of(run, state)?.kind {
            RowKind::RunEnded => state,
            _ => u64::MAX,
        };
        Ok((first, last))
    }

    /// Where the table of runs leads to.
    fn index_of(&self, run: &str) -> Result<(u64, u64), JournalError> {
        let reader = self.reader()?;
        let read = || {
            let mut statement =
                reader.prepare_cached("SELECT first_seq, state_seq FROM runs WHERE run = ?1")?;
            statement
                .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        };
        read()
            .map_err(self.read_failed())?
            .ok_or_else(|| JournalError::Unknown {
                what: "run",
                id: run.chars().take(80).collect(),
                path: self.path.clone(),
                remedy: "tenzik runs lists them",
            })
    }

    /// The row `seq`, to which the table of runs leads.
    fn row_of(&self, run: &str, seq: u64) -> Result<Row, JournalError> {
        let row = self.all_rows(seq.saturating_sub(1)).piece_of_one()?;
        row.filter(|row| {
            row.seq == seq
                && row.run == run
                && matches!(
                    row.kind,
                    RowKind::RunStarted | RowKind::RunResumed | RowKind::RunEnded
                )
        })
        .ok_or_else(|| {
            let run = run.chars().take(80).collect();
            self.broken(seq, Why::Index { run })
        })
    }

    fn state(&self, run: &str, first: u64, state: u64) -> Result<RunState, JournalError> {
        let first_row = self.row_of(run, first)?;
        let body = self.started_body(&first_row)?;
        let state_row = if state == first {
            first_row.clone()
        } else {
            self.row_of(run, state)?
        };
        let ended = (state_row.kind == RowKind::RunEnded).then(|| RunEnded {
            at_ms: state_row.at_ms,
            end: serde_json::from_str(&state_row.body)
                .map_or_else(|_| String::new(), |body: EndedBody| body.end),
            seq: state_row.seq,
            hash: state_row.hash,
        });
        Ok(RunState {
            alive: ended.is_none() && self.is_alive(run)?,
            run: first_row.run,
            scenario: body.scenario,
            session: body.session,
            started_ms: first_row.at_ms,
            pid: body.pid,
            first_seq: first,
            ended,
        })
    }

    fn started_body(&self, row: &Row) -> Result<StartedBody, JournalError> {
        serde_json::from_str(&row.body).map_err(|error| {
            let (code, message) = (0, format!("the body of run_started: {error}"));
            self.broken(row.seq, Why::Unreadable(SqliteError { code, message }))
        })
    }

    pub(crate) fn broken(&self, seq: u64, why: Why) -> JournalError {
        JournalError::Broken {
            path: self.path.clone(),
            broken: Broken { seq, why },
        }
    }
}

/// Runs, the newest first. After an error nothing more comes.
#[derive(Debug)]
pub struct Runs<'a> {
    journal: &'a Journal,
    before: i64,
    piece: std::vec::IntoIter<(i64, String, u64)>,
    ended: bool,
}

impl Runs<'_> {
    fn read(&mut self) -> Result<(), JournalError> {
        let reader = self.journal.reader()?;
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = reader.prepare_cached(
                "SELECT first_seq, run, state_seq FROM runs WHERE first_seq < ?1 \
                 ORDER BY first_seq DESC LIMIT ?2",
            )?;
            statement
                .query_map((self.before, PIECE), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect()
        };
        self.piece = read().map_err(self.journal.read_failed())?.into_iter();
        Ok(())
    }
}

impl Iterator for Runs<'_> {
    type Item = Result<RunState, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if self.piece.len() == 0
            && let Err(error) = self.read()
        {
            self.ended = true;
            return Some(Err(error));
        }
        let Some((first, run, state)) = self.piece.next() else {
            self.ended = true;
            return None;
        };
        // In a damaged file the order may be none.
        let state = u64::try_from(first)
            .ok()
            .filter(|_| first < self.before)
            .map_or_else(
                || {
                    let run = run.chars().take(80).collect();
                    Err(self.journal.broken(0, Why::Index { run }))
                },
                |first| self.journal.state(&run, first, state),
            );
        self.before = first;
        self.ended = state.is_err();
        Some(state)
    }
}
