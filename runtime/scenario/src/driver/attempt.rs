//! Attempts that came to nothing: lost ones, and failed ones with what follows.

use std::sync::Arc;

use crate::plan::{AfterError, Block};
use crate::scenario::Effect;

use super::action::{Action, TimerId};
use super::board::InstanceId;
use super::chance;
use super::environment::{Scene, error_value};
use super::evaluate::condition;
use super::failure::Failure;
use super::machine::Driver;
use super::state::{SkipReason, StepState};

impl Driver {
    /// A job was lost: it starts again where that does no harm.
    pub(super) fn job_lost(&mut self, id: InstanceId) {
        let node = self.board.instance(id).node as usize;
        let repeatable = self.plan.nodes[node].effect != Effect::AtMostOnce;
        match (repeatable, self.ending) {
            (true, Some(_)) => self.finalize(id, StepState::Cancelled),
            (true, None) => match self.job(id, true) {
                Ok(Some(start)) => self.run(id, start),
                Ok(None) => {}
                Err(failure) => self.attempt_failed(id, failure),
            },
            (false, ending) => {
                self.board.instance_mut(id).state = StepState::Unknown;
                self.unknown.insert(self.board.order(id));
                self.report(id);
                if ending.is_some() {
                    self.leave_unknown(id);
                }
            }
        }
    }

    /// Tries a step again, runs its fallback, or lets it fail.
    pub(super) fn attempt_failed(&mut self, id: InstanceId, failure: Failure) {
        if self.ending.is_some() || self.board.is_stopped(id) {
            self.fail(id, failure);
            return;
        }
        let plan = Arc::clone(&self.plan);
        let instance = self.board.instance(id);
        let node = &plan.nodes[instance.node as usize];
        let attempt = instance.attempt;
        let retries = node
            .retries
            .as_ref()
            .filter(|retries| attempt <= retries.count && node.effect != Effect::AtMostOnce);
        let Some(retries) = retries else {
            self.give_up(id, failure);
            return;
        };
        let again = match &retries.when {
            None => Ok(true),
            Some(when) => {
                let error = error_value(&failure, attempt);
                let scene = Scene {
                    error: Some(&error),
                    ..self.scene(id)
                };
                condition(when, "when of retries", &scene)
            }
        };
        match again {
            Ok(true) => {}
            Ok(false) => {
                self.give_up(id, failure);
                return;
            }
            Err(of_condition) => {
                let message = format!("{}; after: {}", of_condition.message, failure.message);
                self.give_up(id, Failure::expression(message));
                return;
            }
        }
        let timer = self.next_key(id);
        let milliseconds = chance::wait_ms(
            &retries.backoff,
            &self.options.seed,
            &timer.path,
            timer.attempt,
        );
        let instance = self.board.instance_mut(id);
        instance.failure = Some(Box::new(failure));
        instance.state = StepState::BackingOff {
            attempt: timer.attempt,
        };
        let order = self.board.order(id);
        self.waits.insert(order.clone());
        self.report(id);
        let timer = TimerId(timer);
        self.out.waits.push((
            order,
            Action::Wait {
                timer,
                milliseconds,
            },
        ));
    }

    /// Runs the fallback of a step, or lets it fail.
    pub(super) fn give_up(&mut self, id: InstanceId, failure: Failure) {
        let instance = self.board.instance(id);
        let node = &self.plan.nodes[instance.node as usize];
        let may = self.ending.is_none() && !self.board.is_stopped(id);
        if node.on_error != AfterError::Fallback || instance.fallback.is_some() || !may {
            self.fail(id, failure);
            return;
        }
        let scope = instance.scope;
        let instance = self.board.instance_mut(id);
        instance.failure = Some(Box::new(failure));
        instance.state = StepState::Running {
            attempt: instance.attempt,
        };
        self.report(id);
        self.skip_unchosen(id, &SkipReason::NotChosen);
        let frame = self.enter(Some((id, Block::Fallback)), scope);
        self.board.instance_mut(id).fallback = Some(frame);
    }

    pub(super) fn fail(&mut self, id: InstanceId, failure: Failure) {
        let attempts = self.board.instance(id).attempt;
        self.finalize(
            id,
            StepState::Failed {
                code: failure.code,
                exit: failure.exit,
                message: failure.message,
                attempts,
            },
        );
    }
}
