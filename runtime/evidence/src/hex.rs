//! Fixed-size byte strings that are written as lowercase hexadecimal.

use std::fmt;
use std::str::FromStr;

/// Why a text is not the hexadecimal form that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// Another length.
    #[error("has {got} bytes instead of {expected} hexadecimal digits")]
    Length {
        /// Digits expected.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
    /// A character other than `0`–`9` and `a`–`f`.
    #[error("has a character other than 0-9 and a-f at offset {offset}")]
    Character {
        /// Byte offset in the text.
        offset: usize,
    },
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("cannot get random bytes from the operating system: {0}")]
pub struct RandomnessError(#[from] getrandom::Error);

macro_rules! hex_bytes {
    ($(#[doc = $doc:literal])+ $name:ident, $len:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// From its bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                decode(text).map(Self)
            }
        }
    };
}

hex_bytes! {
    /// A BLAKE3 digest, written as 64 lowercase hexadecimal digits.
    Digest, 32
}

hex_bytes! {
    /// A SHA-256 digest, written as 64 lowercase hexadecimal digits.
    Sha256Digest, 32
}

hex_bytes! {
    /// The nonce of a receipt, written as 32 lowercase hexadecimal digits: random, or the
    /// challenge of whoever asked for the run.
    Nonce, 16
}

hex_bytes! {
    /// An Ed25519 signature (RFC 8032), written as 128 lowercase hexadecimal digits. Nothing is
    /// known about it before verification.
    Signature, 64
}

hex_bytes! {
    /// A hash in a Merkle tree: SHA-256, written as 64 lowercase hexadecimal digits.
    TreeHash, 32
}

impl HexError {
    /// The same error in a text that begins `offset` bytes before.
    pub(crate) fn moved(self, by: usize) -> HexError {
        match self {
            HexError::Length { .. } => self,
            HexError::Character { offset } => HexError::Character {
                offset: offset + by,
            },
        }
    }
}

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        blake3::hash(bytes).into()
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Digest {
        Digest(*hash.as_bytes())
    }
}

impl Nonce {
    /// A new random nonce.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn fresh() -> Result<Nonce, RandomnessError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Nonce(bytes))
    }
}

/// Appends `bytes` in lowercase hexadecimal.
pub(crate) fn push(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for bytes in bytes.chunks(digits.len() / 2) {
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        out.push_str(ascii(&digits[..2 * bytes.len()]));
    }
}

/// Digits as text.
pub(crate) fn ascii(digits: &[u8]) -> &str {
    // Digits are ASCII, so this never falls back.
    std::str::from_utf8(digits).unwrap_or_default()
}

/// The bytes that `text` writes in lowercase hexadecimal.
pub(crate) fn decode<const LEN: usize>(text: &str) -> Result<[u8; LEN], HexError> {
    decode_bytes(text.as_bytes())
}

/// As [`decode`], for what need not be UTF-8.
pub(crate) fn decode_bytes<const LEN: usize>(text: &[u8]) -> Result<[u8; LEN], HexError> {
    if text.len() != 2 * LEN {
        return Err(HexError::Length {
            expected: 2 * LEN,
            got: text.len(),
        });
    }
    let mut bytes = [0; LEN];
    for (offset, digit) in text.iter().copied().enumerate() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return Err(HexError::Character { offset }),
        };
        bytes[offset / 2] = bytes[offset / 2] << 4 | value;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_round_trips() {
        let digest = Digest::of(b"");
        let text = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
    }

    #[test]
    fn other_lengths_cases_and_characters_are_refused() {
        let nonce = |text: &str| text.parse::<Nonce>();
        assert_eq!(
            nonce("00"),
            Err(HexError::Length {
                expected: 32,
                got: 2
            })
        );
        assert_eq!(
            nonce(&"0".repeat(33)),
            Err(HexError::Length {
                expected: 32,
                got: 33
            })
        );
        assert_eq!(
            nonce(&"A".repeat(32)),
            Err(HexError::Character { offset: 0 })
        );
        assert_eq!(
            nonce(&"é".repeat(16)),
            Err(HexError::Character { offset: 0 })
        );
        assert_eq!(
            nonce(&format!("{}g", "0".repeat(31))),
            Err(HexError::Character { offset: 31 })
        );
    }

    #[test]
    fn fresh_nonces_differ() {
        assert_ne!(Nonce::fresh().unwrap(), Nonce::fresh().unwrap());
    }
}
