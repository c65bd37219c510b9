//! Steps that become final, and the blocks that end with them.

use std::sync::Arc;

use crate::plan::{AfterError, Block};

use super::action::Action;
use super::board::{BlockRun, FrameId, InstanceId, ScopeId};
use super::failure::Failure;
use super::layout::BLOCKS;
use super::machine::Driver;
use super::state::{SkipReason, StepState};

impl Driver {
    /// Lets a block begin.
    pub(super) fn enter(&mut self, owner: Option<(InstanceId, Block)>, scope: ScopeId) -> FrameId {
        let children = self
            .layout
            .children(owner.map(|(id, block)| (self.board.instance(id).node, block)));
        let frame = self.board.add_frame(owner, scope, children.len());
        for &node in children {
            let id = self.board.sibling(&self.layout, scope, node);
            let instance = self.board.instance_mut(id);
            instance.frame = Some(frame);
            if instance.pending == 0 {
                self.eligible.insert(self.board.order(id));
            }
        }
        if children.is_empty() {
            self.ended.push_back(frame);
        }
        frame
    }

    /// Runs one of the blocks of an `if`, and skips the other.
    pub(super) fn choose(&mut self, id: InstanceId, block: Block) {
        let instance = self.board.instance_mut(id);
        instance.state = StepState::Running {
            attempt: instance.attempt,
        };
        let scope = instance.scope;
        self.report(id);
        let other = match block {
            Block::Then => Block::Else,
            _ => Block::Then,
        };
        self.skip_block(id, other, &SkipReason::NotChosen);
        let frame = self.enter(Some((id, block)), scope);
        self.board.instance_mut(id).block = Some(Box::new(BlockRun::If(frame)));
    }

    /// Skips the blocks of an `if` that never chose one.
    pub(super) fn skip_unchosen(&mut self, id: InstanceId, reason: &SkipReason) {
        if self.board.instance(id).block.is_none() {
            self.skip_block(id, Block::Then, reason);
            self.skip_block(id, Block::Else, reason);
        }
    }

    /// Skips the steps of a block that did not begin, and those in them.
    pub(super) fn skip_block(&mut self, owner: InstanceId, block: Block, reason: &SkipReason) {
        let instance = self.board.instance(owner);
        let scope = instance.scope;
        let mut rest: Vec<u32> = Vec::new();
        let below = |rest: &mut Vec<u32>, node: u32, blocks: &[Block]| {
            for &block in blocks.iter().rev() {
                rest.extend(self.layout.children(Some((node, block))).iter().rev());
            }
        };
        below(&mut rest, instance.node, &[block]);
        while let Some(node) = rest.pop() {
            below(&mut rest, node, &BLOCKS);
            let id = self.board.sibling(&self.layout, scope, node);
            let instance = self.board.instance_mut(id);
            if instance.state != StepState::Waiting || instance.frame.is_some() {
                continue;
            }
            instance.state = StepState::Skipped(reason.clone());
            let step = self.board.view(id);
            self.out.settled.push(Action::Settled { step });
            self.finals.push_back(id);
        }
    }

    /// Brings a step into its last state, and the blocks of it that never began.
    pub(super) fn finalize(&mut self, id: InstanceId, state: StepState) {
        if matches!(self.board.instance(id).state, StepState::BackingOff { .. }) {
            self.waits.remove(&self.board.order(id));
        }
        let own = Arc::clone(&self.board.instance(id).path);
        let (inner, fallback) = match &state {
            StepState::Skipped(reason) => (reason.clone(), reason.clone()),
            StepState::Ok { .. } => (SkipReason::NotChosen, SkipReason::NotChosen),
            _ if self.ending.is_some() => (SkipReason::RunEnded, SkipReason::RunEnded),
            _ => {
                let origin = self.stopped_by(id).unwrap_or_else(|| Arc::clone(&own));
                let stopped = SkipReason::Stopped { path: origin };
                (SkipReason::Needs { path: own }, stopped)
            }
        };
        let instance = self.board.instance_mut(id);
        instance.tainted |= matches!(
            state,
            StepState::Failed { .. }
                | StepState::Skipped(SkipReason::Needs { .. } | SkipReason::Stopped { .. })
        );
        instance.state = state;
        instance.failure = None;
        let fell_back = instance.fallback.is_some();
        self.report(id);
        self.skip_unchosen(id, &inner);
        if !fell_back {
            self.skip_block(id, Block::Fallback, &fallback);
        }
        self.finals.push_back(id);
    }

    /// Tells those who wait for a step, and its block, that it is final.
    pub(super) fn tell(&mut self, id: InstanceId) {
        let instance = self.board.instance_mut(id);
        let (node, scope) = (instance.node, instance.scope);
        let waiters = std::mem::take(&mut instance.waiters);
        for index in 0..self.layout.nodes[node as usize].dependents.len() {
            let dependent = self.layout.nodes[node as usize].dependents[index];
            self.one_less(self.board.sibling(&self.layout, scope, dependent));
        }
        for waiter in waiters {
            self.one_less(waiter);
        }
        let Some(frame) = self.board.instance(id).frame else {
            return;
        };
        self.note(frame, id);
        let block = self.board.frame_mut(frame);
        block.remaining = block.remaining.saturating_sub(1);
        if block.remaining == 0 {
            self.ended.push_back(frame);
        }
    }

    fn one_less(&mut self, id: InstanceId) {
        let instance = self.board.instance_mut(id);
        instance.pending = instance.pending.saturating_sub(1);
        let waits = instance.state == StepState::Waiting && instance.frame.is_some();
        if instance.pending == 0 && waits {
            self.eligible.insert(self.board.order(id));
        }
    }

    /// What a final step means for its block.
    fn note(&mut self, frame: FrameId, id: InstanceId) {
        let instance = self.board.instance(id);
        let on_error = self.plan.nodes[instance.node as usize].on_error;
        let failure = match &instance.state {
            StepState::Failed {
                code,
                exit,
                message,
                ..
            } if on_error != AfterError::Continue => Some(
                Failure {
                    code: code.clone(),
                    exit: *exit,
                    message: message.clone(),
                }
                .within(&instance.path),
            ),
            _ => None,
        };
        let cut = matches!(
            instance.state,
            StepState::Skipped(SkipReason::Stopped { .. } | SkipReason::RunEnded)
                | StepState::Cancelled
                | StepState::Unknown
        );
        let tainted = instance.tainted;
        let path = Arc::clone(&instance.path);
        let block = self.board.frame_mut(frame);
        block.tainted |= tainted;
        block.cut |= cut;
        if let (Some(failure), None) = (failure, &block.failure) {
            block.failure = Some(failure);
            if block.stopped.is_none() {
                self.stop_block(frame, Some(id), &path);
                self.doom(frame, &path);
            }
        }
    }

    /// What a block gives to its step.
    pub(super) fn block_ended(&mut self, frame: FrameId) {
        let block = self.board.frame(frame);
        let Some((owner, kind)) = block.owner else {
            return;
        };
        let (cut, failure) = (block.cut, block.failure.clone());
        let (tainted, scope) = (block.tainted, block.scope);
        let origin = block.stopped.clone();
        match kind {
            Block::Body => self.item_ended(frame, owner),
            Block::Fallback => self.fallback_ended(frame, owner),
            Block::Then | Block::Else => {
                self.board.instance_mut(owner).tainted |= tainted;
                if let Some(failure) = failure {
                    self.give_up(owner, failure);
                } else if cut {
                    self.cut_off(owner, origin);
                } else {
                    self.take_output(owner, kind, scope);
                    self.finalize(
                        owner,
                        StepState::Ok {
                            attempts: 0,
                            reused: false,
                            by_fallback: false,
                        },
                    );
                }
            }
        }
    }

    fn fallback_ended(&mut self, frame: FrameId, owner: InstanceId) {
        let block = self.board.frame(frame);
        let (cut, scope, tainted) = (block.cut, block.scope, block.tainted);
        let failure = block.failure.clone();
        let instance = self.board.instance_mut(owner);
        let attempts = instance.attempt;
        let first = instance.failure.take();
        if let Some(failure) = failure {
            self.fail(owner, failure);
        } else if cut {
            match first {
                Some(first) if self.ending.is_none() => self.fail(owner, *first),
                _ => self.finalize(owner, StepState::Cancelled),
            }
        } else {
            // The fallback makes good what failed before.
            instance.tainted = tainted;
            self.take_output(owner, Block::Fallback, scope);
            self.finalize(
                owner,
                StepState::Ok {
                    attempts,
                    reused: false,
                    by_fallback: true,
                },
            );
        }
    }

    /// Gives a step the output of the last step of its block.
    fn take_output(&mut self, owner: InstanceId, block: Block, scope: ScopeId) {
        let node = self.board.instance(owner).node;
        let Some(&last) = self.layout.children(Some((node, block))).last() else {
            return;
        };
        let last = self.board.sibling(&self.layout, scope, last);
        let last = self.board.instance(last);
        let (output, artifact) = (Arc::clone(&last.output), last.artifact.clone());
        let instance = self.board.instance_mut(owner);
        // Shared, so it is counted once, with the step that made it.
        let memory = std::mem::take(&mut instance.memory);
        instance.output = output;
        instance.artifact = artifact;
        self.board.kept = self.board.kept.saturating_sub(memory);
    }
}
