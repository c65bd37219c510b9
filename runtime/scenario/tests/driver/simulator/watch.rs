//! What must hold, told from the plan, the events and the actions alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use tenzik_scenario::driver::{
    Action, Assumed, Driver, Event, JobKey, JobStart, RunEnd, SkipReason, StepState, StepView,
    TimerId,
};
use tenzik_scenario::plan::{AfterError, Block, NodeKind, Plan};
use tenzik_scenario::{Effect, WorkEnding};

use super::generate::loops;

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
                self.ending.get_or_insert(reason);
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
            StepState::Skipped(SkipReason::Stopped { path: other }) => {
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

    /// The path of a node as seen from a step.
    fn seen(&self, path: &str, node: usize) -> Arc<str> {
        let depth = loops(&self.plan, self.plan.nodes[node].parent).len();
        let id = &self.plan.nodes[node].id;
        let around: Vec<&str> = path.split('.').take(depth).chain([id.as_str()]).collect();
        Arc::from(around.join("."))
    }

    /// The steps around a step, the innermost first, and the block of each.
    fn owners(&self, node: usize, path: &str) -> Vec<(usize, Block, Arc<str>)> {
        let mut found = Vec::new();
        let mut current = self.plan.nodes[node].parent;
        while let Some((index, block)) = current {
            found.push((index, block, self.seen(path, index)));
            current = self.plan.nodes[index].parent;
        }
        found
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

    /// Every step of the block that a step succeeded with is over, and none of them fails the block.
    fn whole(&self, node: usize, path: &str, by_fallback: bool) {
        for (other, state) in &self.states {
            let id = other.rsplit('.').next().unwrap_or(other);
            let inner = self.plan.nodes.iter().find(|inner| inner.id == id);
            let Some((inner, (owner, block))) =
                inner.and_then(|inner| Some((inner, inner.parent?)))
            else {
                continue;
            };
            let counts = owner == node
                && (block == Block::Fallback) == by_fallback
                && *self.seen(other, owner) == *path;
            if !counts {
                continue;
            }
            let fits = match state {
                StepState::Ok { .. } => true,
                StepState::Failed { .. } => inner.on_error == AfterError::Continue,
                StepState::Skipped(SkipReason::NotChosen | SkipReason::Needs { .. }) => true,
                _ => false,
            };
            assert!(fits, "{path} is ok while {other} in it is {state:?}");
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

    /// Whether a step failed, or is going to, so that nothing new starts in its block.
    fn stops(&self, node: usize, path: &str) -> bool {
        let on_error = self.plan.nodes[node].on_error;
        let dooming = match self.states.get(path) {
            Some(StepState::Failed { .. }) => return on_error != AfterError::Continue,
            Some(StepState::Running { .. }) => match on_error {
                AfterError::Stop => [Block::Then, Block::Else, Block::Body].as_slice(),
                AfterError::Continue => &[],
                AfterError::Fallback => &[Block::Fallback],
            },
            _ => return false,
        };
        let inner = self.plan.nodes.iter().enumerate();
        inner
            .filter(|(_, inner)| {
                inner
                    .parent
                    .is_some_and(|(owner, block)| owner == node && dooming.contains(&block))
            })
            .any(|(index, inner)| match inner.parent {
                Some((_, Block::Body)) => self.states.keys().any(|other| {
                    other
                        .strip_prefix(path)
                        .and_then(|rest| rest.strip_prefix('['))
                        .and_then(|rest| rest.split_once("]."))
                        .is_some_and(|(_, id)| id == inner.id)
                        && self.stops(index, other)
                }),
                _ => self.stops(index, &self.seen(path, index)),
            })
    }

    /// Whether a step lies in an item of a loop that goes on although an item of it failed, below
    /// a step of the block in question.
    fn in_doomed_loop(&self, node: usize, inner: usize, path: &str) -> bool {
        let mut current = node;
        while current != inner {
            let Some((parent, block)) = self.plan.nodes[current].parent else {
                return false;
            };
            if block == Block::Body {
                let items = format!("{}[", self.seen(path, parent));
                let failed = self.states.iter().any(|(other, state)| {
                    other.starts_with(&items) && matches!(state, StepState::Failed { .. })
                });
                if failed {
                    return true;
                }
            }
            current = parent;
        }
        false
    }

    /// What holds after every event.
    pub fn after(&self, driver: &Driver, running: &BTreeSet<JobKey>, waits: &BTreeSet<TimerId>) {
        assert_eq!(&self.running, running);
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

    /// Whether a step makes the run fail: it failed, or was skipped since another one did, and no
    /// fallback made that good.
    fn is_bad(&self, step: &StepView) -> bool {
        let own = matches!(
            step.state,
            StepState::Failed { .. }
                | StepState::Skipped(SkipReason::Needs { .. } | SkipReason::Stopped { .. })
        );
        own && !self
            .owners(step.node, &step.path)
            .iter()
            .any(|(_, block, owner)| {
                *block != Block::Fallback
                    && matches!(
                        self.states.get(owner),
                        Some(StepState::Ok {
                            by_fallback: true,
                            ..
                        })
                    )
            })
    }

    fn all_chosen_are_ok(&self, steps: &[StepView]) {
        for step in steps {
            let chosen = self.is_chosen(step.node, &step.path);
            let fits = match step.state {
                StepState::Ok { by_fallback, .. } => chosen && !by_fallback,
                StepState::Skipped(SkipReason::NotChosen) => !chosen,
                _ => false,
            };
            assert!(fits, "{} is {:?}, chosen: {chosen}", step.path, step.state);
        }
        let mut wanted = 0;
        self.count(None, "", &mut wanted);
        assert_eq!(steps.len(), wanted, "items are missing");
    }

    /// Whether a step is to run where nothing fails.
    fn is_chosen(&self, node: usize, path: &str) -> bool {
        let own = &self.plan.nodes[node];
        let owners = self.owners(node, path);
        let around = owners.first().is_none_or(|(index, block, owner)| {
            let block_runs = match (&self.plan.nodes[*index].kind, block) {
                (_, Block::Fallback) => false,
                (NodeKind::If(condition), Block::Then) => condition.source() == "true",
                (NodeKind::If(condition), _) => condition.source() != "true",
                _ => true,
            };
            block_runs && self.is_chosen(*index, owner)
        });
        let is_owner = |other: usize| owners.iter().any(|owner| owner.0 == other);
        around
            && own.when.as_ref().is_none_or(|when| when.source() == "true")
            && own
                .needs
                .iter()
                .filter(|&&other| !is_owner(other))
                .all(|&other| {
                    matches!(
                        self.states.get(&self.seen(path, other)),
                        Some(StepState::Ok { .. })
                    )
                })
    }

    /// How many steps there are where nothing fails.
    fn count(&self, parent: Option<(usize, Block)>, prefix: &str, wanted: &mut usize) {
        for (index, node) in self.plan.nodes.iter().enumerate() {
            if node.parent != parent {
                continue;
            }
            *wanted += 1;
            let path = format!("{prefix}{}", node.id);
            for block in [Block::Then, Block::Else, Block::Fallback] {
                self.count(Some((index, block)), prefix, wanted);
            }
            if let NodeKind::ForEach {
                items: tenzik_scenario::ValueTemplate::Literal(items, _),
                ..
            } = &node.kind
                && self.is_chosen(index, &path)
            {
                for item in 0..items.as_array().map_or(0, Vec::len) {
                    self.count(
                        Some((index, Block::Body)),
                        &format!("{path}[{item}]."),
                        wanted,
                    );
                }
            }
        }
    }
}
