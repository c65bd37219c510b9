//! What a fuel profile looks like to people and programs.

mod flame_graph;
mod folded;
mod labels;
mod summary;

pub(crate) use flame_graph::flame_graph;
pub(crate) use folded::folded;
pub(crate) use labels::Labels;
pub(crate) use summary::{FunctionUse, functions};
