//! Bundles: one file with everything that a stranger needs to repeat a run.
//!
//! Version 1. Numbers are little-endian. All parts are there, in this order; one may be empty.
//!
//! ```text
//! bundle     := magic capsule policy transcript input receipt
//! magic      := "tenzik bundle 1\n"             16 bytes
//! part       := tag u8, length u64, bytes, digest
//!               tag: 1 capsule, 2 policy, 3 transcript, 4 input, 5 receipt
//!               digest: 32 bytes, BLAKE3 of the bytes
//! transcript := answered* halted?
//! answered   := 01, call, number i32, bytes_len u32, bytes
//! halted     := 02, call, kind u8, text*        the call that ended the run, if one did
//! call       := name_len u8, name, request_len u32, request
//! text       := len u32 (at most 65,536), UTF-8
//! ```
//!
//! | part | bytes |
//! |---|---|
//! | capsule | the assembled module; empty where none was read |
//! | policy | the text whose digest is `policy_commit` of the receipt |
//! | transcript | every host call with an effect, in order |
//! | input | the whole input, or what the run consumed of it: the bytes of `input_commit` |
//! | receipt | the signed receipt of the run, with seed and time |
//!
//! The kinds of a halt and their texts: 1 refused (code, rules, message, remedy), 2 a handle that is
//! none (message), 3 a request that is none (message), 4 cancelled (no text).
//!
//! Every byte is under a digest or can have one value only. That says nothing about who wrote them:
//! the receipt does, and commits to everything but the halt.

mod call;
mod calls;
mod error;
mod reader;
mod shown;
mod span;
mod writer;

use crate::Digest;

pub use call::{RecordedAnswer, RecordedCall, RecordedHalt};
pub use calls::Calls;
pub use error::{BundleError, CallProblem};
pub use reader::{Bundle, is_bundle};
pub use shown::{CallText, Request, answer_text, arguments_text, bytes_text, request_text};
pub use span::{Span, SpanReader};
pub use writer::BundleWriter;

/// What a bundle begins with.
pub const BUNDLE_MAGIC: &[u8; 16] = b"tenzik bundle 1\n";

/// What bundles of every version begin with.
const MAGIC_OF_ANY: &[u8] = b"tenzik bundle ";

/// Largest capsule in a bundle, in bytes.
pub const BUNDLE_CAPSULE_BYTES_MAX: u64 = 64 << 20;

/// Longest policy in a bundle, in bytes.
pub const BUNDLE_POLICY_BYTES_MAX: u64 = 16 << 20;

/// Longest text of a halt, in bytes.
pub const HALT_TEXT_BYTES_MAX: usize = 64 << 10;

/// Bytes between the tag of a part and its content: the length.
const LENGTH_BYTES: u64 = 8;

/// Tags of entries of a transcript.
const ANSWERED: u8 = 1;
const HALTED: u8 = 2;

/// A part of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The assembled module.
    Capsule,
    /// The text of the policy.
    Policy,
    /// Every host call with an effect.
    Transcript,
    /// The input.
    Input,
    /// The receipt.
    Receipt,
}

impl Part {
    /// Every part, in the order of the file.
    pub const ALL: [Part; 5] = [
        Part::Capsule,
        Part::Policy,
        Part::Transcript,
        Part::Input,
        Part::Receipt,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Capsule => "capsule",
            Part::Policy => "policy",
            Part::Transcript => "transcript",
            Part::Input => "input",
            Part::Receipt => "receipt",
        }
    }

    /// The byte that it begins with.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Part::Capsule => 1,
            Part::Policy => 2,
            Part::Transcript => 3,
            Part::Input => 4,
            Part::Receipt => 5,
        }
    }

    /// The most bytes that it may have.
    pub const fn bytes_max(self) -> u64 {
        match self {
            Part::Capsule => BUNDLE_CAPSULE_BYTES_MAX,
            Part::Policy => BUNDLE_POLICY_BYTES_MAX,
            Part::Transcript | Part::Input => u64::MAX,
            Part::Receipt => crate::RECEIPT_BYTES_MAX as u64,
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a part stands and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartInfo {
    /// Which part.
    pub part: Part,
    /// Its bytes in the file.
    pub span: Span,
    /// Their digest.
    pub digest: Digest,
}
