//! Journals on real files. One binary.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod crashes;
mod dice;
mod full_disk;
mod hostile;
mod memory;
mod power;
mod rows;
mod sandbox;
mod script;
mod together;
mod versions;
