//! What a run needs.

use std::sync::atomic::AtomicBool;

use crate::driver::{RunEnd, StepView};

use super::admission::Admission;
use super::event::{EventSubscriber, StepCounts};
use super::performer::Performer;
use super::run_journal::{RunJournal, StorageError};
use super::sink::ArtifactSink;

/// What a run is called, and how it is to be done.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Its id, 32 hexadecimal digits.
    pub run: String,
    /// The session that its jobs belong to where a step names none.
    pub session: Option<String>,
    /// Whether results of earlier runs are used.
    pub reuse: bool,
}

/// Everything outside of the loop.
pub struct World<'a> {
    /// The journal.
    pub journal: &'a dyn RunJournal,
    /// Performs jobs.
    pub performer: &'a dyn Performer,
    /// Where artifacts are.
    pub sink: &'a dyn ArtifactSink,
    /// Decides whether jobs may begin.
    pub admission: &'a mut dyn Admission,
    /// The time in milliseconds since 1970.
    pub now_ms: &'a (dyn Fn() -> u64 + Sync),
    /// Set when somebody wants the run to end.
    pub cancelled: &'a AtomicBool,
    /// Called when somebody asked through the journal that the run end without waiting for its jobs;
    /// it ends the process.
    pub force: &'a dyn Fn(),
    /// Those who watch.
    pub subscribers: &'a mut [&'a mut dyn EventSubscriber],
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Its id.
    pub run: String,
    /// How it ended.
    pub end: RunEnd,
    /// How many steps ended how.
    pub steps: StepCounts,
    /// The states of the steps, each the last one, in the order in which they came into them.
    pub settled: Vec<StepView>,
    /// Milliseconds since it began or was resumed.
    pub elapsed_ms: u64,
}

/// A run that cannot go on. What is in the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The journal cannot be used.
    #[error("{message}{}", of_unrecorded(.unrecorded))]
    Journal {
        /// What it says.
        message: String,
        /// Jobs that were under way and whose end is not written down: step and job.
        unrecorded: Vec<(String, String)>,
    },
    /// The plan is another one than the run began with.
    #[error(
        "the scenario, its variables, policies or capsules changed since run {run} began (plan {was}, now {now}); put them back, or start a new run: pure results are reused"
    )]
    PlanChanged {
        /// The run.
        run: String,
        /// The digest of its plan.
        was: String,
        /// That of the plan now.
        now: String,
    },
    /// The plan cannot be made again.
    #[error("the plan of run {run} cannot be made again: {message}")]
    Plan {
        /// The run.
        run: String,
        /// Why.
        message: String,
    },
    /// The run ended already.
    #[error("run {run} ended already: {end}; start a new one: pure results are reused")]
    Ended {
        /// The run.
        run: String,
        /// How it ended.
        end: &'static str,
    },
    /// Nobody has to decide about this step.
    #[error("nothing is to be decided about step {path:?}; unknown are: {}", list(.unknown))]
    NotUnknown {
        /// The step.
        path: String,
        /// Those that are.
        unknown: Vec<String>,
    },
    /// The rows do not fit the plan, or the driver was told what cannot be.
    #[error("{message}; please report it with tenzik journal export")]
    Driver {
        /// What does not fit.
        message: String,
    },
    /// A secret that was opened before the interruption cannot be opened again.
    #[error(
        "the secret of step {path} cannot be opened again: {message}; make it available, then resume the run"
    )]
    Secret {
        /// The step.
        path: String,
        /// Why.
        message: String,
    },
    /// No threads.
    #[error("threads for jobs cannot be started: {message}; lower concurrency")]
    Threads {
        /// What the system says.
        message: String,
    },
}

impl From<StorageError> for RunError {
    fn from(message: StorageError) -> RunError {
        RunError::Journal {
            message,
            unrecorded: Vec::new(),
        }
    }
}

fn of_unrecorded(jobs: &[(String, String)]) -> String {
    let named = jobs.iter().map(|(path, job)| format!("{path} (job {job})"));
    let named: Vec<String> = named.collect();
    match named.is_empty() {
        true => String::new(),
        false => format!(
            "; begun, and their end is not written down: {}",
            named.join(", ")
        ),
    }
}

fn list(names: &[String]) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// The word for how a run ended, as rows and events have it.
pub const fn end_name(end: &RunEnd) -> &'static str {
    match end {
        RunEnd::Ok => "ok",
        RunEnd::Failed => "failed",
        RunEnd::Cancelled => "cancelled",
        RunEnd::TimedOut => "timed_out",
        RunEnd::NeedsDecision { .. } => "needs_decision",
    }
}
