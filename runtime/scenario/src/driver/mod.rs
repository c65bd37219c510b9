//! Decides what happens next. It performs nothing, reads no clock and waits for nothing: the same
//! events in the same order give the same actions, so that recording and recovery are one function.

mod action;
mod event;
mod state;

pub use action::{Action, JobKey, JobStart, RunEnd, StopReason, TimerId};
pub use event::{Assumed, Event};
pub use state::{SkipReason, StepState, StepView};
