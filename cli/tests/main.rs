//! What a user of the command sees. One binary; a module for each part of the contract.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod cases;
mod peers;
mod world;
