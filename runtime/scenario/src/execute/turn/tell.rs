//! What those are told who watch, once it is written.

use std::collections::HashSet;

use crate::driver::{JobKey, StepView, TimerId};
use crate::execute::event::RunEvent;
use crate::execute::settled::{self, SettledRow};
use crate::plan::Plan;

use super::Loop;
use super::jobs::EndedJob;

/// What is told to those who watch, once it is written.
pub(super) enum Tell {
    Queued(JobKey, String),
    Started(JobKey, String, usize, bool),
    Ended(Box<EndedJob>),
    Retry(TimerId, u64),
    Lost(JobKey, String),
    Settled(SettledRow),
    Stopping(&'static str),
}

impl Loop<'_, '_> {
    /// Tells those who watch a resumed run how far its loops are, besides those of `untold`, which are
    /// told anyway.
    pub(in crate::execute) fn tell_loops(&mut self, untold: &[StepView]) {
        let told: HashSet<&str> = untold.iter().map(|step| &*step.path).collect();
        let steps = self.driver.steps();
        let loops = steps.filter(|step| step.items.is_some() && !told.contains(&*step.path));
        let rows = loops.map(|step| settled::row(&step, |text| self.world.performer.masked(text)));
        self.tell.extend(rows.map(Tell::Settled));
    }
}

impl Tell {
    pub(super) fn event<'t>(&'t self, plan: &'t Plan) -> RunEvent<'t> {
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
