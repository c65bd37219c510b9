//! Why a file is not a bundle.

use std::io;

use crate::TextError;

use super::Part;

/// Why a bundle cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The system refused to read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The system refused to write.
    #[error("cannot be written: {0}")]
    Write(io::Error),
    /// A directory, a device or a pipe.
    #[error("is not a regular file")]
    NotRegular,
    /// Something else.
    #[error("is not a tenzik bundle")]
    Magic,
    /// A bundle of another version.
    #[error("is a tenzik bundle of another version than 1")]
    Version,
    /// Another part, or none, where one has to begin.
    #[error("part {part}: byte {offset} has to be its tag {expected}, and is {got}")]
    Tag {
        /// The part that has to begin there.
        part: Part,
        /// Offset in the file.
        offset: u64,
        /// Its tag.
        expected: u8,
        /// What stands there.
        got: u8,
    },
    /// The file ends within a part, or a part was never ended.
    #[error("part {part}: byte {offset} is the end of the file, and {missing} bytes are missing")]
    Truncated {
        /// The part.
        part: Part,
        /// Length of the file.
        offset: u64,
        /// How many bytes more there have to be, at least.
        missing: u64,
    },
    /// A part is larger than it may be.
    #[error("part {part}: it has {bytes} bytes; at most {bytes_max} are accepted")]
    TooLarge {
        /// The part.
        part: Part,
        /// Its length.
        bytes: u64,
        /// The bound.
        bytes_max: u64,
    },
    /// The bytes of a part are not those that its digest is of.
    #[error("part {part}: bytes {offset} to {end} are not those that its digest is of")]
    Digest {
        /// The part.
        part: Part,
        /// Offset of its first byte.
        offset: u64,
        /// Offset of the byte behind its last one.
        end: u64,
    },
    /// Bytes behind the last part.
    #[error("has {bytes} bytes behind its end, from byte {offset} on")]
    Trailing {
        /// Offset of the first of them.
        offset: u64,
        /// How many.
        bytes: u64,
    },
    /// A call of the transcript is malformed.
    #[error("part transcript: call {call}, at byte {offset}, {problem}")]
    Call {
        /// The call, from 1.
        call: u64,
        /// Offset in the file of its first byte.
        offset: u64,
        /// What is wrong.
        problem: CallProblem,
    },
}

/// What is wrong with a call of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallProblem {
    /// It is neither answered nor a halt.
    #[error("begins with {0}, which is neither 1 nor 2")]
    Tag(u8),
    /// The transcript ends within it.
    #[error("is not complete")]
    Truncated,
    /// The name of a host function is not acceptable.
    #[error("has a name that {0}")]
    Name(TextError),
    /// The request is not made up of numbers, inputs and the length of a buffer.
    #[error("has a request that is not of the form of requests")]
    Request,
    /// A halt of an unknown kind.
    #[error("ended the run in the way {0}, which is not known")]
    Halt(u8),
    /// A text of a halt is too long.
    #[error("has a text of {0} bytes; at most 65536 are accepted")]
    TextTooLong(u32),
    /// A text of a halt is not UTF-8.
    #[error("has a text that is not UTF-8")]
    Text,
    /// There is something behind a halt.
    #[error("stands behind the call that ended the run")]
    BehindHalt,
}
