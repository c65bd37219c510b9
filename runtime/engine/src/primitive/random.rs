//! The pseudo-random stream of a run.
//!
//! The stream for a seed is the extended output (XOF) of BLAKE3 in its `derive_key` mode, with the
//! context `tenzik random_bytes v1` and the seed's eight bytes, little-endian, as key material;
//! byte `n` of the stream is byte `n` of that output. For the seed 1, the first 64 bytes are
//!
//! ```text
//! printf '\001\000\000\000\000\000\000\000' | b3sum --derive-key 'tenzik random_bytes v1' --length 64
//! ```
//!
//! The same seed gives the same bytes on every machine and in every later version. The stream is
//! no better a secret than its seed: 64 bits.

const CONTEXT: &str = "tenzik random_bytes v1";

/// A position in the pseudo-random stream of one seed.
#[derive(Clone, Debug)]
pub struct RandomStream {
    output: blake3::OutputReader,
}

impl RandomStream {
    /// The beginning of the stream of `seed`.
    pub fn new(seed: u64) -> RandomStream {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&seed.to_le_bytes());
        RandomStream {
            output: hasher.finalize_xof(),
        }
    }

    /// Fills `buffer` with the next bytes of the stream and moves on behind them. How the stream
    /// is cut into calls does not change it. It has 2^64 - 1 bytes.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        self.output.fill(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(seed: u64) -> [u8; N] {
        let mut buffer = [0; N];
        RandomStream::new(seed).fill(&mut buffer);
        buffer
    }

    /// What `b3sum` prints for the command in the module documentation.
    #[test]
    fn golden_bytes() {
        let hex = |seed| {
            bytes::<16>(seed)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
        };
        assert_eq!(hex(0), "b4b4a4b987b87cf6cdc676b939d62bda");
        assert_eq!(hex(1), "6cd66ef71442049108196c1e58a3d851");
        assert_eq!(hex(u64::MAX), "048ff7c37c7045d0688d750100df222f");
    }

    #[test]
    fn the_stream_is_what_the_module_documentation_says() {
        let seed = 0x0123_4567_89ab_cdef;
        let key_material = [0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01];
        let first = blake3::derive_key("tenzik random_bytes v1", &key_material);
        assert_eq!(bytes::<32>(seed), first);
    }

    #[test]
    fn cuts_do_not_change_the_stream() {
        let whole = bytes::<3000>(7);
        for size in [1, 3, 63, 64, 65, 1000] {
            let mut stream = RandomStream::new(7);
            let mut pieces = [0; 3000];
            for piece in pieces.chunks_mut(size) {
                stream.fill(&mut []);
                stream.fill(piece);
            }
            assert_eq!(whole, pieces);
        }
    }
}
