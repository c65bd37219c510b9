//! What stops: blocks because of a failure, and the run.

use std::sync::Arc;

use crate::plan::{AfterError, Block};

use super::action::{Action, StopReason};
use super::board::{BlockRun, FrameId, InstanceId};
use super::machine::Driver;
use super::state::{SkipReason, StepState};

/// The path of the step that stopped others.
pub(super) type Origin = Arc<str>;

impl Driver {
    /// The step that stopped the block of a step.
    pub(super) fn stopped_by(&self, id: InstanceId) -> Option<Origin> {
        let frame = self.board.instance(id).frame?;
        self.board.frame(frame).stopped.clone()
    }

    /// A block is going to fail: what that stops around it stops at once.
    pub(super) fn doom(&mut self, frame: FrameId, origin: &Origin) {
        let mut frame = frame;
        while let Some((owner, block)) = self.board.frame(frame).owner {
            let instance = self.board.instance(owner);
            let on_error = self.plan.nodes[instance.node as usize].on_error;
            let around = instance.frame;
            if block == Block::Body
                && on_error != AfterError::Continue
                && let Some(run) = self.board.loop_run(owner)
            {
                run.halted = true;
            }
            let stops = match on_error {
                AfterError::Stop => true,
                AfterError::Continue => false,
                AfterError::Fallback => block == Block::Fallback,
            };
            match around {
                Some(around) if stops && self.board.frame(around).stopped.is_none() => {
                    self.stop_block(around, Some(owner), origin);
                    frame = around;
                }
                _ => return,
            }
        }
    }

    /// Stops a block and the blocks in it, but for one of its steps: nothing new starts.
    pub(super) fn stop_block(
        &mut self,
        frame: FrameId,
        except: Option<InstanceId>,
        origin: &Origin,
    ) {
        let mut rest = vec![frame];
        while let Some(frame) = rest.pop() {
            let block = self.board.frame_mut(frame);
            if block.stopped.is_none() {
                block.stopped = Some(Arc::clone(origin));
            }
            let (owner, scope) = (block.owner, block.scope);
            let owner = owner.map(|(id, block)| (self.board.instance(id).node, block));
            for index in 0..self.layout.children(owner).len() {
                let node = self.layout.children(owner)[index];
                let id = self.board.sibling(&self.layout, scope, node);
                if except != Some(id) {
                    self.stop_step(id, origin, &mut rest);
                }
            }
        }
    }

    fn stop_step(&mut self, id: InstanceId, origin: &Origin, rest: &mut Vec<FrameId>) {
        let instance = self.board.instance(id);
        match &instance.state {
            StepState::Waiting => {
                let reason = match self.ending {
                    Some(_) => SkipReason::RunEnded,
                    None => SkipReason::Stopped {
                        path: Arc::clone(origin),
                    },
                };
                self.finalize(id, StepState::Skipped(reason));
            }
            StepState::BackingOff { .. } => self.stop_wait(id),
            StepState::Running { .. } => match (instance.fallback, instance.block.as_deref()) {
                (Some(frame), _) => rest.push(frame),
                (None, Some(BlockRun::If(frame))) => rest.push(*frame),
                (None, Some(BlockRun::Loop(run))) => {
                    rest.extend(run.active.values().rev());
                    if let Some(run) = self.board.loop_run(id) {
                        run.halted = true;
                    }
                }
                (None, None) => {}
            },
            StepState::Unknown if self.ending.is_some() => self.leave_unknown(id),
            _ => {}
        }
    }

    /// Lets the steps around an unknown one end without it, since nothing goes on.
    pub(super) fn leave_unknown(&mut self, id: InstanceId) {
        self.skip_block(id, Block::Fallback, &SkipReason::RunEnded);
        self.finals.push_back(id);
    }

    /// Ends a step between two attempts.
    fn stop_wait(&mut self, id: InstanceId) {
        if self.waits.contains(&self.board.order(id)) {
            self.board.instance_mut(id).unwaited = true;
            let job = self.next_key(id);
            let reason = self.ending.unwrap_or(StopReason::StepFailed);
            let stop = Action::Stop { job, reason };
            self.out.stops.push((self.board.order(id), stop));
        }
        let failure = self.board.instance_mut(id).failure.take();
        match failure {
            Some(failure) if self.ending.is_none() => self.fail(id, *failure),
            _ => self.finalize(id, StepState::Cancelled),
        }
    }

    /// Ends the run: nothing new starts, and what runs is told to stop.
    pub(super) fn end_run(&mut self, reason: StopReason) {
        if self.ending.is_some() || self.is_finished() {
            return;
        }
        self.ending = Some(reason);
        self.end = None;
        for order in &self.running {
            let job = self.key(order.id);
            let stop = Action::Stop { job, reason };
            self.out.stops.push((order.clone(), stop));
        }
        self.stop_block(0, None, &Arc::from(""));
    }

    /// Ends a step whose block was stopped from outside.
    pub(super) fn cut_off(&mut self, id: InstanceId, origin: Option<Origin>) {
        let state = match self.ending {
            Some(_) => StepState::Cancelled,
            None => StepState::Skipped(SkipReason::Stopped {
                path: origin.unwrap_or_else(|| Arc::clone(&self.board.instance(id).path)),
            }),
        };
        self.finalize(id, state);
    }
}
