//! Admits jobs: memory that runs out refuses, pressure on the processors queues.

mod limits;

pub use limits::{GuardLimits, GuardLimitsError};

use crate::sample::Sample;

/// What happens to a job that is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admit {
    /// It starts.
    Now,
    /// It waits; ask again with a newer sample, at most until its deadline.
    Queue {
        /// Value, limit, window and remedy.
        reason: String,
    },
    /// It does not start.
    Refuse {
        /// Stable code: `memory_guard`.
        code: &'static str,
        /// Value, limit and window.
        message: String,
        /// What to do.
        remedy: String,
    },
}

/// What a decision depends on besides the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardState {
    /// Whether the last decision refused: then less is used before a job is admitted again.
    pub refusing: bool,
    /// Jobs of this run that run now, without pure ones.
    pub running: u32,
    /// Whether the job is pure: bounded by its fuel and done by one thread, it never queues.
    pub is_pure: bool,
}

/// Decides about one job. What could not be measured holds nothing up.
pub fn decide(sample: &Sample, state: &GuardState, limits: &GuardLimits) -> Admit {
    refusal(sample, state, limits)
        .or_else(|| queue(sample, state, limits))
        .unwrap_or(Admit::Now)
}

fn refusal(sample: &Sample, state: &GuardState, limits: &GuardLimits) -> Option<Admit> {
    let (memory, refuse) = (sample.memory?, limits.memory_refuse_percent?);
    let admit = limits.memory_admit_percent.min(refuse);
    let used = memory.used_percent();
    let (is_refused, limit) = if state.refusing {
        (used >= admit, format!("not below {admit:.0} % again"))
    } else {
        (used > refuse, format!("over {refuse:.0} %"))
    };
    is_refused.then(|| Admit::Refuse {
        code: "memory_guard",
        message: format!(
            "{used:.1} % of {} memory is used ({} of {}), {limit}; over {refuse:.0} % no job starts until it is below {admit:.0} % (one sample, taken at {} ms)",
            if memory.is_control_group { "the control group's" } else { "the machine's" },
            mebibytes(memory.total_bytes.saturating_sub(memory.available_bytes)),
            mebibytes(memory.total_bytes),
            sample.at_ms,
        ),
        remedy: "free memory and resume the run; --guard-memory 90 sets another limit, --no-guard none".to_owned(),
    })
}

fn queue(sample: &Sample, state: &GuardState, limits: &GuardLimits) -> Option<Admit> {
    // A machine that others keep busy must not hold a run up for good.
    if state.is_pure || state.running < limits.jobs_always {
        return None;
    }
    let reason = match sample.cpu_pressure {
        Some(pressure) => {
            let (value, limit) = (pressure.some_avg10, limits.cpu_pressure_percent?);
            (value > limit).then(|| {
                format!("tasks waited for a processor in {value:.1} % of the last 10 s, over {limit:.0} %; jobs queue until it is less; --no-guard starts them at once")
            })
        }
        None => {
            let (load, limit) = (sample.load1?, limits.load_per_cpu?);
            let per_cpu = load / f64::from(sample.cpus?.max(1));
            (per_cpu > limit).then(|| {
                format!("the load of the last 60 s is {per_cpu:.1} for each processor, over {limit:.1}; jobs queue until it is less; --no-guard starts them at once")
            })
        }
    };
    reason.map(|reason| Admit::Queue { reason })
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// [`decide`] with the memory of its last decision.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    limits: GuardLimits,
    refusing: bool,
}

impl Guard {
    /// A guard that refused nothing yet.
    pub fn new(limits: GuardLimits) -> Guard {
        Guard {
            limits,
            refusing: false,
        }
    }

    /// Decides about one job, pure or not, while `running` others run that are not pure.
    pub fn admit(&mut self, sample: &Sample, running: u32, is_pure: bool) -> Admit {
        let state = GuardState {
            refusing: self.refusing,
            running,
            is_pure,
        };
        let admit = decide(sample, &state, &self.limits);
        self.refusing = matches!(admit, Admit::Refuse { .. });
        admit
    }
}
