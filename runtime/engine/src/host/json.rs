//! Selection from JSON (RFC 9535).

use tenzik_host_abi::Status;

use super::stream::read_input;
use super::{done, timed};
use crate::guest_memory::{Call, InPtr, Len};
use crate::primitive::json_path;
use crate::state::Halt;

/// Bytes of input that `json_path_input` accepts.
const INPUT_BYTES_MAX: usize = 8 << 20;

/// Fuel of one step of a query: about the time of ten ordinary operators.
const FUEL_PER_STEP: u64 = 10;

/// Bytes read from the input at a time.
const PIECE_BYTES: usize = 64 << 10;

pub(crate) fn json_path(
    call: &mut Call<'_, '_>,
    json: InPtr,
    json_len: Len,
    query: InPtr,
    query_len: Len,
) -> Result<i32, Halt> {
    call.check(json.0, json_len)?;
    call.check(query.0, query_len)?;
    call.charge(u64::from(json_len.0).saturating_add(u64::from(query_len.0)))?;
    let json = call.copy(json, json_len)?;
    let query = call.copy(query, query_len)?;
    select(call, &json, &query)
}

pub(crate) fn json_path_input(
    call: &mut Call<'_, '_>,
    query: InPtr,
    query_len: Len,
) -> Result<i32, Halt> {
    call.check(query.0, query_len)?;
    call.charge(u64::from(query_len.0))?;
    let query = call.copy(query, query_len)?;
    let mut json = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let started = timed(0, call.state().input.is_stream());
        let read = read_input(call.state(), &mut piece)? as usize;
        let waited = call.state().input.waits();
        call.grant_for_input()?;
        done(call, started, waited)?;
        call.charge_bytes(read as u64)?;
        if read == 0 {
            return select(call, &json, &query);
        }
        json.extend_from_slice(piece.get(..read).unwrap_or_default());
        if json.len() > INPUT_BYTES_MAX {
            return Ok(Status::TooLarge.number());
        }
    }
}

fn select(call: &mut Call<'_, '_>, json: &[u8], query: &[u8]) -> Result<i32, Halt> {
    let started = timed(0, true);
    let result_bytes_max =
        usize::try_from(call.state().limits.memory_bytes_max).unwrap_or(usize::MAX);
    let handle = match json_path::prepare(json, query) {
        Err(status) => status.number(),
        Ok(prepared) => {
            // Known to be too long for its limits, the work is not begun.
            call.charge_fuel(prepared.work().saturating_mul(FUEL_PER_STEP))?;
            call.state().check_outside()?;
            match prepared.evaluate(result_bytes_max) {
                Err(status) => status.number(),
                Ok(bytes) => {
                    call.charge_bytes(bytes.len() as u64)?;
                    call.state().set_result(bytes)
                }
            }
        }
    };
    done(call, started, false)?;
    Ok(handle)
}
