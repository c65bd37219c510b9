//! A module together with its signatures, and what they prove.

use std::fmt;

use super::section::Entry;
use super::{
    FormatError, FormatProblem, KeyId, ModuleSignature, SignableModule, SshSignature, sshsig,
};
use crate::{PublicKey, Sha256Digest, TrustStore};

/// A module and all signatures that came with it: inside it, or in a file of their own, or both.
#[derive(Clone, Debug)]
pub struct SignedModule<'a> {
    module: SignableModule<'a>,
    signatures: Vec<ModuleSignature>,
    ssh: Option<SshSignature>,
}

/// What a signature calls its signer. Only a check with the key tells whether it is true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// A key with this id.
    Id(KeyId),
    /// This key.
    Key(PublicKey),
    /// It does not say.
    Unnamed,
}

/// What a module's signatures say about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// The key signed this module.
    Good,
    /// The key signed another content.
    ContentDiffers {
        /// SHA-256 of the content that it signed.
        signed: Sha256Digest,
        /// SHA-256 of the content of this module.
        found: Sha256Digest,
    },
    /// A signature names the key but is not that key's over these bytes.
    False,
    /// No signature is by the key.
    Absent,
}

/// Where something malformed was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the module.
    Module,
    /// In the signature file.
    Signature,
    /// In the signature file, an SSH signature; offsets count the bytes that its base64 stands for.
    SshSignature,
}

/// Module or signature cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} is {error}")]
pub struct SignatureError {
    /// What was being read.
    pub place: Place,
    /// What is wrong.
    pub error: FormatError,
}

/// Why a module is not signed by anybody who is trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureReject {
    /// It has no signature at all.
    #[error("the module is unsigned: it has no signature inside and none came with it")]
    Unsigned,
    /// Module or signature are not well-formed.
    #[error(transparent)]
    Malformed(#[from] SignatureError),
    /// A trusted key signed something else.
    #[error("the content differs from what key {key} signed: SHA-256 {found} instead of {signed}")]
    ContentDiffers {
        /// The key.
        key: PublicKey,
        /// SHA-256 of the content that it signed.
        signed: Sha256Digest,
        /// SHA-256 of the content of this module.
        found: Sha256Digest,
    },
    /// A signature names a trusted key but is not that key's.
    #[error("a signature names key {key} but is not that key's over these bytes")]
    False {
        /// The key.
        key: PublicKey,
    },
    /// All signatures are by others.
    #[error(
        "the module is signed only by unknown keys ({}), by none of the {trusted} trusted ones",
        names(signers)
    )]
    Untrusted {
        /// What the signatures call their signers.
        signers: Vec<Signer>,
        /// How many keys are trusted.
        trusted: usize,
    },
}

impl<'a> SignedModule<'a> {
    /// Reads a module, and the signature file beside it if there is one.
    ///
    /// # Errors
    /// When one of them is not well-formed.
    pub fn parse(
        module: &'a [u8],
        detached: Option<&[u8]>,
    ) -> Result<SignedModule<'a>, SignatureError> {
        let in_module = |error| SignatureError {
            place: Place::Module,
            error,
        };
        let module = SignableModule::parse(module).map_err(in_module)?;
        let mut signatures: Vec<ModuleSignature> =
            module.embedded().map_err(in_module)?.into_iter().collect();
        let mut ssh = None;
        match detached {
            None => {}
            Some(bytes) if sshsig::is_armored(bytes) => ssh = Some(SshSignature::parse(bytes)?),
            Some(bytes) => signatures.push(parse_detached(bytes)?),
        }
        Ok(SignedModule {
            module,
            signatures,
            ssh,
        })
    }

    /// The module itself.
    pub fn module(&self) -> &SignableModule<'a> {
        &self.module
    }

    /// What the signatures call their signers, each once.
    pub fn signers(&self) -> Vec<Signer> {
        let entries = self.signatures.iter().flat_map(ModuleSignature::sets);
        let entries = entries.flat_map(|set| &set.signatures);
        let by_id = entries.map(|entry| entry.key_id.clone().map_or(Signer::Unnamed, Signer::Id));
        let by_key = self.ssh.iter().map(|ssh| Signer::Key(*ssh.public_key()));
        let mut signers: Vec<Signer> = by_id.chain(by_key).collect();
        signers.sort();
        signers.dedup();
        signers
    }

    /// What the signatures say about `key`.
    pub fn verdict(&self, key: &PublicKey) -> KeyVerdict {
        let id = KeyId::of(key);
        let mut verdict = KeyVerdict::Absent;
        for set in self.signatures.iter().flat_map(ModuleSignature::sets) {
            let names = |entry: &&Entry| entry.key_id.as_ref().is_none_or(|named| *named == id);
            for entry in set.signatures.iter().filter(names) {
                let hashes = self.module.hashes();
                if !set.is_signed(entry, key) {
                    if entry.key_id.is_some() && verdict == KeyVerdict::Absent {
                        verdict = KeyVerdict::False;
                    }
                } else if hashes.are(&set.hashes) {
                    return KeyVerdict::Good;
                } else if let Some(signed) = set.hashes.last() {
                    verdict = KeyVerdict::ContentDiffers {
                        signed: *signed,
                        found: *hashes.whole(),
                    };
                }
            }
        }
        match &self.ssh {
            Some(ssh) if ssh.public_key() == key && ssh.is_over(self.module.bytes()) => {
                KeyVerdict::Good
            }
            Some(ssh) if ssh.public_key() == key && verdict == KeyVerdict::Absent => {
                KeyVerdict::False
            }
            _ => verdict,
        }
    }

    /// The trusted keys that signed this module, at least one.
    ///
    /// # Errors
    /// When there is none, and why.
    pub fn check(&self, trusted: &TrustStore) -> Result<Vec<PublicKey>, SignatureReject> {
        if self.signatures.is_empty() && self.ssh.is_none() {
            return Err(SignatureReject::Unsigned);
        }
        let verdicts: Vec<(PublicKey, KeyVerdict)> = trusted
            .iter()
            .map(|entry| (entry.key, self.verdict(&entry.key)))
            .collect();
        let good = verdicts
            .iter()
            .filter(|(_, verdict)| *verdict == KeyVerdict::Good);
        let good: Vec<PublicKey> = good.map(|(key, _)| *key).collect();
        if !good.is_empty() {
            return Ok(good);
        }
        // What says most comes first: who signed what, then a lie, then strangers.
        let mut reject = SignatureReject::Untrusted {
            signers: self.signers(),
            trusted: trusted.len(),
        };
        for (key, verdict) in verdicts {
            match verdict {
                KeyVerdict::ContentDiffers { signed, found } => {
                    return Err(SignatureReject::ContentDiffers { key, signed, found });
                }
                KeyVerdict::False => reject = SignatureReject::False { key },
                KeyVerdict::Good | KeyVerdict::Absent => {}
            }
        }
        Err(reject)
    }
}

fn parse_detached(bytes: &[u8]) -> Result<ModuleSignature, SignatureError> {
    // The first three bytes of a signature never change; a file without them is something else.
    let parsed = if bytes.first() == Some(&0x01) {
        ModuleSignature::parse(bytes)
    } else {
        Err(FormatError {
            offset: 0,
            problem: FormatProblem::NoSignature,
        })
    };
    parsed.map_err(|error| SignatureError {
        place: Place::Signature,
        error,
    })
}

fn names(signers: &[Signer]) -> String {
    const SHOWN_MAX: usize = 4;
    let mut shown: Vec<String> = signers
        .iter()
        .take(SHOWN_MAX)
        .map(Signer::to_string)
        .collect();
    if signers.len() > SHOWN_MAX {
        shown.push(format!("{} more", signers.len() - SHOWN_MAX));
    }
    shown.join(", ")
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signer::Id(id) => write!(f, "key id {id}"),
            Signer::Key(key) => write!(f, "key {key}"),
            Signer::Unnamed => f.write_str("an unnamed key"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Module => "the module",
            Place::Signature => "the signature file",
            Place::SshSignature => "the decoded SSH signature",
        })
    }
}
