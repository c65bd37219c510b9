//! Short names of keys in signatures.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::PublicKey;
use crate::hex;

/// The longest key id that is read, in bytes.
pub const KEY_ID_BYTES_MAX: usize = 64;

/// Bytes of a key id that tenzik and wasmsign2 write.
const KEY_ID_BYTES: usize = 12;

/// What a signature calls the key that made it, written in lowercase hexadecimal. It is not signed
/// and proves nothing; it tells which key to try.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Vec<u8>);

impl KeyId {
    /// The key id that tenzik and wasmsign2 give a key: the first 12 bytes of HMAC-SHA-256
    /// (RFC 2104) with the 32 bytes of the public key as its key, over the text `key_id`.
    pub fn of(key: &PublicKey) -> KeyId {
        // A key shorter than a block is filled up with zeros.
        let padded = |pad: u8| {
            let mut block = [pad; 64];
            for (byte, secret) in block.iter_mut().zip(key.as_bytes()) {
                *byte ^= secret;
            }
            block
        };
        let hash = |parts: [&[u8]; 2]| {
            let mut hasher = Sha256::new();
            parts.iter().for_each(|part| hasher.update(part));
            hasher.finalize()
        };
        let inner = hash([&padded(0x36), b"key_id"]);
        let outer = hash([&padded(0x5c), &inner]);
        KeyId(outer[..KEY_ID_BYTES].to_vec())
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> KeyId {
        KeyId(bytes.to_vec())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        hex::push(&mut text, &self.0);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As wasmsign2 0.2.8 writes it for this key.
    #[test]
    fn the_key_id_is_that_of_wasmsign2() {
        let key = "6bcd247c3a421fcd189a84e65f401f4f71efea6e054556c9a0ab95ee111ab533";
        let key: PublicKey = key.parse().unwrap();
        assert_eq!(KeyId::of(&key).to_string(), "fa27393c0c922cdcaf204e55");
    }
}
