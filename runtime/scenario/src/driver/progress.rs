//! What follows from what happened, until nothing more follows: steps are looked at, settled and
//! started.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cel::Root;
use crate::plan::{Block, Node, NodeKind};
use crate::scenario::ValueTemplate;

use super::action::{Action, JobStart};
use super::assets;
use super::board::InstanceId;
use super::build;
use super::chance;
use super::environment::Scene;
use super::evaluate::{condition, value};
use super::failure::Failure;
use super::limits;
use super::machine::Driver;
use super::state::{SkipReason, StepState};
use super::weight::Weight;

impl Driver {
    /// Does what is to be done, what ended first and what starts last.
    pub(super) fn advance(&mut self) {
        let concurrency = self.plan.concurrency.max(1) as usize;
        loop {
            if let Some(id) = self.finals.pop_front() {
                self.tell(id);
            } else if let Some(frame) = self.ended.pop_front() {
                self.block_ended(frame);
            } else if let Some(order) = self.eligible.pop_first() {
                self.examine(order.id);
            } else if self.running.len() < concurrency
                && self.unknown.is_empty()
                && self.ending.is_none()
                && let Some(order) = self.ready.pop_first()
            {
                self.start(order.id);
            } else {
                return;
            }
        }
    }

    /// What the step of an instance sees.
    pub(super) fn scene(&self, id: InstanceId) -> Scene<'_> {
        let instance = self.board.instance(id);
        Scene {
            plan: &self.plan,
            layout: &self.layout,
            board: &self.board,
            scope: instance.scope,
            reader: instance.node,
            own: None,
            error: None,
        }
    }

    /// Whether a step may begin an attempt: it was stopped meanwhile otherwise.
    fn may_begin(&self, id: InstanceId) -> bool {
        let instance = self.board.instance(id);
        match instance.state {
            StepState::Waiting => true,
            StepState::BackingOff { .. } => instance.fired,
            _ => false,
        }
    }

    /// Looks at a step that waits for nothing any more.
    fn examine(&mut self, id: InstanceId) {
        if !self.may_begin(id) {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let node = &plan.nodes[self.board.instance(id).node as usize];
        if let Some(reason) = self.unmet(id, node) {
            self.finalize(id, StepState::Skipped(reason));
            return;
        }
        if let Some(when) = &node.when {
            match condition(when, "when", &self.scene(id)) {
                Ok(true) => {}
                Ok(false) => {
                    self.finalize(id, StepState::Skipped(SkipReason::NotChosen));
                    return;
                }
                Err(failure) => {
                    self.begin_attempt(id);
                    self.attempt_failed(id, failure);
                    return;
                }
            }
        }
        match &node.kind {
            NodeKind::Let(_) | NodeKind::Assets(_) | NodeKind::If(_) | NodeKind::ForEach { .. } => {
                self.begin_attempt(id);
                if let Err(failure) = self.settle(id, node) {
                    self.attempt_failed(id, failure);
                }
            }
            _ => {
                self.ready.insert(self.board.order(id));
            }
        }
    }

    /// Why a step does not run, if a step that it needs did not succeed.
    fn unmet(&self, id: InstanceId, node: &Node) -> Option<SkipReason> {
        let instance = self.board.instance(id);
        let own = &self.layout.nodes[instance.node as usize];
        let mut reason = None;
        for &need in &node.needs {
            let need = u32::try_from(need).unwrap_or(u32::MAX);
            if own.dependencies.binary_search(&need).is_err() {
                // A step that this one lies in.
                continue;
            }
            let need = self
                .board
                .visible(&self.layout, instance.scope, need)
                .map(|need| self.board.instance(need))?;
            match need.state {
                StepState::Ok { .. } => {}
                StepState::Skipped(SkipReason::NotChosen) => {
                    reason = Some(SkipReason::NotChosen);
                }
                _ => {
                    let path = Arc::clone(&need.path);
                    return Some(SkipReason::Needs { path });
                }
            }
        }
        reason
    }

    fn begin_attempt(&mut self, id: InstanceId) {
        let instance = self.board.instance_mut(id);
        instance.attempt = instance.attempt.saturating_add(1);
        instance.fired = false;
    }

    /// Does the work of a step that needs no job.
    fn settle(&mut self, id: InstanceId, node: &Node) -> Result<(), Failure> {
        match &node.kind {
            NodeKind::Let(values) => {
                let output = self.variables(id, values)?;
                self.keep(id, output)?;
            }
            NodeKind::Assets(groups) => {
                let output = assets::groups(groups, self.scene(id))?;
                self.keep(id, output)?;
            }
            NodeKind::If(expression) => {
                let chosen = condition(expression, "the condition", &self.scene(id))?;
                self.choose(id, if chosen { Block::Then } else { Block::Else });
                return Ok(());
            }
            NodeKind::ForEach { .. } => return self.begin_loop(id, node),
            _ => return Ok(()),
        }
        self.finalize(
            id,
            StepState::Ok {
                attempts: 0,
                reused: false,
                by_fallback: false,
            },
        );
        Ok(())
    }

    /// The variables of a `let`, each seeing those before it.
    fn variables(
        &self,
        id: InstanceId,
        values: &[(String, ValueTemplate)],
    ) -> Result<Value, Failure> {
        let mut made = Map::new();
        for (name, template) in values {
            let fixed = self.plan.fixed_vars.contains(name);
            let set = match self.plan.vars.get(name) {
                Some(fixed_value) if fixed => fixed_value.clone(),
                _ => value(
                    template,
                    &Scene {
                        own: Some((Root::Variable, &made)),
                        ..self.scene(id)
                    },
                )?,
            };
            made.insert(name.clone(), set);
        }
        Ok(Value::Object(made))
    }

    /// Starts the job of a step.
    fn start(&mut self, id: InstanceId) {
        if !self.may_begin(id) {
            return;
        }
        self.begin_attempt(id);
        match self.job(id, false) {
            Ok(Some(start)) => self.run(id, start),
            Ok(None) => {}
            Err(failure) => self.attempt_failed(id, failure),
        }
    }

    pub(super) fn run(&mut self, id: InstanceId, start: JobStart) {
        let attempt = start.key.attempt;
        self.board.instance_mut(id).state = StepState::Running { attempt };
        let order = self.board.order(id);
        self.running.insert(order.clone());
        self.out.starts.push((order, Action::Start(start)));
    }

    /// The job of the attempt that was begun.
    pub(super) fn job(&self, id: InstanceId, again: bool) -> Result<Option<JobStart>, Failure> {
        let key = self.key(id);
        let index = self.board.instance(id).node as usize;
        let node = &self.plan.nodes[index];
        let seed = chance::seed(&self.options.seed, &key.path, key.attempt);
        let work = build::work(node, self.scene(id), seed)?;
        Ok(work.map(|work| JobStart {
            key,
            node: index,
            work,
            effect: node.effect,
            timeout_ms: node.timeout_ms,
            session: node
                .session
                .clone()
                .or_else(|| self.options.session.clone()),
            again,
        }))
    }

    /// Keeps an output, in place of the one before.
    pub(super) fn keep(&mut self, id: InstanceId, output: Value) -> Result<(), Failure> {
        let weight = Weight::of(&output);
        if weight.json > limits::OUTPUT_BYTES_MAX {
            return Err(Failure::output_too_large(weight.json));
        }
        self.reserve(weight.memory)?;
        let instance = self.board.instance_mut(id);
        let before = std::mem::replace(&mut instance.memory, weight.memory);
        instance.output = Arc::new(output);
        self.board.kept = self.board.kept.saturating_sub(before);
        Ok(())
    }

    /// Takes some of the memory that a run may keep.
    pub(super) fn reserve(&mut self, memory: u64) -> Result<(), Failure> {
        let kept = self.board.kept;
        if kept.saturating_add(memory) > limits::OUTPUTS_BYTES_MAX {
            return Err(Failure::outputs_too_large(memory, kept));
        }
        self.board.kept = kept.saturating_add(memory);
        Ok(())
    }

    /// Tells that a step came into a state.
    pub(super) fn report(&mut self, id: InstanceId) {
        let step = self.board.view(id);
        self.out.settled.push(Action::Settled { step });
    }
}
