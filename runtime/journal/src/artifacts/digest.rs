//! Names of contents.

use std::fmt;
use std::str::FromStr;

/// The BLAKE3 digest of a content: 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArtifactDigest(blake3::Hash);

/// A text that is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a digest has 64 hexadecimal digits (0-9, a-f), this is none; copy it from tenzik job show"
)]
pub struct ArtifactDigestError;

impl ArtifactDigest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> ArtifactDigest {
        ArtifactDigest(blake3::hash(bytes))
    }

    pub(super) fn new(hash: blake3::Hash) -> ArtifactDigest {
        ArtifactDigest(hash)
    }

    /// Its 64 digits.
    pub fn to_hex(&self) -> String {
        self.0.to_hex().to_string()
    }
}

impl FromStr for ArtifactDigest {
    type Err = ArtifactDigestError;

    fn from_str(text: &str) -> Result<ArtifactDigest, ArtifactDigestError> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ArtifactDigestError);
        }
        blake3::Hash::from_hex(text)
            .map(ArtifactDigest)
            .map_err(|_| ArtifactDigestError)
    }
}

impl fmt::Display for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

impl fmt::Debug for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArtifactDigest({self})")
    }
}
