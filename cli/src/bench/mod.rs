//! Measuring a capsule: what is run, how the times are taken, and what is made of them.

mod baseline;
mod chart;
mod machine;
mod measure;
mod plan;
mod result;
mod statistics;
mod throughput;

pub(crate) use baseline::{Baseline, Comparison};
pub(crate) use chart::{chart, duration};
pub(crate) use machine::cores;
pub(crate) use measure::measure;
pub(crate) use plan::{Plan, ReceiptsWanted};
pub(crate) use result::{Measured, object};
