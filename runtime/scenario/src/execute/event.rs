//! What those are told who watch a run.

use serde::Serialize;

use crate::work::WorkUsage;

/// Watches a run. Called on the thread of the loop, after what it is told is in the journal; it must
/// not wait for anything.
pub trait EventSubscriber {
    /// Something happened at `at_ms`, milliseconds since 1970.
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>);
}

/// Something that happened in a run. Its JSON, with `at_ms` beside it, is the event stream of
/// docs/json.md.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent<'a> {
    /// The run began, or goes on.
    RunStarted {
        /// Its id.
        run: &'a str,
        /// The scenario.
        scenario: &'a str,
        /// Steps of the plan, those of loops counted once.
        steps: usize,
        /// Whether it goes on after an interruption.
        resumed: bool,
    },
    /// A job waits for the machine.
    StepQueued {
        /// The step's path.
        path: &'a str,
        /// From 1.
        attempt: u32,
        /// Why.
        reason: &'a str,
    },
    /// A job began.
    StepStarted {
        /// The step's path.
        path: &'a str,
        /// From 1.
        attempt: u32,
        /// The job's id.
        job: &'a str,
        /// The key of the step, such as `run`.
        kind: &'a str,
        /// Whether it was begun before and lost.
        again: bool,
    },
    /// A job ended.
    StepEnded {
        /// The step's path.
        path: &'a str,
        /// From 1.
        attempt: u32,
        /// The job's id.
        job: &'a str,
        /// `ok`, `failed`, `timed_out` or `cancelled`.
        status: &'a str,
        /// Stable code of a failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
        /// Exit code of a failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit: Option<u8>,
        /// What happened.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
        /// Whether the result is that of an earlier run.
        reused: bool,
        /// What it used.
        usage: WorkUsage,
    },
    /// A failed attempt is repeated after a wait.
    StepRetry {
        /// The step's path.
        path: &'a str,
        /// The next attempt.
        attempt: u32,
        /// Milliseconds.
        wait_ms: u64,
    },
    /// A job was begun before the interruption, and nobody knows what became of it.
    StepLost {
        /// The step's path.
        path: &'a str,
        /// From 1.
        attempt: u32,
        /// The job's id.
        job: &'a str,
    },
    /// A step came into a state.
    StepSettled {
        /// The step's path.
        path: &'a str,
        /// The state and what belongs to it.
        #[serde(flatten)]
        state: &'a SettledBody,
    },
    /// The run is to end: nothing new begins.
    RunStopping {
        /// `cancelled` or `timed_out`.
        cause: &'a str,
    },
    /// The run ended, or waits for a decision.
    RunEnded {
        /// `ok`, `failed`, `cancelled`, `timed_out` or `needs_decision`.
        end: &'a str,
        /// How many steps ended how.
        steps: StepCounts,
        /// Milliseconds since it began or was resumed.
        elapsed_ms: u64,
        /// Steps of which nobody knows whether they happened.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        unknown: &'a [String],
    },
}

/// How many steps ended how; those of loops count once for each item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepCounts {
    /// Succeeded, whether anew or not.
    pub ok: u64,
    /// Of those, with a result of an earlier run.
    pub reused: u64,
    /// Failed.
    pub failed: u64,
    /// Not run.
    pub skipped: u64,
    /// Ended since the run was.
    pub cancelled: u64,
    /// May have happened, or not.
    pub unknown: u64,
}

/// A state, as rows and events tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SettledBody {
    /// `ok`, `failed`, `skipped`, `cancelled`, `unknown`, `running` and so on.
    pub state: &'static str,
    /// Attempts that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Of a loop that runs, how many items it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<usize>,
    /// Of those, how many ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items_ended: Option<usize>,
    /// Whether the result is that of an earlier run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
    /// Whether its fallback succeeded in its place.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_fallback: bool,
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
    pub reason: Option<&'static str>,
    /// The step that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}
