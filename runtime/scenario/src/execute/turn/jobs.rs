//! Jobs: from their start by the driver over admission to their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tenzik_journal::{Durability, RowKind};

use crate::driver::{Event, JobKey, JobStart, TimerId};
use crate::execute::admission::Admit;
use crate::execute::deadlines::Due;
use crate::execute::event::RunEvent;
use crate::execute::job_id::job_id;
use crate::execute::performer::{
    MACHINE_EXIT, MACHINE_FAILURE, PerformError, Performed, StopCause, StopFlag,
};
use crate::execute::record::{IntentBody, Outcome, effect_name, to_json};
use crate::execute::workers::{Report, Task};
use crate::execute::world::RunError;
use crate::scenario::Effect;
use crate::work::WorkEnding;

use super::tell::Tell;
use super::{Loop, key_body};

/// Time between two questions whether jobs that wait may begin.
const ADMIT_AGAIN: Duration = Duration::from_millis(100);

/// A job that was started by the driver and did not end.
pub(super) struct Job {
    pub(super) start: JobStart,
    pub(super) id: String,
    /// Tells apart jobs of the same key, for their deadlines.
    number: u64,
    started_ms: u64,
    pub(super) phase: Phase,
}

pub(super) enum Phase {
    /// For admission. Whether that was told.
    Waiting { told: bool },
    /// On a thread.
    Running(Arc<StopFlag>),
}

/// A job that ended.
pub(super) struct EndedJob {
    pub(super) key: JobKey,
    pub(super) id: String,
    pub(super) started_ms: u64,
    pub(super) performed: Performed,
}

impl Loop<'_, '_> {
    pub(super) fn report(&mut self, report: Report) -> Result<(), RunError> {
        let Some(job) = self.jobs.remove(&report.key) else {
            let message = format!("the job {} ended twice", report.key.path);
            return Err(RunError::Driver { message });
        };
        self.running -= 1;
        let performed = report.performed.unwrap_or_else(failed);
        self.job_ended(job, performed)
    }

    /// Writes down how a job ended and tells the driver.
    fn job_ended(&mut self, job: Job, performed: Performed) -> Result<(), RunError> {
        let Job {
            start,
            id,
            started_ms,
            ..
        } = job;
        let outcome = Outcome {
            key: &start.key,
            result: &performed.result,
            provenance: &performed.provenance,
            session: start.session.as_deref(),
            started_ms,
        };
        let body = outcome.to_json();
        self.log_ended(&start, &id, started_ms, &performed);
        self.row(RowKind::Outcome, Some(&id), body);
        self.needs(start.effect);
        let event = Event::JobEnded {
            job: start.key.clone(),
            result: performed.result.clone(),
        };
        self.ended.push(EndedJob {
            key: start.key,
            id,
            started_ms,
            performed,
        });
        self.driver_event(event)
    }

    /// Codes and numbers only: what a job says may hold anything.
    fn log_ended(&self, start: &JobStart, id: &str, started_ms: u64, performed: &Performed) {
        let result = &performed.result;
        let (status, code, exit) = status(&result.ending);
        let usage = &result.usage;
        tracing::info!(
            job = id, step = %start.key.path, attempt = start.key.attempt,
            status, code, exit, reused = result.reused,
            duration_ms = (self.world.now_ms)().saturating_sub(started_ms),
            wall_us = usage.wall_us, fuel = usage.fuel, processes = usage.processes,
            output_bytes = usage.output_bytes, running = self.running,
            "job ended"
        );
    }

    /// The time of a job is over: one that runs is told, one that waits has ended.
    pub(super) fn job_due(&mut self, key: &JobKey, number: u64) -> Result<(), RunError> {
        let Some(job) = self.jobs.get(key).filter(|job| job.number == number) else {
            return Ok(());
        };
        let timeout_ms = job.start.timeout_ms.unwrap_or_default();
        tracing::warn!(
            job = %job.id, step = %key.path, attempt = key.attempt, timeout_ms,
            "job timed out"
        );
        match &job.phase {
            Phase::Running(stop) => {
                stop.stop(StopCause::TimedOut);
                Ok(())
            }
            Phase::Waiting { .. } => {
                let message = format!(
                    "it waited for the machine until its timeout of {timeout_ms} ms, and never began; raise timeout, --guard-cpu, or pass --no-guard"
                );
                self.ended_waiting(key, WorkEnding::failed("queue_timeout", 23, message))
            }
        }
    }

    /// A job that waited for admission ends so.
    fn ended_waiting(&mut self, key: &JobKey, ending: WorkEnding) -> Result<(), RunError> {
        self.queue.retain(|waiting| waiting != key);
        let Some(job) = self.jobs.remove(key) else {
            return Ok(());
        };
        self.job_ended(job, Performed::ended(ending))
    }

    /// A job that the driver started: its time begins, then it waits for admission.
    pub(in crate::execute) fn queue_job(&mut self, start: JobStart) {
        self.numbers += 1;
        let key = start.key.clone();
        if let Some(timeout_ms) = start.timeout_ms {
            let due = Due::Job(key.clone(), self.numbers);
            self.deadlines.push(Instant::now(), timeout_ms, due);
        }
        let repetition = self.repetitions.get(&key).copied().unwrap_or(0);
        let job = Job {
            id: job_id(&self.options.run, &key, repetition),
            number: self.numbers,
            started_ms: (self.world.now_ms)(),
            phase: Phase::Waiting { told: false },
            start,
        };
        tracing::debug!(
            job = %job.id, step = %key.path, attempt = key.attempt, waiting = self.queue.len(),
            "job ready"
        );
        self.jobs.insert(key.clone(), job);
        self.queue.push_back(key);
        self.admit_at = None;
    }

    /// Tells a job to end; a wait ends by being forgotten.
    pub(in crate::execute) fn stop(&mut self, key: JobKey) -> Result<(), RunError> {
        let timer = TimerId(key);
        if self.waits.remove(&timer) {
            return Ok(());
        }
        let key = &timer.0;
        match self.jobs.get(key).map(|job| &job.phase) {
            Some(Phase::Running(stop)) => {
                stop.stop(StopCause::Cancelled);
                Ok(())
            }
            Some(Phase::Waiting { .. }) => self.ended_waiting(key, WorkEnding::Cancelled),
            None => Ok(()),
        }
    }

    /// Asks whether jobs that wait may begin, in their order; one that may goes past those that may not.
    pub(super) fn pump(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        if self.admit_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        self.admit_at = None;
        // The driver has no more jobs begun than the scenario's concurrency, so this is short.
        let mut waiting = 0;
        while let Some(key) = self.queue.get(waiting).cloned() {
            let is_pure = self.jobs.get(&key).is_some_and(Job::is_pure);
            match self.world.admission.admit(self.running_effects(), is_pure) {
                Admit::Now { sample } => {
                    self.queue.remove(waiting);
                    self.begin_job(&key, sample);
                }
                Admit::Queue { reason } => {
                    self.admit_at = Some(now + ADMIT_AGAIN);
                    self.tell_waiting(&key, reason);
                    waiting += 1;
                }
                Admit::Refuse {
                    code,
                    message,
                    remedy,
                    sample,
                } => {
                    let body = serde_json::json!({
                        "path": &*key.path, "attempt": key.attempt, "code": code,
                        "message": message, "remedy": remedy, "sample": sample,
                    });
                    let id = self.jobs.get(&key).map(|job| job.id.clone());
                    tracing::warn!(
                        job = id, step = %key.path, attempt = key.attempt, code, reason = message, sample,
                        "job refused"
                    );
                    self.row(RowKind::Refused, id.as_deref(), body.to_string());
                    let ending = WorkEnding::Failed {
                        code,
                        exit: 0,
                        message: format!("{message}; {remedy}"),
                    };
                    self.ended_waiting(&key, ending)?;
                }
            }
        }
        Ok(())
    }

    /// Jobs that run and are not pure.
    fn running_effects(&self) -> usize {
        let runs = |job: &&Job| !job.is_pure() && matches!(job.phase, Phase::Running(_));
        self.jobs.values().filter(runs).count()
    }

    fn tell_waiting(&mut self, key: &JobKey, reason: String) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut job.phase, Phase::Waiting { told: true }).was_told() {
            return;
        }
        let id = job.id.clone();
        tracing::info!(job = id, step = %key.path, attempt = key.attempt, reason, "job queued");
        let body = serde_json::json!({
            "path": &*key.path, "attempt": key.attempt, "reason": reason,
        });
        self.row(RowKind::Queued, Some(&id), body.to_string());
        self.tell.push(Tell::Queued(key.clone(), reason));
    }

    /// Writes down that a job is about to begin, and lets it once that is written.
    fn begin_job(&mut self, key: &JobKey, sample: Option<i64>) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        let stop = Arc::new(StopFlag::default());
        job.phase = Phase::Running(Arc::clone(&stop));
        job.started_ms = (self.world.now_ms)();
        let (start, id) = (job.start.clone(), job.id.clone());
        self.running += 1;
        tracing::info!(
            job = id, step = %key.path, attempt = key.attempt, effect = effect_name(start.effect),
            again = start.again, sample, running = self.running,
            "job admitted"
        );
        let body = to_json(&IntentBody::of(&start, sample));
        if start.effect != Effect::Pure {
            self.row(RowKind::Admitted, Some(&id), body.clone());
        }
        self.row(RowKind::Intent, Some(&id), body);
        self.needs(start.effect);
        self.tell.push(Tell::Started(
            key.clone(),
            id.clone(),
            start.node,
            start.again,
        ));
        self.dispatch.push(Task { start, id, stop });
    }

    /// A job was begun and nobody knows what became of it.
    pub(in crate::execute) fn lost(&mut self, key: &JobKey, id: &str) -> Result<(), RunError> {
        tracing::warn!(job = id, step = %key.path, attempt = key.attempt, "job lost");
        self.row(RowKind::Lost, Some(id), to_json(&key_body(key)));
        self.durability = Durability::Effect;
        *self.repetitions.entry(key.clone()).or_default() += 1;
        self.tell.push(Tell::Lost(key.clone(), id.to_owned()));
        self.driver_event(Event::JobLost { job: key.clone() })
    }

    /// The turn's rows have to be as durable as this effect asks.
    fn needs(&mut self, effect: Effect) {
        if effect != Effect::Pure {
            self.durability = Durability::Effect;
        }
    }
}

impl Job {
    fn is_pure(&self) -> bool {
        self.start.effect == Effect::Pure
    }
}

impl Phase {
    fn was_told(&self) -> bool {
        matches!(self, Phase::Waiting { told: true })
    }
}

impl EndedJob {
    pub(super) fn event(&self) -> RunEvent<'_> {
        let result = &self.performed.result;
        let (status, code, exit) = status(&result.ending);
        let message = match &result.ending {
            WorkEnding::Failed { message, .. } => Some(message.as_str()),
            _ => None,
        };
        RunEvent::StepEnded {
            path: &self.key.path,
            attempt: self.key.attempt,
            job: &self.id,
            status,
            code,
            exit,
            message,
            reused: result.reused,
            usage: result.usage,
        }
    }
}

/// How a job ended: status, code and exit code.
fn status(ending: &WorkEnding) -> (&'static str, Option<&str>, Option<u8>) {
    match ending {
        WorkEnding::Ok => ("ok", None, None),
        WorkEnding::Failed { code, exit, .. } => ("failed", Some(code.as_str()), Some(*exit)),
        WorkEnding::TimedOut { .. } => ("timed_out", None, None),
        WorkEnding::Cancelled => ("cancelled", None, None),
    }
}

/// A failure of the machine, as a result.
fn failed(error: PerformError) -> Performed {
    let ended = Performed::ended(WorkEnding::Failed {
        code: MACHINE_FAILURE.to_owned(),
        exit: MACHINE_EXIT,
        message: error.message,
    });
    Performed {
        provenance: error.provenance,
        ..ended
    }
}
