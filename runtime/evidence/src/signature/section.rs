//! What the section `signature` of a module holds, and a detached signature file too.
//!
//! ```text
//! 01                    version of the format
//! 01                    what is signed: a module
//! 01                    hash function: SHA-256
//! COUNT                 of sets, 1 to 16
//!   SIZE                of the set in bytes
//!     COUNT             of hashes, 1 to 64
//!       32 bytes        SHA-256, see `module.rs`
//!     COUNT             of signatures, 1 to 64 in all sets together
//!       SIZE            of the signature with its key id
//!         SIZE KEY_ID   0 to 64 bytes; none if SIZE is 0
//!         01            algorithm: Ed25519
//!         40            64 bytes follow
//!         64 bytes      Ed25519 over "wasmsig" 01 01 01 and the hashes of the set
//! ```
//!
//! `COUNT` and `SIZE` are LEB128 in the shortest writing. The tool-conventions text lacks the
//! `SIZE` of set and signature; wasmsign2 0.2.8 writes and requires them. With one signature the
//! section has 132 bytes, header and name included, and 13 fewer without a key id.

use super::module::ContentHashes;
use super::reader::{Reader, push_number, push_sized};
use super::{FormatError, FormatProblem, HASHES_MAX, KEY_ID_BYTES_MAX, KeyId};
use crate::{NodeKey, PublicKey, Sha256Digest, Signature};

/// The most bytes that signatures of a module may have.
pub const SIGNATURE_BYTES_MAX: usize = 64 * 1024;

/// The most sets of hashes in a signature section.
pub const SETS_MAX: usize = 16;

/// The most signatures in a signature section, in all its sets together.
pub const SIGNATURES_MAX: usize = 64;

const FORMAT: [(&str, u8); 3] = [
    ("the version of the signature format", 0x01),
    ("the content type", 0x01),
    ("the hash function", 0x01),
];
const DOMAIN: &[u8] = b"wasmsig\x01\x01\x01";
const ED25519: u8 = 0x01;
const SIGNATURE_LEN: usize = 64;

/// Signatures of a module, of one or more signers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleSignature {
    sets: Vec<SignedHashes>,
}

/// Hashes, and signatures over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedHashes {
    pub(super) hashes: Vec<Sha256Digest>,
    pub(super) signatures: Vec<Entry>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key_id: Option<KeyId>,
    pub(super) signature: Signature,
}

/// What became of a signature that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    New,
    /// It was there already.
    Already,
}

/// There is no room for another signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are {signatures} signatures over {sets} different contents; at most {SIGNATURES_MAX} \
     over {SETS_MAX} have room"
)]
pub struct TooManySignatures {
    /// Signatures that are there.
    pub signatures: usize,
    /// Contents that they are over.
    pub sets: usize,
}

impl ModuleSignature {
    /// No signature yet.
    pub fn new() -> ModuleSignature {
        ModuleSignature::default()
    }

    /// Reads a detached signature.
    ///
    /// # Errors
    /// When the bytes are anything else, or are written in another way than [`Self::to_bytes`]
    /// writes them.
    pub fn parse(bytes: &[u8]) -> Result<ModuleSignature, FormatError> {
        ModuleSignature::parse_at(bytes, 0)
    }

    /// Reads the contents of a signature section, which begin at `base` of their module.
    pub(super) fn parse_at(bytes: &[u8], base: usize) -> Result<ModuleSignature, FormatError> {
        if bytes.len() > SIGNATURE_BYTES_MAX {
            let problem = FormatProblem::TooMany {
                what: "bytes of signatures",
                count: bytes.len(),
                count_max: SIGNATURE_BYTES_MAX,
            };
            return Err(FormatError {
                offset: base,
                problem,
            });
        }
        let mut reader = Reader::new(bytes, base);
        for (what, expected) in FORMAT {
            reader.known(what, expected)?;
        }
        let mut room = SIGNATURES_MAX;
        let mut sets = Vec::new();
        for _ in 0..reader.count("sets of hashes", SETS_MAX)? {
            let set = parse_set(reader.sized()?, room)?;
            room -= set.signatures.len();
            sets.push(set);
        }
        reader.finish("the signatures")?;
        Ok(ModuleSignature { sets })
    }

    /// As a detached signature file or a signature section holds it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = FORMAT.iter().map(|(_, byte)| *byte).collect();
        push_number(&mut bytes, self.sets.len());
        for set in &self.sets {
            let mut inner = Vec::new();
            push_number(&mut inner, set.hashes.len());
            for hash in &set.hashes {
                inner.extend_from_slice(hash.as_bytes());
            }
            push_number(&mut inner, set.signatures.len());
            for entry in &set.signatures {
                let mut signature = Vec::new();
                push_sized(
                    &mut signature,
                    entry.key_id.as_ref().map_or(&[], KeyId::as_bytes),
                );
                signature.push(ED25519);
                push_sized(&mut signature, entry.signature.as_bytes());
                push_sized(&mut inner, &signature);
            }
            push_sized(&mut bytes, &inner);
        }
        bytes
    }

    /// Signs `content` with `key`, and keeps the signatures that are there.
    ///
    /// # Errors
    /// When there is no room for another.
    pub fn sign(
        &mut self,
        content: &ContentHashes,
        key: &NodeKey,
    ) -> Result<Added, TooManySignatures> {
        let entry = Entry {
            key_id: Some(KeyId::of(&key.public_key())),
            signature: key.sign_message(&signed_message(content.parts())),
        };
        let (signatures, sets) = (self.len(), self.sets.len());
        let same = |set: &&mut SignedHashes| set.hashes == content.parts();
        let set = self.sets.iter_mut().find(same);
        if set
            .as_ref()
            .is_some_and(|set| set.signatures.contains(&entry))
        {
            return Ok(Added::Already);
        }
        match set {
            _ if signatures == SIGNATURES_MAX => {
                return Err(TooManySignatures { signatures, sets });
            }
            Some(set) => set.signatures.push(entry),
            None if sets == SETS_MAX => return Err(TooManySignatures { signatures, sets }),
            None => self.sets.push(SignedHashes {
                hashes: content.parts().to_vec(),
                signatures: vec![entry],
            }),
        }
        Ok(Added::New)
    }

    /// How many signatures there are.
    pub fn len(&self) -> usize {
        self.sets.iter().map(|set| set.signatures.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether each signature is over this content, whoever made it.
    pub fn is_over(&self, content: &ContentHashes) -> bool {
        self.sets.iter().all(|set| content.are(&set.hashes))
    }

    pub(super) fn sets(&self) -> &[SignedHashes] {
        &self.sets
    }
}

impl SignedHashes {
    /// Whether this signature is that of `key` over the hashes.
    pub(super) fn is_signed(&self, entry: &Entry, key: &PublicKey) -> bool {
        key.verifies(&signed_message(&self.hashes), &entry.signature)
    }
}

fn signed_message(hashes: &[Sha256Digest]) -> Vec<u8> {
    let mut message = DOMAIN.to_vec();
    for hash in hashes {
        message.extend_from_slice(hash.as_bytes());
    }
    message
}

fn parse_set(mut reader: Reader<'_>, room: usize) -> Result<SignedHashes, FormatError> {
    let mut hashes = Vec::new();
    for _ in 0..reader.count("hashes in a set", HASHES_MAX)? {
        hashes.push(Sha256Digest::from_bytes(reader.array()?));
    }
    let mut signatures = Vec::new();
    for _ in 0..reader.count("signatures", room)? {
        signatures.push(parse_entry(reader.sized()?)?);
    }
    reader.finish("a set of hashes")?;
    Ok(SignedHashes { hashes, signatures })
}

fn parse_entry(mut reader: Reader<'_>) -> Result<Entry, FormatError> {
    let offset = reader.offset();
    let key_id = reader.sized()?.rest();
    if key_id.len() > KEY_ID_BYTES_MAX {
        let problem = FormatProblem::TooMany {
            what: "bytes of a key id",
            count: key_id.len(),
            count_max: KEY_ID_BYTES_MAX,
        };
        return Err(FormatError { offset, problem });
    }
    let key_id = (!key_id.is_empty()).then(|| KeyId::from_bytes(key_id));
    reader.known("the signature algorithm", ED25519)?;
    let offset = reader.offset();
    let found = reader.number()?;
    if found != SIGNATURE_LEN {
        let problem = FormatProblem::Length {
            what: "an Ed25519 signature",
            found,
            expected: SIGNATURE_LEN,
        };
        return Err(FormatError { offset, problem });
    }
    let signature = Signature::from_bytes(reader.array()?);
    reader.finish("a signature")?;
    Ok(Entry { key_id, signature })
}
