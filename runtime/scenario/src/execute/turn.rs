//! The loop: one thread that owns the driver and writes the journal.
//!
//! In a turn it takes what happened, asks the driver what follows, writes both in one transaction, and
//! only then does what follows. What a process sees after a crash is therefore a state between two
//! turns: nothing was done that is not written down, and a job whose intent is written and whose
//! outcome is not is lost.

mod jobs;

mod commit;
mod tell;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tenzik_journal::{Durability, Request, RowKind};

use crate::driver::{Action, Assumed, Driver, Event, JobKey, TimerId};
use crate::plan::Plan;

use super::deadlines::{Deadlines, Due};
use super::record::{AssumeBody, KeyBody, to_json};
use super::settled;
use super::workers::{Report, Task, Tasks};
use super::world::{RunError, RunOptions, RunSummary, World};
use jobs::{EndedJob, Job};
use tell::Tell;

/// Longest time until the loop looks whether it was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Time between two looks at requests of other processes.
const REQUESTS_AGAIN: Duration = Duration::from_millis(250);

/// Ended jobs that one turn takes at most, so that its transaction stays small.
const REPORTS_MAX: usize = 256;

/// A row that is not written yet.
struct Draft {
    kind: RowKind,
    job: Option<String>,
    body: String,
}

/// The state of the loop.
pub(super) struct Loop<'a, 'w> {
    pub(super) plan: Arc<Plan>,
    pub(super) options: &'a RunOptions,
    pub(super) world: &'a mut World<'w>,
    pub(super) driver: Driver,
    tasks: &'a Tasks,
    reports: Receiver<Report>,
    jobs: BTreeMap<JobKey, Job>,
    /// Jobs that wait for admission, in the order of their starts.
    queue: VecDeque<JobKey>,
    /// Waits that are not over.
    waits: BTreeSet<TimerId>,
    deadlines: Deadlines,
    /// How often a job of a key was lost.
    pub(super) repetitions: HashMap<JobKey, u32>,
    rows: Vec<Draft>,
    durability: Durability,
    ended: Vec<EndedJob>,
    dispatch: Vec<Task>,
    tell: Vec<Tell>,
    begun: Instant,
    numbers: u64,
    running: usize,
    is_cancelled: bool,
    requests_at: Instant,
    admit_at: Option<Instant>,
}

impl<'a, 'w> Loop<'a, 'w> {
    pub(super) fn new(
        plan: Arc<Plan>,
        driver: Driver,
        options: &'a RunOptions,
        world: &'a mut World<'w>,
        (tasks, reports): (&'a Tasks, Receiver<Report>),
    ) -> Loop<'a, 'w> {
        let now = Instant::now();
        let mut deadlines = Deadlines::default();
        if let Some(timeout_ms) = plan.timeout_ms {
            deadlines.push(now, timeout_ms, Due::Run);
        }
        Loop {
            plan,
            options,
            world,
            driver,
            tasks,
            reports,
            jobs: BTreeMap::new(),
            queue: VecDeque::new(),
            waits: BTreeSet::new(),
            deadlines,
            repetitions: HashMap::new(),
            rows: Vec::new(),
            durability: Durability::Pure,
            ended: Vec::new(),
            dispatch: Vec::new(),
            tell: Vec::new(),
            begun: now,
            numbers: 0,
            running: 0,
            is_cancelled: false,
            requests_at: now,
            admit_at: None,
        }
    }

    /// Goes on until the run has ended. After an error what still runs is ended, too.
    pub(super) fn run(&mut self) -> Result<RunSummary, RunError> {
        let ended = self.turns();
        if let Err(error) = ended {
            return Err(self.give_up(error));
        }
        self.conclude()
    }

    fn turns(&mut self) -> Result<(), RunError> {
        self.pump()?;
        self.commit()?;
        while self.driver.end().is_none() || !self.jobs.is_empty() {
            self.take_reports()?;
            self.take_deadlines()?;
            self.take_requests()?;
            self.pump()?;
            self.commit()?;
        }
        Ok(())
    }

    /// Waits for something to happen, and takes all jobs that ended.
    fn take_reports(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        let wait = self.deadlines.wait(now).unwrap_or(LOOK_AGAIN);
        let mut next = match self.reports.recv_timeout(wait.min(LOOK_AGAIN)) {
            Ok(report) => Some(report),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                let message = "the threads of jobs ended before the run".to_owned();
                return Err(RunError::Threads { message });
            }
        };
        let mut taken = 0;
        while let Some(report) = next {
            self.report(report)?;
            taken += 1;
            next = match taken < REPORTS_MAX {
                true => self.reports.try_recv().ok(),
                false => None,
            };
        }
        Ok(())
    }

    fn take_deadlines(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        while let Some(due) = self.deadlines.pop(now) {
            match due {
                Due::Timer(timer) => self.timer(timer)?,
                Due::Job(key, number) => self.job_due(&key, number)?,
                Due::Run if self.driver.end().is_none() => {
                    tracing::warn!(timeout_ms = self.plan.timeout_ms, "run timed out");
                    self.row(RowKind::RunTimedOut, None, "{}".to_owned());
                    self.tell.push(Tell::Stopping("timed_out"));
                    self.driver_event(Event::RunTimedOut)?;
                }
                Due::Run => {}
            }
        }
        Ok(())
    }

    fn timer(&mut self, timer: TimerId) -> Result<(), RunError> {
        // One that was ended comes all the same.
        if !self.waits.remove(&timer) {
            return Ok(());
        }
        let body = to_json(&key_body(&timer.0));
        self.row(RowKind::Timer, None, body);
        self.driver_event(Event::TimerFired { timer })
    }

    fn take_requests(&mut self) -> Result<(), RunError> {
        let mut wanted = self.world.cancelled.load(Ordering::Relaxed);
        let now = Instant::now();
        if now >= self.requests_at {
            self.requests_at = now + REQUESTS_AGAIN;
            for request in self.world.journal.requested(&self.options.run)? {
                let Request::Cancel { force } = request;
                wanted = true;
                if force {
                    (self.world.force)();
                }
            }
        }
        if wanted && !self.is_cancelled && self.driver.end().is_none() {
            self.is_cancelled = true;
            tracing::warn!(running = self.running, "run cancelled");
            self.row(RowKind::Cancel, None, "{}".to_owned());
            self.tell.push(Tell::Stopping("cancelled"));
            self.driver_event(Event::Cancel)?;
        }
        Ok(())
    }

    /// Tells the driver, and takes down what follows.
    pub(super) fn driver_event(&mut self, event: Event) -> Result<(), RunError> {
        let actions = self.driver.handle(event).map_err(|error| {
            let message = error.to_string();
            RunError::Driver { message }
        })?;
        for action in actions {
            self.action(action)?;
        }
        Ok(())
    }

    pub(super) fn action(&mut self, action: Action) -> Result<(), RunError> {
        match action {
            Action::Start(start) => self.queue_job(start),
            Action::Wait {
                timer,
                milliseconds,
            } => {
                let due = Due::Timer(timer.clone());
                tracing::info!(
                    step = %timer.0.path, attempt = timer.0.attempt, wait_ms = milliseconds,
                    "job is repeated"
                );
                self.waits.insert(timer.clone());
                self.deadlines.push(Instant::now(), milliseconds, due);
                self.tell.push(Tell::Retry(timer, milliseconds));
            }
            Action::Stop { job, .. } => self.stop(job)?,
            Action::Settled { step } => {
                let row = settled::row(&step, |text| self.world.performer.masked(text));
                tracing::debug!(step = %step.path, state = step.state.name(), "step settled");
                self.row(RowKind::Settled, None, to_json(&row));
                self.tell.push(Tell::Settled(row));
            }
            // The driver knows it.
            Action::Finished(_) => {}
        }
        Ok(())
    }

    /// Somebody decided about a step.
    pub(super) fn assume(&mut self, path: &str, assumed: Assumed) -> Result<(), RunError> {
        tracing::info!(step = path, assumed = ?assumed, "step assumed");
        self.row(
            RowKind::Assume,
            None,
            to_json(&AssumeBody::of(path, assumed)),
        );
        self.durability = Durability::Effect;
        let path = Arc::from(path);
        self.driver_event(Event::Assume { path, assumed })
    }

    pub(super) fn row(&mut self, kind: RowKind, job: Option<&str>, body: String) {
        let job = job.map(str::to_owned);
        self.rows.push(Draft { kind, job, body });
    }
}

fn key_body(key: &JobKey) -> KeyBody<'_> {
    KeyBody {
        path: Cow::Borrowed(&key.path),
        attempt: key.attempt,
    }
}
