//! What the driver wants done.

use std::sync::Arc;

use crate::scenario::Effect;
use crate::work::Work;

use super::state::StepView;

/// One attempt of one step: the step's path, such as `sweep[3].scan`, and the attempt from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey {
    /// The step, with the positions of the loops around it.
    pub path: Arc<str>,
    /// From 1.
    pub attempt: u32,
}

/// A wait for the attempt of this key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub JobKey);

/// What is to be done. The actions of one event: all [`Action::Settled`] in the order in which they
/// came about, then stops, starts and waits, each in the order of the plan, then the end.
#[derive(Clone, Debug)]
pub enum Action {
    /// Starts a job.
    Start(JobStart),
    /// Waits, then tells [`super::Event::TimerFired`].
    Wait {
        /// Of which attempt.
        timer: TimerId,
        /// How long.
        milliseconds: u64,
    },
    /// Tells a job to end, or ends a wait; [`super::Event::JobEnded`] follows for jobs.
    Stop {
        /// The job.
        job: JobKey,
        /// Why.
        reason: StopReason,
    },
    /// A step came into a state, for the journal and those who watch.
    Settled {
        /// The step with its output.
        step: StepView,
    },
    /// The run ended, or waits for a decision; nothing runs any more.
    Finished(RunEnd),
}

/// A job to be started.
#[derive(Clone, Debug)]
pub struct JobStart {
    /// Which one.
    pub key: JobKey,
    /// The node of the plan.
    pub node: usize,
    /// What it does.
    pub work: Work,
    /// What a repetition would do.
    pub effect: Effect,
    /// Milliseconds that it may take.
    pub timeout_ms: Option<u64>,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// Whether it was started before and lost.
    pub again: bool,
}

/// Why a job is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The run was cancelled.
    Cancelled,
    /// The time of the run is over.
    RunTimedOut,
    /// A step failed and nothing new starts: only waits end for this reason.
    StepFailed,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Every step succeeded, or was not to run.
    Ok,
    /// Steps failed, or were skipped since others failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// Its time was over.
    TimedOut,
    /// Nobody knows whether these steps happened.
    NeedsDecision {
        /// Their paths.
        paths: Vec<Arc<str>>,
    },
}
