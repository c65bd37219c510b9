//! What came of a run.

use tenzik_gate::{GateReport, Refused};
use tenzik_host_abi::{HOST_FUNCTIONS, LogLevel};

use crate::fault::Fault;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// `run` returned 0.
    Ok,
    /// The capsule reported a failure: `run` returned another number, or it called `fail`.
    Failure {
        /// The capsule's own code.
        code: i32,
        /// Its message, at most 4,096 bytes, not necessarily UTF-8; empty without one.
        message: Vec<u8>,
    },
    /// The capsule misbehaved or reached a limit.
    Fault(Fault),
    /// The capsule asked for an effect that the policy does not allow.
    Refused(Refused),
}

/// How often each host function was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostCallCounts([u64; HOST_FUNCTIONS.len()]);

impl HostCallCounts {
    /// Counts one call of the function in row `row` of the table.
    pub(crate) fn count(&mut self, row: usize) {
        if let Some(count) = self.0.get_mut(row) {
            *count += 1;
        }
    }

    /// Name and count of each function that was called, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let rows = HOST_FUNCTIONS.iter().zip(self.0);
        rows.filter(|(_, count)| *count > 0)
            .map(|(row, count)| (row.name, count))
    }
}

/// What a run used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel.
    pub fuel: u64,
    /// Whether `fuel` is exact; if not it is a lower bound.
    pub fuel_exact: bool,
    /// Fuel granted in all, with the input bytes that were read.
    pub fuel_granted: u64,
    /// Largest size of all memories and tables together, in bytes.
    pub memory_bytes: u64,
    /// Microseconds from the start of instantiation to the end of the run, without `io_wait_us`.
    pub wall_us: u64,
    /// Microseconds of `wall_us` spent in host calls. Calls that move less than 4 KiB between
    /// memories take nanoseconds and are not measured.
    pub host_us: u64,
    /// Microseconds spent waiting for somebody outside to give input or take output.
    pub io_wait_us: u64,
    /// Host calls.
    pub host_calls: u64,
    /// Host calls by function.
    pub host_calls_by_function: HostCallCounts,
    /// Input bytes read.
    pub input_bytes: u64,
    /// Bytes read from processes and files; the limits grow with them as with input.
    pub effect_bytes: u64,
    /// Output bytes written.
    pub output_bytes: u64,
    /// Log bytes written.
    pub log_bytes: u64,
}

impl Usage {
    /// The bytes that the limits grow with: those of the input, of processes and of files.
    pub fn read_bytes(&self) -> u64 {
        self.input_bytes.saturating_add(self.effect_bytes)
    }
}

/// One log message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its level.
    pub level: LogLevel,
    /// Its bytes, not necessarily UTF-8.
    pub message: Vec<u8>,
}

/// BLAKE3 commitments of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitments {
    /// Over the whole input, or over the bytes read if `input_complete` is false.
    pub input: [u8; 32],
    /// Whether `input` covers the input to its end.
    pub input_complete: bool,
    /// Bytes that `input` covers.
    pub input_bytes: u64,
    /// Over the bytes written.
    pub output: [u8; 32],
}

/// A function that was running when a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its index in the module.
    pub function: u32,
    /// Its name in the module, escaped as for people.
    pub name: Option<String>,
    /// Offset in the module of the instruction that it was at.
    pub offset: Option<u64>,
}

/// What came of a run. A capsule that misbehaves is an outcome, not an error.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// What it used.
    pub usage: Usage,
    /// The output, when it was kept.
    pub output: Vec<u8>,
    /// The log, when it was kept.
    pub log: Vec<LogEntry>,
    /// The functions that were running when the run ended early, innermost first, at most 16. Not
    /// part of any receipt.
    pub frames: Vec<Frame>,
    /// Commitments, when they were asked for.
    pub commitments: Option<Commitments>,
    /// The effects, for a run with a gate.
    pub effects: Option<GateReport>,
}
