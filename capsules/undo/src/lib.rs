//! Restores what the run that its input names, `{"run": "ID"}`, created and changed. The output is
//! `{"undone": "ID"}`.

#![no_std]

use request::{Field, REQUIRED, TEXT, decode, fields, read, refuse};
use tenzik_sdk::{file_undo, output_write};

/// Longest request, and one byte.
const REQUEST_BYTES: usize = 1025;
/// Longest name of a run.
const RUN_BYTES: usize = 256;

fn undo() {
    let mut buffer = [0; REQUEST_BYTES];
    let request = read(&mut buffer);
    let [run] = fields(request, &[Field("run", TEXT | REQUIRED)]);
    if let Err(status) = file_undo(decode(run, &mut [0; RUN_BYTES])) {
        refuse(b"what the run changed", status);
    }
    output_write(b"{\"undone\":");
    output_write(run);
    output_write(b"}\n");
}

tenzik_sdk::capsule!(undo);

#[cfg(test)]
mod tests;
