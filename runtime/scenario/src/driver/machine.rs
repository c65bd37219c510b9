//! The driver: what it is told, and what follows from that.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::cel::{EVENT_STEPS_MAX, with_steps};
use crate::plan::Plan;
use crate::work::{WorkEnding, WorkResult};

use super::action::{Action, JobKey, RunEnd, StopReason, TimerId};
use super::board::{Board, FrameId, InstanceId, Order};
use super::error::EventError;
use super::event::{Assumed, Event};
use super::failure::Failure;
use super::layout::{Layout, PlanFault};
use super::state::{StepState, StepView};

/// What a run has besides its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverOptions {
    /// Where seeds and jitter come from.
    pub seed: [u8; 32],
    /// The session of jobs whose step names none.
    pub session: Option<String>,
}

/// Decides what happens next in a run.
///
/// It performs nothing. Told the same events in the same order, it gives the same actions; an event
/// that it refuses changes nothing.
pub struct Driver {
    pub(super) plan: Arc<Plan>,
    pub(super) layout: Layout,
    pub(super) options: DriverOptions,
    pub(super) null: Arc<Value>,
    by_path: HashMap<Arc<str>, InstanceId>,
    pub(super) board: Board,
    begun: bool,
    /// Why nothing new starts: the run was cancelled or its time is over.
    pub(super) ending: Option<StopReason>,
    pub(super) end: Option<RunEnd>,
    /// Jobs that run.
    pub(super) running: BTreeSet<Order>,
    /// Steps between two attempts.
    pub(super) waits: BTreeSet<Order>,
    /// Steps that somebody has to decide about.
    pub(super) unknown: BTreeSet<Order>,
    /// Steps whose turn it is to be looked at.
    pub(super) eligible: BTreeSet<Order>,
    /// Steps that need a job and a place among the running ones.
    pub(super) ready: BTreeSet<Order>,
    /// Steps that became final and were not told to others yet.
    pub(super) finals: VecDeque<InstanceId>,
    /// Blocks whose last step became final.
    pub(super) ended: VecDeque<FrameId>,
    /// Steps that loops have promised to make.
    pub(super) promised: u64,
    pub(super) out: Outbox,
}

/// The actions of one event.
#[derive(Default)]
pub(super) struct Outbox {
    pub settled: Vec<Action>,
    pub stops: Vec<(Order, Action)>,
    pub starts: Vec<(Order, Action)>,
    pub waits: Vec<(Order, Action)>,
}

impl Driver {
    /// A driver of a plan that has not begun.
    ///
    /// # Errors
    /// [`PlanFault`] for a plan that would never end.
    pub fn new(plan: Arc<Plan>, options: DriverOptions) -> Result<Driver, PlanFault> {
        Ok(Driver {
            layout: Layout::new(&plan)?,
            plan,
            options,
            null: Arc::new(Value::Null),
            by_path: HashMap::new(),
            board: Board::default(),
            begun: false,
            ending: None,
            end: None,
            running: BTreeSet::new(),
            waits: BTreeSet::new(),
            unknown: BTreeSet::new(),
            eligible: BTreeSet::new(),
            ready: BTreeSet::new(),
            finals: VecDeque::new(),
            ended: VecDeque::new(),
            promised: 0,
            out: Outbox::default(),
        })
    }

    /// Takes an event in. Its actions: what was settled, in the order in which it came about; then
    /// what is to be stopped, started and waited for, each in the order of the plan; the end last.
    ///
    /// # Errors
    /// [`EventError`] for an event that does not fit; nothing changes.
    pub fn handle(&mut self, event: Event) -> Result<Vec<Action>, EventError> {
        with_steps(EVENT_STEPS_MAX, || {
            self.accept(event)?;
            self.advance();
            Ok(())
        })?;
        self.drop_short_waits();
        let mut actions = std::mem::take(&mut self.out.settled);
        for part in [
            &mut self.out.stops,
            &mut self.out.starts,
            &mut self.out.waits,
        ] {
            part.sort_by(|(left, _), (right, _)| left.cmp(right));
            actions.extend(part.drain(..).map(|(_, action)| action));
        }
        actions.extend(self.conclude());
        Ok(actions)
    }

    /// Forgets waits that began and ended within one event.
    fn drop_short_waits(&mut self) {
        let over: BTreeSet<Order> = self
            .out
            .waits
            .iter()
            .filter(|(order, _)| !self.waits.contains(order))
            .map(|(order, _)| order.clone())
            .collect();
        if !over.is_empty() {
            self.out.waits.retain(|(order, _)| !over.contains(order));
            self.out.stops.retain(|(order, _)| !over.contains(order));
        }
    }

    /// Every step that there is up to now, in the order of the plan, items by their position.
    pub fn steps(&self) -> impl Iterator<Item = StepView> + '_ {
        self.board
            .in_order(&self.layout)
            .into_iter()
            .map(|id| self.board.view(id))
    }

    /// A step by its path.
    pub fn step(&self, path: &str) -> Option<StepView> {
        self.by_path.get(path).map(|&id| self.board.view(id))
    }

    /// Jobs that were started and did not end, in the order of the plan.
    pub fn outstanding(&self) -> impl Iterator<Item = JobKey> + '_ {
        self.running.iter().map(|order| self.key(order.id))
    }

    /// Waits that are not over, in the order of the plan.
    pub fn waiting(&self) -> impl Iterator<Item = TimerId> + '_ {
        self.waits
            .iter()
            .map(|order| TimerId(self.next_key(order.id)))
    }

    /// Whether the run is over. A run that waits for a decision is not.
    pub fn is_finished(&self) -> bool {
        matches!(&self.end, Some(end) if !matches!(end, RunEnd::NeedsDecision { .. }))
    }

    /// How the run ended, or what it waits for while nothing runs.
    pub fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    /// The attempt of a step that runs, or ran last.
    pub(super) fn key(&self, id: InstanceId) -> JobKey {
        let instance = self.board.instance(id);
        JobKey {
            path: Arc::clone(&instance.path),
            attempt: instance.attempt,
        }
    }

    /// The next attempt of a step.
    pub(super) fn next_key(&self, id: InstanceId) -> JobKey {
        let mut key = self.key(id);
        key.attempt = key.attempt.saturating_add(1);
        key
    }

    /// Makes the steps of a scope known by their paths.
    pub(super) fn publish(&mut self, from: usize) {
        for index in from..self.board.instances.len() {
            let path = Arc::clone(&self.board.instances[index].path);
            // `limits::STEPS_MAX` bounds the table.
            self.by_path
                .insert(path, u32::try_from(index).unwrap_or(u32::MAX));
        }
    }

    fn find(&self, path: &Arc<str>) -> Result<InstanceId, EventError> {
        self.by_path
            .get(path)
            .copied()
            .ok_or_else(|| EventError::UnknownStep {
                path: Arc::clone(path),
            })
    }

    fn accept(&mut self, event: Event) -> Result<(), EventError> {
        match event {
            Event::Begin if self.begun => return Err(EventError::BegunTwice),
            Event::Begin => self.begin(),
            _ if !self.begun => return Err(EventError::NotBegun),
            Event::JobEnded { job, result } => {
                let id = self.take_running(job)?;
                self.job_ended(id, result);
            }
            Event::JobLost { job } => {
                let id = self.take_running(job)?;
                self.job_lost(id);
            }
            Event::TimerFired { timer } => self.timer_fired(timer.0)?,
            // Whoever ends a run cannot know that it just ended.
            Event::Cancel => self.end_run(StopReason::Cancelled),
            Event::RunTimedOut => self.end_run(StopReason::RunTimedOut),
            Event::Assume { path, assumed } => self.assume(&path, assumed)?,
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.begun = true;
        let plan = Arc::clone(&self.plan);
        let scope = self
            .board
            .add_scope(&self.layout, 0, None, &self.null, |node| {
                &plan.nodes[node as usize].id
            });
        self.publish(0);
        self.promised = self.board.instances.len() as u64;
        self.enter(None, scope);
    }

    /// Takes a job off the running ones.
    fn take_running(&mut self, job: JobKey) -> Result<InstanceId, EventError> {
        let id = self.find(&job.path)?;
        let instance = self.board.instance(id);
        let order = self.board.order(id);
        if instance.attempt != job.attempt || !self.running.remove(&order) {
            let state = instance.state.name();
            return Err(EventError::NotRunning { job, state });
        }
        Ok(id)
    }

    fn job_ended(&mut self, id: InstanceId, result: WorkResult) {
        let WorkResult {
            ending,
            output,
            artifacts,
            reused,
            ..
        } = result;
        if ending == WorkEnding::Cancelled && self.ending.is_some() {
            self.finalize(id, StepState::Cancelled);
            return;
        }
        let failure = Failure::of(ending).or_else(|| self.keep(id, output).err());
        match failure {
            Some(failure) => self.attempt_failed(id, failure),
            None => {
                let instance = self.board.instance_mut(id);
                instance.artifact = artifacts
                    .first()
                    .map(|produced| Arc::from(produced.digest.as_str()));
                let attempts = instance.attempt;
                self.finalize(
                    id,
                    StepState::Ok {
                        attempts,
                        reused,
                        by_fallback: false,
                    },
                );
            }
        }
    }

    fn timer_fired(&mut self, timer: JobKey) -> Result<(), EventError> {
        let id = self.find(&timer.path)?;
        let order = self.board.order(id);
        let is_next = self.next_key(id) == timer;
        let instance = self.board.instance_mut(id);
        if is_next && instance.unwaited {
            // It fired while it was told to end.
            return Ok(());
        }
        if !is_next || !self.waits.remove(&order) {
            let state = instance.state.name();
            return Err(EventError::NotWaiting { timer, state });
        }
        instance.fired = true;
        self.eligible.insert(order);
        Ok(())
    }

    fn assume(&mut self, path: &Arc<str>, assumed: Assumed) -> Result<(), EventError> {
        let id = self.find(path)?;
        if self.ending.is_some() {
            return Err(EventError::Ended);
        }
        let order = self.board.order(id);
        if !self.unknown.remove(&order) {
            return Err(EventError::NotUnknown {
                path: Arc::clone(path),
                state: self.board.instance(id).state.name(),
            });
        }
        self.end = None;
        match assumed {
            Assumed::Done => {
                let attempts = self.board.instance(id).attempt;
                self.finalize(
                    id,
                    StepState::Ok {
                        attempts,
                        reused: false,
                        by_fallback: false,
                    },
                );
            }
            Assumed::Failed => self.attempt_failed(
                id,
                Failure::new(
                    "assumed_failed",
                    "nobody knew whether it happened; it was decided that it failed",
                ),
            ),
        }
        Ok(())
    }

    /// The end of the run, once nothing runs any more.
    fn conclude(&mut self) -> Option<Action> {
        let top = self.board.frames.first()?;
        if self.end.is_some() || !self.running.is_empty() {
            return None;
        }
        let end = if top.remaining == 0 {
            match self.ending {
                Some(StopReason::RunTimedOut) => RunEnd::TimedOut,
                Some(_) => RunEnd::Cancelled,
                None if top.tainted => RunEnd::Failed,
                None => RunEnd::Ok,
            }
        } else if !self.unknown.is_empty() {
            RunEnd::NeedsDecision {
                paths: self
                    .unknown
                    .iter()
                    .map(|order| Arc::clone(&self.board.instance(order.id).path))
                    .collect(),
            }
        } else {
            return None;
        };
        self.end = Some(end.clone());
        Some(Action::Finished(end))
    }
}

impl fmt::Debug for Driver {
    /// Everything that events change.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Driver")
            .field("begun", &self.begun)
            .field("ending", &self.ending)
            .field("end", &self.end)
            .field("running", &self.running)
            .field("waits", &self.waits)
            .field("unknown", &self.unknown)
            .field("eligible", &self.eligible)
            .field("ready", &self.ready)
            .field("finals", &self.finals)
            .field("ended", &self.ended)
            .field("promised", &self.promised)
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}
