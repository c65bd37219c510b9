//! What the rows of a job say about it.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use tenzik_runtime::journal::{Journal, JournalError, Row, RowKind, UNIQUE_PREFIX_MIN};

use crate::command::journal::row::short;
use crate::failure::Failure;
use crate::journal_arguments::failed;

/// A job as its rows show it.
#[derive(Clone, Debug, Default)]
pub(super) struct Job {
    pub(super) run: String,
    pub(super) job: String,
    /// The step, with the positions of the loops around it.
    pub(super) path: String,
    /// From 1.
    pub(super) attempt: u64,
    pub(super) last: Option<RowKind>,
    /// The last row that is about it.
    pub(super) last_seq: u64,
    pub(super) first_ms: u64,
    pub(super) started_ms: Option<u64>,
    pub(super) ended_ms: Option<u64>,
    /// What the last row with such a field says.
    pub(super) body: Body,
    /// Samples of the machine, in the order in which rows name them.
    pub(super) samples: Vec<u64>,
}

/// The fields of bodies that are shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    path: Option<String>,
    attempt: Option<u64>,
    sample: Option<u64>,
    pub(super) effect: Option<String>,
    pub(super) status: Option<String>,
    pub(super) code: Option<String>,
    pub(super) exit: Option<u64>,
    pub(super) message: Option<String>,
    pub(super) remedy: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) reused: bool,
    pub(super) session: Option<String>,
    pub(super) usage: Option<Value>,
    pub(super) artifacts: Vec<NamedContent>,
    pub(super) provenance: Option<Value>,
}

/// An artifact as an outcome names it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NamedContent {
    pub(super) name: String,
    pub(super) digest: String,
    pub(super) bytes: u64,
}

impl Job {
    pub(super) fn new(row: &Row, job: &str) -> Job {
        Job {
            run: row.run.clone(),
            job: job.to_owned(),
            first_ms: row.at_ms,
            ..Job::default()
        }
    }

    /// Adds what a row says. Fields that it does not have stay as they are.
    pub(super) fn take(&mut self, row: &Row) {
        self.last = Some(row.kind);
        self.last_seq = row.seq;
        match row.kind {
            RowKind::Intent => self.started_ms = Some(row.at_ms),
            RowKind::Outcome => self.ended_ms = Some(row.at_ms),
            _ => {}
        }
        let Ok(mut body) = serde_json::from_str::<Body>(&row.body) else {
            return;
        };
        if let Some(path) = body.path.take() {
            self.path = path;
        }
        self.attempt = body.attempt.take().unwrap_or(self.attempt);
        self.samples.extend(body.sample.take());
        body.effect = body.effect.or_else(|| self.body.effect.take());
        body.session = body.session.or_else(|| self.body.session.take());
        self.body = body;
    }

    /// What the job needs no memory for in a list.
    pub(super) fn lighten(&mut self) {
        self.body.usage = None;
        self.body.provenance = None;
        self.body.artifacts = Vec::new();
        self.samples = Vec::new();
    }

    /// `admitted`, `queued`, `refused`, `running`, `interrupted`, `lost`, or the status of its outcome.
    pub(super) fn state(&self, is_alive: bool) -> &str {
        match self.last {
            Some(RowKind::Outcome) => self.body.status.as_deref().unwrap_or("ended"),
            Some(RowKind::Lost) => "lost",
            Some(RowKind::Refused) => "refused",
            _ if !is_alive => "interrupted",
            Some(RowKind::Queued) => "queued",
            Some(RowKind::Intent) => "running",
            _ => "admitted",
        }
    }
}

/// Whether runs are alive, each looked up once.
pub(super) struct Alive<'a> {
    journal: &'a Journal,
    known: HashMap<String, bool>,
}

impl<'a> Alive<'a> {
    pub(super) fn new(journal: &'a Journal) -> Alive<'a> {
        Alive {
            journal,
            known: HashMap::new(),
        }
    }

    pub(super) fn is(&mut self, run: &str) -> Result<bool, JournalError> {
        if let Some(known) = self.known.get(run) {
            return Ok(*known);
        }
        let alive = self.journal.run(run)?.alive;
        self.known.insert(run.to_owned(), alive);
        Ok(alive)
    }
}

/// The one job whose id is `prefix` or begins with it.
pub(super) fn find(journal: &Journal, prefix: &str) -> Result<Job, Failure> {
    let unknown = |remedy: &str| {
        let prefix: String = prefix.chars().take(80).collect();
        Failure::usage(
            format!(
                "there is no job {prefix} in the journal {:?}",
                journal.path()
            ),
            remedy,
        )
    };
    if prefix.len() < UNIQUE_PREFIX_MIN {
        return Err(unknown("give at least 4 characters"));
    }
    let mut found: Vec<Job> = Vec::new();
    for row in journal.all_rows(0) {
        let row = row.map_err(|error| failed(&error))?;
        let Some(job) = row.job.as_deref().filter(|job| job.starts_with(prefix)) else {
            continue;
        };
        // One is wanted; a second one makes the prefix ambiguous, unless there is the exact one.
        let wanted = found.len() < 2 || job == prefix;
        if let Some(seen) = found.iter_mut().find(|seen| seen.job == job) {
            seen.take(&row);
        } else if wanted {
            let mut new = Job::new(&row, job);
            new.take(&row);
            found.push(new);
        }
    }
    if let Some(exact) = found.iter().position(|seen| seen.job == prefix) {
        return Ok(found.swap_remove(exact));
    }
    match (found.pop(), found.pop()) {
        (None, _) => Err(unknown("tenzik job list shows them")),
        (Some(one), None) => Ok(one),
        (Some(second), Some(first)) => Err(failed(&JournalError::Ambiguous {
            what: "job",
            prefix: prefix.to_owned(),
            first: first.job,
            second: second.job,
        })),
    }
}

/// The jobs of the same step in the same run: its attempts.
pub(super) fn attempts(journal: &Journal, of: &Job) -> Result<Vec<Job>, Failure> {
    let mut attempts: Vec<Job> = Vec::new();
    for row in journal.rows(&of.run, 0).map_err(|error| failed(&error))? {
        let row = row.map_err(|error| failed(&error))?;
        let Some(id) = row.job.as_deref() else {
            continue;
        };
        if let Some(seen) = attempts.iter_mut().find(|seen| seen.job == id) {
            seen.take(&row);
            seen.lighten();
            continue;
        }
        let mut job = Job::new(&row, id);
        job.take(&row);
        job.lighten();
        if job.path == of.path {
            attempts.push(job);
        }
    }
    Ok(attempts)
}

/// A line of a list.
pub(super) fn line(job: &Job, state: &str) -> String {
    let attempt = match job.attempt {
        0 | 1 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    let code = job.body.code.as_deref().unwrap_or_default();
    let reused = if job.body.reused { "reused" } else { "" };
    let line = format!(
        "{:<32}  {:<8}  {:<11}  {}{attempt}  {code}{reused}",
        job.job,
        short(&job.run),
        state,
        job.path
    );
    line.trim_end().to_owned()
}
