//! Decides what happens next. It performs nothing, reads no clock and waits for nothing: the same
//! events in the same order give the same actions, so that recording and recovery are one function.
//!
//! docs/scenarios-execution.md has the states and the rules.

mod action;
mod event;
mod state;

mod error;
mod limits;

mod attempt;
mod layout;
mod machine;
mod progress;

mod board;
mod settle;
mod stop;

mod loops;

mod assets;
mod build;
mod chance;
mod environment;
mod evaluate;
mod failure;
mod weight;

pub use action::{Action, JobKey, JobStart, RunEnd, StopReason, TimerId};
pub use error::EventError;
pub use event::{Assumed, Event};
pub use layout::{NODES_MAX, PlanFault};
pub use limits::{
    ARGUMENTS_MAX, OUTPUT_BYTES_MAX, OUTPUTS_BYTES_MAX, ROWS_MAX, STEPS_MAX, TARGETS_MAX,
    VALUE_BYTES_MAX,
};
pub use machine::{Driver, DriverOptions};
pub use state::{ItemCounts, SkipReason, StepState, StepView};
