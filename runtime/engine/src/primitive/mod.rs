//! The work behind the pure host functions: byte strings in, byte strings out.
//!
//! Nothing here does I/O, reads a clock or keeps state beyond its own values, and every function
//! bounds its memory, time and recursion by limits that it documents. Guest memory, fuel and
//! handles are the caller's business.

pub mod base64;
pub mod hash;
pub mod json_path;
pub mod random;

pub use hash::IncrementalHash;

pub use random::RandomStream;
