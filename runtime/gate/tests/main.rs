//! Effects on real files and processes. One binary.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod artifacts;
mod files;
mod replay;
mod sandbox;
mod secrets;
mod signals;
mod undo;
