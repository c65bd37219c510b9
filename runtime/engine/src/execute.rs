//! One run from start to outcome.

use std::time::Duration;

use tenzik_policy::Limits;
use wasmtime::{Store, StoreContextMut, Trap, UpdateDeadline, WasmBacktrace};

use crate::failure::EngineFailure;
use crate::fault::{Fault, FaultCode};
use crate::fuel_bound;
use crate::input::Input;
use crate::instances::{Busy, Instances, Place};
use crate::outcome::{Commitments, Frame, Outcome, Status, Usage};
use crate::prepared::Compiled;
use crate::request::RunRequest;
use crate::state::{Halt, HaltReason, RunState};

/// Stack of compiled code that every thread is taken to have room for.
const SMALL_STACK_BYTES: u64 = 1 << 20;

/// Stack for the host besides that of compiled code, on a thread of our own.
const HOST_STACK_BYTES: u64 = 2 << 20;

/// Longest wait for an instance.
const INSTANCE_WAIT_MAX: Duration = Duration::from_secs(30);

/// Bytes read at a time when the rest of an input is hashed.
const DRAIN_BYTES: usize = 64 << 10;

/// Runs `compiled`, on a thread with a larger stack where the limits ask for one.
pub(crate) fn execute(
    compiled: &Compiled,
    limits: &Limits,
    request: RunRequest,
    epoch: bool,
) -> Result<Outcome, EngineFailure> {
    on_thread(limits, || run_and_bound(compiled, limits, request, epoch))
}

/// Calls `work`, on a thread with a larger stack where the limits ask for one.
pub(crate) fn on_thread<T: Send>(
    limits: &Limits,
    work: impl FnOnce() -> Result<T, EngineFailure> + Send,
) -> Result<T, EngineFailure> {
    if limits.stack_bytes_max <= SMALL_STACK_BYTES {
        return work();
    }
    let bytes = limits.stack_bytes_max.saturating_add(HOST_STACK_BYTES);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("tenzik-run".to_owned())
            .stack_size(usize::try_from(bytes).unwrap_or(usize::MAX))
            .spawn_scoped(scope, work)
            .map_err(|source| EngineFailure::Thread { bytes, source })?;
        thread.join().map_err(|_| EngineFailure::Died)?
    })
}

/// How a run ended, and whether its fuel count survived.
pub(crate) struct Ending {
    pub(crate) status: Status,
    pub(crate) fuel: u64,
    pub(crate) fuel_exact: bool,
    wall_ns: u64,
    frames: Vec<Frame>,
}

fn run_and_bound(
    compiled: &Compiled,
    limits: &Limits,
    request: RunRequest,
    epoch: bool,
) -> Result<Outcome, EngineFailure> {
    let (commit, whole, bound) = (
        request.commit,
        request.commit_whole_input,
        request.bound_fuel,
    );
    let (now_ms, seed, cancel) = (request.now_ms, request.seed, request.cancel.clone());
    let (ending, mut state) = run(compiled, RunState::new(limits, request, u64::MAX), epoch)?;
    let mut usage = usage(&ending, &state);
    let effects = state.gate.take().map(|mut gate| gate.finish());
    let commitments = match commit.then(|| commitments(&mut state, whole)).transpose() {
        Ok(commitments) => commitments,
        Err(failure) => {
            return Err(match effects {
                Some(report) => failure.after(report),
                None => failure,
            });
        }
    };
    let output = std::mem::take(&mut state.output_kept);
    let log = std::mem::take(&mut state.log_kept);
    // Effects are not repeated for the sake of a count.
    let bound = bound && effects.is_none();
    let inexact = |fault: &Fault| bound && !ending.fuel_exact && !fault.machine_bound();
    if matches!(&ending.status, Status::Fault(fault) if inexact(fault)) {
        let again = fuel_bound::Again {
            compiled,
            limits,
            now_ms,
            seed,
            epoch,
            cancel,
        };
        usage.fuel = again.bound(state, usage.fuel)?;
    }
    Ok(Outcome {
        status: ending.status,
        usage,
        output,
        log,
        frames: ending.frames,
        commitments,
        effects,
    })
}

/// Runs once. The state comes back for what it counted.
pub(crate) fn run(
    compiled: &Compiled,
    mut state: Box<RunState>,
    epoch: bool,
) -> Result<(Ending, Box<RunState>), EngineFailure> {
    // Given back last of all, when the instance is gone.
    let place = compiled.instances.as_deref().map(take_place).transpose()?;
    if place.as_ref().is_some_and(|place| place.waited) {
        state.restart();
    }
    let fuel = state.fuel_granted.saturating_add(state.fuel_headroom);
    let mut store = Store::new(compiled.instance_pre.module().engine(), state);
    store.limiter(|state| &mut state.limiter);
    store
        .set_fuel(fuel)
        .map_err(|error| EngineFailure::Setup(error.to_string()))?;
    if epoch {
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(look_at_clock);
    }
    let called = instantiate(compiled, &mut store)?.and_then(|run| run.call(&mut store, ()));
    match ending(&mut store, called) {
        Ok(ending) => Ok((ending, store.into_data())),
        Err(failure) => Err(match store.data_mut().gate.take() {
            Some(mut gate) => failure.after(gate.finish()),
            None => failure,
        }),
    }
}

type Run = wasmtime::TypedFunc<(), i32>;

/// A place for an instance, as soon as there is one.
fn take_place(instances: &Instances) -> Result<Place<'_>, EngineFailure> {
    instances.take(INSTANCE_WAIT_MAX).map_err(|Busy(waited)| {
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        EngineFailure::Busy { waited_ms }
    })
}

/// Makes the instance. The inner error is the capsule's.
fn instantiate(
    compiled: &Compiled,
    store: &mut Store<Box<RunState>>,
) -> Result<wasmtime::Result<Run>, EngineFailure> {
    let instance = match compiled.instance_pre.instantiate(&mut *store) {
        Ok(instance) => instance,
        Err(error) => return Ok(Err(error)),
    };
    let missing = || EngineFailure::Instantiate("an export is missing".to_owned());
    let memory = instance
        .get_module_export(&mut *store, &compiled.memory)
        .and_then(wasmtime::Extern::into_memory);
    store.data_mut().memory = Some(memory.ok_or_else(missing)?);
    let run = instance
        .get_module_export(&mut *store, &compiled.run)
        .and_then(wasmtime::Extern::into_func);
    run.ok_or_else(missing)?
        .typed::<(), i32>(&*store)
        .map(Ok)
        .map_err(|error| EngineFailure::Instantiate(error.to_string()))
}

/// The epoch callback: compiled code came by and looks at the clock.
fn look_at_clock(
    mut context: StoreContextMut<'_, Box<RunState>>,
) -> wasmtime::Result<UpdateDeadline> {
    match context.data_mut().check_outside() {
        Ok(()) => Ok(UpdateDeadline::Continue(1)),
        Err(halt) => Err(wasmtime::Error::new(halt)),
    }
}

fn ending(
    store: &mut Store<Box<RunState>>,
    called: wasmtime::Result<i32>,
) -> Result<Ending, EngineFailure> {
    let state = store.data();
    let (granted, wall_ns) = (state.fuel_granted, state.wall_ns());
    let rest = store.get_fuel().unwrap_or(0);
    // Compiled code looks at the count only at loops and calls, and may use more after the last look.
    let overdrawn = rest == 0;
    let fuel = if overdrawn {
        granted
    } else {
        granted
            .saturating_add(state.fuel_headroom)
            .saturating_sub(rest)
    };
    let ended = |status, fuel_exact| Ending {
        status,
        fuel,
        fuel_exact,
        wall_ns,
        frames: Vec::new(),
    };
    let frames = called.as_ref().err().map(frames).unwrap_or_default();
    let state = store.data_mut();
    let ending = match called {
        Ok(_) if overdrawn => Ok(out_of_fuel(granted, "", ended)),
        // A run that overran its time between two looks at the clock has overrun it all the same.
        Ok(code) => match state.check_wall(wall_ns) {
            Err(_) => halted(state.halt.take(), ended),
            Ok(()) if code == 0 => Ok(ended(Status::Ok, true)),
            Ok(()) => {
                let message = Vec::new();
                Ok(ended(Status::Failure { code, message }, true))
            }
        },
        Err(error) if error.is::<Halt>() => halted(state.halt.take(), ended),
        Err(error) => match state.limiter.fault.take() {
            Some(fault) => Ok(ended(Status::Fault(fault), false)),
            None => trapped(&error, granted, overdrawn, ended),
        },
    };
    ending.map(|ending| Ending { frames, ..ending })
}

/// The functions that were running, innermost first. The engine keeps at most 16.
fn frames(error: &wasmtime::Error) -> Vec<Frame> {
    let trace = error.downcast_ref::<WasmBacktrace>();
    let frames = trace.map(WasmBacktrace::frames).unwrap_or_default().iter();
    frames
        .map(|frame| Frame {
            function: frame.func_index(),
            name: frame.func_name().map(tenzik_capsule::escaped),
            offset: frame.module_offset().map(|offset| offset as u64),
        })
        .collect()
}

fn trapped(
    error: &wasmtime::Error,
    granted: u64,
    overdrawn: bool,
    ended: impl FnOnce(Status, bool) -> Ending,
) -> Result<Ending, EngineFailure> {
    let Some(trap) = error.downcast_ref::<Trap>().copied() else {
        return Err(EngineFailure::Instantiate(format!("{error:#}")));
    };
    let exact = trap == Trap::UnreachableCodeReached;
    if trap == Trap::OutOfFuel || (exact && overdrawn) {
        return Ok(out_of_fuel(granted, &place(error), ended));
    }
    let message = format!("trapped: {trap}{}", place(error));
    let fault = Fault::new(code_of(trap), message);
    Ok(ended(Status::Fault(fault), exact))
}

fn out_of_fuel(granted: u64, place: &str, ended: impl FnOnce(Status, bool) -> Ending) -> Ending {
    let message = format!("used all {granted} units of fuel{place}");
    let fault = Fault::new(FaultCode::FuelExhausted, message);
    Ending {
        fuel: granted,
        ..ended(Status::Fault(fault), true)
    }
}

fn halted(
    reason: Option<HaltReason>,
    ended: impl FnOnce(Status, bool) -> Ending,
) -> Result<Ending, EngineFailure> {
    match reason {
        Some(HaltReason::Machine(failure)) => Err(failure),
        Some(HaltReason::Failure { code, message }) => {
            Ok(ended(Status::Failure { code, message }, true))
        }
        Some(HaltReason::Refused(refused)) => Ok(ended(Status::Refused(refused), true)),
        Some(HaltReason::Fault(fault)) => {
            // The clock is also looked at between host calls, where the count is behind.
            let exact = !fault.machine_bound();
            Ok(ended(Status::Fault(fault), exact))
        }
        None => Err(EngineFailure::Died),
    }
}

fn code_of(trap: Trap) -> FaultCode {
    match trap {
        Trap::UnreachableCodeReached => FaultCode::Unreachable,
        Trap::MemoryOutOfBounds => FaultCode::MemoryOutOfBounds,
        Trap::TableOutOfBounds => FaultCode::TableOutOfBounds,
        Trap::IndirectCallToNull => FaultCode::IndirectCallToNull,
        Trap::BadSignature => FaultCode::BadSignature,
        Trap::IntegerOverflow => FaultCode::IntegerOverflow,
        Trap::IntegerDivisionByZero => FaultCode::DivisionByZero,
        Trap::BadConversionToInteger => FaultCode::BadConversion,
        Trap::StackOverflow => FaultCode::StackOverflow,
        _ => FaultCode::OtherTrap,
    }
}

/// Where a trap happened: ` in function 3 (name) at byte 0x1a2`.
fn place(error: &wasmtime::Error) -> String {
    let Some(frame) = error
        .downcast_ref::<WasmBacktrace>()
        .and_then(|trace| trace.frames().first())
    else {
        return String::new();
    };
    let name = frame
        .func_name()
        .map(|name| format!(" ({})", tenzik_capsule::escaped(name)))
        .unwrap_or_default();
    let offset = frame
        .module_offset()
        .map(|offset| format!(" at byte {offset:#x}"))
        .unwrap_or_default();
    format!(" in function {}{name}{offset}", frame.func_index())
}

fn usage(ending: &Ending, state: &RunState) -> Usage {
    Usage {
        fuel: ending.fuel,
        fuel_exact: ending.fuel_exact,
        fuel_granted: state.fuel_granted,
        memory_bytes: state.limiter.peak_bytes(),
        wall_us: ending.wall_ns / 1_000,
        host_us: state.host_ns / 1_000,
        io_wait_us: state.io_wait_ns / 1_000,
        host_calls: state.host_calls,
        host_calls_by_function: state.host_calls_by_function,
        input_bytes: state.input.offset(),
        effect_bytes: state.effect_bytes,
        output_bytes: state.output_bytes,
        log_bytes: state.log_bytes,
    }
}

fn commitments(state: &mut RunState, whole: bool) -> Result<Commitments, EngineFailure> {
    let output = match state.output_hash.take() {
        Some(hash) => hash.finalize(),
        None => blake3::hash(&state.output_kept),
    };
    let (input, input_complete, input_bytes) = match state.input_hash.take() {
        None => match state.input.whole() {
            Some(bytes) => (blake3::hash(bytes), true, bytes.len() as u64),
            None => (blake3::hash(&[]), false, 0),
        },
        Some(mut hash) => {
            if whole {
                drain(state, &mut hash)?;
            }
            (
                hash.finalize(),
                state.input.is_complete(),
                state.input.offset(),
            )
        }
    };
    Ok(Commitments {
        input: *input.as_bytes(),
        input_complete,
        input_bytes,
        output: *output.as_bytes(),
    })
}

/// Hashes what the capsule left of the input.
fn drain(state: &mut RunState, hash: &mut blake3::Hasher) -> Result<(), EngineFailure> {
    let mut piece = vec![0; DRAIN_BYTES];
    loop {
        let offset = state.input.offset();
        let read = state
            .input
            .fill(&mut piece)
            .map_err(|source| EngineFailure::Input { offset, source })?;
        if read == 0 {
            return Ok(());
        }
        hash.update(piece.get(..read).unwrap_or_default());
    }
}

/// A request for the same run again, for its count only.
pub(crate) fn silent_request(input: Input, now_ms: i64, seed: u64) -> RunRequest {
    RunRequest {
        output: crate::Output::Discard,
        bound_fuel: false,
        ..RunRequest::new(input, now_ms, seed)
    }
}
