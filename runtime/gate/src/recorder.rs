//! Commits to every effect of a run, and keeps it where a record is wanted.
//!
//! What the digests of a call are over stands at [`TranscriptEntry::of_call`].

use tenzik_evidence::{TranscriptCommitment, TranscriptEntry};

use crate::gate::{Gate, GateCall, GateHalt, GateReply};
use crate::report::GateReport;

/// Takes every call as it happens.
pub trait Tape: Send {
    /// Keeps one call: the bytes of its request, its number and the bytes it was given.
    ///
    /// # Errors
    /// What went wrong; it ends the run as a failure of the machine.
    fn keep(
        &mut self,
        function: &str,
        request: &[u8],
        number: i32,
        bytes: &[u8],
    ) -> Result<(), String>;

    /// Keeps the call that ended the run.
    ///
    /// # Errors
    /// As [`Tape::keep`].
    fn keep_halt(&mut self, function: &str, request: &[u8], halt: &GateHalt) -> Result<(), String>;
}

/// Records what passes another gate.
pub struct Recorder<G> {
    inner: G,
    commitment: TranscriptCommitment,
    tape: Option<Box<dyn Tape>>,
    calls: u64,
}

impl<G: Gate> Recorder<G> {
    /// Commits to the calls of `inner`; `tape` keeps them besides.
    pub fn new(inner: G, tape: Option<Box<dyn Tape>>) -> Recorder<G> {
        Recorder {
            inner,
            commitment: TranscriptCommitment::new(),
            tape,
            calls: 0,
        }
    }
}

impl<G> Recorder<G> {
    /// Keeps the call that ended the run; a tape that fails is what ends it then.
    fn halted(&mut self, function: &str, request: &[u8], halt: GateHalt) -> GateHalt {
        let Some(tape) = &mut self.tape else {
            return halt;
        };
        match tape.keep_halt(function, request, &halt) {
            Ok(()) => halt,
            Err(message) => GateHalt::Machine(message),
        }
    }
}

/// Whether the answer to a function is bytes in the buffer, as many as its number says.
pub(crate) fn fills_buffer(function: &str) -> bool {
    matches!(function, "exec_read" | "result_read")
}

/// The bytes of a request.
pub(crate) fn request_bytes(call: &GateCall<'_>, buffer_len: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(call.numbers.len()).unwrap_or(u8::MAX)];
    for number in call.numbers {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.push(u8::try_from(call.inputs.len()).unwrap_or(u8::MAX));
    for input in call.inputs {
        bytes.extend_from_slice(&u32::try_from(input.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(input);
    }
    bytes.extend_from_slice(&u32::try_from(buffer_len).unwrap_or(u32::MAX).to_le_bytes());
    bytes
}

impl<G: Gate> Gate for Recorder<G> {
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        let request = request_bytes(call, buffer.len());
        let reply = match self.inner.call(call, buffer) {
            Ok(reply) => reply,
            Err(halt) => return Err(self.halted(call.function, &request, halt)),
        };
        let count = usize::try_from(reply.number).unwrap_or(0);
        let bytes = match fills_buffer(call.function) {
            true => buffer.get(..count).unwrap_or_default(),
            false => &[],
        };
        let entry = TranscriptEntry::of_call(call.function, &request, reply.number, bytes)
            .map_err(|error| GateHalt::Machine(error.to_string()))?;
        self.commitment.push(&entry);
        self.calls += 1;
        if let Some(tape) = &mut self.tape {
            tape.keep(call.function, &request, reply.number, bytes)
                .map_err(GateHalt::Machine)?;
        }
        // What the limits grow with follows from the transcript, so that a replay grows them alike.
        Ok(GateReply {
            read_bytes: bytes.len() as u64,
            ..reply
        })
    }

    fn finish(&mut self) -> GateReport {
        GateReport {
            transcript: self.commitment.commit(),
            calls: self.calls,
            ..self.inner.finish()
        }
    }
}
