//! The output of a program in pieces that end with a zero.

use request::{Message, UNREADABLE};
use tenzik_sdk::Process;

/// Bytes that one host call moves.
const CHUNK_BYTES: usize = 4096;
/// Longest piece.
const PIECE_BYTES: usize = 16 << 10;

/// Reads the output of a process piece by piece.
#[derive(Debug)]
pub struct Pieces {
    at: usize,
    filled: usize,
    chunk: [u8; CHUNK_BYTES],
    piece: [u8; PIECE_BYTES],
}

impl Pieces {
    /// A reader with nothing in it.
    pub const fn new() -> Pieces {
        Pieces {
            at: 0,
            filled: 0,
            chunk: [0; CHUNK_BYTES],
            piece: [0; PIECE_BYTES],
        }
    }

    /// The next piece of `process` without its zero; `None` at the end of its output. Ends the run
    /// where a piece is too long.
    pub fn next(&mut self, process: &mut Process) -> Option<Piece<'_>> {
        let mut length = 0;
        loop {
            if self.at >= self.filled {
                self.at = 0;
                self.filled = process.read(&mut self.chunk);
                if self.filled == 0 {
                    return (length > 0).then_some(Piece {
                        bytes: self.piece.get(..length).unwrap_or(&[]),
                        whole: false,
                    });
                }
            }
            let byte = self.chunk.get(self.at).copied().unwrap_or(0);
            self.at += 1;
            if byte == 0 {
                return Some(Piece {
                    bytes: self.piece.get(..length).unwrap_or(&[]),
                    whole: true,
                });
            }
            match self.piece.get_mut(length) {
                Some(slot) => *slot = byte,
                None => Message::new(b"the program wrote a piece of more than 16384 bytes")
                    .fail(UNREADABLE),
            }
            length += 1;
        }
    }
}

impl Default for Pieces {
    fn default() -> Self {
        Pieces::new()
    }
}

/// A part of the output.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether its zero was there; only the last piece can lack it.
    pub whole: bool,
}
