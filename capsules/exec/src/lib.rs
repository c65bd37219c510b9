//! Runs the program that its input asks for and writes what that writes to standard output.
//!
//! The input is the request of `exec_start`: `{"argv": ["NAME", "ARGUMENT", ...]}`. Standard error
//! goes to the log as warnings. docs/capsules.md has the codes of failures.

#![no_std]

use program::{finish, log_errors, start};
use request::{Field, LIST, REQUIRED, fields, read};
use tenzik_sdk::output_write;

/// Longest request, and one byte.
const REQUEST_BYTES: usize = (64 << 10) + 1;
/// Bytes of output that one host call moves.
const CHUNK_BYTES: usize = 32 << 10;

struct Buffers {
    request: [u8; REQUEST_BYTES],
    chunk: [u8; CHUNK_BYTES],
}

fn exec(buffers: &mut Buffers) {
    let request = read(&mut buffers.request);
    fields(request, &[Field("argv", LIST | REQUIRED)]);
    let mut process = start(request);
    loop {
        let count = process.read(&mut buffers.chunk);
        match buffers.chunk.get(..count) {
            None | Some([]) => break,
            Some(bytes) => output_write(bytes),
        }
    }
    let first = log_errors(&mut process);
    finish(process, b"the program", &first);
}

tenzik_sdk::capsule!(
    exec,
    Buffers = Buffers {
        request: [0; REQUEST_BYTES],
        chunk: [0; CHUNK_BYTES],
    }
);

#[cfg(test)]
mod tests;
