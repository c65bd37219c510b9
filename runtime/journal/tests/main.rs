//! Journals on real files. One binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod rows;
mod sandbox;
