//! The state of one run, reachable from host functions.

use std::time::Instant;

use tenzik_gate::{Gate, Refused};
use tenzik_policy::Limits;
use wasmtime::Memory;

use crate::clock;
use crate::failure::EngineFailure;
use crate::fault::{Fault, FaultCode};
use crate::input::InputCursor;
use crate::limiter::MemoryLimiter;
use crate::outcome::{HostCallCounts, LogEntry};
use crate::output::Output;
use crate::primitive::{IncrementalHash, RandomStream};
use crate::profile::Recorder;
use crate::request::{CancelToken, LogTarget, RunRequest};

/// Nanoseconds in a microsecond.
const NS_PER_US: u64 = 1_000;

/// Host calls from one look at the clock to the next. Calls that may take long look at it besides.
const CLOCK_CALLS: u64 = 16;

/// Fuel that every run has besides what is granted. Compiled code stops when nothing is left, and a
/// count that is overdrawn reads as nothing left: with one unit more, a run that used just what was
/// granted has one left, and one that used more has none.
const FUEL_HEADROOM: u64 = 1;

/// How a host call ended the run. The reason is in the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Halt;

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the run was ended by a host call")
    }
}

impl std::error::Error for Halt {}

/// Why a host call ended the run.
pub(crate) enum HaltReason {
    Failure { code: i32, message: Vec<u8> },
    Fault(Fault),
    Refused(Refused),
    Machine(EngineFailure),
}

/// Everything that the host functions of one run share.
pub(crate) struct RunState {
    pub(crate) limits: Limits,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) memory: Option<Memory>,
    pub(crate) halt: Option<HaltReason>,
    pub(crate) input: InputCursor,
    pub(crate) input_hash: Option<Box<blake3::Hasher>>,
    pub(crate) output: Output,
    pub(crate) output_kept: Vec<u8>,
    pub(crate) output_hash: Option<Box<blake3::Hasher>>,
    pub(crate) output_bytes: u64,
    pub(crate) log: LogTarget,
    pub(crate) log_kept: Vec<LogEntry>,
    pub(crate) log_bytes: u64,
    pub(crate) log_messages: u64,
    pub(crate) host_calls: u64,
    host_calls_max: u64,
    pub(crate) host_calls_by_function: HostCallCounts,
    pub(crate) result: Vec<u8>,
    pub(crate) result_offset: usize,
    pub(crate) result_handle: i32,
    /// The handle of the gate behind the newest result, where that is a file.
    pub(crate) result_gate: Option<i32>,
    /// Performs the effects of the run.
    pub(crate) gate: Option<Box<dyn Gate>>,
    /// Bytes read from processes and files.
    pub(crate) effect_bytes: u64,
    pub(crate) hash: Option<Box<IncrementalHash>>,
    pub(crate) random: Option<Box<RandomStream>>,
    pub(crate) seed: u64,
    pub(crate) now_ms: i64,
    pub(crate) fuel_granted: u64,
    fuel_cap: u64,
    /// Fuel that the store has besides what is granted: much only in profiled runs.
    pub(crate) fuel_headroom: u64,
    /// Attributes fuel to functions; only in profiled runs.
    pub(crate) recorder: Option<Box<Recorder>>,
    started: Instant,
    /// The start by the coarse clock, known when that is first looked at.
    started_coarse_ns: Option<u64>,
    wall_ns_max: u64,
    pub(crate) host_ns: u64,
    pub(crate) io_wait_ns: u64,
    cancel: Option<CancelToken>,
}

impl RunState {
    /// The state at the start of a run, in one place for all of it. `fuel_cap` bounds the fuel granted
    /// in all.
    pub(crate) fn new(limits: &Limits, request: RunRequest, fuel_cap: u64) -> Box<RunState> {
        let streamed = matches!(request.output, Output::Stream(_) | Output::Discard);
        let hasher = |wanted: bool| wanted.then(|| Box::new(blake3::Hasher::new()));
        let mut state = Box::new(RunState {
            limiter: MemoryLimiter::new(limits.memory_bytes_max),
            memory: None,
            halt: None,
            input_hash: hasher(request.commit && matches!(request.input, crate::Input::Stream(_))),
            input: InputCursor::new(request.input),
            output_hash: hasher(request.commit && streamed),
            output: request.output,
            output_kept: Vec::new(),
            output_bytes: 0,
            log: request.log,
            log_kept: Vec::new(),
            log_bytes: 0,
            log_messages: 0,
            host_calls: 0,
            host_calls_max: 0,
            host_calls_by_function: HostCallCounts::default(),
            result: Vec::new(),
            result_offset: 0,
            result_handle: 0,
            result_gate: None,
            gate: request.gate,
            effect_bytes: 0,
            hash: None,
            random: None,
            seed: request.seed,
            now_ms: request.now_ms,
            fuel_granted: 0,
            fuel_cap,
            fuel_headroom: FUEL_HEADROOM,
            recorder: None,
            started: clock::now(),
            started_coarse_ns: None,
            wall_ns_max: 0,
            host_ns: 0,
            io_wait_ns: 0,
            cancel: request.cancel,
            limits: limits.clone(),
        });
        state.scale();
        state
    }

    /// Begins again: nothing ran yet, but time passed.
    pub(crate) fn restart(&mut self) {
        self.started = clock::now();
        self.started_coarse_ns = None;
    }

    /// Bytes read from the input, from processes and from files.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.input.offset().saturating_add(self.effect_bytes)
    }

    /// Recomputes what grows with the bytes read; returns the fuel that is granted on top.
    pub(crate) fn scale(&mut self) -> u64 {
        let read = self.read_bytes();
        self.host_calls_max = self.limits.host_calls(read);
        self.wall_ns_max = self.limits.wall_us(read).saturating_mul(NS_PER_US);
        let granted = self.limits.fuel(read).min(self.fuel_cap);
        let added = granted.saturating_sub(self.fuel_granted);
        self.fuel_granted = granted;
        added
    }

    /// Counts one call of the function in row `row` and looks at everything that can end a run from
    /// outside of the guest.
    pub(crate) fn count_call(&mut self, row: usize) -> Result<(), Halt> {
        self.host_calls += 1;
        self.host_calls_by_function.count(row);
        if self.host_calls > self.host_calls_max {
            let message = format!(
                "made {} host calls; {} are allowed",
                self.host_calls, self.host_calls_max
            );
            return Err(self.fault(FaultCode::HostCallsExceeded, message));
        }
        if self.host_calls.is_multiple_of(CLOCK_CALLS) {
            self.check_outside()
        } else {
            self.check_cancelled()
        }
    }

    /// Ends the run if its time is over or somebody cancelled it.
    pub(crate) fn check_outside(&mut self) -> Result<(), Halt> {
        self.check_cancelled()?;
        let now = clock::coarse_ns();
        let started = match self.started_coarse_ns {
            Some(started) => started,
            None => {
                let ns = self.started.elapsed().as_nanos();
                let started = now.saturating_sub(u64::try_from(ns).unwrap_or(u64::MAX));
                *self.started_coarse_ns.insert(started)
            }
        };
        let coarse_ns = now.saturating_sub(started);
        if coarse_ns < self.wall_ns_max.saturating_add(self.io_wait_ns) {
            return Ok(());
        }
        // The coarse clock may run ahead by its resolution.
        self.check_deadline()
    }

    fn check_cancelled(&mut self) -> Result<(), Halt> {
        if self.cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
            return Err(self.fault(FaultCode::Cancelled, "was cancelled".to_owned()));
        }
        Ok(())
    }

    /// Ends the run if its time is over, by the precise clock.
    fn check_deadline(&mut self) -> Result<(), Halt> {
        let used_ns = self.wall_ns();
        self.check_wall(used_ns)
    }

    /// Ends the run if `used_ns` is more than its time.
    pub(crate) fn check_wall(&mut self, used_ns: u64) -> Result<(), Halt> {
        if used_ns < self.wall_ns_max {
            return Ok(());
        }
        let message = format!(
            "ran for {} µs; {} µs are allowed",
            used_ns / NS_PER_US,
            self.wall_ns_max / NS_PER_US
        );
        Err(self.fault(FaultCode::TimeExceeded, message))
    }

    /// Nanoseconds of the run so far, without the time spent waiting for somebody outside.
    pub(crate) fn wall_ns(&self) -> u64 {
        let elapsed = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        elapsed.saturating_sub(self.io_wait_ns)
    }

    /// Records a fault that ends the run.
    pub(crate) fn fault(&mut self, code: FaultCode, message: String) -> Halt {
        self.end(HaltReason::Fault(Fault::new(code, message)))
    }

    /// Records why the run ends; the first reason stays.
    pub(crate) fn end(&mut self, reason: HaltReason) -> Halt {
        self.halt.get_or_insert(reason);
        Halt
    }

    /// Makes `bytes` the newest result and returns its handle.
    pub(crate) fn set_result(&mut self, bytes: Vec<u8>) -> i32 {
        self.result = bytes;
        self.result_offset = 0;
        self.result_gate = None;
        self.result_handle = self.result_handle.checked_add(1).unwrap_or(1);
        self.result_handle
    }

    /// Makes a file of the gate the newest result and returns its handle for the guest.
    pub(crate) fn set_gate_result(&mut self, file: i32) -> i32 {
        let handle = self.set_result(Vec::new());
        self.result_gate = Some(file);
        handle
    }
}
