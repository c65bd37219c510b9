//! One native run: its inputs, its call, its outcome.

use core::panic::AssertUnwindSafe;
use std::boxed::Box;
use std::path::PathBuf;
use std::string::{String, ToString as _};
use std::vec::Vec;

use tenzik_host_abi::{Capability, CapabilitySet, LogLevel};

use super::effects::{Effect, Effects};
use super::fault::Halt;
use super::limits::Limits;
use super::state::{self, Ended, State};
use crate::Exit;

/// The time of a native run that sets none: 2026-01-01T00:00:00Z, as in a case of `tenzik test`.
const NOW_MS: i64 = 1_767_225_600_000;

/// The seed of a native run that sets none, as in a case of `tenzik test`.
const SEED: u64 = 1;

/// How a run ended, in the words of `tenzik run --json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The entry function returned 0, `()` or `Ok`.
    Ok,
    /// The capsule reported a failure.
    Failure {
        /// Its own code.
        code: i32,
        /// Its message: the first 4,096 bytes, empty without one.
        message: Vec<u8>,
    },
    /// The capsule misbehaved or reached a limit. A panic is the fault `trap_unreachable`.
    Fault {
        /// The error code, such as `output_exceeded`.
        code: &'static str,
        /// What happened.
        message: String,
    },
    /// The capsule called a function whose capability is not granted. A real one is refused before
    /// it runs.
    Refused(Capability),
}

/// One log message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its level.
    pub level: LogLevel,
    /// Its text, with U+FFFD for what is not UTF-8.
    pub message: String,
}

/// What came of a native run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a run that ended badly says so only in its outcome"]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The output, also where the run did not end well.
    pub output: Vec<u8>,
    /// The log.
    pub log: Vec<LogEntry>,
    /// Input bytes read.
    pub input_bytes: u64,
    /// Host calls.
    pub host_calls: u64,
}

impl Outcome {
    /// The output of a run that ended well.
    ///
    /// # Panics
    /// If the run ended in another way; the message says how.
    #[track_caller]
    pub fn into_output(self) -> Vec<u8> {
        assert!(
            self.ending == Ending::Ok,
            "the run ended as {:?}",
            self.ending
        );
        self.output
    }
}

/// The inputs of a native run.
///
/// ```
/// use tenzik_sdk::native::Run;
/// use tenzik_sdk::{output_write, time_now_ms};
///
/// let outcome = Run::new(b"").now_ms(-5).call(|| output_write(&time_now_ms().to_le_bytes()));
/// assert_eq!(outcome.into_output(), (-5_i64).to_le_bytes());
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    pub(crate) input: Vec<u8>,
    pub(crate) seed: u64,
    pub(crate) now_ms: i64,
    pub(crate) grants: CapabilitySet,
    pub(crate) limits: Limits,
    pub(crate) tenzik: Option<PathBuf>,
    pub(crate) effects: Option<Effects>,
}

impl Run {
    /// A run over `input` with every pure capability, the limits of the profile `default`, the seed 1 and
    /// the time 2026-01-01T00:00:00Z.
    pub fn new(input: impl AsRef<[u8]>) -> Run {
        Run {
            input: input.as_ref().to_vec(),
            seed: SEED,
            now_ms: NOW_MS,
            grants: CapabilitySet::of(&Capability::PURE),
            limits: Limits::default(),
            tenzik: None,
            effects: None,
        }
    }

    /// Sets the seed of the random bytes.
    pub fn seed(mut self, seed: u64) -> Run {
        self.seed = seed;
        self
    }

    /// Sets the time, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(mut self, now_ms: i64) -> Run {
        self.now_ms = now_ms;
        self
    }

    /// Takes a capability away.
    pub fn deny(mut self, capability: Capability) -> Run {
        self.grants = self.grants.without(capability);
        self
    }

    /// Grants every capability, and answers each call with an effect by `answer`: what it returns is
    /// the status, handle or count, and what it writes to the buffer is what the capsule reads.
    ///
    /// ```
    /// use tenzik_sdk::native::Run;
    /// use tenzik_sdk::{Status, file_read};
    ///
    /// let run = Run::new(b"").effects(|effect, _| match effect.inputs {
    ///     [b"/srv/there"] => 1,
    ///     _ => Status::NotFound.number(),
    /// });
    /// let outcome = run.call(|| i32::from(file_read(b"/srv/missing").is_ok()));
    /// assert_eq!(outcome.into_output(), b"");
    /// ```
    pub fn effects(
        mut self,
        answer: impl Fn(&Effect<'_>, &mut [u8]) -> i32 + Send + Sync + 'static,
    ) -> Run {
        self.grants = CapabilitySet::of(&Capability::ALL);
        self.effects = Some(Effects::new(answer));
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Run {
        self.limits = limits;
        self
    }

    /// Sets the path of the `tenzik` command, which else is that in TENZIK or on PATH.
    pub fn tenzik(mut self, path: impl Into<PathBuf>) -> Run {
        self.tenzik = Some(path.into());
        self
    }

    /// Calls `entry`. A host function that ends the run ends it by unwinding, so that no code of the
    /// capsule runs behind it.
    ///
    /// # Panics
    /// If a run of this thread is under way, or if a pure host function is called and there is no
    /// `tenzik` command to answer.
    pub fn call<E: Exit>(self, entry: impl FnOnce() -> E) -> Outcome {
        state::begin(State::new(self));
        // What the closure borrowed is not looked at again by this crate; a test that does so sees
        // what any panic would leave.
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| Exit::code(entry())));
        let state = state::end();
        let ending = match (state.halt, result) {
            (Some(Halt::Broken(message)), _) => broken(&message),
            (Some(Halt::Failure { code, message }), _) => Ending::Failure { code, message },
            (Some(Halt::Fault(code, message)), _) => Ending::Fault { code, message },
            (Some(Halt::Refused(capability)), _) => Ending::Refused(capability),
            (None, Ok(0)) => Ending::Ok,
            (None, Ok(code)) => Ending::Failure {
                code,
                message: Vec::new(),
            },
            (None, Err(payload)) => Ending::Fault {
                code: "trap_unreachable",
                message: panic_message(payload),
            },
        };
        Outcome {
            ending,
            output: state.output,
            log: state.log,
            input_bytes: state.input_offset,
            host_calls: state.host_calls,
        }
    }
}

/// Calls `entry` as the entry function of a capsule with this input; [`Run`] sets more than that.
///
/// # Panics
/// As [`Run::call`].
pub fn run<E: Exit>(input: impl AsRef<[u8]>, entry: impl FnOnce() -> E) -> Outcome {
    Run::new(input).call(entry)
}

#[expect(clippy::panic, reason = "a test that cannot go on has failed")]
fn broken(message: &str) -> ! {
    panic!("tenzik-sdk: {message}")
}

/// What a panic of the capsule said.
fn panic_message(payload: Box<dyn core::any::Any + Send>) -> String {
    if payload.is::<Ended>() {
        return "the run was ended".to_string();
    }
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_string();
    }
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => "a panic".to_string(),
    }
}
