//! The one way from a host function with an effect to the world.

use tenzik_policy::EffectRefusal;

use crate::report::GateReport;

/// One host call with an effect.
#[derive(Clone, Copy, Debug)]
pub struct GateCall<'a> {
    /// Name of the host function; `result_read` reads a file that `file_read` opened.
    pub function: &'static str,
    /// Its handles and plain numbers, in the order of its parameters.
    pub numbers: &'a [i32],
    /// The bytes behind each of its `in_ptr`, in the order of its parameters.
    pub inputs: &'a [&'a [u8]],
}

/// What a host call was answered. Bytes are in the buffer that it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateReply {
    /// The status, handle or count.
    pub number: i32,
    /// Bytes read from a process or a file: the limits of the run grow with them.
    pub read_bytes: u64,
    /// Nanoseconds spent waiting for a process. Its deadline bounds them, not the wall limit of the
    /// run.
    pub waited_ns: u64,
}

impl GateReply {
    /// A reply without bytes.
    pub const fn number(number: i32) -> GateReply {
        GateReply {
            number,
            read_bytes: 0,
            waited_ns: 0,
        }
    }
}

/// How a host call with an effect ends the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateHalt {
    /// The policy does not allow it.
    Refused(Refused),
    /// The call names something that is not there, such as a process that was never started.
    BadHandle(String),
    /// The request is not one that any host could perform.
    BadArgument(String),
    /// The run was cancelled while it waited.
    Cancelled,
    /// A replayed run asks for something else than the recorded one did.
    Differs {
        /// What the record has next.
        expected: String,
        /// What the capsule asked for.
        got: String,
    },
    /// tenzik or the machine failed.
    Machine(String),
}

/// An effect that the policy does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its stable code, such as `exec_refused`.
    pub code: &'static str,
    /// The rules that were looked at, as `FILE:LINE NAME`, separated by a comma; empty where the
    /// policy has none of the kind.
    pub rules: String,
    /// What was refused and why.
    pub message: String,
    /// What to change.
    pub remedy: String,
}

impl From<EffectRefusal> for Refused {
    fn from(refusal: EffectRefusal) -> Refused {
        Refused {
            code: refusal.code,
            rules: refusal.rules.join(", "),
            message: refusal.message,
            remedy: refusal.remedy,
        }
    }
}

impl From<Refused> for GateHalt {
    fn from(refused: Refused) -> GateHalt {
        GateHalt::Refused(refused)
    }
}

/// Performs, records or replays the effects of one run.
pub trait Gate: Send {
    /// Performs one call. Bytes for the guest go to `buffer`, which is empty for functions that
    /// return none; the number of the reply says how many.
    ///
    /// # Errors
    /// [`GateHalt`] ends the run.
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt>;

    /// Ends everything that is still under way and says what happened. Called once, after the run.
    fn finish(&mut self) -> GateReport;
}
