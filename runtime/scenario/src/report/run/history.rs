//! Reads the rows of a run, one after the other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::order::in_order;
use super::{ArtifactReport, AttemptReport, RunReport, StepReport};

/// Steps that a report has at most; a scenario has at most 10,000 and loops as many items.
const STEPS_MAX: usize = 1_000_000;

/// A row of the journal.
#[derive(Clone, Copy, Debug)]
pub struct RunRow<'a> {
    /// What it tells, as the journal names it.
    pub kind: &'a str,
    /// The job.
    pub job: Option<&'a str>,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// JSON.
    pub body: &'a str,
}

/// A row that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Its body is not what its kind says.
    #[error("the body of a row {kind} is malformed: {error}")]
    Body {
        /// The kind.
        kind: String,
        /// What is wrong.
        error: String,
    },
    /// There are too many steps.
    #[error("the run has more than {STEPS_MAX} steps")]
    TooManySteps,
}

/// A run as far as its rows were read.
#[derive(Debug, Default)]
pub struct RunHistory {
    report: RunReport,
    steps: BTreeMap<String, Tracked>,
}

#[derive(Debug, Default)]
pub(super) struct Tracked {
    pub(super) node: Option<usize>,
    pub(super) step: StepReport,
}

/// The keys of all bodies that are told; outputs are passed over.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    path: Option<String>,
    attempt: u32,
    node: Option<usize>,
    state: Option<String>,
    status: Option<String>,
    code: Option<String>,
    exit: Option<u8>,
    message: Option<String>,
    reason: Option<String>,
    because: Option<String>,
    timeout_ms: Option<u64>,
    reused: bool,
    by_fallback: bool,
    started_ms: Option<u64>,
    usage: Value,
    artifacts: Vec<ArtifactBody>,
    end: Option<String>,
    scenario: Option<String>,
    session: Option<String>,
    steps: serde::de::IgnoredAny,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ArtifactBody {
    name: String,
    digest: String,
    bytes: u64,
}

impl RunHistory {
    /// Of the run with this id.
    pub fn new(run: &str) -> RunHistory {
        RunHistory {
            report: RunReport {
                run: run.to_owned(),
                ..RunReport::default()
            },
            ..RunHistory::default()
        }
    }

    /// Reads the next row. Kinds that are unknown are passed over.
    ///
    /// # Errors
    /// If its body is malformed, or there are too many steps.
    pub fn read(&mut self, row: RunRow<'_>) -> Result<(), HistoryError> {
        let body: Body = serde_json::from_str(row.body).map_err(|error| HistoryError::Body {
            kind: row.kind.to_owned(),
            error: error.to_string(),
        })?;
        self.report.last_ms = self.report.last_ms.max(row.at_ms);
        match row.kind {
            "run_started" => {
                self.report.started_ms = row.at_ms;
                self.report.scenario = body.scenario.unwrap_or_default();
                self.report.session = body.session;
            }
            "run_resumed" => {
                self.report.resumed += 1;
                (self.report.ended_ms, self.report.status) = (None, String::new());
            }
            "run_ended" => {
                self.report.ended_ms = Some(row.at_ms);
                self.report.status = body.end.unwrap_or_default();
            }
            "queued" | "admitted" | "intent" | "refused" | "outcome" | "lost" | "settled" => {
                self.step_row(row, body)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn step_row(&mut self, row: RunRow<'_>, body: Body) -> Result<(), HistoryError> {
        let Some(path) = body.path.clone() else {
            return Ok(());
        };
        if self.steps.len() >= STEPS_MAX && !self.steps.contains_key(&path) {
            return Err(HistoryError::TooManySteps);
        }
        let tracked = self.steps.entry(path.clone()).or_default();
        tracked.step.path = path;
        tracked.node = tracked.node.or(body.node);
        if row.kind == "settled" {
            settle(&mut tracked.step, row.at_ms, body);
        } else {
            attempt(&mut tracked.step, row, body);
        }
        Ok(())
    }

    /// The report; `alive` says whether a process drives the run now.
    pub fn finish(self, alive: bool) -> RunReport {
        let RunHistory { mut report, steps } = self;
        report.steps = in_order(steps);
        if report.ended_ms.is_none() {
            report.status = if alive { "running" } else { "interrupted" }.to_owned();
        }
        for step in &mut report.steps {
            if step.state.is_empty() {
                let last = step.attempts.last().map(|attempt| attempt.status.as_str());
                step.state = last.unwrap_or("waiting").to_owned();
            }
            *report.counts.entry(step.state.clone()).or_default() += 1;
            report.reused += u64::from(step.reused);
        }
        report
    }
}

fn settle(step: &mut StepReport, at_ms: u64, body: Body) {
    step.state = body.state.unwrap_or_default();
    match step.state.as_str() {
        "running" | "backing_off" => step.started_ms = step.started_ms.or(Some(at_ms)),
        "waiting" => {}
        _ => {
            // A step that settles without a job takes no time; one that is skipped never began.
            if step.state != "skipped" {
                step.started_ms = step.started_ms.or(Some(at_ms));
            }
            step.ended_ms = Some(at_ms);
        }
    }
    (step.code, step.exit, step.message) = (body.code, body.exit, body.message);
    (step.reason, step.because) = (body.reason, body.because);
    (step.reused, step.by_fallback) = (body.reused, body.by_fallback);
}

fn attempt(step: &mut StepReport, row: RunRow<'_>, body: Body) {
    let begins = matches!(row.kind, "intent" | "admitted" | "queued");
    let is_new = step
        .attempts
        .last()
        .is_none_or(|last| last.attempt != body.attempt || begins && last.status == "lost");
    if is_new {
        step.attempts.push(AttemptReport {
            attempt: body.attempt,
            ..AttemptReport::default()
        });
    }
    let Some(attempt) = step.attempts.last_mut() else {
        return;
    };
    attempt.job = row.job.map(str::to_owned).or(attempt.job.take());
    let ends = |attempt: &mut AttemptReport, status: &str| {
        status.clone_into(&mut attempt.status);
        attempt.ended_ms = Some(row.at_ms);
    };
    match row.kind {
        "queued" => {
            "queued".clone_into(&mut attempt.status);
            attempt.queued_ms = attempt.queued_ms.or(Some(row.at_ms));
        }
        "admitted" | "intent" => {
            "running".clone_into(&mut attempt.status);
            attempt.started_ms = Some(row.at_ms);
        }
        "lost" => ends(attempt, "lost"),
        "refused" => ends(attempt, "refused"),
        _ => {
            ends(attempt, body.status.as_deref().unwrap_or("unknown"));
            attempt.started_ms = body.started_ms.or(attempt.started_ms);
            attempt.reused = body.reused;
            attempt.usage = body.usage;
            attempt.artifacts = body
                .artifacts
                .into_iter()
                .map(ArtifactBody::into_report)
                .collect();
        }
    }
    if !begins {
        let timeout = body
            .timeout_ms
            .map(|ms| format!("it took more than {ms} ms"));
        (attempt.code, attempt.exit) = (body.code, body.exit);
        attempt.message = body.message.or(timeout);
    }
    step.started_ms = step.started_ms.or(attempt.started_ms);
}

impl ArtifactBody {
    fn into_report(self) -> ArtifactReport {
        ArtifactReport {
            name: self.name,
            digest: self.digest,
            bytes: self.bytes,
        }
    }
}
