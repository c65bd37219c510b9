//! What became of a run: read from the rows of its journal, shown as a table, JSON, a page, or a
//! timeline.

mod history;
mod order;

mod show;
mod timeline;

pub use history::{HistoryError, RunHistory, RunRow};

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What became of a run. Its JSON is that of `tenzik report RUN --format json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunReport {
    /// Its id.
    pub run: String,
    /// The scenario.
    pub scenario: String,
    /// The session that its jobs belong to by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// `running`, `interrupted`, or how it ended: `ok`, `failed`, `cancelled`, `timed_out` or
    /// `needs_decision`.
    pub status: String,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// When the last thing happened that is known.
    pub last_ms: u64,
    /// How often it was resumed.
    pub resumed: u64,
    /// Steps by their states.
    pub counts: BTreeMap<String, u64>,
    /// Steps that took the result of an earlier run.
    pub reused: u64,
    /// The steps, in the order of the scenario; those of loops once for each item.
    pub steps: Vec<StepReport>,
}

/// What became of a step, or of one of its instances in a loop.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StepReport {
    /// Its path, such as `sweep[3].scan`.
    pub path: String,
    /// `ok`, `failed`, `skipped`, `cancelled`, `unknown`, or what it was when the rows ended.
    pub state: String,
    /// When it began.
    pub started_ms: Option<u64>,
    /// When it came to its last state.
    pub ended_ms: Option<u64>,
    /// Stable code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Exit code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why it was skipped: `not_chosen`, `needs`, `stopped` or `run_ended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The step that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether the result is that of an earlier run.
    pub reused: bool,
    /// Whether its fallback succeeded in its place.
    pub by_fallback: bool,
    /// Its jobs, the first one first.
    pub attempts: Vec<AttemptReport>,
}

/// One job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AttemptReport {
    /// Its id; `tenzik undo` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// `queued`, `running`, `ok`, `failed`, `timed_out`, `cancelled`, `refused` or `lost`.
    pub status: String,
    /// Since when it waited for the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_ms: Option<u64>,
    /// When it began.
    pub started_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// Stable code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Exit code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether the result is that of an earlier run.
    pub reused: bool,
    /// What it used, as its row says.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub usage: Value,
    /// What it produced.
    pub artifacts: Vec<ArtifactReport>,
}

/// Something that a job produced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ArtifactReport {
    /// Its name.
    pub name: String,
    /// BLAKE3 digest in hexadecimal.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
}

impl RunReport {
    /// Milliseconds that it took, or has taken so far.
    pub fn elapsed_ms(&self) -> u64 {
        self.ended_ms
            .unwrap_or(self.last_ms)
            .saturating_sub(self.started_ms)
    }

    /// The artifact of this name that a step's last successful job produced.
    pub fn artifact(&self, path: &str, name: &str) -> Option<&ArtifactReport> {
        let step = self.steps.iter().find(|step| step.path == path)?;
        let attempts = step.attempts.iter().rev();
        let mut artifacts = attempts
            .filter(|attempt| attempt.status == "ok")
            .flat_map(|attempt| &attempt.artifacts);
        artifacts.find(|artifact| artifact.name == name)
    }
}

impl StepReport {
    /// Milliseconds from its beginning to its end.
    pub fn elapsed_ms(&self) -> Option<u64> {
        Some(self.ended_ms?.saturating_sub(self.started_ms?))
    }
}

#[cfg(test)]
mod tests;
