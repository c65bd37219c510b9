//! Modules as signers see them: a header and sections.
//!
//! ```text
//! 00 61 73 6d 01 00 00 00      header of a core module; the only one, so it is not signed
//! 00 SIZE 09 "signature" …     the signature section, if there is one: it must be the first
//! ID SIZE …                    the content: all other sections, as they stand
//! ```
//!
//! Each `SIZE`, and the length of a custom section's name, is LEB128 in its shortest writing:
//! wasmsign2 writes them so before it hashes, and would sign or verify other bytes than these.
//!
//! A custom section `signature_delimiter` ends a part of the content. `hashes` are the SHA-256 of
//! the content from its start to the end of each delimiter, and to its end if that is not a
//! delimiter.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::reader::{Reader, push_number, push_sized};
use super::{FormatError, FormatProblem, ModuleSignature};
use crate::Sha256Digest;

/// The name of the custom section that holds signatures.
pub const SIGNATURE_SECTION: &str = "signature";

/// The most hashes that signers sign together: one for each part of a module.
pub const HASHES_MAX: usize = 64;

const DELIMITER_SECTION: &str = "signature_delimiter";
const HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";
const CUSTOM_SECTION_ID: u8 = 0;
const SECTION_ID_MAX: u8 = 13;

/// The hashes of the content of a module: from its start to the end of each of its parts, so the
/// last one is that of the whole content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentHashes {
    parts: Vec<Sha256Digest>,
    whole: Sha256Digest,
}

impl ContentHashes {
    /// The hash of the whole content.
    pub fn whole(&self) -> &Sha256Digest {
        &self.whole
    }

    /// What signers sign.
    pub(super) fn parts(&self) -> &[Sha256Digest] {
        &self.parts
    }

    /// Whether `signed` states this whole content: each of its parts, or just all of it. A list
    /// that goes on, or ends before, is one of a longer or a shorter module.
    pub(super) fn are(&self, signed: &[Sha256Digest]) -> bool {
        signed == self.parts || signed == [self.whole]
    }
}

/// A module that can be signed: its sections are well-formed from the first byte to the last.
/// Nothing is known about what is in them.
#[derive(Clone, Debug)]
pub struct SignableModule<'a> {
    bytes: &'a [u8],
    signature: Option<SignatureSpan>,
    hashes: ContentHashes,
}

#[derive(Clone, Debug)]
struct SignatureSpan {
    payload: Range<usize>,
    end: usize,
}

/// One section as it stands in a module.
struct Section<'a> {
    whole: Range<usize>,
    /// The name and payload of a custom section.
    custom: Option<(&'a str, Range<usize>)>,
}

impl<'a> SignableModule<'a> {
    /// Reads the headers of all sections.
    ///
    /// # Errors
    /// When the bytes are not a core module of well-formed sections with shortest sizes, or have a
    /// signature section that is not the only one and the first.
    pub fn parse(bytes: &'a [u8]) -> Result<SignableModule<'a>, FormatError> {
        let mut reader = sections(bytes)?;
        let mut signature: Option<SignatureSpan> = None;
        let mut hasher = Sha256::new();
        let mut parts = Vec::new();
        let mut index = 0;
        let mut in_part = true;
        while !reader.is_at_end() {
            let section = next_section(&mut reader)?;
            let offset = section.whole.start;
            let name = section.custom.as_ref().map(|(name, _)| *name);
            if let Some((SIGNATURE_SECTION, payload)) = section.custom {
                let problem = match (&signature, index) {
                    (Some(_), _) => FormatProblem::Duplicate,
                    (None, 1..) => FormatProblem::Misplaced { index },
                    (None, 0) => {
                        let end = section.whole.end;
                        signature = Some(SignatureSpan { payload, end });
                        index += 1;
                        continue;
                    }
                };
                return Err(FormatError { offset, problem });
            }
            hasher.update(&bytes[section.whole]);
            in_part = name != Some(DELIMITER_SECTION);
            if !in_part {
                push_part(&mut parts, &hasher, offset)?;
            }
            index += 1;
        }
        if in_part {
            push_part(&mut parts, &hasher, bytes.len())?;
        }
        let whole = digest(&hasher);
        let hashes = ContentHashes { parts, whole };
        Ok(SignableModule {
            bytes,
            signature,
            hashes,
        })
    }

    /// The module, byte for byte.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The hashes of the content, without the signature section.
    pub fn hashes(&self) -> &ContentHashes {
        &self.hashes
    }

    /// Whether there is a signature section.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// The signatures inside the module, if it has the section.
    ///
    /// # Errors
    /// When the section is not well-formed.
    pub fn embedded(&self) -> Result<Option<ModuleSignature>, FormatError> {
        self.signature
            .as_ref()
            .map(|span| {
                ModuleSignature::parse_at(&self.bytes[span.payload.clone()], span.payload.start)
            })
            .transpose()
    }

    /// The module with `signature` inside, instead of the one that it has.
    pub fn embed(&self, signature: &ModuleSignature) -> Vec<u8> {
        let mut section = Vec::new();
        push_sized(&mut section, SIGNATURE_SECTION.as_bytes());
        section.extend_from_slice(&signature.to_bytes());
        let mut module = HEADER.to_vec();
        module.push(CUSTOM_SECTION_ID);
        push_number(&mut module, section.len());
        module.extend_from_slice(&section);
        let content = self
            .signature
            .as_ref()
            .map_or(HEADER.len(), |span| span.end);
        module.extend_from_slice(&self.bytes[content..]);
        module
    }
}

/// The module without any signature section, wherever one stands and whatever is in it.
///
/// # Errors
/// When the bytes are not a core module of well-formed sections with shortest sizes.
pub fn without_signatures(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
    let mut reader = sections(bytes)?;
    let mut kept = HEADER.to_vec();
    while !reader.is_at_end() {
        let section = next_section(&mut reader)?;
        if !matches!(section.custom, Some((SIGNATURE_SECTION, _))) {
            kept.extend_from_slice(&bytes[section.whole]);
        }
    }
    Ok(kept)
}

/// A reader that stands at the first section.
fn sections(bytes: &[u8]) -> Result<Reader<'_>, FormatError> {
    let mut reader = Reader::new(bytes, 0);
    match bytes.get(..HEADER.len()) {
        Some(header) if header == HEADER => reader.take(HEADER.len()).map(|_| reader),
        _ => Err(FormatError {
            offset: 0,
            problem: FormatProblem::Header,
        }),
    }
}

fn next_section<'a>(reader: &mut Reader<'a>) -> Result<Section<'a>, FormatError> {
    let start = reader.offset();
    let id = reader.byte()?;
    if id > SECTION_ID_MAX {
        let problem = FormatProblem::SectionId { id };
        return Err(FormatError {
            offset: start,
            problem,
        });
    }
    let mut contents = reader.sized()?;
    let whole = start..reader.offset();
    if id != CUSTOM_SECTION_ID {
        return Ok(Section {
            whole,
            custom: None,
        });
    }
    let name = contents.sized()?;
    let offset = name.offset();
    let name = std::str::from_utf8(name.rest()).map_err(|_| FormatError {
        offset,
        problem: FormatProblem::NameUtf8,
    })?;
    let payload = contents.offset()..whole.end;
    Ok(Section {
        whole,
        custom: Some((name, payload)),
    })
}

fn push_part(
    parts: &mut Vec<Sha256Digest>,
    hasher: &Sha256,
    offset: usize,
) -> Result<(), FormatError> {
    if parts.len() == HASHES_MAX {
        let problem = FormatProblem::TooMany {
            what: "parts of the content",
            count: HASHES_MAX + 1,
            count_max: HASHES_MAX,
        };
        return Err(FormatError { offset, problem });
    }
    parts.push(digest(hasher));
    Ok(())
}

fn digest(hasher: &Sha256) -> Sha256Digest {
    Sha256Digest::from_bytes(hasher.clone().finalize().into())
}
