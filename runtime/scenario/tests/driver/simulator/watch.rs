//! What must hold, told from the plan, the events and the actions alone.

mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use tenzik_scenario::driver::{
    Action, Assumed, Driver, Event, JobKey, JobStart, RunEnd, SkipReason, StepState, StepView,
    TimerId,
};
use tenzik_scenario::plan::{AfterError, Block, NodeKind, Plan};
use tenzik_scenario::{Effect, WorkEnding};

/// Watches one run.
pub struct Watch {
    plan: Arc<Plan>,
    /// The last state of every step that was told of.
    states: BTreeMap<Arc<str>, StepState>,
    running: BTreeSet<JobKey>,
    /// Attempts that failed, or whose timers fired, and may be followed by the next one.
    failed: BTreeSet<JobKey>,
    fired: BTreeSet<JobKey>,
    lost: BTreeSet<JobKey>,
    started: BTreeMap<JobKey, u32>,
    /// Starts of steps that must not be repeated, without a decision in between.
    once: BTreeMap<Arc<str>, u32>,
    unknown: BTreeSet<Arc<str>>,
    /// Jobs that are to be told to end.
    to_stop: BTreeSet<JobKey>,
    ending: Option<RunEnd>,
    end: Option<RunEnd>,
}

impl Watch {
    /// Of a run of this plan.
    pub fn new(plan: Arc<Plan>) -> Watch {
        Watch {
            plan,
            states: BTreeMap::new(),
            running: BTreeSet::new(),
            failed: BTreeSet::new(),
            fired: BTreeSet::new(),
            lost: BTreeSet::new(),
            started: BTreeMap::new(),
            once: BTreeMap::new(),
            unknown: BTreeSet::new(),
            to_stop: BTreeSet::new(),
            ending: None,
            end: None,
        }
    }

    /// The plan, a step in a line.
    pub fn outline(&self) -> String {
        let mut lines = format!("concurrency {}\n", self.plan.concurrency);
        for node in &self.plan.nodes {
            let around = node
                .parent
                .map(|(index, block)| (self.plan.nodes[index].id.as_str(), block));
            let condition = match &node.kind {
                NodeKind::If(condition) => condition.source(),
                _ => "",
            };
            let _ = writeln!(
                lines,
                "{} {} {condition} in {around:?}, needs {:?}, after {:?}, when {:?}, {:?}, {:?}, {} retries",
                node.id,
                node.kind.key(),
                node.needs,
                node.after,
                node.when.as_ref().map(|when| when.source()),
                node.effect,
                node.on_error,
                node.retries.as_ref().map_or(0, |retries| retries.count),
            );
        }
        lines
    }

    /// How many jobs were started.
    pub fn jobs(&self) -> usize {
        self.started.len()
    }

    /// Whether the run was cancelled, or its time is over.
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Takes in an event before the driver does.
    pub fn before(&mut self, event: &Event) {
        match event {
            Event::Begin => {}
            Event::JobEnded { job, result } => {
                assert!(self.running.remove(job), "{job:?} does not run");
                if result.ending != WorkEnding::Ok {
                    self.failed.insert(job.clone());
                }
            }
            Event::JobLost { job } => {
                assert!(self.running.remove(job), "{job:?} does not run");
                self.lost.insert(job.clone());
            }
            Event::TimerFired { timer } => {
                self.fired.insert(timer.0.clone());
            }
            Event::Cancel | Event::RunTimedOut => {
                // A run that waits for a decision can be ended without one.
                self.end = None;
                let reason = match event {
                    Event::Cancel => RunEnd::Cancelled,
                    _ => RunEnd::TimedOut,
                };
                if self.ending.is_none() {
                    self.to_stop = self.running.clone();
                    self.ending = Some(reason);
                }
            }
            Event::Assume { path, assumed } => {
                assert!(self.unknown.remove(path), "{path} is known");
                self.end = None;
                if *assumed == Assumed::Failed {
                    self.once.remove(path);
                }
            }
        }
    }

    /// Takes in what the driver wants.
    pub fn action(&mut self, action: &Action) {
        assert!(self.end.is_none(), "{action:?} after the end");
        match action {
            Action::Start(start) => self.start(start),
            Action::Wait { timer, .. } => {
                let JobKey { path, attempt } = &timer.0;
                let state = StepState::BackingOff { attempt: *attempt };
                assert_eq!(self.states.get(path), Some(&state));
                assert!(self.ending.is_none(), "{path} waits in a run that ends");
            }
            Action::Stop { job, .. } => {
                let known = self.running.contains(job) || !self.fired.contains(job);
                assert!(known, "{job:?} neither runs nor waits");
                self.to_stop.remove(job);
            }
            Action::Settled { step } => self.settled(step),
            Action::Finished(end) => {
                assert!(
                    self.running.is_empty(),
                    "it ends while {:?} run",
                    self.running
                );
                self.end = Some(end.clone());
            }
        }
    }

    fn settled(&mut self, step: &StepView) {
        let path = &step.path;
        if let Some(before) = self.states.insert(Arc::clone(path), step.state.clone()) {
            assert!(!before.is_final(), "{path} was {before:?} already");
        }
        assert!(
            !self.running.iter().any(|job| job.path == *path),
            "{path} becomes {:?} while it runs",
            step.state
        );
        match &step.state {
            StepState::Unknown => {
                assert_eq!(self.plan.nodes[step.node].effect, Effect::AtMostOnce);
                self.unknown.insert(Arc::clone(path));
            }
            StepState::Skipped(SkipReason::Needs { path: other }) => {
                let state = &self.states[other];
                assert!(
                    state.is_final() && !matches!(state, StepState::Ok { .. }),
                    "{path} is skipped for {other}, which is {state:?}"
                );
            }
            StepState::Skipped(SkipReason::NotChosen) => self.not_chosen(step.node, path),
            StepState::Skipped(SkipReason::Stopped { path: other }) => {
                let id = other.rsplit('.').next().unwrap_or(other);
                let stops = self
                    .plan
                    .nodes
                    .iter()
                    .any(|node| node.id == id && node.on_error != AfterError::Continue);
                assert!(stops || other.ends_with(']'), "{other} stops {path}");
                if let Some(state) = self.states.get(other) {
                    assert!(
                        matches!(state, StepState::Failed { .. }),
                        "{path} is skipped for {other}, which is {state:?}"
                    );
                }
            }
            StepState::Ok { by_fallback, .. } => {
                let on_error = self.plan.nodes[step.node].on_error;
                assert!(!by_fallback || on_error == AfterError::Fallback);
                self.waited(step.node, path);
                self.whole(step.node, path, *by_fallback);
            }
            StepState::Cancelled | StepState::Skipped(SkipReason::RunEnded) => {
                assert!(self.ending.is_some(), "{path} is {:?}", step.state);
            }
            _ => {}
        }
    }

    fn start(&mut self, start: &JobStart) {
        let JobStart {
            key, node, again, ..
        } = start;
        let what = format!("start of {key:?}");
        assert!(self.ending.is_none(), "{what} in a run that ends");
        assert!(
            self.unknown.is_empty() || *again,
            "{what} before a decision"
        );
        assert!(self.running.insert(key.clone()), "{what}, which runs");
        let effect = self.plan.nodes[*node].effect;
        let times = self.started.entry(key.clone()).or_default();
        *times += 1;
        assert_eq!(*again, *times > 1, "{what} for the {times}th time");
        if *again {
            assert!(self.lost.remove(key), "{what} again, which was not lost");
        }
        if effect == Effect::AtMostOnce {
            let times = self.once.entry(Arc::clone(&key.path)).or_default();
            *times += 1;
            assert_eq!(*times, 1, "{what}, which must not be repeated");
        }
        if key.attempt > 1 && !again {
            assert!(self.fired.contains(key), "{what} before its time");
        }
        let concurrency = self.plan.concurrency as usize;
        assert!(
            self.running.len() <= concurrency,
            "{what}: too many at a time"
        );
        let state = self.states.get(&key.path);
        let begun = matches!(state, None | Some(StepState::BackingOff { .. }))
            || (*again && state.is_none_or(|state| !state.is_final()));
        assert!(begun, "{what}, which is {state:?}");
        self.states.insert(
            Arc::clone(&key.path),
            StepState::Running {
                attempt: key.attempt,
            },
        );
        self.parallel(&key.path);
        self.waited(*node, &key.path);
        self.around(*node, &key.path, *again);
    }

    /// No loop around a step runs more items than it may.
    fn parallel(&self, path: &str) {
        for (at, _) in path.match_indices('[') {
            let owner = &path[..at];
            let name = owner.rsplit('.').next().expect("a name");
            let node = self.plan.nodes.iter().find(|node| node.id == name);
            let Some(NodeKind::ForEach { parallel, .. }) = node.map(|node| &node.kind) else {
                panic!("{owner} is no loop");
            };
            let items: BTreeSet<&str> = self
                .states
                .iter()
                .filter(|(_, state)| !state.is_final())
                .filter_map(|(other, _)| other.strip_prefix(owner)?.strip_prefix('['))
                .filter_map(|rest| rest.split(']').next())
                .collect();
            assert!(
                items.len() <= *parallel as usize,
                "{owner} runs the items {items:?}"
            );
        }
    }

    fn waited(&self, node: usize, path: &str) {
        let owners: Vec<usize> = self
            .owners(node, path)
            .iter()
            .map(|owner| owner.0)
            .collect();
        let own = &self.plan.nodes[node];
        for &other in own.needs.iter().filter(|other| !owners.contains(other)) {
            let state = self.states.get(&self.seen(path, other));
            assert!(
                matches!(state, Some(StepState::Ok { .. })),
                "{path} starts while it needs {other}, which is {state:?}"
            );
        }
        for &other in own.after.iter().filter(|other| !owners.contains(other)) {
            let state = self.states.get(&self.seen(path, other));
            assert!(
                state.is_some_and(StepState::is_final),
                "{path} starts after {other}, which is {state:?}"
            );
        }
    }

    /// The blocks around a step run, were chosen, and were not stopped by a step of theirs.
    fn around(&self, node: usize, path: &str, again: bool) {
        let owners = self.owners(node, path);
        for (index, block, owner) in &owners {
            let state = self.states.get(owner);
            assert!(
                matches!(state, Some(StepState::Running { .. })),
                "{path} starts in {owner}, which is {state:?}"
            );
            let fits = match &self.plan.nodes[*index].kind {
                NodeKind::If(condition) => match block {
                    Block::Then => condition.source() == "true",
                    Block::Else => condition.source() == "false",
                    Block::Fallback | Block::Body => true,
                },
                _ => true,
            };
            assert!(fits, "{path} starts in the other block of {owner}");
        }
        if again {
            return;
        }
        let chain = std::iter::once(node).chain(owners.iter().map(|owner| owner.0));
        for inner in chain {
            let parent = self.plan.nodes[inner].parent;
            for (index, sibling) in self.plan.nodes.iter().enumerate() {
                if sibling.parent != parent || index == inner {
                    continue;
                }
                // Items go on that ran when one of their loop stopped what is around it.
                assert!(
                    !self.stops(index, &self.seen(path, index))
                        || self.in_doomed_loop(node, inner, path),
                    "{path} starts after {} stopped a block around it",
                    sibling.id
                );
            }
        }
    }

    /// What holds after every event.
    pub fn after(&self, driver: &Driver, running: &BTreeSet<JobKey>, waits: &BTreeSet<TimerId>) {
        assert_eq!(&self.running, running);
        assert!(self.to_stop.is_empty(), "{:?} go on", self.to_stop);
        let told: BTreeSet<JobKey> = driver.outstanding().collect();
        assert_eq!(&told, running, "the driver knows of other jobs");
        let told: BTreeSet<TimerId> = driver.waiting().collect();
        assert_eq!(&told, waits, "the driver waits for others");
        assert_eq!(driver.end(), self.end.as_ref());
        if driver.is_finished() {
            assert!(running.is_empty() && waits.is_empty());
        } else {
            let decides = matches!(self.end, Some(RunEnd::NeedsDecision { .. }));
            let goes_on = !running.is_empty() || !waits.is_empty() || decides;
            assert!(goes_on, "nothing goes on and the run is not over");
        }
        if let Some(RunEnd::NeedsDecision { paths }) = &self.end {
            let paths: BTreeSet<Arc<str>> = paths.iter().cloned().collect();
            assert_eq!(paths, self.unknown);
        }
    }

    /// What holds once a run is over.
    pub fn end(&self, driver: &Driver, clean: bool) {
        let steps: Vec<StepView> = driver.steps().collect();
        let paths: BTreeSet<&str> = steps.iter().map(|step| step.path.as_ref()).collect();
        assert_eq!(paths.len(), steps.len(), "two steps have the same path");
        for step in &steps {
            let told = self.states.get(&step.path);
            assert_eq!(told, Some(&step.state), "{} was told otherwise", step.path);
            let over = step.state.is_final()
                || (self.ending.is_some() && step.state == StepState::Unknown);
            assert!(over, "{} is {:?} at the end", step.path, step.state);
        }
        assert_eq!(self.states.len(), steps.len());
        if let Some(ending) = &self.ending {
            assert_eq!(driver.end(), Some(ending));
            return;
        }
        let bad = steps.iter().any(|step| self.is_bad(step));
        let wanted = if bad { RunEnd::Failed } else { RunEnd::Ok };
        assert_eq!(driver.end(), Some(&wanted));
        if clean {
            self.all_chosen_are_ok(&steps);
        }
    }
}
