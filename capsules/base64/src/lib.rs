//! Encodes its input as base64 (RFC 4648 section 4, with padding) on one line.
#![no_std]

use tenzik_sdk::{base64_encode, fail, input_read, output_write};

/// Bytes that one host call encodes: a multiple of 3, so that only the last piece has padding.
const PIECE_BYTES: usize = 18_000;
/// Bytes of an encoded piece.
const TEXT_BYTES: usize = PIECE_BYTES / 3 * 4;

struct Buffers {
    piece: [u8; PIECE_BYTES],
    text: [u8; TEXT_BYTES],
}

fn base64(buffers: &mut Buffers) {
    loop {
        let count = input_read(&mut buffers.piece);
        match buffers.piece.get(..count) {
            None | Some([]) => break,
            Some(bytes) => match base64_encode(bytes) {
                Ok(result) => result.copy_to_output(&mut buffers.text),
                Err(_) => fail(1, b"the host encodes no pieces of 18,000 bytes"),
            },
        }
    }
    output_write(b"\n");
}

tenzik_sdk::capsule!(
    base64,
    Buffers = Buffers {
        piece: [0; PIECE_BYTES],
        text: [0; TEXT_BYTES]
    }
);
