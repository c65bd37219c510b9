//! Writes the file that its input names, `{"path": "/..."}`, to its output.

#![no_std]

use request::{Field, REQUIRED, TEXT, decode, fields, read, refuse};
use tenzik_sdk::file_read;

/// Longest request, and one byte.
const REQUEST_BYTES: usize = (32 << 10) + 1;
/// Longest path: what Linux takes, without the NUL at its end.
const PATH_BYTES: usize = 4095;
/// Bytes that one host call moves.
const CHUNK_BYTES: usize = 32 << 10;

struct Buffers {
    request: [u8; REQUEST_BYTES],
    path: [u8; PATH_BYTES],
    chunk: [u8; CHUNK_BYTES],
}

fn run(buffers: &mut Buffers) {
    let request = read(&mut buffers.request);
    let [path] = fields(request, &[Field("path", TEXT | REQUIRED)]);
    match file_read(decode(path, &mut buffers.path)) {
        Ok(file) => file.copy_to_output(&mut buffers.chunk),
        Err(status) => refuse(b"the file", status),
    }
}

tenzik_sdk::capsule!(
    run,
    Buffers = Buffers {
        request: [0; REQUEST_BYTES],
        path: [0; PATH_BYTES],
        chunk: [0; CHUNK_BYTES],
    }
);

#[cfg(test)]
mod tests;
