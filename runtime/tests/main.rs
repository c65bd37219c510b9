//! What users of the crate see: every fixture of `capsules/wat`, and what a fixture cannot say.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![cfg(test)]

mod fixture;
mod world;

mod boundary;
mod cache;
mod cancellation;
mod compile_time;
mod effects;
mod fixtures;
mod fuel;
mod function_names;
mod manifest;
mod measured;
mod memories;
mod mutants;
mod optimise;
mod performer;
mod permits;
mod profile;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod short_memory;
mod size;
mod stack;
mod streams;
mod structure;
