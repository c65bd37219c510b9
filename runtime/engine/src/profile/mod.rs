//! Where the fuel of a run goes: by function and stack, exactly.
//!
//! The capsule runs twice. First as it is; then an instrumented copy, in which every function
//! announces when it begins and ends (`instrument`). At each mark the count of fuel is exact, so
//! the difference to the last mark belongs to the stack that was open (`recorder`). What the marks
//! themselves cost is known from the price list and given back on the spot, so that both runs see
//! the same fuel. They are compared, and a profile of something else than the run is an error.

mod instrument;
mod recorder;

pub use recorder::{ProfileFrame, STACK_FRAMES_MAX, STACKS_MAX, Stack};

use std::sync::Arc;

use tenzik_capsule::Capsule;
use tenzik_policy::{Limits, Permit};
use wasmtime::{Caller, Module};

use crate::config::Variant;
use crate::engine::Engine;
use crate::execute;
use crate::failure::EngineFailure;
use crate::fault::{Fault, FaultCode};
use crate::input::Input;
use crate::linker::linker;
use crate::outcome::{Outcome, Status};
use crate::prepared::{Compiled, needs_epoch};
use crate::request::RunRequest;
use crate::state::RunState;

use instrument::{Instrumented, MARK, instrument};
pub(crate) use recorder::Recorder;

/// Fuel that the copy has on top. It is never seen by the capsule: it keeps the count of a run that
/// is about to run out readable, and it is more than a wrapper uses between two marks.
const HEADROOM: u64 = 1 << 16;

/// Most fuel of a run that is profiled: counts stay far away from the end of 64 bits.
const FUEL_CAP: u64 = 1 << 62;

/// How much more stack the copy gets: between two functions of the capsule there is a wrapper, at
/// worst with the frame of its 32 parameters and 16 results.
const STACK_FACTOR: u64 = 8;

/// How much more time the copy gets.
const WALL_FACTOR: u64 = 100;

/// Time that the copy gets at least, in microseconds.
const WALL_US_MIN: u64 = 60_000_000;

/// What is profiled.
pub struct ProfileRequest {
    /// The input, in memory because it is needed twice.
    pub input: Arc<[u8]>,
    /// The time that the capsule is told, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: i64,
    /// The seed of the capsule's random bytes.
    pub seed: u64,
}

/// The fuel of one run by stack.
#[derive(Clone, Debug)]
pub struct FuelProfile {
    /// What came of the run. The fuel of all stacks adds up to its fuel.
    pub outcome: Outcome,
    /// Every stack, those below before those above. The first is the instance itself.
    pub stacks: Vec<Stack>,
    /// Names of the imported functions, which have the first indices.
    pub imports: Vec<String>,
}

/// No profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// tenzik or the machine failed.
    #[error(transparent)]
    Engine(#[from] EngineFailure),
    /// The run ended at a place that depends on the machine, so that the second run would end elsewhere.
    #[error(
        "the capsule {fault}; where that happens depends on the machine, so there is no exact profile"
    )]
    MachineBound {
        /// How it ended.
        fault: Fault,
    },
    /// The instrumented copy did something else than the capsule.
    #[error(
        "the instrumented copy differs from the capsule: {what} {copy} instead of {plain}; please report it"
    )]
    Differs {
        /// What differs.
        what: &'static str,
        /// What it is for the capsule.
        plain: String,
        /// What it is for the copy.
        copy: String,
    },
}

impl Engine {
    /// Runs a capsule and attributes its fuel to its functions. Takes at most [`STACKS_MAX`] stacks
    /// of at most [`STACK_FRAMES_MAX`] functions; what is beyond goes to frames of its own.
    ///
    /// For a fault whose count is only a lower bound, the stacks add up to that bound, and what the
    /// marks do not account for is with the stack that was open last.
    ///
    /// # Errors
    /// [`ProfileError`]: also for a run that is ended by the clock or the native stack.
    pub fn profile(
        &self,
        capsule: &Capsule,
        permit: &Permit,
        request: ProfileRequest,
    ) -> Result<FuelProfile, ProfileError> {
        let input = || Input::Bytes(Arc::clone(&request.input));
        let run_request = || RunRequest::new(input(), request.now_ms, request.seed);
        let prepared = self.prepare_for(capsule, permit.limits(), &input())?;
        let outcome = self.execute(&prepared, permit, run_request())?;
        if let Status::Fault(fault) = &outcome.status
            && fault.machine_bound()
        {
            let fault = fault.clone();
            return Err(ProfileError::MachineBound { fault });
        }
        let copy = instrument(capsule.bytes())
            .map_err(|error| EngineFailure::Compile(error.to_string()))?;
        let mut recorder = Recorder::new(copy.parameters.clone(), outcome.usage.fuel);
        let limits = raised(permit.limits());
        let epoch = needs_epoch(&limits, Some(request.input.len() as u64));
        let variant = self.variant_of(capsule, &limits, epoch);
        let compiled = compile(&copy, variant, self.wasmtime(variant)?)?;
        let _ticking = epoch
            .then(|| self.tick(&compiled))
            .transpose()
            .map_err(|source| EngineFailure::Thread { bytes: 0, source })?;
        let mut state = RunState::new(&limits, run_request(), FUEL_CAP);
        state.fuel_headroom = HEADROOM;
        state.recorder = Some(Box::new(recorder));
        let (ending, mut state) =
            execute::on_thread(&limits, || execute::run(&compiled, state, epoch))?;
        recorder = *state.recorder.take().ok_or(EngineFailure::Died)?;
        compare(&outcome, &ending, &state)?;
        recorder.attribute(ending.fuel);
        if matches!(outcome.status, Status::Fault(_)) {
            recorder.attribute(outcome.usage.fuel);
        }
        Ok(FuelProfile {
            outcome,
            stacks: recorder.stacks,
            imports: copy.imports,
        })
    }
}

/// The limits of the copy: those of the run, but with room for the wrappers in time and stack.
fn raised(limits: &Limits) -> Limits {
    Limits {
        stack_bytes_max: limits.stack_bytes_max.saturating_mul(STACK_FACTOR),
        wall_us_base: limits
            .wall_us_base
            .saturating_mul(WALL_FACTOR)
            .max(WALL_US_MIN),
        wall_us_per_input_mib: limits.wall_us_per_input_mib.saturating_mul(WALL_FACTOR),
        ..limits.clone()
    }
}

fn compile(
    copy: &Instrumented,
    variant: Variant,
    engine: wasmtime::Engine,
) -> Result<Compiled, EngineFailure> {
    let setup = |error: wasmtime::Error| EngineFailure::Setup(format!("{error:#}"));
    let failed = |error: wasmtime::Error| EngineFailure::Compile(format!("{error:#}"));
    let mut linker = linker(&engine).map_err(setup)?;
    linker.func_wrap(MARK.0, MARK.1, mark).map_err(setup)?;
    let module = Module::from_binary(&engine, &copy.bytes).map_err(failed)?;
    let instance_pre = linker.instantiate_pre(&module).map_err(failed)?;
    Compiled::new(&module, instance_pre, variant.tier, None)
}

/// The import `mark`: attributes what was used, and gives back what the wrapper uses.
fn mark(mut caller: Caller<'_, Box<RunState>>, word: i32) -> wasmtime::Result<()> {
    let fuel = caller.get_fuel()?;
    let state = caller.data_mut();
    let granted = state.fuel_granted + state.fuel_headroom;
    let Some(recorder) = &mut state.recorder else {
        return Ok(());
    };
    let back = recorder.mark(word, granted.saturating_sub(fuel));
    caller.set_fuel(fuel.saturating_add(back))
}

/// Whether the copy did what the capsule did.
fn compare(
    plain: &Outcome,
    ending: &execute::Ending,
    state: &RunState,
) -> Result<(), ProfileError> {
    let differs =
        |what, plain: String, copy: String| Err(ProfileError::Differs { what, plain, copy });
    let (known, copied) = (plain.usage.fuel, ending.fuel);
    let ran_out =
        matches!(&plain.status, Status::Fault(fault) if fault.code == FaultCode::FuelExhausted);
    // A run that is out of fuel ends at the next place where the count is looked at. The copy looks
    // at it at other places.
    let over = copied >= known && known == plain.usage.fuel_granted;
    if !(ran_out && over) {
        let (plain, copy) = (shown(&plain.status), shown(&ending.status));
        if plain != copy {
            return differs("the status is", plain, copy);
        }
    }
    if plain.usage.fuel_exact && copied != known && !over {
        return differs("fuel is", known.to_string(), copied.to_string());
    }
    if plain.output != state.output_kept {
        let bytes = |output: &[u8]| format!("{} bytes", output.len());
        let (plain, copy) = (bytes(&plain.output), bytes(&state.output_kept));
        return differs("the output has", plain, copy);
    }
    if plain.usage.host_calls_by_function != state.host_calls_by_function && !ran_out {
        let (plain, copy) = (plain.usage.host_calls, state.host_calls);
        return differs("the host calls are", plain.to_string(), copy.to_string());
    }
    if plain.log != state.log_kept {
        let (plain, copy) = (plain.usage.log_bytes, state.log_bytes);
        return differs(
            "the bytes of the log are",
            plain.to_string(),
            copy.to_string(),
        );
    }
    Ok(())
}

/// A status without what depends on the code that was compiled.
fn shown(status: &Status) -> String {
    match status {
        Status::Ok => "ok".to_owned(),
        Status::Failure { code, message } => format!("failure {code} {}", message.escape_ascii()),
        Status::Fault(fault) => format!("fault {}", fault.code.code()),
        Status::Refused(refused) => format!("refused {}", refused.code),
    }
}
