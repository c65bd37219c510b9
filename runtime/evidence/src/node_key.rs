//! Secret keys of nodes, and their files.

use std::fmt;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::spki::der::zeroize::Zeroizing;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey};

use crate::file::{self, Existing, FileError};
use crate::key_format::KeyFormat;
use crate::openssh_key;
use crate::{
    PublicKey, RECEIPT_PAYLOAD_TYPE, RandomnessError, ReceiptBody, ReceiptVersion, Signature,
    SignedReceipt, Statement, pre_authentication_encoding,
};

/// The largest key file in bytes that is read.
pub const KEY_FILE_BYTES_MAX: u64 = 16 * 1024;

/// The secret Ed25519 key with which a node signs its receipts. Its memory is cleared when it is
/// dropped, and it is never printed.
pub struct NodeKey(SigningKey);

/// Why something is not a secret key that tenzik can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is encrypted, and tenzik asks nobody for a passphrase.
    #[error("is {0} with a passphrase; make a copy without one, {remedy}", remedy = decrypt(*.0))]
    Encrypted(KeyFormat),
    /// It is for another algorithm.
    #[error("is {0} of another kind than Ed25519")]
    OtherAlgorithm(KeyFormat),
    /// It begins like a key but does not go on like one.
    #[error("begins like {0} for Ed25519 but is not one; it may be cut off or changed")]
    Damaged(KeyFormat),
    /// It is something else.
    #[error("looks like {0}, not like an unencrypted private key for Ed25519")]
    NotSecret(KeyFormat),
}

fn decrypt(format: KeyFormat) -> &'static str {
    match format {
        KeyFormat::OpenSshSecret => "with cp KEY COPY and ssh-keygen -p -N '' -f COPY",
        _ => "with umask 077; openssl pkey -in KEY -out COPY",
    }
}

/// Why a key file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file itself.
    #[error("key file: {0}")]
    File(#[from] FileError),
    /// A file of this name is there already.
    #[error("key file {} exists and is kept; choose another name or use --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner could have read or replaced the key.
    #[error(
        "key file {path} is open to other users (mode {mode:04o}); run `chmod 600 {path}`",
        path = path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds something else.
    #[error("key file {} {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: KeyError,
    },
}

impl NodeKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<NodeKey, RandomnessError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut())?;
        Ok(NodeKey::from_seed(&seed))
    }

    /// The key with this seed (the secret key of RFC 8032). Whoever knows the seed has the key.
    pub fn from_seed(seed: &[u8; 32]) -> NodeKey {
        NodeKey(SigningKey::from_bytes(seed))
    }

    /// From an unencrypted PKCS#8 PEM text, version 1 or 2. The public key of a version 2 text must
    /// belong to the secret one.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn from_pem(pem: &str) -> Result<NodeKey, KeyError> {
        SigningKey::from_pkcs8_pem(pem).map(NodeKey).map_err(|_| {
            match KeyFormat::of(pem.as_bytes()) {
                format @ KeyFormat::Pkcs8Secret => KeyError::Damaged(format),
                format @ KeyFormat::Pkcs8Encrypted => KeyError::Encrypted(format),
                format => KeyError::NotSecret(format),
            }
        })
    }

    /// From the contents of a key file: PKCS#8 PEM, an OpenSSH private key, or the raw file of
    /// wasmsign2 (`81`, the seed, the public key). None may be encrypted, and where the public key
    /// stands beside the secret one it must belong to it.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(bytes: &[u8]) -> Result<NodeKey, KeyError> {
        let format = KeyFormat::of(bytes);
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        match format {
            KeyFormat::Pkcs8Secret | KeyFormat::Pkcs8Encrypted => NodeKey::from_pem(text),
            KeyFormat::OpenSshSecret => {
                let (seed, public) = openssh_key::secret(text)?;
                NodeKey::from_pair(&*seed, &public, format)
            }
            KeyFormat::WasmsignSecret => {
                let (_, pair) = bytes.split_at(1);
                let (seed, public) = pair.split_at(32);
                NodeKey::from_pair(seed, public, format)
            }
            _ => Err(KeyError::NotSecret(format)),
        }
    }

    /// The key with this seed, if `public` belongs to it.
    fn from_pair(seed: &[u8], public: &[u8], format: KeyFormat) -> Result<NodeKey, KeyError> {
        let damaged = KeyError::Damaged(format);
        let key = NodeKey::from_seed(seed.try_into().map_err(|_| damaged)?);
        if key.public_key().as_bytes() == public {
            Ok(key)
        } else {
            Err(damaged)
        }
    }

    /// As PKCS#8 PEM. Version 1, because OpenSSL 3.0 and others do not read version 2.
    ///
    /// # Errors
    /// When the encoder fails, which no key is known to cause.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        KeypairBytes {
            secret_key: self.0.to_bytes(),
            public_key: None,
        }
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| KeyError::Damaged(KeyFormat::Pkcs8Secret))
    }

    /// Reads a key file, which nobody but its owner may be able to read or write.
    ///
    /// # Errors
    /// When the file cannot be read, is open to others, or is not a key.
    pub fn read(path: &Path) -> Result<NodeKey, KeyFileError> {
        let (bytes, metadata) = file::read(path, KEY_FILE_BYTES_MAX)?;
        let bytes = Zeroizing::new(bytes);
        let parsed = NodeKey::parse(&bytes);
        // What is no secret may be open to others, and is better called what it is.
        if let Some(mode) = mode_open_to_others(&metadata)
            && !matches!(parsed, Err(KeyError::NotSecret(_)))
        {
            return Err(KeyFileError::OpenToOthers {
                path: path.to_owned(),
                mode,
            });
        }
        parsed.map_err(|problem| KeyFileError::Key {
            path: path.to_owned(),
            problem,
        })
    }

    /// Writes the key file with mode 0600, in one step.
    ///
    /// # Errors
    /// When the file exists and is to be kept, or cannot be written.
    pub fn write(&self, path: &Path, existing: Existing) -> Result<(), KeyFileError> {
        let pem = self.to_pem().map_err(|problem| KeyFileError::Key {
            path: path.to_owned(),
            problem,
        })?;
        file::write(path, pem.as_bytes(), 0o600, existing).map_err(|source| {
            if source.kind() == std::io::ErrorKind::AlreadyExists {
                KeyFileError::Exists {
                    path: path.to_owned(),
                }
            } else {
                FileError::Write {
                    path: path.to_owned(),
                    source,
                }
                .into()
            }
        })
    }

    /// The public key that belongs to it.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::of_secret(&self.0)
    }

    /// Signs a statement as this node.
    pub fn sign(&self, statement: Statement) -> SignedReceipt {
        let body = ReceiptBody::new(statement, self.public_key(), ReceiptVersion::Single);
        let message = pre_authentication_encoding(RECEIPT_PAYLOAD_TYPE, body.to_json().as_bytes());
        let signature = self.sign_message(&message);
        SignedReceipt::new(body, signature, None)
    }

    /// Signs bytes. Callers put in front of them what they are, so that no signature can be taken
    /// for one of another kind.
    pub(crate) fn sign_message(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKey(secret of {})", self.public_key())
    }
}

#[cfg(unix)]
fn mode_open_to_others(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn mode_open_to_others(_metadata: &Metadata) -> Option<u32> {
    None
}
