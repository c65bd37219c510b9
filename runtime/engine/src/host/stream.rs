//! Input, output, log and failure: what every capsule has.

use tenzik_host_abi::LogLevel;

use super::{done, timed};
use crate::failure::EngineFailure;
use crate::fault::FaultCode;
use crate::guest_memory::{Call, InPtr, Len, OutPtr};
use crate::outcome::LogEntry;
use crate::output::Output;
use crate::request::LogTarget;
use crate::state::{Halt, HaltReason, RunState};

/// Bytes of a failure message that are kept.
const FAIL_MESSAGE_BYTES_MAX: usize = 4_096;

/// Log messages of one run, besides the limit on their bytes: an empty message has none.
const LOG_MESSAGES_MAX: u64 = 10_000;

pub(crate) fn input_read(
    call: &mut Call<'_, '_>,
    buffer: OutPtr,
    buffer_len: Len,
) -> Result<u32, Halt> {
    call.check(buffer.0, buffer_len)?;
    call.charge(u64::from(buffer_len.0))?;
    let started = timed(u64::from(buffer_len.0), call.state().input.is_stream());
    let (bytes, state) = call.bytes_and_state(buffer.0, buffer_len)?;
    let read = read_input(state, bytes)?;
    let waited = state.input.waits();
    call.grant_for_input()?;
    done(call, started, waited)?;
    Ok(read)
}

/// Fills `buffer` from the input and keeps its limit and commitment.
pub(super) fn read_input(state: &mut RunState, buffer: &mut [u8]) -> Result<u32, Halt> {
    let offset = state.input.offset();
    let allowed = state.limits.input_bytes_max.saturating_sub(offset);
    let read = match state.input.fill(buffer) {
        Ok(read) => read,
        Err(source) => {
            return Err(state.end(HaltReason::Machine(EngineFailure::Input { offset, source })));
        }
    };
    if let Some(hash) = &mut state.input_hash {
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    if read as u64 > allowed {
        let max = state.limits.input_bytes_max;
        return Err(state.fault(
            FaultCode::InputExceeded,
            format!("read more than {max} bytes of input"),
        ));
    }
    Ok(u32::try_from(read).unwrap_or(u32::MAX))
}

pub(crate) fn output_write(
    call: &mut Call<'_, '_>,
    bytes: InPtr,
    bytes_len: Len,
) -> Result<(), Halt> {
    call.check(bytes.0, bytes_len)?;
    call.charge(u64::from(bytes_len.0))?;
    let streamed = matches!(call.state().output, Output::Stream(_));
    let started = timed(u64::from(bytes_len.0), streamed);
    let (bytes, state) = call.bytes_and_state(bytes.0, bytes_len)?;
    let waited = write_output(state, bytes)?;
    done(call, started, waited)
}

/// Appends `bytes` to the output; true if the sink may have waited for somebody outside.
fn write_output(state: &mut RunState, bytes: &[u8]) -> Result<bool, Halt> {
    let allowed = state.limits.output_bytes(state.read_bytes());
    let total = state.output_bytes.saturating_add(bytes.len() as u64);
    if total > allowed {
        let message = format!("wrote {total} bytes of output; {allowed} are allowed");
        return Err(state.fault(FaultCode::OutputExceeded, message));
    }
    let offset = state.output_bytes;
    let waited = match &mut state.output {
        Output::Keep => {
            state.output_kept.extend_from_slice(bytes);
            false
        }
        Output::Discard => false,
        Output::Stream(stream) => {
            if let Err(source) = stream.write(bytes) {
                return Err(state.end(HaltReason::Machine(EngineFailure::Output {
                    offset,
                    source,
                })));
            }
            stream.waits()
        }
    };
    state.output_bytes = total;
    if let Some(hash) = &mut state.output_hash {
        hash.update(bytes);
    }
    Ok(waited)
}

pub(crate) fn log(
    call: &mut Call<'_, '_>,
    level: i32,
    message: InPtr,
    message_len: Len,
) -> Result<(), Halt> {
    call.check(message.0, message_len)?;
    call.charge(u64::from(message_len.0))?;
    let Some(level) = LogLevel::from_number(level) else {
        return Err(call.state().fault(
            FaultCode::BadArgument,
            format!("logged with level {level}; levels are 0 to 4"),
        ));
    };
    let started = timed(u64::from(message_len.0), false);
    let (message, state) = call.bytes_and_state(message.0, message_len)?;
    let total = state.log_bytes.saturating_add(message.len() as u64);
    let max = state.limits.log_bytes_max;
    if total > max || state.log_messages >= LOG_MESSAGES_MAX {
        let message = format!(
            "logged {total} bytes; {max} bytes and {LOG_MESSAGES_MAX} messages are allowed"
        );
        return Err(state.fault(FaultCode::LogExceeded, message));
    }
    state.log_bytes = total;
    state.log_messages += 1;
    match &mut state.log {
        LogTarget::Keep => state.log_kept.push(LogEntry {
            level,
            message: message.to_vec(),
        }),
        LogTarget::Sink(sink) => sink(level, message),
    }
    done(call, started, false)
}

pub(crate) fn fail(
    call: &mut Call<'_, '_>,
    code: i32,
    message: InPtr,
    message_len: Len,
) -> Result<(), Halt> {
    call.check(message.0, message_len)?;
    call.charge(u64::from(message_len.0))?;
    let (bytes, state) = call.bytes_and_state(message.0, message_len)?;
    let message = bytes
        .get(..FAIL_MESSAGE_BYTES_MAX)
        .unwrap_or(bytes)
        .to_vec();
    Err(state.end(HaltReason::Failure { code, message }))
}
