//! The value of a secret.

use std::fmt;

use zeroize::Zeroizing;

/// Fewest bytes of a value.
pub(super) const SECRET_BYTES_MIN: usize = 4;
/// Most bytes of a value.
pub(super) const SECRET_BYTES_MAX: usize = 64 << 10;

/// The value of a secret: 4 bytes to 64 KiB, cleared when it is dropped, never printed.
pub struct SecretValue {
    bytes: Zeroizing<Vec<u8>>,
}

impl SecretValue {
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> SecretValue {
        SecretValue { bytes }
    }

    /// The bytes, for a process that is granted them.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(..)")
    }
}
