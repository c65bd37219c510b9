//! What a step is in.

use std::sync::Arc;

use serde_json::Value;

/// A step, or one of its instances in a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// Its path, such as `sweep[3].scan`.
    pub path: Arc<str>,
    /// The node of the plan.
    pub node: usize,
    /// Its state.
    pub state: StepState,
    /// Its output; `null` until it succeeded, and in the item of a loop again once that ended, since
    /// nothing can refer to it any more. A failed loop has its list. Shared, since outputs may be large.
    pub output: Arc<Value>,
    /// Of a loop that runs, how far it is.
    pub items: Option<ItemCounts>,
}

/// How far a loop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemCounts {
    /// Its items.
    pub all: usize,
    /// Of those, the ones that ended.
    pub ended: usize,
}

/// The state of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// For others, or for its turn.
    Waiting,
    /// Its job, or its block, runs.
    Running {
        /// From 1.
        attempt: u32,
    },
    /// Between two attempts.
    BackingOff {
        /// The next attempt.
        attempt: u32,
    },
    /// It succeeded.
    Ok {
        /// Attempts that it took; 0 for steps without a job.
        attempts: u32,
        /// Whether the result is that of an earlier run.
        reused: bool,
        /// Whether its fallback succeeded in its place.
        by_fallback: bool,
    },
    /// It failed.
    Failed {
        /// Stable code.
        code: String,
        /// Exit code that `tenzik run` would have had, 0 where there is none.
        exit: u8,
        /// What happened.
        message: String,
        /// Attempts that it took.
        attempts: u32,
    },
    /// It was not run.
    Skipped(SkipReason),
    /// It was ended since the run was.
    Cancelled,
    /// It may have happened, or not.
    Unknown,
}

/// Why a step was not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its `when` is false, or it lies in the other block of an `if`, or in a fallback that was not
    /// needed: no failure.
    NotChosen,
    /// A step that it needs did not succeed.
    Needs {
        /// That step.
        path: Arc<str>,
    },
    /// Another step failed and the scenario stops.
    Stopped {
        /// That step.
        path: Arc<str>,
    },
    /// The run was cancelled or its time over.
    RunEnded,
}

impl StepState {
    /// Whether it stays as it is.
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            StepState::Waiting
                | StepState::Running { .. }
                | StepState::BackingOff { .. }
                | StepState::Unknown
        )
    }

    /// `waiting`, `running`, `backing_off`, `ok`, `failed`, `skipped`, `cancelled` or `unknown`.
    pub const fn name(&self) -> &'static str {
        match self {
            StepState::Waiting => "waiting",
            StepState::Running { .. } => "running",
            StepState::BackingOff { .. } => "backing_off",
            StepState::Ok { .. } => "ok",
            StepState::Failed { .. } => "failed",
            StepState::Skipped(_) => "skipped",
            StepState::Cancelled => "cancelled",
            StepState::Unknown => "unknown",
        }
    }
}
