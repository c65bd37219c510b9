//! Starts a program that the policy grants, reads what it writes, and says how it ended.

#![no_std]

mod arguments;
mod errors;
mod pieces;

pub use arguments::Arguments;
pub use errors::{FirstLine, finish, finish_with, log_errors};
pub use pieces::{Piece, Pieces};
use request::refuse;
use tenzik_sdk::{Process, exec_start};

/// Starts what `request` asks for, with an empty standard input.
pub fn start(request: &[u8]) -> Process {
    match exec_start(request) {
        Ok(mut process) => {
            // A process whose rule gives it no input has none that could be ended.
            let _ = process.close_stdin();
            process
        }
        Err(status) => refuse(b"the program", status),
    }
}
