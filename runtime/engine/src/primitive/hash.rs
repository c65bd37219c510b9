//! BLAKE3 digests of 32 bytes, in one piece or in several.

/// The size of a digest.
pub const DIGEST_BYTES: usize = 32;

/// The BLAKE3 digest of `bytes`; `b3sum` prints the same.
pub fn digest(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    *blake3::hash(bytes).as_bytes()
}

/// Whether `expected` is the BLAKE3 digest of `bytes`. The comparison takes the same time wherever
/// the two differ.
pub fn verify(bytes: &[u8], expected: &[u8; DIGEST_BYTES]) -> bool {
    // `blake3::Hash` documents its equality as constant-time; that of arrays is not.
    blake3::hash(bytes) == blake3::Hash::from_bytes(*expected)
}

/// A hash of bytes that arrive in pieces. Its memory does not grow with them (about 2 KiB).
#[derive(Clone, Debug, Default)]
pub struct IncrementalHash {
    hasher: blake3::Hasher,
}

impl IncrementalHash {
    /// A hash of nothing yet.
    pub fn new() -> IncrementalHash {
        IncrementalHash::default()
    }

    /// Appends `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The digest of everything since the beginning or the last `finish`; begins anew.
    pub fn finish(&mut self) -> [u8; DIGEST_BYTES] {
        let digest = self.hasher.finalize();
        self.hasher.reset();
        *digest.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '' | b3sum`, also the first of the official test vectors.
    const EMPTY: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digest_of_nothing_is_the_official_one() {
        assert_eq!(hex(&digest(b"")), EMPTY);
        assert_eq!(hex(&IncrementalHash::new().finish()), EMPTY);
    }

    #[test]
    fn verify_refuses_every_flipped_bit() {
        let good = digest(b"capsule");
        assert!(verify(b"capsule", &good));
        for bit in 0..DIGEST_BYTES * 8 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(b"capsule", &bad));
        }
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole_and_finish_begins_anew() {
        let bytes: Vec<u8> = (0..5000u32).map(|index| (index % 251) as u8).collect();
        let mut hash = IncrementalHash::new();
        for size in [1, 7, 1023, 1024, 1025, 4096] {
            for piece in bytes.chunks(size) {
                hash.update(piece);
            }
            assert_eq!(hash.finish(), digest(&bytes));
        }
        assert_eq!(hex(&hash.finish()), EMPTY);
    }
}
