//! The host functions: one Rust function for each row of the table, with the row's name.

mod base64;
mod effect;
mod hash;
mod json;
mod result;
mod stream;
mod value;

pub(crate) use base64::{base64_decode, base64_encode};
pub(crate) use effect::{
    artifact_commit, artifact_create, artifact_write, exec_close, exec_read, exec_start, exec_wait,
    exec_write, exec_write_secret, file_commit, file_create, file_read, file_undo, file_write,
    process_signal, secret_open,
};
pub(crate) use hash::{hash_commit, hash_finish, hash_update, hash_verify};
pub(crate) use json::{json_path, json_path_input};
pub(crate) use result::result_read;
pub(crate) use stream::{fail, input_read, log, output_write};
pub(crate) use value::{random_bytes, time_now_ms};

use std::time::Instant;

use crate::clock;
use crate::guest_memory::Call;
use crate::state::Halt;

/// Bytes from which a call is worth a look at the precise clock.
const TIMED_BYTES_MIN: u64 = 4_096;

/// Begins to measure a call that moves `bytes` bytes, if it can take long enough to matter.
fn timed(bytes: u64, slow: bool) -> Option<Instant> {
    (slow || bytes >= TIMED_BYTES_MIN).then(clock::now)
}

/// Adds the time since `started` to the host time of the run, or, for a call that waited for
/// somebody outside, to the waiting time; then checks the deadline, so that a slow host call ends
/// the run as a slow guest does.
fn done(call: &mut Call<'_, '_>, started: Option<Instant>, waited: bool) -> Result<(), Halt> {
    let Some(started) = started else {
        return Ok(());
    };
    let ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let state = call.state();
    let total = if waited {
        &mut state.io_wait_ns
    } else {
        &mut state.host_ns
    };
    *total = total.saturating_add(ns);
    state.check_outside()
}
