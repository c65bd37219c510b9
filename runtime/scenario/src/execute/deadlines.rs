//! What is due when, by the monotonic clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crate::driver::{JobKey, TimerId};

/// Longest time that is waited for: anything longer never comes.
const DURATION_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 3_600);

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A wait is over.
    Timer(TimerId),
    /// The time of a job is over: the job that began as the number says.
    Job(JobKey, u64),
    /// The time of the run is over.
    Run,
}

/// Deadlines in their order.
#[derive(Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Instant, u64, Due)>>,
    pushed: u64,
}

impl Deadlines {
    /// `due` comes `milliseconds` after `now`.
    pub(super) fn push(&mut self, now: Instant, milliseconds: u64, due: Due) {
        let duration = Duration::from_millis(milliseconds).min(DURATION_MAX);
        if let Some(at) = now.checked_add(duration) {
            self.pushed += 1;
            self.heap.push(Reverse((at, self.pushed, due)));
        }
    }

    /// Time from `now` to the first one.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let Reverse((at, ..)) = self.heap.peek()?;
        Some(at.saturating_duration_since(now))
    }

    /// The first one, if it is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Due> {
        let Reverse((at, ..)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((.., due))| due)
    }
}
