//! Events that cannot be.

use std::sync::Arc;

use super::action::JobKey;

/// An event that does not fit the state; the state is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Something happened before the run began.
    #[error("the run has not begun; its first event has to be its beginning")]
    NotBegun,
    /// The run began twice.
    #[error("the run began already")]
    BegunTwice,
    /// The run is over, or about to be.
    #[error("the run has ended; nothing about its steps can be decided any more")]
    Ended,
    /// There is no such step.
    #[error("the run has no step {}", path.escape_default())]
    UnknownStep {
        /// Its path.
        path: Arc<str>,
    },
    /// The job does not run.
    #[error("attempt {} of step {} does not run; the step is {state}", job.attempt, job.path)]
    NotRunning {
        /// The job.
        job: JobKey,
        /// What the step is in.
        state: &'static str,
    },
    /// Nothing waits for this timer.
    #[error("attempt {} of step {} is not waited for; the step is {state}", timer.attempt, timer.path)]
    NotWaiting {
        /// The attempt.
        timer: JobKey,
        /// What the step is in.
        state: &'static str,
    },
    /// The step needs no decision.
    #[error("step {path} is {state}; only a step that is unknown can be decided")]
    NotUnknown {
        /// The step.
        path: Arc<str>,
        /// What the step is in.
        state: &'static str,
    },
}
