//! How SSH writes bytes (RFC 4251, section 5), and the base64 between BEGIN and END lines.

use base64ct::{Base64, Encoding as _};

/// The kind of key and signature that tenzik reads.
pub(crate) const ED25519: &[u8] = b"ssh-ed25519";

/// Bytes in the writing of SSH, and a position in them. What cannot be read is `None`, and the
/// position stays.
pub(crate) struct SshReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> SshReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> SshReader<'a> {
        SshReader { bytes, position: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Bytes that are not yet read.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Bytes that are missing for the string or number that begins here.
    pub(crate) fn missing(&self) -> usize {
        let announced = match self.clone_at_here().u32() {
            Some(len) => 4_usize.saturating_add(len as usize),
            None => 4,
        };
        announced.saturating_sub(self.left())
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes[self.position..].get(..len)?;
        self.position += len;
        Some(taken)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let mut ahead = self.clone_at_here();
        let len = ahead.u32()?;
        let string = ahead.take(len as usize)?;
        self.position = ahead.position;
        Some(string)
    }

    fn clone_at_here(&self) -> SshReader<'a> {
        SshReader {
            bytes: self.bytes,
            position: self.position,
        }
    }
}

/// Appends a string. Whatever tenzik writes is far below 4 GiB.
pub(crate) fn push_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
}

/// The bytes whose base64 stands between the lines `begin` and `end`. Nothing but line breaks may
/// follow the last line.
pub(crate) fn unarmored(text: &str, begin: &str, end: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix(begin)?;
    let inner = inner.trim_end_matches(['\r', '\n']).strip_suffix(end)?;
    let begins_line = inner.starts_with('\n') || inner.starts_with("\r\n");
    if !begins_line || !inner.ends_with('\n') {
        return None;
    }
    let base64: String = inner
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .collect();
    let base64 = zeroizing(base64);
    Base64::decode_vec(&base64).ok()
}

/// The text may be a secret key.
fn zeroizing(text: String) -> ed25519_dalek::pkcs8::spki::der::zeroize::Zeroizing<String> {
    ed25519_dalek::pkcs8::spki::der::zeroize::Zeroizing::new(text)
}
