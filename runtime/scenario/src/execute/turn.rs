//! The loop: one thread that owns the driver and writes the journal.
//!
//! In a turn it takes what happened, asks the driver what follows, writes both in one transaction, and
//! only then does what follows. What a process sees after a crash is therefore a state between two
//! turns: nothing was done that is not written down, and a job whose intent is written and whose
//! outcome is not is lost.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tenzik_journal::{Durability, NewRow, Request, RowKind};

use crate::driver::{Action, Driver, Event, JobKey, JobStart, RunEnd, StepView, TimerId};
use crate::plan::Plan;
use crate::scenario::Effect;
use crate::work::WorkEnding;

use super::admission::Admit;
use super::deadlines::{Deadlines, Due};
use super::event::RunEvent;
use super::job_id::job_id;
use super::performer::{
    MACHINE_EXIT, MACHINE_FAILURE, PerformError, Performed, StopCause, StopFlag,
};
use super::record::{AssumeBody, IntentBody, KeyBody, Outcome, to_json};
use super::settled::{self, SettledRow};
use super::sink::ArtifactEntry;
use super::workers::{Report, Task, Tasks};
use super::world::{RunError, RunOptions, RunSummary, World, end_name};

/// Longest time until the loop looks whether it was cancelled.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Time between two looks at requests of other processes.
const REQUESTS_AGAIN: Duration = Duration::from_millis(250);

/// Time between two questions whether jobs that wait may begin.
const ADMIT_AGAIN: Duration = Duration::from_millis(100);

/// Ended jobs that one turn takes at most, so that its transaction stays small.
const REPORTS_MAX: usize = 256;

/// A job that was started by the driver and did not end.
pub(super) struct Job {
    start: JobStart,
    id: String,
    /// Tells apart jobs of the same key, for their deadlines.
    number: u64,
    started_ms: u64,
    phase: Phase,
}

enum Phase {
    /// For admission. Whether that was told.
    Waiting { told: bool },
    /// On a thread.
    Running(Arc<StopFlag>),
}

/// A row that is not written yet.
struct Draft {
    kind: RowKind,
    job: Option<String>,
    body: String,
}

/// What is told to those who watch, once it is written.
enum Tell {
    Queued(JobKey, String),
    Started(JobKey, String, usize, bool),
    Ended(Box<EndedJob>),
    Retry(TimerId, u64),
    Lost(JobKey, String),
    Settled(SettledRow),
    Stopping(&'static str),
}

/// A job that ended.
struct EndedJob {
    key: JobKey,
    id: String,
    started_ms: u64,
    performed: Performed,
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

    fn report(&mut self, report: Report) -> Result<(), RunError> {
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

    fn take_deadlines(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        while let Some(due) = self.deadlines.pop(now) {
            match due {
                Due::Timer(timer) => self.timer(timer)?,
                Due::Job(key, number) => self.job_due(&key, number)?,
                Due::Run if self.driver.end().is_none() => {
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

    /// The time of a job is over: one that runs is told, one that waits has ended.
    fn job_due(&mut self, key: &JobKey, number: u64) -> Result<(), RunError> {
        let Some(job) = self.jobs.get(key).filter(|job| job.number == number) else {
            return Ok(());
        };
        let timeout_ms = job.start.timeout_ms.unwrap_or_default();
        match &job.phase {
            Phase::Running(stop) => {
                stop.stop(StopCause::TimedOut);
                Ok(())
            }
            Phase::Waiting { .. } => self.ended_waiting(key, WorkEnding::TimedOut { timeout_ms }),
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
                self.waits.insert(timer.clone());
                self.deadlines.push(Instant::now(), milliseconds, due);
                self.tell.push(Tell::Retry(timer, milliseconds));
            }
            Action::Stop { job, .. } => self.stop(job)?,
            Action::Settled { step } => {
                let row = settled::row(&step, |text| self.world.performer.masked(text));
                self.row(RowKind::Settled, None, to_json(&row));
                self.tell.push(Tell::Settled(row));
            }
            // The driver knows it.
            Action::Finished(_) => {}
        }
        Ok(())
    }

    /// A job that the driver started: its time begins, then it waits for admission.
    pub(super) fn queue_job(&mut self, start: JobStart) {
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
        self.jobs.insert(key.clone(), job);
        self.queue.push_back(key);
        self.admit_at = None;
    }

    /// Tells a job to end; a wait ends by being forgotten.
    pub(super) fn stop(&mut self, key: JobKey) -> Result<(), RunError> {
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

    /// Asks whether jobs that wait may begin, in their order.
    fn pump(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        if self.admit_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        self.admit_at = None;
        while let Some(key) = self.queue.front().cloned() {
            match self.world.admission.admit(self.running) {
                Admit::Now { sample } => {
                    self.queue.pop_front();
                    self.begin_job(&key, sample);
                }
                Admit::Queue { reason } => {
                    self.admit_at = Some(now + ADMIT_AGAIN);
                    self.tell_waiting(&key, reason);
                    return Ok(());
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

    fn tell_waiting(&mut self, key: &JobKey, reason: String) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut job.phase, Phase::Waiting { told: true }).was_told() {
            return;
        }
        let id = job.id.clone();
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

    /// Somebody decided about a step.
    pub(super) fn assume(
        &mut self,
        path: &str,
        assumed: crate::driver::Assumed,
    ) -> Result<(), RunError> {
        self.row(
            RowKind::Assume,
            None,
            to_json(&AssumeBody::of(path, assumed)),
        );
        self.durability = Durability::Effect;
        let path = Arc::from(path);
        self.driver_event(Event::Assume { path, assumed })
    }

    /// A job was begun and nobody knows what became of it.
    pub(super) fn lost(&mut self, key: &JobKey, id: &str) -> Result<(), RunError> {
        self.row(RowKind::Lost, Some(id), to_json(&key_body(key)));
        self.durability = Durability::Effect;
        *self.repetitions.entry(key.clone()).or_default() += 1;
        self.tell.push(Tell::Lost(key.clone(), id.to_owned()));
        self.driver_event(Event::JobLost { job: key.clone() })
    }

    pub(super) fn row(&mut self, kind: RowKind, job: Option<&str>, body: String) {
        let job = job.map(str::to_owned);
        self.rows.push(Draft { kind, job, body });
    }

    /// The turn's rows have to be as durable as this effect asks.
    fn needs(&mut self, effect: Effect) {
        if effect != Effect::Pure {
            self.durability = Durability::Effect;
        }
    }

    /// Writes what the turn brought, then does what follows.
    pub(super) fn commit(&mut self) -> Result<(), RunError> {
        let at_ms = (self.world.now_ms)();
        let durability = std::mem::replace(&mut self.durability, Durability::Pure);
        self.index(durability)?;
        let drafts = std::mem::take(&mut self.rows);
        if !drafts.is_empty() {
            let rows = drafts.iter().map(|draft| NewRow {
                run: &self.options.run,
                kind: draft.kind,
                job: draft.job.as_deref(),
                at_ms,
                body: &draft.body,
            });
            let rows: Vec<NewRow<'_>> = rows.collect();
            self.world.journal.append(&rows, durability)?;
        }
        for task in std::mem::take(&mut self.dispatch) {
            self.tasks.push(task);
        }
        self.tell_all(at_ms);
        Ok(())
    }

    /// Writes down where the artifacts of ended jobs come from.
    fn index(&mut self, durability: Durability) -> Result<(), RunError> {
        let entries = self.ended.iter().flat_map(|job| {
            let artifacts = job.performed.result.artifacts.iter();
            artifacts.map(|produced| ArtifactEntry {
                run: &self.options.run,
                job: &job.id,
                path: &job.key.path,
                produced,
                provenance: &job.performed.provenance,
                started_ms: job.started_ms,
                duration_us: job.performed.result.usage.wall_us,
            })
        });
        let entries: Vec<ArtifactEntry<'_>> = entries.collect();
        if !entries.is_empty() {
            let indexed = self.world.sink.index(&entries, durability);
            indexed.map_err(|error| RunError::from(error.to_string()))?;
        }
        let ended = std::mem::take(&mut self.ended);
        let tell = ended.into_iter().map(|job| Tell::Ended(Box::new(job)));
        self.tell.splice(0..0, tell);
        Ok(())
    }

    fn tell_all(&mut self, at_ms: u64) {
        for tell in std::mem::take(&mut self.tell) {
            let event = tell.event(&self.plan);
            for subscriber in self.world.subscribers.iter_mut() {
                subscriber.event(at_ms, &event);
            }
        }
    }

    /// After an error: what runs is ended, and what is not written down is named.
    fn give_up(&mut self, error: RunError) -> RunError {
        for task in std::mem::take(&mut self.dispatch) {
            // It was never handed to a thread.
            self.jobs.remove(&task.start.key);
            self.running = self.running.saturating_sub(1);
        }
        let mut unrecorded: Vec<(String, String)> = Vec::new();
        for job in self.jobs.values() {
            if let Phase::Running(stop) = &job.phase {
                stop.stop(StopCause::Cancelled);
                unrecorded.push((job.start.key.path.to_string(), job.id.clone()));
            }
        }
        let ended = self.tell.iter().filter_map(|tell| match tell {
            Tell::Ended(job) => Some((job.key.path.to_string(), job.id.clone())),
            _ => None,
        });
        let ended = ended.chain(
            self.ended
                .iter()
                .map(|job| (job.key.path.to_string(), job.id.clone())),
        );
        unrecorded.extend(ended.collect::<Vec<_>>());
        while self.running > 0 && self.reports.recv().is_ok() {
            self.running -= 1;
        }
        match error {
            RunError::Journal { message, .. } => RunError::Journal {
                message,
                unrecorded,
            },
            error => error,
        }
    }

    /// Writes down how the run ended.
    fn conclude(&mut self) -> Result<RunSummary, RunError> {
        let end = self.driver.end().cloned().unwrap_or(RunEnd::Failed);
        let settled: Vec<StepView> = self.driver.steps().collect();
        let steps = settled::count(&settled);
        let elapsed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let unknown: Vec<String> = match &end {
            RunEnd::NeedsDecision { paths } => paths.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let event = RunEvent::RunEnded {
            end: end_name(&end),
            steps,
            elapsed_ms,
            unknown: &unknown,
        };
        let row = NewRow {
            run: &self.options.run,
            kind: RowKind::RunEnded,
            job: None,
            at_ms: (self.world.now_ms)(),
            body: &to_json(&event),
        };
        self.world.journal.append(&[row], Durability::Effect)?;
        for subscriber in self.world.subscribers.iter_mut() {
            subscriber.event(row.at_ms, &event);
        }
        Ok(RunSummary {
            run: self.options.run.clone(),
            end,
            steps,
            settled,
            elapsed_ms,
        })
    }
}

impl Phase {
    fn was_told(&self) -> bool {
        matches!(self, Phase::Waiting { told: true })
    }
}

impl Tell {
    fn event<'t>(&'t self, plan: &'t Plan) -> RunEvent<'t> {
        match self {
            Tell::Queued(key, reason) => RunEvent::StepQueued {
                path: &key.path,
                attempt: key.attempt,
                reason,
            },
            Tell::Started(key, job, node, again) => RunEvent::StepStarted {
                path: &key.path,
                attempt: key.attempt,
                job,
                kind: plan.nodes.get(*node).map_or("", |node| node.kind.key()),
                again: *again,
            },
            Tell::Ended(job) => job.event(),
            Tell::Retry(timer, wait_ms) => RunEvent::StepRetry {
                path: &timer.0.path,
                attempt: timer.0.attempt,
                wait_ms: *wait_ms,
            },
            Tell::Lost(key, job) => RunEvent::StepLost {
                path: &key.path,
                attempt: key.attempt,
                job,
            },
            Tell::Settled(row) => RunEvent::StepSettled {
                path: &row.path,
                state: &row.state,
            },
            Tell::Stopping(cause) => RunEvent::RunStopping { cause },
        }
    }
}

impl EndedJob {
    fn event(&self) -> RunEvent<'_> {
        let result = &self.performed.result;
        let (status, code, exit, message) = match &result.ending {
            WorkEnding::Ok => ("ok", None, None, None),
            WorkEnding::Failed {
                code,
                exit,
                message,
            } => (
                "failed",
                Some(code.as_str()),
                Some(*exit),
                Some(message.as_str()),
            ),
            WorkEnding::TimedOut { .. } => ("timed_out", None, None, None),
            WorkEnding::Cancelled => ("cancelled", None, None, None),
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

fn key_body(key: &JobKey) -> KeyBody<'_> {
    KeyBody {
        path: Cow::Borrowed(&key.path),
        attempt: key.attempt,
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
