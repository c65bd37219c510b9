//! Public keys of nodes.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::{HexError, Signature, hex};

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
    /// Not the canonical encoding of a point on the curve.
    #[error("is not the encoding of an Ed25519 public key")]
    Point,
    /// A point of small order, for which anybody can make signatures.
    #[error("is an Ed25519 public key of small order, which protects nothing")]
    SmallOrder,
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
