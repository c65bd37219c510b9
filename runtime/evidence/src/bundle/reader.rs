//! Reading bundles: all of it is checked when it is opened, and nothing of it is held.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::{Digest, Finding, ReceiptError, SignedReceipt, Statement};

use super::calls::Calls;
use super::error::BundleError;
use super::span::{Span, SpanReader};
use super::{BUNDLE_MAGIC, LENGTH_BYTES, MAGIC_OF_ANY, Part, PartInfo};

/// Bytes of a digest.
const DIGEST_BYTES: u64 = 32;

/// A bundle whose form and digests are right.
#[derive(Clone, Debug)]
pub struct Bundle {
    file: Arc<File>,
    parts: [PartInfo; 5],
    calls: u64,
    halted: bool,
    transcript_commit: Digest,
}

/// Whether the file at `path` begins like a bundle of any version.
///
/// # Errors
/// When it cannot be read.
pub fn is_bundle(path: &Path) -> io::Result<bool> {
    // Opening a pipe would wait for somebody to write to it, so look before.
    if !std::fs::metadata(path)?.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    File::open(path)?
        .take(MAGIC_OF_ANY.len() as u64)
        .read_to_end(&mut head)?;
    Ok(head == MAGIC_OF_ANY)
}

impl Bundle {
    /// Opens a bundle and checks all of it: every part and digest, every call of the transcript, and
    /// that nothing is missing or too much. Memory does not grow with the file.
    ///
    /// # Errors
    /// [`BundleError`] with the part, the call and the offset.
    pub fn open(path: &Path) -> Result<Bundle, BundleError> {
        if !std::fs::metadata(path)
            .map_err(BundleError::Read)?
            .is_file()
        {
            return Err(BundleError::NotRegular);
        }
        Bundle::of(File::open(path).map_err(BundleError::Read)?)
    }

    /// The bundle in an open file.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn of(file: File) -> Result<Bundle, BundleError> {
        let size = file.metadata().map_err(BundleError::Read)?.len();
        let file = Arc::new(file);
        check_magic(&file, size)?;
        let mut at = BUNDLE_MAGIC.len() as u64;
        let mut next = |part| {
            let info = part_at(&file, part, at, size)?;
            at = info.span.offset + info.span.bytes + DIGEST_BYTES;
            Ok(info)
        };
        let parts = [
            next(Part::Capsule)?,
            next(Part::Policy)?,
            next(Part::Transcript)?,
            next(Part::Input)?,
            next(Part::Receipt)?,
        ];
        if at != size {
            return Err(BundleError::Trailing {
                offset: at,
                bytes: size - at,
            });
        }
        for info in &parts {
            check_digest(&file, info)?;
        }
        let span = parts[2].span;
        let (calls, halted, transcript_commit) =
            Calls::check(SpanReader::new(Arc::clone(&file), span), span)?;
        Ok(Bundle {
            file,
            parts,
            calls,
            halted,
            transcript_commit,
        })
    }

    /// Its parts in order.
    pub fn parts(&self) -> &[PartInfo; 5] {
        &self.parts
    }

    /// One part.
    pub fn part(&self, part: Part) -> &PartInfo {
        let [capsule, policy, transcript, input, receipt] = &self.parts;
        match part {
            Part::Capsule => capsule,
            Part::Policy => policy,
            Part::Transcript => transcript,
            Part::Input => input,
            Part::Receipt => receipt,
        }
    }

    /// Reads a part.
    pub fn reader(&self, part: Part) -> SpanReader {
        self.span(self.part(part).span)
    }

    /// Reads a range of the file.
    pub fn span(&self, span: Span) -> SpanReader {
        SpanReader::new(Arc::clone(&self.file), span)
    }

    /// The first bytes of a range, `bytes_max` at most.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn prefix(&self, span: Span, bytes_max: u64) -> Result<Vec<u8>, BundleError> {
        let mut bytes = Vec::new();
        self.span(span)
            .take(bytes_max)
            .read_to_end(&mut bytes)
            .map_err(BundleError::Read)?;
        Ok(bytes)
    }

    /// All bytes of capsule, policy or receipt, which are bounded; of another part at most 64 MiB.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn bytes(&self, part: Part) -> Result<Vec<u8>, BundleError> {
        let bytes_max = part.bytes_max().min(super::BUNDLE_CAPSULE_BYTES_MAX);
        self.prefix(self.part(part).span, bytes_max)
    }

    /// The receipt, which nobody has verified yet.
    ///
    /// # Errors
    /// When it cannot be read; the inner error says that it is none.
    pub fn receipt(&self) -> Result<Result<SignedReceipt, ReceiptError>, BundleError> {
        Ok(SignedReceipt::parse(&self.bytes(Part::Receipt)?))
    }

    /// Calls of the transcript that were answered.
    pub fn call_count(&self) -> u64 {
        self.calls
    }

    /// Whether a call ended the run.
    pub fn is_halted(&self) -> bool {
        self.halted
    }

    /// The commitment to the calls that were answered, as in receipts.
    pub fn transcript_commit(&self) -> Digest {
        self.transcript_commit
    }

    /// The calls of the transcript.
    pub fn calls(&self) -> Calls {
        Calls::new(
            self.reader(Part::Transcript),
            self.part(Part::Transcript).span,
        )
    }

    /// In what a statement contradicts this bundle: capsule, policy, transcript and input.
    pub fn findings(&self, statement: &Statement) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut compare = |field, expected: Digest, got: Digest| {
            if expected != got {
                findings.push(Finding::Differs {
                    field,
                    expected: expected.to_string(),
                    got: got.to_string(),
                });
            }
        };
        let digest = |part| self.part(part).digest;
        if let Some(capsule) = statement.verdict.capsule_id() {
            compare("capsule_id", capsule, digest(Part::Capsule));
        }
        compare(
            "policy_commit",
            statement.policy_commit,
            digest(Part::Policy),
        );
        if let Some(run) = statement.verdict.run() {
            compare(
                "transcript_commit",
                run.transcript_commit,
                self.transcript_commit,
            );
            compare("input_commit", run.input_commit, digest(Part::Input));
        }
        findings
    }
}

fn check_magic(file: &Arc<File>, size: u64) -> Result<(), BundleError> {
    let span = Span {
        offset: 0,
        bytes: size.min(BUNDLE_MAGIC.len() as u64),
    };
    let mut head = Vec::new();
    SpanReader::new(Arc::clone(file), span)
        .read_to_end(&mut head)
        .map_err(BundleError::Read)?;
    match head == BUNDLE_MAGIC {
        true => Ok(()),
        false if head.starts_with(MAGIC_OF_ANY) && head.len() == BUNDLE_MAGIC.len() => {
            Err(BundleError::Version)
        }
        false => Err(BundleError::Magic),
    }
}

/// Tag, length and stated digest of the part at `at`.
fn part_at(file: &Arc<File>, part: Part, at: u64, size: u64) -> Result<PartInfo, BundleError> {
    let needs = |end: Option<u64>| match end {
        Some(end) if end <= size => Ok(()),
        end => Err(BundleError::Truncated {
            part,
            offset: size,
            missing: end.map_or(u64::MAX, |end| end - size),
        }),
    };
    let read = |offset, into: &mut [u8]| {
        let span = Span {
            offset,
            bytes: into.len() as u64,
        };
        SpanReader::new(Arc::clone(file), span)
            .read_exact(into)
            .map_err(BundleError::Read)
    };
    let content = at.saturating_add(1 + LENGTH_BYTES);
    needs(Some(content))?;
    let (mut tag, mut length) = ([0], [0; 8]);
    read(at, &mut tag)?;
    let [got] = tag;
    if got != part.tag() {
        return Err(BundleError::Tag {
            part,
            offset: at,
            expected: part.tag(),
            got,
        });
    }
    read(at + 1, &mut length)?;
    let bytes = u64::from_le_bytes(length);
    let end = content.checked_add(bytes);
    needs(end.and_then(|end| end.checked_add(DIGEST_BYTES)))?;
    if bytes > part.bytes_max() {
        return Err(BundleError::TooLarge {
            part,
            bytes,
            bytes_max: part.bytes_max(),
        });
    }
    let mut digest = [0; 32];
    read(content + bytes, &mut digest)?;
    Ok(PartInfo {
        part,
        span: Span {
            offset: content,
            bytes,
        },
        digest: Digest::from_bytes(digest),
    })
}

fn check_digest(file: &Arc<File>, info: &PartInfo) -> Result<(), BundleError> {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(SpanReader::new(Arc::clone(file), info.span))
        .map_err(BundleError::Read)?;
    if Digest::from(hasher.finalize()) != info.digest {
        return Err(BundleError::Digest {
            part: info.part,
            offset: info.span.offset,
            end: info.span.offset + info.span.bytes,
        });
    }
    Ok(())
}
