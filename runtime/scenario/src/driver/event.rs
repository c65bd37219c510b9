//! What the driver is told.

use std::sync::Arc;

use crate::work::WorkResult;

use super::action::{JobKey, TimerId};

/// What happened. Everything but [`Event::Begin`] is in the journal before the driver sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run begins. Told once, first.
    Begin,
    /// A job ended.
    JobEnded {
        /// The job.
        job: JobKey,
        /// What came of it.
        result: WorkResult,
    },
    /// A job was started and nobody knows what became of it: tenzik ended meanwhile.
    JobLost {
        /// The job.
        job: JobKey,
    },
    /// A wait is over.
    TimerFired {
        /// Which one.
        timer: TimerId,
    },
    /// The run is to end: nothing new is started, and what runs is told to stop.
    Cancel,
    /// The time of the run is over.
    RunTimedOut,
    /// Somebody decided about a step whose job was lost.
    Assume {
        /// The step, with the positions of the loops around it.
        path: Arc<str>,
        /// As what it is to be taken.
        assumed: Assumed,
    },
}

/// What a lost job is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// It did what it should; its output is `null`.
    Done,
    /// It did nothing that matters; the step failed.
    Failed,
}
