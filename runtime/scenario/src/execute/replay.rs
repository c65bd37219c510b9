//! The state of a run from its rows: the driver is told again what it was told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tenzik_journal::{Row, RowKind};

use crate::driver::{Action, Driver, Event, JobKey, JobStart, StepState, StepView, TimerId};
use crate::scenario::Effect;
use crate::work::{Work, WorkEnding};

use super::record::{Told, read};
use super::run_journal::RunJournal;
use super::world::RunError;

/// Where a run was when its process ended.
pub(super) struct Replayed {
    pub(super) driver: Driver,
    /// Jobs that the driver started and nobody began, in the order of their starts.
    pub(super) starts: Vec<JobStart>,
    /// Waits that were not over.
    pub(super) waits: Vec<(TimerId, u64)>,
    /// Jobs that were begun and did not end, with their ids, in the order of their intents.
    pub(super) lost: Vec<(JobKey, String)>,
    /// Of those, steps that will be unknown, and those that are.
    will_be_unknown: Vec<String>,
    /// Steps that came into a state that was not written down.
    pub(super) untold: Vec<StepView>,
    /// How often jobs were lost before.
    pub(super) repetitions: HashMap<JobKey, u32>,
    /// Jobs that opened secrets: what is masked is in no row.
    pub(super) secrets: Vec<JobStart>,
    /// Secrets that jobs may have opened which began: all that their policies name.
    pub(super) maybe_secrets: Vec<JobStart>,
    /// Of the started jobs, those that were told to end.
    pub(super) stopped: Vec<JobKey>,
    /// Whether the run's end is written down.
    pub(super) has_ended: bool,
}

impl Replayed {
    /// Steps that somebody may decide about.
    pub(super) fn unknown(&self) -> Vec<String> {
        let unknown = self.driver.steps();
        let unknown = unknown.filter(|step| step.state == StepState::Unknown);
        let mut paths: Vec<String> = unknown.map(|step| step.path.to_string()).collect();
        paths.extend(self.will_be_unknown.iter().cloned());
        paths
    }
}

/// What the rows have told so far.
struct Replay {
    driver: Driver,
    /// Started jobs in the order of their starts.
    starts: BTreeMap<u64, JobStart>,
    numbers: HashMap<JobKey, u64>,
    next: u64,
    waits: BTreeMap<TimerId, u64>,
    /// Begun jobs: the row of the intent, and the id.
    intents: HashMap<JobKey, (u64, String)>,
    settled: Vec<StepView>,
    told: usize,
    repetitions: HashMap<JobKey, u32>,
    secrets: Vec<JobStart>,
    maybe_secrets: BTreeMap<String, JobStart>,
    stopped: BTreeSet<JobKey>,
    has_ended: bool,
}

/// Reads the rows of `run` into `driver`, which has not begun.
pub(super) fn replay(
    driver: Driver,
    run: &str,
    journal: &dyn RunJournal,
) -> Result<Replayed, RunError> {
    let mut replay = Replay {
        driver,
        starts: BTreeMap::new(),
        numbers: HashMap::new(),
        next: 0,
        waits: BTreeMap::new(),
        intents: HashMap::new(),
        settled: Vec::new(),
        told: 0,
        repetitions: HashMap::new(),
        secrets: Vec::new(),
        maybe_secrets: BTreeMap::new(),
        stopped: BTreeSet::new(),
        has_ended: false,
    };
    let mut failed = None;
    replay.event(Event::Begin)?;
    let read = journal.rows(run, &mut |row| {
        replay.row(&row).map_err(|error| {
            let message = error.to_string();
            failed = Some(error);
            message
        })
    });
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Err(message)) => Err(RunError::from(message)),
        (None, Ok(())) => Ok(replay.replayed()),
    }
}

impl Replay {
    fn row(&mut self, row: &Row) -> Result<(), RunError> {
        match row.kind {
            RowKind::Settled => self.told += 1,
            RowKind::RunEnded => self.has_ended = true,
            RowKind::RunResumed => self.has_ended = false,
            _ => {}
        }
        let told = read(row.kind, &row.body).map_err(|message| RunError::Driver {
            message: format!("row {} ({}) cannot be read: {message}", row.seq, row.kind),
        })?;
        match told {
            Told::Nothing => Ok(()),
            Told::Intent(key) => {
                let id = row.job.clone().unwrap_or_default();
                self.intents.insert(key, (row.seq, id));
                Ok(())
            }
            Told::Event(event) => self.event(event).map_err(|error| match error {
                RunError::Driver { message } => RunError::Driver {
                    message: format!("row {} ({}) does not fit: {message}", row.seq, row.kind),
                },
                error => error,
            }),
        }
    }

    fn event(&mut self, event: Event) -> Result<(), RunError> {
        match &event {
            Event::JobEnded { job, result } => {
                let start = self.forget(job);
                if let Some(start) = &start {
                    self.may_have_opened(start);
                }
                let is_ok = result.ending == WorkEnding::Ok;
                let opened =
                    start.filter(|start| is_ok && matches!(start.work, Work::Secret { .. }));
                self.secrets.extend(opened);
            }
            Event::JobLost { job } => {
                *self.repetitions.entry(job.clone()).or_default() += 1;
                if let Some(start) = self.forget(job) {
                    self.may_have_opened(&start);
                }
            }
            Event::TimerFired { timer } => {
                self.waits.remove(timer);
            }
            _ => {}
        }
        let actions = self
            .driver
            .handle(event)
            .map_err(|error| RunError::Driver {
                message: error.to_string(),
            })?;
        for action in actions {
            match action {
                Action::Start(start) => {
                    self.next += 1;
                    self.numbers.insert(start.key.clone(), self.next);
                    self.starts.insert(self.next, start);
                }
                Action::Wait {
                    timer,
                    milliseconds,
                } => {
                    self.waits.insert(timer, milliseconds);
                }
                Action::Settled { step } => self.settled.push(step),
                Action::Finished(_) => {}
                Action::Stop { job, .. } => {
                    let timer = TimerId(job);
                    if self.waits.remove(&timer).is_none() {
                        self.stopped.insert(timer.0);
                    }
                }
            }
        }
        Ok(())
    }

    /// The secrets of the policies of a job: what a process was given is masked in all that follows.
    fn may_have_opened(&mut self, start: &JobStart) {
        let Work::Capsule(work) = &start.work else {
            return;
        };
        for stage in &work.stages {
            for secret in &stage.policy.rules.secrets {
                let commit = blake3::Hash::from_bytes(*stage.policy.commit().as_bytes());
                let known = format!("{} {}", commit.to_hex(), secret.name);
                self.maybe_secrets.entry(known).or_insert_with(|| JobStart {
                    work: Work::Secret {
                        name: secret.name.clone(),
                        policy: Arc::clone(&stage.policy),
                    },
                    ..start.clone()
                });
            }
        }
    }

    /// Forgets a job that ended.
    fn forget(&mut self, key: &JobKey) -> Option<JobStart> {
        self.stopped.remove(key);
        self.intents.remove(key);
        let number = self.numbers.remove(key)?;
        self.starts.remove(&number)
    }

    fn replayed(mut self) -> Replayed {
        let mut will_be_unknown = Vec::new();
        let intents = self.intents.into_iter();
        let by_row: BTreeMap<u64, (JobKey, String)> =
            intents.map(|(key, (row, id))| (row, (key, id))).collect();
        let lost: Vec<(JobKey, String)> = by_row.into_values().collect();
        for (key, _) in &lost {
            if let Some(number) = self.numbers.remove(key)
                && let Some(start) = self.starts.remove(&number)
                && start.effect == Effect::AtMostOnce
            {
                will_be_unknown.push(key.path.to_string());
            }
        }
        let starts = &self.starts;
        let is_left = |key: &JobKey| starts.values().any(|start| start.key == *key);
        let stopped: Vec<JobKey> = self.stopped.into_iter().filter(is_left).collect();
        Replayed {
            driver: self.driver,
            starts: self.starts.into_values().collect(),
            waits: self.waits.into_iter().collect(),
            lost,
            will_be_unknown,
            untold: self.settled.split_off(self.told.min(self.settled.len())),
            repetitions: self.repetitions,
            secrets: self.secrets,
            maybe_secrets: self.maybe_secrets.into_values().collect(),
            stopped,
            has_ended: self.has_ended,
        }
    }
}
