//! The guard of the machine as admission.

use tenzik_journal::Journal;
use tenzik_telemetry::{Guard, Sample};

use super::admission::{Admission, Admit};

/// Decides by the newest sample of the machine, and keeps what it decided by.
pub struct GuardedAdmission<'a> {
    guard: Guard,
    newest: &'a dyn Fn() -> Sample,
    journal: &'a Journal,
    /// The sample that was kept last, and its number.
    kept: Option<(u64, i64)>,
}

impl<'a> GuardedAdmission<'a> {
    /// By the samples that `newest` gives.
    pub fn new(
        guard: Guard,
        newest: &'a dyn Fn() -> Sample,
        journal: &'a Journal,
    ) -> GuardedAdmission<'a> {
        GuardedAdmission {
            guard,
            newest,
            journal,
            kept: None,
        }
    }

    /// The number of a sample in the journal; one sample is kept once.
    fn keep(&mut self, sample: &Sample) -> Option<i64> {
        if let Some((at_ms, id)) = self.kept
            && at_ms == sample.at_ms
        {
            return Some(id);
        }
        let id = self.journal.sample(&sample.to_json().to_string()).ok()?;
        let id = i64::try_from(id).ok()?;
        self.kept = Some((sample.at_ms, id));
        Some(id)
    }
}

impl Admission for GuardedAdmission<'_> {
    fn admit(&mut self, running: usize, is_pure: bool) -> Admit {
        let sample = (self.newest)();
        let running = u32::try_from(running).unwrap_or(u32::MAX);
        let decision = self.guard.admit(&sample, running, is_pure);
        let memory = sample.memory.map(|memory| memory.used_percent());
        let pressure = sample.cpu_pressure.map(|pressure| pressure.some_avg10);
        tracing::debug!(
            decision = match decision {
                tenzik_telemetry::Admit::Now => "now",
                tenzik_telemetry::Admit::Queue { .. } => "queue",
                tenzik_telemetry::Admit::Refuse { .. } => "refuse",
            },
            running,
            pure = is_pure,
            sample_ms = sample.at_ms,
            memory_percent = memory,
            cpu_pressure_percent = pressure,
            "guard decided"
        );
        match decision {
            tenzik_telemetry::Admit::Now => Admit::Now {
                sample: self.keep(&sample),
            },
            tenzik_telemetry::Admit::Queue { reason } => Admit::Queue { reason },
            tenzik_telemetry::Admit::Refuse {
                code,
                message,
                remedy,
            } => Admit::Refuse {
                code: code.to_owned(),
                message,
                remedy,
                sample: self.keep(&sample),
            },
        }
    }
}
