//! Public keys of nodes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::file::{self, FileError};
use crate::{HexError, KEY_FILE_BYTES_MAX, KeyFormat, Signature, hex, openssh_key};

/// The Ed25519 public key of a node (RFC 8032), which is also its id. It is written as 64
/// lowercase hexadecimal digits, has one encoding only and no small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Why something is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not hexadecimal.
    #[error("{0}")]
    Hex(#[from] HexError),
    /// Not a PEM SubjectPublicKeyInfo of an Ed25519 key.
    #[error("is not a PEM public key for Ed25519; `openssl pkey -in KEY -pubout` prints one")]
    Pem,
    /// Not an OpenSSH public key.
    #[error(
        "begins like an OpenSSH public key for Ed25519 but is not one; ssh-keygen -y -f KEY prints one"
    )]
    OpenSsh,
    /// Something else.
    #[error("looks like {0}, not like a public key for Ed25519")]
    Format(KeyFormat),
    /// Not the canonical encoding of a point on the curve.
    #[error("is not the encoding of an Ed25519 public key")]
    Point,
    /// A point of small order, for which anybody can make signatures.
    #[error("is an Ed25519 public key of small order, which protects nothing")]
    SmallOrder,
}

/// Why the file of a public key could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PublicKeyFileError {
    /// The file itself.
    #[error("public key: {0}")]
    File(#[from] FileError),
    /// The file holds something else.
    #[error("public key {} {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: PublicKeyError,
    },
}

impl PublicKey {
    /// From its 32 bytes.
    ///
    /// # Errors
    /// When they are not the canonical encoding of a point, or it has small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, PublicKeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| PublicKeyError::Point)?;
        // Two encodings of one key would be two entries in a trust store.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(PublicKeyError::Point);
        }
        if key.is_weak() {
            return Err(PublicKeyError::SmallOrder);
        }
        Ok(PublicKey(*bytes))
    }

    /// From a PEM SubjectPublicKeyInfo (RFC 8410).
    ///
    /// # Errors
    /// When it is not one, or not of an acceptable Ed25519 key.
    pub fn from_pem(pem: &str) -> Result<PublicKey, PublicKeyError> {
        let key = VerifyingKey::from_public_key_pem(pem).map_err(|_| PublicKeyError::Pem)?;
        PublicKey::from_bytes(key.as_bytes())
    }

    /// From the contents of a file with one key: 64 hexadecimal digits, PEM, a line of OpenSSH
    /// (`ssh-ed25519 BASE64 COMMENT`), or the raw file of wasmsign2 (`01` and the 32 bytes).
    ///
    /// # Errors
    /// When it is anything else, or not an acceptable Ed25519 key.
    pub fn parse(bytes: &[u8]) -> Result<PublicKey, PublicKeyError> {
        let text = std::str::from_utf8(bytes).unwrap_or_default().trim();
        match KeyFormat::of(bytes) {
            KeyFormat::HexPublic => text.parse(),
            KeyFormat::PemPublic => PublicKey::from_pem(text),
            KeyFormat::OpenSshPublic if text.contains('\n') => Err(PublicKeyError::OpenSsh),
            KeyFormat::OpenSshPublic => openssh_key::public_line(text).map(|(key, _)| key),
            KeyFormat::WasmsignPublic => PublicKey::from_wasmsign(bytes),
            format => Err(PublicKeyError::Format(format)),
        }
    }

    /// Reads the file of one public key.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a public key.
    pub fn read(path: &Path) -> Result<PublicKey, PublicKeyFileError> {
        let (bytes, _) = file::read(path, KEY_FILE_BYTES_MAX)?;
        PublicKey::parse(&bytes).map_err(|problem| PublicKeyFileError::Key {
            path: path.to_owned(),
            problem,
        })
    }

    pub(crate) fn from_wasmsign(bytes: &[u8]) -> Result<PublicKey, PublicKeyError> {
        match bytes.split_first().map(|(_, key)| key.try_into()) {
            Some(Ok(key)) => PublicKey::from_bytes(key),
            _ => Err(PublicKeyError::Format(KeyFormat::of(bytes))),
        }
    }

    /// The key that belongs to a secret one, and therefore needs no check.
    pub(crate) fn of_secret(key: &SigningKey) -> PublicKey {
        PublicKey(key.verifying_key().to_bytes())
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `signature` was made for `message` with this key. Also refuses what other verifiers
    /// may accept: an `R` of small order, and encodings that are not canonical.
    pub(crate) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_bytes(&hex::decode(text)?)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the edge cases that verifiers disagree on, one is accepted: key and `R` have an honest and
    /// a small part, and the plain equation of RFC 8032 holds. Only the owner of the key can make it.
    #[test]
    fn edge_cases_of_ed25519() {
        let text = include_str!("../tests/fixtures/signature/speccheck.txt");
        let mut cases = 0;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let message: [u8; 32] = hex::decode(words[2]).unwrap();
            let signature: Signature = words[4].parse().unwrap();
            let accepted = words[3]
                .parse::<PublicKey>()
                .is_ok_and(|key| key.verifies(&message, &signature));
            assert_eq!(accepted, words[0] == "accepted", "{}", words[1]);
            cases += 1;
        }
        assert_eq!(cases, 10);
    }

    /// The eight points of small order, and every other encoding of them.
    #[test]
    fn keys_of_small_order_are_refused_in_every_encoding() {
        let low = ["00", "01", "ec", "ed", "ee"].map(|first| match first {
            "00" | "01" => format!("{first}{}", "00".repeat(31)),
            _ => format!("{first}{}7f", "ff".repeat(30)),
        });
        let order_eight = [
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ];
        for text in low.iter().map(String::as_str).chain(order_eight) {
            let mut bytes: [u8; 32] = hex::decode(text).unwrap();
            for sign in [0, 0x80] {
                bytes[31] = bytes[31] & 0x7f | sign;
                assert!(PublicKey::from_bytes(&bytes).is_err(), "{text} {sign}");
            }
        }
    }
}
