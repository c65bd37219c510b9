//! Inputs of the run besides its input bytes: time and randomness.

use super::{done, timed};
use crate::guest_memory::{Call, Len, OutPtr};
use crate::primitive::RandomStream;
use crate::state::Halt;

pub(crate) fn time_now_ms(call: &mut Call<'_, '_>) -> Result<i64, Halt> {
    call.charge(0)?;
    Ok(call.state().now_ms)
}

pub(crate) fn random_bytes(
    call: &mut Call<'_, '_>,
    buffer: OutPtr,
    buffer_len: Len,
) -> Result<(), Halt> {
    call.check(buffer.0, buffer_len)?;
    call.charge(u64::from(buffer_len.0))?;
    let started = timed(u64::from(buffer_len.0), false);
    let (buffer, state) = call.bytes_and_state(buffer.0, buffer_len)?;
    let seed = state.seed;
    state
        .random
        .get_or_insert_with(|| Box::new(RandomStream::new(seed)))
        .fill(buffer);
    done(call, started, false)
}
