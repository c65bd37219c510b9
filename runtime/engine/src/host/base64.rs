//! Base64 (RFC 4648 section 4).

use tenzik_host_abi::Status;

use super::{done, timed};
use crate::guest_memory::{Call, InPtr, Len};
use crate::primitive::base64;
use crate::state::Halt;

pub(crate) fn base64_encode(
    call: &mut Call<'_, '_>,
    bytes: InPtr,
    bytes_len: Len,
) -> Result<i32, Halt> {
    transform(call, bytes, bytes_len, base64::encode)
}

pub(crate) fn base64_decode(
    call: &mut Call<'_, '_>,
    text: InPtr,
    text_len: Len,
) -> Result<i32, Halt> {
    transform(call, text, text_len, base64::decode)
}

fn transform(
    call: &mut Call<'_, '_>,
    bytes: InPtr,
    bytes_len: Len,
    work: fn(&[u8], usize) -> Result<Vec<u8>, Status>,
) -> Result<i32, Halt> {
    call.check(bytes.0, bytes_len)?;
    call.charge(u64::from(bytes_len.0))?;
    let started = timed(u64::from(bytes_len.0), false);
    let result = work(call.bytes(bytes, bytes_len)?, usize::MAX);
    let handle = match result {
        Ok(bytes) => call.state().set_result(bytes),
        Err(status) => status.number(),
    };
    done(call, started, false)?;
    Ok(handle)
}
