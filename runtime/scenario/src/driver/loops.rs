//! Loops: their items, and what they give.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::plan::{Block, Node, NodeKind};

use super::board::{BlockRun, FrameId, InstanceId, LoopRun, ScopeId};
use super::environment::Scene;
use super::evaluate::{kind, value};
use super::failure::Failure;
use super::limits;
use super::machine::Driver;
use super::state::StepState;
use super::weight::Weight;

impl Driver {
    /// Lets a loop begin.
    pub(super) fn begin_loop(&mut self, id: InstanceId, node: &Node) -> Result<(), Failure> {
        let items = self.items(id, node)?;
        let steps = self.body_steps(id).saturating_mul(items.len() as u64);
        let list = Value::Array(items);
        let items_memory = Weight::of(&list).memory;
        self.reserve(items_memory)?;
        self.promised += steps;
        let instance = self.board.instance_mut(id);
        instance.state = StepState::Running {
            attempt: instance.attempt,
        };
        instance.block = Some(Box::new(BlockRun::Loop(LoopRun {
            items: Arc::new(list),
            items_memory,
            next: 0,
            active: BTreeMap::new(),
            scopes: Vec::new(),
            results: BTreeMap::new(),
            results_memory: 0,
            failed: 0,
            first: None,
            halted: false,
            cut: false,
        })));
        self.report(id);
        self.go_on(id);
        Ok(())
    }

    /// The items of a loop, no more than it may have.
    fn items(&self, id: InstanceId, node: &Node) -> Result<Vec<Value>, Failure> {
        let NodeKind::ForEach {
            items: template,
            items_max,
            ..
        } = &node.kind
        else {
            return Ok(Vec::new());
        };
        let place = template.place();
        let items = match value(template, &self.scene(id))? {
            Value::Array(items) => items,
            other => {
                let kind = kind(&other);
                return Err(Failure::expression(format!(
                    "{place}: for_each takes a list, not {kind}"
                )));
            }
        };
        let count = items.len();
        if count > *items_max as usize {
            return Err(Failure::new(
                "too_many_items",
                format!(
                    "{place}: {count} items, over the limit of {items_max}; raise max_items (at most 10,000) or take fewer"
                ),
            ));
        }
        let body = self.body_steps(id);
        let steps = body.saturating_mul(count as u64);
        if self.promised.saturating_add(steps) > limits::STEPS_MAX {
            return Err(Failure::new(
                "too_many_steps",
                format!(
                    "{place}: {count} items of {body} steps, beside {} steps of the run, are over the limit of {}; \
                     split the run",
                    self.promised,
                    limits::STEPS_MAX
                ),
            ));
        }
        Ok(items)
    }

    /// How many steps each item of a loop has.
    fn body_steps(&self, id: InstanceId) -> u64 {
        self.body(id).map_or(0, |region| {
            self.layout.regions[region as usize].nodes.len() as u64
        })
    }

    /// The region of a loop's body.
    fn body(&self, id: InstanceId) -> Option<u32> {
        self.layout.nodes[self.board.instance(id).node as usize].body
    }

    /// Lets items begin, or the loop end.
    fn go_on(&mut self, id: InstanceId) {
        let node = self.board.instance(id).node as usize;
        let parallel = match self.plan.nodes[node].kind {
            NodeKind::ForEach { parallel, .. } => parallel.max(1) as usize,
            _ => 1,
        };
        while let Some(run) = self.board.loop_run(id) {
            if run.halted || run.next >= run.count() {
                if run.active.is_empty() {
                    self.loop_ended(id);
                }
                return;
            }
            if run.active.len() >= parallel {
                return;
            }
            let item = u32::try_from(run.next).unwrap_or(u32::MAX);
            run.next += 1;
            self.begin_item(id, item);
        }
    }

    fn begin_item(&mut self, id: InstanceId, item: u32) {
        let Some(region) = self.body(id) else {
            return;
        };
        let from = self.board.instances.len();
        let around = self.board.instance(id).scope;
        let plan = Arc::clone(&self.plan);
        let scope = self.board.add_scope(
            &self.layout,
            region,
            Some((around, id, item)),
            &self.null,
            |node| &plan.nodes[node as usize].id,
        );
        self.publish(from);
        let frame = self.enter(Some((id, Block::Body)), scope);
        if let Some(run) = self.board.loop_run(id) {
            run.active.insert(item, frame);
            run.scopes.push(scope);
        }
    }

    /// Takes what an item gives, and lets the next one begin.
    pub(super) fn item_ended(&mut self, frame: FrameId, id: InstanceId) {
        let block = self.board.frame(frame);
        let (scope, cut, tainted) = (block.scope, block.cut, block.tainted);
        let failure = block.failure.clone();
        let item = match self.board.scopes[scope as usize].parent {
            Some((_, _, item)) => item,
            None => return,
        };
        self.board.instance_mut(id).tainted |= tainted;
        let given = match failure {
            Some(failure) => Err(failure),
            None if cut => {
                if let Some(run) = self.board.loop_run(id) {
                    run.cut = true;
                }
                Ok(None)
            }
            None => self.collected(id, scope).map(Some),
        };
        if let Some(run) = self.board.loop_run(id) {
            run.active.remove(&item);
        }
        match given {
            Ok(None) => {}
            Ok(Some((value, memory))) => {
                if let Some(run) = self.board.loop_run(id) {
                    run.results.insert(item, value);
                    run.results_memory += memory;
                }
            }
            Err(failure) => self.item_failed(frame, id, item, failure),
        }
        self.board.release(&self.layout, scope, &self.null);
        self.go_on(id);
    }

    fn item_failed(&mut self, frame: FrameId, id: InstanceId, item: u32, failure: Failure) {
        let instance = self.board.instance(id);
        let path: Arc<str> = Arc::from(format!("{}[{item}]", instance.path));
        if let Some(run) = self.board.loop_run(id) {
            run.failed += 1;
            run.first.get_or_insert((item, failure));
        }
        if self.board.frame(frame).stopped.is_none() && self.ending.is_none() {
            // Its steps succeeded and `collect` did not, so nothing was stopped yet.
            self.doom(frame, &path);
        }
    }

    /// What an item gives to the output of its loop, and the bytes that it takes.
    fn collected(&mut self, id: InstanceId, scope: ScopeId) -> Result<(Value, u64), Failure> {
        let node = self.board.instance(id).node;
        let NodeKind::ForEach { collect, .. } = &self.plan.nodes[node as usize].kind else {
            return Ok((Value::Null, 0));
        };
        let children = self.layout.children(Some((node, Block::Body)));
        let value = match (collect, children.last()) {
            (Some(expression), _) => expression.evaluate(&Scene {
                plan: &self.plan,
                layout: &self.layout,
                board: &self.board,
                scope,
                // Behind every step of the body.
                reader: self.layout.nodes.len().try_into().unwrap_or(u32::MAX),
                own: None,
                error: None,
            })?,
            (None, Some(&last)) => {
                let last = self.board.sibling(&self.layout, scope, last);
                self.board.instance(last).output.as_ref().clone()
            }
            (None, None) => Value::Null,
        };
        let weight = Weight::of(&value);
        if weight.json > limits::OUTPUT_BYTES_MAX {
            return Err(Failure::output_too_large(weight.json));
        }
        self.reserve(weight.memory)?;
        Ok((value, weight.memory))
    }

    fn loop_ended(&mut self, id: InstanceId) {
        let Some(run) = self.board.loop_run(id) else {
            return;
        };
        let count = run.count();
        let (failed, first) = (run.failed, run.first.take());
        let begun = run.next;
        let cut = run.cut || (failed == 0 && begun < count);
        let mut results = std::mem::take(&mut run.results);
        let memory = run.items_memory + run.results_memory;
        run.items = Arc::clone(&self.null);
        self.board.kept = self.board.kept.saturating_sub(memory);
        let list: Vec<Value> = (0..count)
            .map(|item| {
                u32::try_from(item)
                    .ok()
                    .and_then(|item| results.remove(&item))
                    .unwrap_or_default()
            })
            .collect();
        if failed == 0 && cut {
            let origin = self.board.instance(id).frame;
            let origin = origin.and_then(|frame| self.board.frame(frame).stopped.clone());
            self.cut_off(id, origin);
            return;
        }
        if let Err(failure) = self.keep(id, Value::Array(list)) {
            self.give_up(id, failure);
            return;
        }
        let Some((item, failure)) = first else {
            self.finalize(
                id,
                StepState::Ok {
                    attempts: 0,
                    reused: false,
                    by_fallback: false,
                },
            );
            return;
        };
        let missing = match count - begun {
            0 => String::new(),
            missing => format!(", {missing} did not begin"),
        };
        let message = format!(
            "{failed} of {count} items failed{missing}; the first was item {item}: {}",
            failure.message
        );
        let failure = Failure {
            code: "items_failed".to_owned(),
            exit: failure.exit,
            message,
        };
        self.give_up(id, failure);
    }
}
