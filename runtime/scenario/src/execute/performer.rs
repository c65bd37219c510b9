//! Performing work: the seam to engine, gate, or anything else that can do it.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::driver::JobStart;
use crate::work::{WorkEnding, WorkResult, WorkUsage};

use super::provenance::Provenance;
use super::sink::ArtifactSink;

/// The code of a job that failed since tenzik or the machine did.
pub const MACHINE_FAILURE: &str = "machine_failure";

/// The exit code that belongs to it.
pub const MACHINE_EXIT: u8 = 1;

/// Performs jobs. Called on several threads at once.
pub trait Performer: Sync {
    /// Performs `job`, whose id is `id`, and puts what it produces into `sink`. Returns soon after
    /// `stop` says so, with everything ended that it began: no process and no thread is left.
    ///
    /// # Errors
    /// [`PerformError`] if tenzik or the machine failed. What a capsule or a program did wrong is a
    /// result.
    fn perform(
        &self,
        job: &JobStart,
        id: &str,
        stop: &StopFlag,
        sink: &dyn ArtifactSink,
    ) -> Result<Performed, PerformError>;

    /// What the result of `job` depends on, as a digest: two jobs of the same key have the same
    /// result. None for everything that is not pure. It may read the job's input.
    fn memo_key(&self, job: &JobStart) -> Option<String>;

    /// `text` with every secret replaced that was opened so far.
    fn masked<'a>(&self, text: &'a str) -> Cow<'a, str>;
}

/// What was performed.
#[derive(Clone, Debug, PartialEq)]
pub struct Performed {
    /// What came of it.
    pub result: WorkResult,
    /// How.
    pub provenance: Provenance,
    /// What the result depends on, by the input that was really read; none if it is not to be used
    /// again.
    pub memo_key: Option<String>,
}

impl Performed {
    /// A job that ended so and left nothing.
    pub fn ended(ending: WorkEnding) -> Performed {
        Performed {
            result: WorkResult {
                ending,
                output: Value::Null,
                artifacts: Vec::new(),
                usage: WorkUsage::default(),
                reused: false,
            },
            provenance: Provenance::default(),
            memo_key: None,
        }
    }
}

/// tenzik or the machine failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct PerformError {
    /// What failed.
    pub message: String,
    /// What was done before.
    pub provenance: Provenance,
}

impl PerformError {
    /// A failure before anything was done.
    pub fn new(message: impl Into<String>) -> PerformError {
        PerformError {
            message: message.into(),
            provenance: Provenance::default(),
        }
    }
}

/// Why a job is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// The run was cancelled, its time was over, or tenzik has to give up.
    Cancelled,
    /// The time of the job was over.
    TimedOut,
}

/// Tells a job to end. The first cause stays.
#[derive(Default)]
pub struct StopFlag {
    cause: AtomicU8,
    hooks: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for StopFlag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StopFlag")
            .field("cause", &self.cause())
            .finish_non_exhaustive()
    }
}

impl StopFlag {
    /// Tells the job to end.
    pub fn stop(&self, cause: StopCause) {
        let number = match cause {
            StopCause::Cancelled => 1,
            StopCause::TimedOut => 2,
        };
        // Under the lock, so that a hook that comes at the same time is either seen or runs itself.
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self
            .cause
            .compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst);
        if first.is_ok() {
            for hook in hooks.drain(..) {
                hook();
            }
        }
    }

    /// Why it is to end, if it is.
    pub fn cause(&self) -> Option<StopCause> {
        match self.cause.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(StopCause::Cancelled),
            _ => Some(StopCause::TimedOut),
        }
    }

    /// Whether it is to end.
    pub fn is_set(&self) -> bool {
        self.cause().is_some()
    }

    /// Calls `hook` once when the job is to end; now if it is already.
    pub fn on_stop(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_set() {
            drop(hooks);
            hook();
        } else {
            hooks.push(Box::new(hook));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{StopCause, StopFlag};

    #[test]
    fn hooks_run_once_whenever_they_come() {
        let flag = StopFlag::default();
        let calls = Arc::new(AtomicU32::new(0));
        let hook = || {
            let calls = Arc::clone(&calls);
            move || {
                calls.fetch_add(1, Ordering::SeqCst);
            }
        };
        flag.on_stop(hook());
        assert_eq!((flag.cause(), calls.load(Ordering::SeqCst)), (None, 0));
        flag.stop(StopCause::TimedOut);
        flag.stop(StopCause::Cancelled);
        flag.on_stop(hook());
        assert_eq!(flag.cause(), Some(StopCause::TimedOut));
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }
}
