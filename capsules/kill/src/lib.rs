//! Sends the signal that its input asks for: `{"pid": N, "start": "N", "signal": "TERM"}`. `start` is
//! field 22 of `/proc/PID/stat`, so that no later process of the same number is meant. The output is
//! `{"pid": N, "signal": "TERM"}`.

#![no_std]

use request::{Field, NUMBER, REQUIRED, TEXT, fields, read, refuse};
use tenzik_sdk::{output_write, process_signal};

/// Longest request, and one byte.
const REQUEST_BYTES: usize = 1025;

fn kill() {
    let mut buffer = [0; REQUEST_BYTES];
    let request = read(&mut buffer);
    let table = [
        Field("pid", NUMBER | REQUIRED),
        Field("start", TEXT | REQUIRED),
        Field("signal", TEXT | REQUIRED),
    ];
    let [pid, _, signal] = fields(request, &table);
    if let Err(status) = process_signal(request) {
        refuse(b"the process", status);
    }
    for bytes in [b"{\"pid\":", pid, b",\"signal\":", signal, b"}\n"] {
        output_write(bytes);
    }
}

tenzik_sdk::capsule!(kill);

#[cfg(test)]
mod tests;
