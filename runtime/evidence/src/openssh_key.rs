//! Ed25519 keys as OpenSSH writes them.
//!
//! A public key is one line, `ssh-ed25519 BASE64 COMMENT`, where BASE64 stands for
//!
//! ```text
//! string "ssh-ed25519"
//! string 32 bytes
//! ```
//!
//! A private key (OpenSSH, PROTOCOL.key) is base64 between BEGIN and END lines, of
//!
//! ```text
//! "openssh-key-v1" 00
//! string "none"           cipher
//! string "none"           how the cipher's key is made
//! string ""               its options
//! u32 1                   number of keys
//! string                  the public key, as above
//! string                  the secret part:
//!   u32 u32               twice the same random number
//!   string "ssh-ed25519"
//!   string 32 bytes       the public key
//!   string 64 bytes       the seed, and the public key again
//!   string                a comment
//!   01 02 03 …            up to a multiple of 8 bytes
//! ```

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::pkcs8::spki::der::zeroize::Zeroizing;

use crate::key_format::{OPENSSH_BEGIN, OPENSSH_END};
use crate::ssh_wire::{ED25519, SshReader, unarmored};
use crate::{KeyError, KeyFormat, PublicKey, PublicKeyError};

const MAGIC: &[u8] = b"openssh-key-v1\0";
const BLOCK_BYTES: usize = 8;
const NO_CIPHER: &[u8] = b"none";

/// The seed and the public key in an unencrypted private key.
pub(crate) fn secret(text: &str) -> Result<(Zeroizing<[u8; 32]>, [u8; 32]), KeyError> {
    let damaged = KeyError::Damaged(KeyFormat::OpenSshSecret);
    let blob = unarmored(text.trim(), OPENSSH_BEGIN, OPENSSH_END);
    let blob = Zeroizing::new(blob.ok_or(damaged)?);
    let mut reader = SshReader::new(&blob);
    if reader.take(MAGIC.len()) != Some(MAGIC) {
        return Err(damaged);
    }
    let cipher = reader.string().ok_or(damaged)?;
    let derivation = reader.string().ok_or(damaged)?;
    if cipher != NO_CIPHER || derivation != NO_CIPHER {
        return Err(KeyError::Encrypted(KeyFormat::OpenSshSecret));
    }
    let plain = reader.string() == Some(b"") && reader.u32() == Some(1);
    let public = reader.string().filter(|_| plain).ok_or(damaged)?;
    let public = match key_blob(public) {
        Some(Ok(public)) => public,
        Some(Err(())) => return Err(KeyError::OtherAlgorithm(KeyFormat::OpenSshSecret)),
        None => return Err(damaged),
    };
    let secret = reader.string().filter(|_| reader.left() == 0);
    let seed = secret.and_then(|secret| secret_part(secret, &public));
    Ok((seed.ok_or(damaged)?, public))
}

/// The seed in the secret part, if all of it fits together.
fn secret_part(bytes: &[u8], public: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let mut reader = SshReader::new(bytes);
    let doubled = reader.u32()? == reader.u32()?;
    let kind = reader.string()? == ED25519;
    let again = reader.string()? == public;
    let (seed, last) = reader.string()?.split_at_checked(32)?;
    let _comment = reader.string()?;
    let padding = reader.take(reader.left())?;
    let padded = padding.len() < BLOCK_BYTES
        && bytes.len().is_multiple_of(BLOCK_BYTES)
        && padding
            .iter()
            .zip(1..)
            .all(|(byte, number)| *byte == number);
    let seed: [u8; 32] = seed.try_into().ok()?;
    (doubled && kind && again && last == public && padded).then(|| Zeroizing::new(seed))
}

/// A public key, and the comment behind it.
pub(crate) fn public_line(line: &str) -> Result<(PublicKey, Option<&str>), PublicKeyError> {
    let mut words = line.splitn(3, [' ', '\t']);
    let (kind, base64) = (words.next(), words.next().unwrap_or_default());
    if kind.map(str::as_bytes) != Some(ED25519) {
        return Err(PublicKeyError::Format(KeyFormat::of(line.as_bytes())));
    }
    let blob = Base64::decode_vec(base64).map_err(|_| PublicKeyError::OpenSsh)?;
    let Some(Ok(key)) = key_blob(&blob) else {
        return Err(PublicKeyError::OpenSsh);
    };
    let comment = words
        .next()
        .map(str::trim)
        .filter(|comment| !comment.is_empty());
    Ok((PublicKey::from_bytes(&key)?, comment))
}

/// The 32 bytes of an Ed25519 key; `Err` for a key of another kind, `None` for no key at all.
fn key_blob(blob: &[u8]) -> Option<Result<[u8; 32], ()>> {
    let mut reader = SshReader::new(blob);
    if reader.string()? != ED25519 {
        return Some(Err(()));
    }
    let key = reader.string()?.try_into().ok()?;
    (reader.left() == 0).then_some(Ok(key))
}
