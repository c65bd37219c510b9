//! Bounds of what a run keeps in memory.

/// Most bytes of one output, as JSON.
pub const OUTPUT_BYTES_MAX: u64 = 4 << 20;
/// Most bytes of one value that goes into a step, as JSON.
pub const VALUE_BYTES_MAX: u64 = 16 << 20;
/// Most bytes of memory of all outputs and lists that are kept at a time, about.
pub const OUTPUTS_BYTES_MAX: u64 = 256 << 20;
/// Most steps of a run, those of every item of every loop counted.
pub const STEPS_MAX: u64 = 500_000;
/// Most targets of an asset group.
pub const TARGETS_MAX: usize = 65_536;
/// Most rows of a report.
pub const ROWS_MAX: usize = crate::report::ROWS_MAX;
/// Most arguments of a program.
pub const ARGUMENTS_MAX: usize = 4_096;
