//! What one look at the machine saw.

use serde_json::{Value, json};

/// One look at the machine. What could not be measured is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Counts the samples of a sampler, from 1; 0 before the first one.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Milliseconds since the sample before, over which `cpu_percent` is; 0 for the first one.
    pub window_ms: u64,
    /// Share of the time of all processors that was used, 0 to 100; not in the first sample.
    pub cpu_percent: Option<f64>,
    /// Processors.
    pub cpus: Option<u32>,
    /// Load average of the last minute.
    pub load1: Option<f64>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Waiting for processors.
    pub cpu_pressure: Option<Pressure>,
    /// Waiting for memory.
    pub memory_pressure: Option<Pressure>,
    /// Waiting for disks.
    pub io_pressure: Option<Pressure>,
    /// The file system of the state directory.
    pub disk: Option<Disk>,
    /// This process.
    pub own: Option<OwnUse>,
}

/// Memory of the machine, or of the control group that allows less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// What there is.
    pub total_bytes: u64,
    /// What can be had without swapping.
    pub available_bytes: u64,
    /// Whether a control group's limit is the total.
    pub is_control_group: bool,
}

impl Memory {
    /// What cannot be had, as a share of the total, 0 to 100.
    pub fn used_percent(&self) -> f64 {
        let used = self.total_bytes.saturating_sub(self.available_bytes);
        share(used, self.total_bytes)
    }
}

/// Pressure stall information: the share of the last ten seconds, 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// In which at least one task waited.
    pub some_avg10: f64,
    /// In which every task waited.
    pub full_avg10: Option<f64>,
}

/// A file system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disk {
    /// Its size.
    pub total_bytes: u64,
    /// What users may still fill.
    pub free_bytes: u64,
}

/// What this process has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnUse {
    /// Its resident set.
    pub resident_bytes: u64,
    /// The largest resident set that it had.
    pub resident_peak_bytes: u64,
    /// Its threads.
    pub threads: u32,
}

impl Sample {
    /// The sample as JSON; numbers that could not be measured are `null`, shares have at most two
    /// places behind the point.
    pub fn to_json(&self) -> Value {
        let pressure = |pressure: Option<Pressure>| {
            pressure.map(|pressure| {
                json!({
                    "some_avg10": rounded(pressure.some_avg10),
                    "full_avg10": pressure.full_avg10.map(rounded),
                })
            })
        };
        json!({
            "id": self.id,
            "at_ms": self.at_ms,
            "window_ms": self.window_ms,
            "cpu_percent": self.cpu_percent.map(rounded),
            "cpus": self.cpus,
            "load1": self.load1.map(rounded),
            "memory": self.memory.map(|memory| json!({
                "total_bytes": memory.total_bytes,
                "available_bytes": memory.available_bytes,
                "used_percent": rounded(memory.used_percent()),
                "control_group": memory.is_control_group,
            })),
            "pressure": {
                "cpu": pressure(self.cpu_pressure),
                "memory": pressure(self.memory_pressure),
                "io": pressure(self.io_pressure),
            },
            "disk": self.disk.map(|disk| json!({
                "total_bytes": disk.total_bytes,
                "free_bytes": disk.free_bytes,
            })),
            "own": self.own.map(|own| json!({
                "resident_bytes": own.resident_bytes,
                "resident_peak_bytes": own.resident_peak_bytes,
                "threads": own.threads,
            })),
        })
    }
}

/// `part` of `whole` in percent; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
