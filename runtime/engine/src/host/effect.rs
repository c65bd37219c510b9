//! The host functions with an effect: bounds and limits here, the rest behind the gate.

use std::time::Instant;

use tenzik_gate::{GateCall, GateHalt, GateReply};

use crate::clock;
use crate::failure::EngineFailure;
use crate::fault::FaultCode;
use crate::guest_memory::{Call, InPtr, Len, OutPtr};
use crate::state::{Halt, HaltReason, RunState};

/// Passes one call to the gate: `inputs` are what it is given, `buffer` what it may fill.
fn effect(
    call: &mut Call<'_, '_>,
    function: &'static str,
    numbers: &[i32],
    inputs: &[(InPtr, Len)],
    buffer: (OutPtr, Len),
) -> Result<i32, Halt> {
    let (buffer, buffer_len) = buffer;
    let mut bytes = u64::from(buffer_len.0);
    for (pointer, len) in inputs {
        call.check(pointer.0, *len)?;
        bytes += u64::from(len.0);
    }
    call.check(buffer.0, buffer_len)?;
    call.charge(bytes)?;
    let mut copies = Vec::with_capacity(inputs.len());
    for (pointer, len) in inputs {
        copies.push(call.copy(*pointer, *len)?);
    }
    let inputs: Vec<&[u8]> = copies.iter().map(Vec::as_slice).collect();
    let gate_call = GateCall {
        function,
        numbers,
        inputs: &inputs,
    };
    pass(call, &gate_call, (buffer, buffer_len))
}

/// Passes one call to the gate and books what it took.
pub(super) fn pass(
    call: &mut Call<'_, '_>,
    gate_call: &GateCall<'_>,
    buffer: (OutPtr, Len),
) -> Result<i32, Halt> {
    let started = clock::now();
    let (buffer, state) = call.bytes_and_state(buffer.0.0, buffer.1)?;
    let reply = match &mut state.gate {
        Some(gate) => gate.call(gate_call, buffer),
        None => Err(GateHalt::Machine(format!(
            "{} was called and nobody performs effects",
            gate_call.function
        ))),
    };
    let reply = reply.map_err(|halt| {
        if halt == GateHalt::Cancelled {
            // Whoever waits until somebody else ends it has waited.
            let waited = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            state.io_wait_ns = state.io_wait_ns.saturating_add(waited);
        }
        ended(state, halt)
    })?;
    book(call, reply, started)?;
    Ok(reply.number)
}

/// Grants what the bytes read add, and sorts the time of the call.
fn book(call: &mut Call<'_, '_>, reply: GateReply, started: Instant) -> Result<(), Halt> {
    let elapsed = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let state = call.state();
    state.effect_bytes = state.effect_bytes.saturating_add(reply.read_bytes);
    state.io_wait_ns = state.io_wait_ns.saturating_add(reply.waited_ns);
    state.host_ns = state
        .host_ns
        .saturating_add(elapsed.saturating_sub(reply.waited_ns));
    let (read, max) = (state.read_bytes(), state.limits.input_bytes_max);
    if reply.read_bytes > 0 && read > max {
        // What is read raises the other limits: without a bound a capsule that reads one file again and
        // again would have none.
        let message = format!("read {read} bytes of input, processes and files; {max} are allowed");
        return Err(state.fault(FaultCode::InputExceeded, message));
    }
    if reply.read_bytes > 0 {
        call.grant_for_input()?;
    }
    call.state().check_outside()
}

/// What a gate says, as the end of the run.
fn ended(state: &mut RunState, halt: GateHalt) -> Halt {
    match halt {
        GateHalt::Refused(refused) => state.end(HaltReason::Refused(refused)),
        GateHalt::BadHandle(message) => state.fault(FaultCode::BadHandle, message),
        GateHalt::BadArgument(message) => state.fault(FaultCode::BadArgument, message),
        GateHalt::Cancelled => state.fault(FaultCode::Cancelled, "was cancelled".to_owned()),
        GateHalt::Differs { expected, got } => {
            state.end(HaltReason::Machine(EngineFailure::Differs {
                expected,
                got,
            }))
        }
        GateHalt::Machine(message) => state.end(HaltReason::Machine(EngineFailure::Gate(message))),
    }
}

const NOTHING: (OutPtr, Len) = (OutPtr(0), Len(0));

pub(crate) fn exec_start(
    call: &mut Call<'_, '_>,
    request: InPtr,
    request_len: Len,
) -> Result<i32, Halt> {
    effect(call, "exec_start", &[], &[(request, request_len)], NOTHING)
}

pub(crate) fn exec_write(
    call: &mut Call<'_, '_>,
    process: i32,
    bytes: InPtr,
    bytes_len: Len,
) -> Result<i32, Halt> {
    effect(
        call,
        "exec_write",
        &[process],
        &[(bytes, bytes_len)],
        NOTHING,
    )
}

pub(crate) fn exec_close(call: &mut Call<'_, '_>, process: i32) -> Result<i32, Halt> {
    effect(call, "exec_close", &[process], &[], NOTHING)
}

pub(crate) fn exec_read(
    call: &mut Call<'_, '_>,
    process: i32,
    stream: i32,
    buffer: OutPtr,
    buffer_len: Len,
) -> Result<u32, Halt> {
    let count = effect(
        call,
        "exec_read",
        &[process, stream],
        &[],
        (buffer, buffer_len),
    )?;
    Ok(u32::try_from(count).unwrap_or(0))
}

pub(crate) fn exec_wait(call: &mut Call<'_, '_>, process: i32) -> Result<i32, Halt> {
    effect(call, "exec_wait", &[process], &[], NOTHING)
}

pub(crate) fn file_read(call: &mut Call<'_, '_>, path: InPtr, path_len: Len) -> Result<i32, Halt> {
    let handle = effect(call, "file_read", &[], &[(path, path_len)], NOTHING)?;
    Ok(match handle {
        0.. => call.state().set_gate_result(handle),
        status => status,
    })
}

pub(crate) fn file_create(
    call: &mut Call<'_, '_>,
    path: InPtr,
    path_len: Len,
    mode: i32,
) -> Result<i32, Halt> {
    effect(call, "file_create", &[mode], &[(path, path_len)], NOTHING)
}

pub(crate) fn file_write(
    call: &mut Call<'_, '_>,
    file: i32,
    bytes: InPtr,
    bytes_len: Len,
) -> Result<i32, Halt> {
    effect(call, "file_write", &[file], &[(bytes, bytes_len)], NOTHING)
}

pub(crate) fn file_commit(call: &mut Call<'_, '_>, file: i32) -> Result<i32, Halt> {
    effect(call, "file_commit", &[file], &[], NOTHING)
}

pub(crate) fn file_undo(
    call: &mut Call<'_, '_>,
    run_id: InPtr,
    run_id_len: Len,
) -> Result<i32, Halt> {
    effect(call, "file_undo", &[], &[(run_id, run_id_len)], NOTHING)
}

pub(crate) fn process_signal(
    call: &mut Call<'_, '_>,
    request: InPtr,
    request_len: Len,
) -> Result<i32, Halt> {
    effect(
        call,
        "process_signal",
        &[],
        &[(request, request_len)],
        NOTHING,
    )
}

pub(crate) fn artifact_create(
    call: &mut Call<'_, '_>,
    name: InPtr,
    name_len: Len,
) -> Result<i32, Halt> {
    effect(call, "artifact_create", &[], &[(name, name_len)], NOTHING)
}

pub(crate) fn artifact_write(
    call: &mut Call<'_, '_>,
    artifact: i32,
    bytes: InPtr,
    bytes_len: Len,
) -> Result<i32, Halt> {
    effect(
        call,
        "artifact_write",
        &[artifact],
        &[(bytes, bytes_len)],
        NOTHING,
    )
}

pub(crate) fn artifact_commit(call: &mut Call<'_, '_>, artifact: i32) -> Result<i32, Halt> {
    effect(call, "artifact_commit", &[artifact], &[], NOTHING)
}

pub(crate) fn secret_open(
    call: &mut Call<'_, '_>,
    name: InPtr,
    name_len: Len,
) -> Result<i32, Halt> {
    effect(call, "secret_open", &[], &[(name, name_len)], NOTHING)
}

pub(crate) fn exec_write_secret(
    call: &mut Call<'_, '_>,
    process: i32,
    secret: i32,
) -> Result<i32, Halt> {
    effect(call, "exec_write_secret", &[process, secret], &[], NOTHING)
}
