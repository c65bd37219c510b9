//! The sampler over recorded and hostile trees, and the guard by table.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod guard;
mod recorded;
mod sampler;
