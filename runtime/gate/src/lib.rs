//! Effects of capsules: each decided by the policy, performed, recorded and replayed.
//!
//! The engine knows one trait, [`Gate`]. A [`Recorder`] stands before every gate and commits to each
//! call and its answer.

mod exec;
mod gate;
mod live;
mod recorder;
mod report;

pub use gate::{Gate, GateCall, GateHalt, GateReply, Refused};
pub use live::{GateOptions, LiveGate};
pub use recorder::{Recorder, Tape};
pub use report::{GateReport, LayerState, ProcessReport};
