//! Starts one process in isolation, layer by layer, and ends it with all its descendants.
//!
//! The helper is a process of its own, started by whoever wants a program run. It reads one [`JailSpec`] from
//! its standard input (a Unix socket), builds the layers, says which of them are enforced, executes the program
//! and reports how it ended. Whoever closes the socket, in whatever way, ends the whole tree.

mod layer;
mod spec;

pub use layer::{Layer, LayerSet, LayerState, Report};
pub use spec::{Bounds, FileStamp, JailSpec, Network, Protocol, Target};

/// First argument by which a program that links this library is asked to be the helper.
pub const HELPER_ARGUMENT: &str = "__jail";

/// Is the helper: reads a specification from standard input, runs it, and returns when the tree is dead.
pub fn run_helper() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
