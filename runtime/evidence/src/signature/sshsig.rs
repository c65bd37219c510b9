//! SSH signatures, as `ssh-keygen -Y sign` makes them and `ssh-keygen -Y verify` checks them
//! (OpenSSH, PROTOCOL.sshsig).
//!
//! ```text
//! -----BEGIN SSH SIGNATURE-----
//! base64, 70 characters a line, of:
//!   "SSHSIG"
//!   u32 1                       version
//!   string                      public key: string "ssh-ed25519", string 32 bytes
//!   string "tenzik-capsule"     namespace
//!   string ""                   reserved
//!   string "sha512"             hash function; "sha256" is read too
//!   string                      signature: string "ssh-ed25519", string 64 bytes
//! -----END SSH SIGNATURE-----
//! ```
//!
//! A `string` is its length as a big-endian u32 and then its bytes. The Ed25519 signature is over
//! `"SSHSIG"`, string namespace, string reserved, string hash function, string hash, where hash is
//! that of all bytes of the file. Another namespace is another purpose, and refused.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256, Sha512};

use super::signed_module::{Place, SignatureError};
use super::{FormatError, FormatProblem};
use crate::ssh_wire::{self, ED25519, SshReader};
use crate::{NodeKey, PublicKey, Signature};

/// The namespace of signatures of capsules: `ssh-keygen -Y sign -n tenzik-capsule`.
pub const SSH_NAMESPACE: &str = "tenzik-capsule";

/// The largest SSH signature that is read, in bytes of its text. One has about 300.
pub const SSH_SIGNATURE_BYTES_MAX: usize = 4096;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const LINE_CHARS: usize = 70;
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// An SSH signature of a module file, by one Ed25519 key. Nothing is known before
/// [`SshSignature::is_over`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    public_key: PublicKey,
    hash: Hash,
    signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha512,
}

/// Whether `bytes` begin like an SSH signature.
pub(super) fn is_armored(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGIN.as_bytes())
}

impl SshSignature {
    /// Signs all bytes of a file.
    pub fn sign(file: &[u8], key: &NodeKey) -> SshSignature {
        let hash = Hash::Sha512;
        SshSignature {
            public_key: key.public_key(),
            hash,
            signature: key.sign_message(&signed_message(hash, file)),
        }
    }

    /// Whether it is good for all bytes of this file.
    pub fn is_over(&self, file: &[u8]) -> bool {
        let message = signed_message(self.hash, file);
        self.public_key.verifies(&message, &self.signature)
    }

    /// The key that it names.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// As text, the same that `ssh-keygen -Y sign` writes.
    pub fn to_text(&self) -> String {
        let mut key = Vec::new();
        ssh_wire::push_string(&mut key, ED25519);
        ssh_wire::push_string(&mut key, self.public_key.as_bytes());
        let mut signature = Vec::new();
        ssh_wire::push_string(&mut signature, ED25519);
        ssh_wire::push_string(&mut signature, self.signature.as_bytes());
        let mut blob = MAGIC.to_vec();
        blob.extend_from_slice(&VERSION.to_be_bytes());
        ssh_wire::push_string(&mut blob, &key);
        push_purpose(&mut blob, self.hash);
        ssh_wire::push_string(&mut blob, &signature);

        let base64 = Base64::encode_string(&blob);
        let mut text = format!("{BEGIN}\n");
        for (index, character) in base64.chars().enumerate() {
            if index > 0 && index.is_multiple_of(LINE_CHARS) {
                text.push('\n');
            }
            text.push(character);
        }
        text.push('\n');
        text.push_str(END);
        text.push('\n');
        text
    }

    /// Reads one signature.
    ///
    /// # Errors
    /// When the text is anything else, or a signature for another purpose or by another kind of key.
    pub fn parse(text: &[u8]) -> Result<SshSignature, SignatureError> {
        let blob = unarmored(text).ok_or(SignatureError {
            place: Place::Signature,
            error: FormatError {
                offset: 0,
                problem: FormatProblem::Armor,
            },
        })?;
        parse_blob(&blob).map_err(|error| SignatureError {
            place: Place::SshSignature,
            error,
        })
    }
}

/// The bytes between the lines BEGIN and END.
fn unarmored(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > SSH_SIGNATURE_BYTES_MAX {
        return None;
    }
    ssh_wire::unarmored(std::str::from_utf8(text).ok()?, BEGIN, END)
}

fn parse_blob(blob: &[u8]) -> Result<SshSignature, FormatError> {
    let mut reader = SshReader::new(blob);
    expect(&mut reader, "the beginning", "SSHSIG", |reader| {
        reader.take(MAGIC.len()).map(|bytes| bytes == MAGIC)
    })?;
    expect(&mut reader, "the version", "1", |reader| {
        reader.u32().map(|version| version == VERSION)
    })?;
    let key = reader.string().ok_or_else(|| ends(&reader))?;
    let offset = reader.position() - key.len();
    let failed = |offset: usize, problem| FormatError { offset, problem };
    let key = ed25519_part::<32>(key).ok_or(failed(offset, NOT_ED25519))?;
    let public_key = PublicKey::from_bytes(&key)
        .map_err(|error| failed(offset, FormatProblem::PublicKey(error)))?;
    expect_string(&mut reader, "the namespace", SSH_NAMESPACE)?;
    expect_string(&mut reader, "the reserved field", "")?;
    let offset = reader.position();
    let hash = match reader.string().ok_or_else(|| ends(&reader))? {
        b"sha512" => Hash::Sha512,
        b"sha256" => Hash::Sha256,
        _ => {
            let problem = FormatProblem::Text {
                what: "the hash function",
                expected: "sha512 or sha256",
            };
            return Err(failed(offset, problem));
        }
    };
    let signature = reader.string().ok_or_else(|| ends(&reader))?;
    let offset = reader.position() - signature.len();
    let signature = ed25519_part::<64>(signature).ok_or(failed(offset, NOT_ED25519))?;
    let left = reader.left();
    if left > 0 {
        let problem = FormatProblem::Trailing {
            what: "the signature",
            bytes: left,
        };
        return Err(failed(reader.position(), problem));
    }
    Ok(SshSignature {
        public_key,
        hash,
        signature: Signature::from_bytes(signature),
    })
}

const NOT_ED25519: FormatProblem = FormatProblem::Text {
    what: "the kind of key or signature",
    expected: "ssh-ed25519",
};

/// The bytes of a key or signature of the kind ssh-ed25519.
fn ed25519_part<const LEN: usize>(blob: &[u8]) -> Option<[u8; LEN]> {
    let mut reader = SshReader::new(blob);
    let kind = reader.string()?;
    let bytes = reader.string()?.try_into().ok()?;
    (kind == ED25519 && reader.left() == 0).then_some(bytes)
}

fn expect_string(
    reader: &mut SshReader<'_>,
    what: &'static str,
    expected: &'static str,
) -> Result<(), FormatError> {
    expect(reader, what, expected, |reader| {
        reader.string().map(|text| text == expected.as_bytes())
    })
}

/// Reads something that has one value only.
fn expect(
    reader: &mut SshReader<'_>,
    what: &'static str,
    expected: &'static str,
    read: impl FnOnce(&mut SshReader<'_>) -> Option<bool>,
) -> Result<(), FormatError> {
    let offset = reader.position();
    match read(reader) {
        Some(true) => Ok(()),
        Some(false) => Err(FormatError {
            offset,
            problem: FormatProblem::Text { what, expected },
        }),
        None => Err(ends(reader)),
    }
}

fn ends(reader: &SshReader<'_>) -> FormatError {
    FormatError {
        offset: reader.position(),
        problem: FormatProblem::Ends {
            needed: reader.missing(),
        },
    }
}

fn push_purpose(out: &mut Vec<u8>, hash: Hash) {
    ssh_wire::push_string(out, SSH_NAMESPACE.as_bytes());
    ssh_wire::push_string(out, b"");
    ssh_wire::push_string(out, hash.name());
}

fn signed_message(hash: Hash, file: &[u8]) -> Vec<u8> {
    let mut message = MAGIC.to_vec();
    push_purpose(&mut message, hash);
    ssh_wire::push_string(&mut message, &hash.of(file));
    message
}

impl Hash {
    fn name(self) -> &'static [u8] {
        match self {
            Hash::Sha256 => b"sha256",
            Hash::Sha512 => b"sha512",
        }
    }

    fn of(self, file: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(file).to_vec(),
            Hash::Sha512 => Sha512::digest(file).to_vec(),
        }
    }
}
