//! Runs capsules: compile, link, meter, execute.
//!
//! This is the only room that knows wasmtime. [`Engine::prepare`] compiles a validated capsule,
//! [`Engine::execute`] runs it in a fresh instance under a permit and returns an [`Outcome`]: what
//! the capsule did is a value, also when it misbehaved. An `Err` means that tenzik or the machine
//! failed and claims nothing about the capsule.

mod engine;

mod cache;
mod clock;
mod code_store;
mod config;
mod cost;
mod execute;
mod failure;
mod fault;
mod fuel_bound;
mod guest_memory;
mod host;
mod input;
mod instances;
mod limiter;
mod linker;
mod memories;
mod optimise;
mod outcome;
mod output;
mod prepared;
mod primitive;
mod profile;
mod pure_host;
mod request;
mod state;
#[expect(unsafe_code, reason = "kept code is executed as it is")]
mod stored_code;
mod ticker;

pub use clock::monotonic_us;
pub use code_store::CodeStore;
pub use config::EngineOptions;
pub use cost::{COST_MODEL, cost_table};
pub use engine::Engine;
pub use failure::EngineFailure;
pub use fault::{Fault, FaultClass, FaultCode};
pub use input::{Input, InputStream};
pub use outcome::{Commitments, Frame, HostCallCounts, LogEntry, Outcome, Status, Usage};
pub use output::{Output, OutputStream};
pub use prepared::PreparedCapsule;
pub use profile::{
    FuelProfile, ProfileError, ProfileFrame, ProfileRequest, STACK_FRAMES_MAX, STACKS_MAX, Stack,
};
pub use pure_host::{PureAnswer, PureCallError, PureHost};
pub use request::{CancelToken, LogTarget, RunRequest};
