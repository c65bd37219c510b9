//! The loop, with a performer that does what the test says.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod crashes;
mod running;
mod stored;
mod world;
