//! The driver of plans: transcripts, hostile events, and a seeded simulator.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what a test takes for granted has to be true"
)]

mod cases;
mod hostile;
mod notation;
mod outline;
mod simulator;
mod targets;
mod values;
