//! States of steps, as rows and events tell them.

use std::borrow::Cow;

use serde::Serialize;

use crate::driver::{SkipReason, StepState, StepView};

use super::event::{SettledBody, StepCounts};
use super::message::bounded;

/// The body of `settled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SettledRow {
    pub(super) path: String,
    pub(super) node: usize,
    #[serde(flatten)]
    pub(super) state: SettledBody,
}

/// The row of a step.
pub(super) fn row<'m>(step: &StepView, masked: impl Fn(&str) -> Cow<'_, str> + 'm) -> SettledRow {
    let mut body = SettledBody {
        state: step.state.name(),
        items: step.items.map(|items| items.all),
        items_ended: step.items.map(|items| items.ended),
        ..SettledBody::default()
    };
    match &step.state {
        StepState::Ok {
            attempts,
            reused,
            by_fallback,
        } => {
            body.attempts = Some(*attempts);
            (body.reused, body.by_fallback) = (*reused, *by_fallback);
        }
        StepState::Failed {
            code,
            exit,
            message,
            attempts,
        } => {
            body.attempts = Some(*attempts);
            body.code = Some(code.clone());
            body.exit = Some(*exit);
            body.message = Some(bounded(masked(message).into_owned()));
        }
        StepState::Running { attempt } | StepState::BackingOff { attempt } => {
            body.attempts = Some(*attempt);
        }
        StepState::Skipped(reason) => {
            let (word, because) = match reason {
                SkipReason::NotChosen => ("not_chosen", None),
                SkipReason::Needs { path } => ("needs", Some(path)),
                SkipReason::Stopped { path } => ("stopped", Some(path)),
                SkipReason::RunEnded => ("run_ended", None),
            };
            body.reason = Some(word);
            body.because = because.map(ToString::to_string);
        }
        StepState::Waiting | StepState::Cancelled | StepState::Unknown => {}
    }
    SettledRow {
        path: step.path.to_string(),
        node: step.node,
        state: body,
    }
}

/// How many steps ended how.
pub(super) fn count(steps: &[StepView]) -> StepCounts {
    let mut counts = StepCounts::default();
    for step in steps {
        match &step.state {
            StepState::Ok { reused, .. } => {
                counts.ok += 1;
                counts.reused += u64::from(*reused);
            }
            StepState::Failed { .. } => counts.failed += 1,
            StepState::Skipped(_) => counts.skipped += 1,
            StepState::Cancelled => counts.cancelled += 1,
            StepState::Unknown => counts.unknown += 1,
            StepState::Waiting | StepState::Running { .. } | StepState::BackingOff { .. } => {}
        }
    }
    counts
}
