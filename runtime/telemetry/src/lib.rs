//! What a machine and a job use: a background sampler, and the guard that admits jobs.
//!
//! ```text
//! /proc, control groups, statvfs ──Sampler (thread)──► Sample ──decide──► Admit
//! ```
//!
//! Everything is read as text below a root directory, so that recorded trees can stand in for a
//! machine. A file that is missing, cut or nonsense leaves its value empty: on systems without
//! `/proc` every value is.

mod files;

mod disk;
mod memory;
mod own_use;
mod pressure;
mod processor;

mod sample;

mod sampler;

mod guard;

pub use guard::{Admit, Guard, GuardLimits, GuardLimitsError, GuardState, decide};
pub use own_use::{process_cpu_us, thread_cpu_us};
pub use sample::{Disk, Memory, OwnUse, Pressure, Sample};
pub use sampler::{Machine, Sampler, SamplerOptions};
