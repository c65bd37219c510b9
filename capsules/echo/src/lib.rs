//! Copies its input to its output.
#![no_std]

use tenzik_sdk::{input_read, output_write};

/// Bytes that one host call moves.
const CHUNK_BYTES: usize = 32 << 10;

fn echo(chunk: &mut [u8; CHUNK_BYTES]) {
    loop {
        let count = input_read(chunk);
        match chunk.get(..count) {
            None | Some([]) => return,
            Some(bytes) => output_write(bytes),
        }
    }
}

tenzik_sdk::capsule!(echo, [u8; CHUNK_BYTES] = [0; CHUNK_BYTES]);
