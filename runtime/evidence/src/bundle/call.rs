//! One call of a transcript, as a bundle has it.

use crate::{Digest, TextError, TranscriptEntry};

use super::Span;

/// A host call with an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// Its place in the transcript, from 1.
    pub number: u64,
    /// Name of the host function.
    pub function: String,
    /// What the capsule asked for.
    pub request: Span,
    /// What came of it.
    pub answer: RecordedAnswer,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedAnswer {
    /// The run went on.
    Answered {
        /// The status, handle or count.
        number: i32,
        /// Bytes that the capsule was given.
        bytes: Span,
    },
    /// The run ended.
    Halted(RecordedHalt),
}

/// How a call ended a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedHalt {
    /// The policy does not allow it.
    Refused {
        /// Its stable code.
        code: String,
        /// The rules that were looked at.
        rules: String,
        /// What was refused and why.
        message: String,
        /// What to change.
        remedy: String,
    },
    /// It names something that is not there.
    BadHandle(String),
    /// It is not a request that any host could perform.
    BadArgument(String),
    /// The run was cancelled while it waited.
    Cancelled,
}

impl RecordedHalt {
    /// The byte that stands for its kind.
    pub(super) const fn kind(&self) -> u8 {
        match self {
            RecordedHalt::Refused { .. } => 1,
            RecordedHalt::BadHandle(_) => 2,
            RecordedHalt::BadArgument(_) => 3,
            RecordedHalt::Cancelled => 4,
        }
    }

    /// How many texts a kind has; `None` for one that is not known.
    pub(super) const fn text_count(kind: u8) -> Option<usize> {
        match kind {
            1 => Some(4),
            2 | 3 => Some(1),
            4 => Some(0),
            _ => None,
        }
    }

    /// Its texts in order.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            RecordedHalt::Refused {
                code,
                rules,
                message,
                remedy,
            } => vec![code, rules, message, remedy],
            RecordedHalt::BadHandle(message) | RecordedHalt::BadArgument(message) => vec![message],
            RecordedHalt::Cancelled => Vec::new(),
        }
    }

    /// The halt of a kind with its texts; `None` if their number is wrong.
    pub(super) fn of(kind: u8, texts: Vec<String>) -> Option<RecordedHalt> {
        let mut texts = texts.into_iter();
        Some(match kind {
            1 => RecordedHalt::Refused {
                code: texts.next()?,
                rules: texts.next()?,
                message: texts.next()?,
                remedy: texts.next()?,
            },
            2 => RecordedHalt::BadHandle(texts.next()?),
            3 => RecordedHalt::BadArgument(texts.next()?),
            4 => RecordedHalt::Cancelled,
            _ => return None,
        })
    }
}

impl TranscriptEntry {
    /// The entry of a call: the digest of a request is that of its bytes, the digest of a result
    /// that of `number` as i32, little-endian, and the bytes that the capsule was given.
    ///
    /// ```text
    /// request := number_count u8, numbers i32 little-endian each,
    ///            input_count u8, for each input: len u32 little-endian, bytes,
    ///            buffer_len u32 little-endian
    /// ```
    ///
    /// # Errors
    /// When the name of the function is not in snake case or longer than 64 bytes.
    pub fn of_call(
        function: &str,
        request: &[u8],
        number: i32,
        bytes: &[u8],
    ) -> Result<TranscriptEntry, TextError> {
        let mut result = blake3::Hasher::new();
        result.update(&number.to_le_bytes());
        result.update(bytes);
        TranscriptEntry::new(function, Digest::of(request), result.finalize().into())
    }
}
