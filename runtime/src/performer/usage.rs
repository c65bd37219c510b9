//! What a job used itself.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use tenzik_engine::Outcome;
use tenzik_scenario::WorkUsage;

/// Clocks that run while a job does.
pub(super) struct Clocks {
    begun: Instant,
    thread_us: u64,
}

impl Clocks {
    pub(super) fn start() -> Clocks {
        Clocks {
            begun: Instant::now(),
            thread_us: thread_cpu_us(),
        }
    }

    /// Writes down what passed. A run whose limits ask for a large stack has a thread of its own, whose
    /// time is not in it.
    pub(super) fn stop(&self, usage: &mut WorkUsage) {
        usage.wall_us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        usage.thread_cpu_us = thread_cpu_us().saturating_sub(self.thread_us);
    }
}

fn thread_cpu_us() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds * 1_000_000 + nanoseconds / 1_000
}

/// What one stage used.
pub(super) fn of(outcome: &Outcome) -> WorkUsage {
    let used = &outcome.usage;
    let processes = outcome.effects.iter().flat_map(|report| &report.processes);
    let mut usage = WorkUsage {
        fuel: used.fuel,
        host_calls: used.host_calls,
        memory_bytes: used.memory_bytes,
        output_bytes: used.output_bytes,
        ..WorkUsage::default()
    };
    for process in processes {
        usage.processes += 1;
        usage.process_cpu_us = usage.process_cpu_us.saturating_add(process.cpu_us);
        usage.process_memory_bytes = usage.process_memory_bytes.max(process.memory_bytes);
    }
    usage
}

/// Adds a stage to the ones before.
pub(super) fn add(sum: &mut WorkUsage, stage: &WorkUsage) {
    sum.fuel = sum.fuel.saturating_add(stage.fuel);
    sum.host_calls = sum.host_calls.saturating_add(stage.host_calls);
    sum.process_cpu_us = sum.process_cpu_us.saturating_add(stage.process_cpu_us);
    sum.memory_bytes = sum.memory_bytes.max(stage.memory_bytes);
    sum.process_memory_bytes = sum.process_memory_bytes.max(stage.process_memory_bytes);
    sum.processes += stage.processes;
    sum.output_bytes = stage.output_bytes;
}
