//! The calls of a transcript, one after the other, without ever holding their bytes.

use std::io::{self, BufReader, Read};

use crate::{Digest, TranscriptCommitment, TranscriptEntry};

use super::call::{RecordedAnswer, RecordedCall, RecordedHalt};
use super::error::{BundleError, CallProblem};
use super::span::{Span, SpanReader};
use super::{ANSWERED, HALT_TEXT_BYTES_MAX, HALTED};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// The calls of a transcript in order. After an error there are no more.
pub struct Calls {
    reader: BufReader<SpanReader>,
    span: Span,
    /// Bytes of the span that were read or passed over.
    at: u64,
    /// Calls so far.
    count: u64,
    begun_at: u64,
    halted: bool,
    failed: bool,
    commitment: Option<TranscriptCommitment>,
}

/// Why a call cannot be had: the system, or its form.
enum Trouble {
    Io(io::Error),
    Form(CallProblem),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

impl Calls {
    /// The calls in `span`, checked already.
    pub(super) fn new(reader: SpanReader, span: Span) -> Calls {
        Calls {
            reader: BufReader::with_capacity(BUFFER_BYTES, reader),
            span,
            at: 0,
            count: 0,
            begun_at: 0,
            halted: false,
            failed: false,
            commitment: None,
        }
    }

    /// Walks through all calls: how many were answered, whether one ended the run, and the
    /// commitment to them.
    pub(super) fn check(
        reader: SpanReader,
        span: Span,
    ) -> Result<(u64, bool, Digest), BundleError> {
        let mut calls = Calls::new(reader, span);
        calls.commitment = Some(TranscriptCommitment::new());
        for call in &mut calls {
            call?;
        }
        let commitment = calls.commitment.unwrap_or_default();
        let answered = calls.count - u64::from(calls.halted);
        Ok((answered, calls.halted, commitment.commit()))
    }

    fn rest(&self) -> u64 {
        self.span.bytes - self.at
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        if self.rest() < N as u64 {
            return Err(Trouble::Form(CallProblem::Truncated));
        }
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// Passes over `bytes` bytes, through a digest where the calls are checked.
    fn pass(&mut self, bytes: u64, hasher: &mut blake3::Hasher) -> Result<Span, Trouble> {
        if self.rest() < bytes {
            return Err(Trouble::Form(CallProblem::Truncated));
        }
        let span = Span {
            offset: self.span.offset + self.at,
            bytes,
        };
        if self.commitment.is_some() {
            let mut piece = self.reader.by_ref().take(bytes);
            hasher.update_reader(&mut piece)?;
        } else {
            let by = i64::try_from(bytes).map_err(|_| Trouble::Form(CallProblem::Truncated))?;
            self.reader.seek_relative(by)?;
        }
        self.at += bytes;
        Ok(span)
    }

    fn text(&mut self) -> Result<String, Trouble> {
        let len = u32::from_le_bytes(self.bytes()?);
        if len as usize > HALT_TEXT_BYTES_MAX {
            return Err(Trouble::Form(CallProblem::TextTooLong(len)));
        }
        if self.rest() < u64::from(len) {
            return Err(Trouble::Form(CallProblem::Truncated));
        }
        let mut bytes = vec![0; len as usize];
        self.reader.read_exact(&mut bytes)?;
        self.at += u64::from(len);
        String::from_utf8(bytes).map_err(|_| Trouble::Form(CallProblem::Text))
    }

    fn name(&mut self) -> Result<String, Trouble> {
        let [len] = self.bytes()?;
        if self.rest() < u64::from(len) {
            return Err(Trouble::Form(CallProblem::Truncated));
        }
        let mut bytes = vec![0; usize::from(len)];
        self.reader.read_exact(&mut bytes)?;
        self.at += u64::from(len);
        // Whatever is not UTF-8 is not a name either.
        let name = String::from_utf8(bytes).unwrap_or_else(|_| "?".to_owned());
        let nothing = Digest::from_bytes([0; 32]);
        TranscriptEntry::new(&name, nothing, nothing)
            .map_err(|problem| Trouble::Form(CallProblem::Name(problem)))?;
        Ok(name)
    }

    /// Passes over a request of `bytes` bytes. Its form is checked: counts and lengths have to add
    /// up to its end.
    fn request(&mut self, bytes: u64) -> Result<(Span, Digest), Trouble> {
        if self.rest() < bytes {
            return Err(Trouble::Form(CallProblem::Truncated));
        }
        let offset = self.span.offset + self.at;
        let mut hasher = blake3::Hasher::new();
        if self.commitment.is_none() {
            return Ok((self.pass(bytes, &mut hasher)?, Digest::from_bytes([0; 32])));
        }
        let end = self.at + bytes;
        let [numbers] = self.hashed(&mut hasher, end)?;
        for _ in 0..numbers {
            let _: [u8; 4] = self.hashed(&mut hasher, end)?;
        }
        let [inputs] = self.hashed(&mut hasher, end)?;
        for _ in 0..inputs {
            let len = u32::from_le_bytes(self.hashed(&mut hasher, end)?);
            if end - self.at < u64::from(len) {
                return Err(Trouble::Form(CallProblem::Request));
            }
            self.pass(u64::from(len), &mut hasher)?;
        }
        let _: [u8; 4] = self.hashed(&mut hasher, end)?;
        if self.at != end {
            return Err(Trouble::Form(CallProblem::Request));
        }
        Ok((Span { offset, bytes }, hasher.finalize().into()))
    }

    fn hashed<const N: usize>(
        &mut self,
        hasher: &mut blake3::Hasher,
        end: u64,
    ) -> Result<[u8; N], Trouble> {
        if end - self.at < N as u64 {
            return Err(Trouble::Form(CallProblem::Request));
        }
        let bytes = self.bytes()?;
        hasher.update(&bytes);
        Ok(bytes)
    }

    fn call(&mut self) -> Result<RecordedCall, Trouble> {
        let [tag] = self.bytes()?;
        if !matches!(tag, ANSWERED | HALTED) {
            return Err(Trouble::Form(CallProblem::Tag(tag)));
        }
        let function = self.name()?;
        let len = u32::from_le_bytes(self.bytes()?);
        let (request, request_digest) = self.request(u64::from(len))?;
        let answer = match tag {
            ANSWERED => self.answered(&function, request_digest)?,
            _ => self.halt()?,
        };
        Ok(RecordedCall {
            number: self.count,
            function,
            request,
            answer,
        })
    }

    fn answered(&mut self, function: &str, request: Digest) -> Result<RecordedAnswer, Trouble> {
        let number: [u8; 4] = self.bytes()?;
        let len = u32::from_le_bytes(self.bytes()?);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&number);
        let bytes = self.pass(u64::from(len), &mut hasher)?;
        if let Some(commitment) = &mut self.commitment {
            let entry = TranscriptEntry::new(function, request, hasher.finalize().into())
                .map_err(|problem| Trouble::Form(CallProblem::Name(problem)))?;
            commitment.push(&entry);
        }
        Ok(RecordedAnswer::Answered {
            number: i32::from_le_bytes(number),
            bytes,
        })
    }

    fn halt(&mut self) -> Result<RecordedAnswer, Trouble> {
        let [kind] = self.bytes()?;
        let unknown = Trouble::Form(CallProblem::Halt(kind));
        let Some(count) = RecordedHalt::text_count(kind) else {
            return Err(unknown);
        };
        let texts = (0..count)
            .map(|_| self.text())
            .collect::<Result<Vec<String>, Trouble>>()?;
        self.halted = true;
        let halt = RecordedHalt::of(kind, texts).ok_or(unknown)?;
        Ok(RecordedAnswer::Halted(halt))
    }
}

impl Iterator for Calls {
    type Item = Result<RecordedCall, BundleError>;

    fn next(&mut self) -> Option<Result<RecordedCall, BundleError>> {
        if self.failed || self.rest() == 0 {
            return None;
        }
        self.begun_at = self.span.offset + self.at;
        self.count += 1;
        let call = match self.halted {
            true => Err(Trouble::Form(CallProblem::BehindHalt)),
            false => self.call(),
        };
        self.failed = call.is_err();
        Some(call.map_err(|trouble| match trouble {
            Trouble::Io(source) => BundleError::Read(source),
            Trouble::Form(problem) => BundleError::Call {
                call: self.count,
                offset: self.begun_at,
                problem,
            },
        }))
    }
}
