//! What a run is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenzik_gate::Gate;
use tenzik_host_abi::LogLevel;

use crate::input::Input;
use crate::output::Output;

/// Takes log messages while a run goes on: level and bytes, which need not be UTF-8.
pub type LogSink = Box<dyn FnMut(LogLevel, &[u8]) + Send>;

/// Where log messages go.
#[derive(Default)]
pub enum LogTarget {
    /// Kept in memory and handed back with the outcome.
    #[default]
    Keep,
    /// Given to a function as they come.
    Sink(LogSink),
}

/// Ends a run from another thread. Looked at with every host call and, in capsules that could run
/// on for long, at every loop.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// Ends every run that was given this token, as the fault `cancelled`.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](CancelToken::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that one run depends on besides the capsule and its permit.
pub struct RunRequest {
    /// The input. Default: empty.
    pub input: Input,
    /// Where the output goes. Default: kept.
    pub output: Output,
    /// Where log messages go. Default: kept.
    pub log: LogTarget,
    /// The time that the capsule is told, in milliseconds since 1970-01-01T00:00:00Z. The engine
    /// reads no clock for it.
    pub now_ms: i64,
    /// The seed of the capsule's random bytes.
    pub seed: u64,
    /// Whether commitments to input and output are computed. Default: false.
    pub commit: bool,
    /// Whether the rest of the input is read for its commitment after the run: right for files,
    /// wrong for streams that may never end. Default: false.
    pub commit_whole_input: bool,
    /// Whether a lower bound of the fuel is searched by running again, when a trap loses the exact
    /// count. Default: true.
    pub bound_fuel: bool,
    /// Ends the run from outside.
    pub cancel: Option<CancelToken>,
    /// Performs the effects of the run. Default: none, for capsules that need no such capability.
    pub gate: Option<Box<dyn Gate>>,
}

impl RunRequest {
    /// A run over `input` at the time `now_ms` with the random seed `seed`.
    pub fn new(input: Input, now_ms: i64, seed: u64) -> RunRequest {
        RunRequest {
            input,
            output: Output::Keep,
            log: LogTarget::Keep,
            now_ms,
            seed,
            commit: false,
            commit_whole_input: false,
            bound_fuel: true,
            cancel: None,
            gate: None,
        }
    }

    /// The same run, to be done before this one without anybody noticing: one that leaves all it
    /// does in memory.
    pub(crate) fn repeatable(&self) -> Option<RunRequest> {
        if self.gate.is_some() {
            return None;
        }
        let output = match self.output {
            Output::Keep => Output::Keep,
            Output::Discard => Output::Discard,
            Output::Stream(_) => return None,
        };
        let (Input::Bytes(bytes), LogTarget::Keep) = (&self.input, &self.log) else {
            return None;
        };
        Some(RunRequest {
            input: Input::Bytes(Arc::clone(bytes)),
            output,
            log: LogTarget::Keep,
            now_ms: self.now_ms,
            seed: self.seed,
            commit: self.commit,
            commit_whole_input: self.commit_whole_input,
            bound_fuel: self.bound_fuel,
            cancel: self.cancel.clone(),
            gate: None,
        })
    }
}
