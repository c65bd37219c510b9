//! Amounts on the command line: sizes and durations with their units.

pub(crate) use tenzik_runtime::policy::{duration, duration_us, size};
