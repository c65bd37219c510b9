//! Prints the BLAKE3 digest of its input: 64 lowercase hex digits and a newline.
#![no_std]

use tenzik_sdk::{hash_finish, hash_update, input_read, output_write};

/// Bytes that one host call moves.
const CHUNK_BYTES: usize = 32 << 10;

fn hash(chunk: &mut [u8; CHUNK_BYTES]) {
    loop {
        let count = input_read(chunk);
        match chunk.get(..count) {
            None | Some([]) => break,
            Some(bytes) => hash_update(bytes),
        }
    }
    let mut line = [b'\n'; 65];
    for (digits, byte) in line.chunks_exact_mut(2).zip(hash_finish()) {
        digits.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
    output_write(&line);
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' - 10 + value
    }
}

tenzik_sdk::capsule!(hash, [u8; CHUNK_BYTES] = [0; CHUNK_BYTES]);
