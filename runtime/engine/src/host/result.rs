//! Variable-size results, read in pieces.

use tenzik_gate::GateCall;

use super::{done, effect, timed};
use crate::fault::FaultCode;
use crate::guest_memory::{Call, Len, OutPtr};
use crate::state::Halt;

pub(crate) fn result_read(
    call: &mut Call<'_, '_>,
    result: i32,
    buffer: OutPtr,
    buffer_len: Len,
) -> Result<u32, Halt> {
    call.check(buffer.0, buffer_len)?;
    call.charge(u64::from(buffer_len.0))?;
    let newest = call.state().result_handle;
    if result != newest || newest == 0 {
        let message = format!("read the result {result}; the newest is {newest}");
        return Err(call.state().fault(FaultCode::BadHandle, message));
    }
    if let Some(file) = call.state().result_gate {
        let read = GateCall {
            function: "result_read",
            numbers: &[file],
            inputs: &[],
        };
        let count = effect::pass(call, &read, (buffer, buffer_len))?;
        return Ok(u32::try_from(count).unwrap_or(0));
    }
    let started = timed(u64::from(buffer_len.0), false);
    let (buffer, state) = call.bytes_and_state(buffer.0, buffer_len)?;
    let rest = state.result.get(state.result_offset..).unwrap_or_default();
    let count = rest.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
        to.copy_from_slice(from);
    }
    state.result_offset += count;
    done(call, started, false)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
