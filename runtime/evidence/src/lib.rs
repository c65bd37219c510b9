//! Evidence of what a capsule did and who stands behind it: signed receipts, the questions an auditor
//! asks of them, and signatures of modules.
//!
//! ```text
//! Statement ──sign──► SignedReceipt ──to_json──► receipt file
//!     └─push─► ReceiptBatch ─seal─┘                   │
//!                                                     │ parse
//!                     VerifiedReceipt ◄──verify── SignedReceipt
//!                            │
//!                            ├──accept──► is it the first of its nonce?
//!                            ├──check_commitments──► do the bytes match?
//!                            └──compare_reexecution──► does another run agree?
//! ```
//!
//! Signatures of modules are in [`signature`], everything that repeats a run in [`bundle`].
//!
//! The crate links neither a WebAssembly engine nor other rooms of tenzik, so that an auditor can
//! use it alone. Clocks and sources of randomness are arguments everywhere except in
//! [`NodeKey::generate`] and [`Nonce::fresh`].

mod statement;

mod checked_text;
mod hex;
mod timestamp;

mod batch;
mod receipt;
mod receipt_error;
mod wire;

mod key_format;
mod node_key;
mod openssh_key;
mod public_key;
mod ssh_wire;

mod trust_file;
mod trust_store;

mod verify;

mod acceptance;
mod commitments;
mod reexecution;

mod transcript;

pub mod bundle;

pub mod signature;

mod file;

pub use acceptance::{
    ACCEPT_AGE_MS_MAX, ACCEPT_SKEW_MS, AcceptError, AcceptWindow, AcceptanceStore,
};
pub use batch::{
    BATCH_HEAD_PAYLOAD_TYPE, BATCH_RECEIPTS_MAX, BatchError, BatchHead, BatchProof, ReceiptBatch,
    SealedBatch,
};
pub use checked_text::{ErrorCode, GrantList, Label, LimitList, TextError};
pub use commitments::{Contents, ContentsError, Finding, check_commitments};
pub use file::{Existing, FileError};
pub use hex::{Digest, HexError, Nonce, RandomnessError, Sha256Digest, Signature, TreeHash};
pub use key_format::KeyFormat;
pub use node_key::{KEY_FILE_BYTES_MAX, KeyError, KeyFileError, NodeKey};
pub use public_key::{PublicKey, PublicKeyError, PublicKeyFileError};
pub use receipt::{
    RECEIPT_BYTES_MAX, RECEIPT_PAYLOAD_TYPE, ReceiptBody, ReceiptVersion, SignedPayload,
    SignedReceipt, pre_authentication_encoding,
};
pub use receipt_error::{FieldProblem, ReceiptError};
pub use reexecution::{Comparison, Difference, Note, compare_reexecution};
pub use statement::{Effects, Run, Statement, Status, Verdict};
pub use timestamp::{Timestamp, TimestampError};
pub use transcript::{
    TRANSCRIPT_ENTRIES_MAX, Transcript, TranscriptCommitment, TranscriptEntry, TranscriptError,
    TranscriptFull,
};
pub use trust_file::TrustFile;
pub use trust_store::{
    TRUST_DIRECTORY_FILES_MAX, TRUST_FILE_BYTES_MAX, TrustError, TrustLineError, TrustStore,
    TrustedKey,
};
pub use verify::{Trust, VerifiedReceipt, VerifyError, verify};
