//! Starts one process in isolation, layer by layer, and ends it with all its descendants.
//!
//! The helper is a process of its own, started by whoever wants a program run. It reads one [`JailSpec`] from
//! its standard input (a Unix socket), builds the layers, says which of them are enforced, executes the program
//! and reports how it ended. Whoever closes the socket, in whatever way, ends the whole tree.

mod channel;
mod codec;
mod family;
mod init;
mod layer;
mod layers;
mod message;
mod spec;
mod supervisor;
mod sys;
mod trees;
mod wire;

pub use channel::{Channel, Received};
pub use layer::{Layer, LayerSet, LayerState, Report};
pub use message::{Cause, Ending, Message, Order, Refusal};
pub use spec::{Bounds, FileStamp, JailSpec, Network, Protocol, Target};

/// First argument by which a program that links this library is asked to be the helper.
pub const HELPER_ARGUMENT: &str = "__jail";

/// Is the helper: reads a specification from standard input, runs it, and returns when the tree is dead.
///
/// Nothing else may have been done in this process before: it must have one thread and no descriptors of its own.
pub fn run_helper() -> std::process::ExitCode {
    let control = sys::process::take_stdin();
    if rustix::net::sockopt::socket_type(&control).is_err() {
        eprintln!(
            "tenzik-jail: standard input is not a socket; it is started by tenzik, which gives it one"
        );
        return std::process::ExitCode::from(2);
    }
    match supervisor::run(control) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tenzik-jail: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
