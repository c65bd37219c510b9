//! Threads that perform jobs.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, Scope};

use crate::driver::{JobKey, JobStart};
use crate::work::WorkEnding;

use super::memo;
use super::message::bounded;
use super::performer::{PerformError, Performed, Performer, StopCause, StopFlag};
use super::run_journal::RunJournal;
use super::sink::ArtifactSink;

/// Stack of a thread: room for the stack that limits allow compiled code without a thread of its own,
/// for the host, and for builds without optimisation.
const STACK_BYTES: usize = 4 << 20;

/// A job for a thread.
pub(super) struct Task {
    pub(super) start: JobStart,
    pub(super) id: String,
    pub(super) stop: Arc<StopFlag>,
}

/// What came of it.
pub(super) struct Report {
    pub(super) key: JobKey,
    pub(super) performed: Result<Performed, PerformError>,
}

/// What threads need.
#[derive(Clone, Copy)]
pub(super) struct Shop<'a> {
    pub(super) performer: &'a dyn Performer,
    pub(super) sink: &'a dyn ArtifactSink,
    pub(super) journal: &'a dyn RunJournal,
    /// Whether results of earlier runs are used.
    pub(super) reuse: bool,
}

/// Tasks that wait for a thread.
#[derive(Default)]
pub(super) struct Tasks {
    waiting: Mutex<(VecDeque<Task>, bool)>,
    changed: Condvar,
}

impl Tasks {
    pub(super) fn push(&self, task: Task) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0.push_back(task);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Lets the threads end when nothing waits any more.
    fn close(&self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1 = true;
        self.changed.notify_all();
    }

    fn next(&self) -> Option<Task> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(task) = waiting.0.pop_front() {
                return Some(task);
            }
            if waiting.1 {
                return None;
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Closes tasks when it is dropped.
pub(super) struct Closing<'a>(pub(super) &'a Tasks);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Starts `count` threads that end with the tasks.
pub(super) fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    count: u32,
    tasks: &'env Tasks,
    shop: Shop<'env>,
    reports: &Sender<Report>,
) -> std::io::Result<()> {
    for number in 0..count {
        let reports = reports.clone();
        let span = tracing::Span::current();
        Builder::new()
            .name(format!("tenzik-job-{number}"))
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, move || {
                let _span = span.entered();
                while let Some(task) = tasks.next() {
                    let report = Report {
                        performed: perform(&task, shop),
                        key: task.start.key,
                    };
                    if reports.send(report).is_err() {
                        return;
                    }
                }
            })?;
    }
    Ok(())
}

/// Performs a task. A panic is a failure of the machine like any other.
fn perform(task: &Task, shop: Shop<'_>) -> Result<Performed, PerformError> {
    let key = &task.start.key;
    // Of the highest level, so that it is there whatever is logged.
    let _span =
        tracing::error_span!("job", job = %task.id, step = %key.path, attempt = key.attempt)
            .entered();
    let work = || {
        if let Some(cause) = task.stop.cause() {
            return Ok(stopped(&task.start, cause));
        }
        if shop.reuse
            && let Some(reused) = memo::find(&task.start, shop)
        {
            tracing::debug!("result reused");
            return Ok(reused);
        }
        tracing::debug!("job begins");
        shop.performer
            .perform(&task.start, &task.id, &task.stop, shop.sink)
    };
    let performed = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!(
            "the job's thread panicked: {}; please report it",
            said(panic.as_ref())
        );
        Err(PerformError::new(shop.performer.masked(&message)))
    });
    with_bounded_message(performed, shop.performer)
}

/// Messages quote what capsules and files say, of any length.
fn with_bounded_message(
    mut performed: Result<Performed, PerformError>,
    performer: &dyn Performer,
) -> Result<Performed, PerformError> {
    let message = match &mut performed {
        Ok(performed) => match &mut performed.result.ending {
            WorkEnding::Failed { message, .. } => Some(message),
            _ => None,
        },
        Err(error) => Some(&mut error.message),
    };
    if let Some(message) = message {
        *message = bounded(performer.masked(message).into_owned());
    }
    performed
}

/// A job that was told to end before it began.
fn stopped(start: &JobStart, cause: StopCause) -> Performed {
    Performed::ended(match cause {
        StopCause::Cancelled => WorkEnding::Cancelled,
        StopCause::TimedOut => WorkEnding::TimedOut {
            timeout_ms: start.timeout_ms.unwrap_or_default(),
        },
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
