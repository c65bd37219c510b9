//! BLAKE3.

use super::{done, timed};
use crate::guest_memory::{Call, InPtr, Len, OutPtr};
use crate::primitive::{IncrementalHash, hash};
use crate::state::Halt;

/// Bytes of a digest.
const DIGEST: Len = Len(32);

pub(crate) fn hash_commit(
    call: &mut Call<'_, '_>,
    bytes: InPtr,
    bytes_len: Len,
    digest: OutPtr,
) -> Result<(), Halt> {
    call.check(bytes.0, bytes_len)?;
    call.check(digest.0, DIGEST)?;
    call.charge(u64::from(bytes_len.0))?;
    let started = timed(u64::from(bytes_len.0), false);
    let computed = hash::digest(call.bytes(bytes, bytes_len)?);
    call.write(digest, &computed)?;
    done(call, started, false)
}

pub(crate) fn hash_verify(
    call: &mut Call<'_, '_>,
    bytes: InPtr,
    bytes_len: Len,
    digest: InPtr,
) -> Result<i32, Halt> {
    call.check(bytes.0, bytes_len)?;
    call.check(digest.0, DIGEST)?;
    call.charge(u64::from(bytes_len.0))?;
    let started = timed(u64::from(bytes_len.0), false);
    let mut expected = [0; 32];
    expected.copy_from_slice(call.bytes(digest, DIGEST)?);
    let equal = hash::verify(call.bytes(bytes, bytes_len)?, &expected);
    done(call, started, false)?;
    Ok(i32::from(equal))
}

pub(crate) fn hash_update(
    call: &mut Call<'_, '_>,
    bytes: InPtr,
    bytes_len: Len,
) -> Result<(), Halt> {
    call.check(bytes.0, bytes_len)?;
    call.charge(u64::from(bytes_len.0))?;
    let started = timed(u64::from(bytes_len.0), false);
    let (bytes, state) = call.bytes_and_state(bytes.0, bytes_len)?;
    state
        .hash
        .get_or_insert_with(|| Box::new(IncrementalHash::new()))
        .update(bytes);
    done(call, started, false)
}

pub(crate) fn hash_finish(call: &mut Call<'_, '_>, digest: OutPtr) -> Result<(), Halt> {
    call.check(digest.0, DIGEST)?;
    call.charge(0)?;
    let computed = call
        .state()
        .hash
        .get_or_insert_with(|| Box::new(IncrementalHash::new()))
        .finish();
    call.write(digest, &computed)
}
