//! Why bytes are not a receipt.

use crate::{HexError, PublicKeyError, Status, TextError, TimestampError};

/// Why bytes are not a receipt in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Too many bytes; nothing was parsed.
    #[error("receipt is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// Not a JSON object.
    #[error("receipt is not a JSON object, see line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the end of a line.
        column: usize,
    },
    /// A version that this tenzik does not know.
    #[error(
        "receipt has version {version:?}, this tenzik reads versions \"1\" and \"2\"; use a newer tenzik"
    )]
    UnknownVersion {
        /// The first characters of the version found.
        version: String,
    },
    /// A field that receipts do not have.
    #[error("receipt has an unknown field {name:?}")]
    UnknownField {
        /// The first characters of its name.
        name: String,
    },
    /// A field that occurs twice.
    #[error("receipt has field {field} more than once")]
    DuplicateField {
        /// Its name.
        field: &'static str,
    },
    /// A field that every receipt has, or every receipt with this status.
    #[error("receipt{} has no field {field}", with_status(*.status))]
    MissingField {
        /// Its name.
        field: &'static str,
        /// The status that requires it; `None` when every receipt has it.
        status: Option<Status>,
    },
    /// A field that receipts with this status do not have.
    #[error("receipt with status {status} has field {field}, which only others have")]
    UnexpectedField {
        /// Its name.
        field: &'static str,
        /// The status.
        status: Status,
    },
    /// A field with a wrong value.
    #[error("field {field} {problem}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong.
        problem: FieldProblem,
    },
    /// All fields are fine but not written as they were signed: spaces, order or escapes differ.
    #[error(
        "receipt is not in canonical form from byte {offset} on; use the file as tenzik wrote it"
    )]
    NotCanonical {
        /// The first byte that differs from the canonical form.
        offset: usize,
    },
}

/// What is wrong with the value of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Not a string.
    #[error("is not a string")]
    NotText,
    /// Not a boolean.
    #[error("is not true or false")]
    NotBool,
    /// A boolean that may only be written when it is true.
    #[error("is false, which is written by leaving it out")]
    False,
    /// Not an unsigned number in its one form.
    #[error("is not a decimal number below 2^64 without leading zeros")]
    Number,
    /// Not a signed 32-bit number in its one form.
    #[error("is not a decimal 32-bit number without leading zeros")]
    SignedNumber,
    /// Not a status.
    #[error("is not ok, failure, fault, reject or refused")]
    Status,
    /// A number of receipts that no batch has.
    #[error(
        "is not a number of receipts between 1 and {}",
        crate::BATCH_RECEIPTS_MAX
    )]
    BatchSize,
    /// A place that is not in the batch.
    #[error("is not a place in a batch of {size} receipts, counted from 0")]
    BatchIndex {
        /// How many receipts the batch has.
        size: u32,
    },
    /// Wrong hexadecimal form.
    #[error("{0}")]
    Hex(#[from] HexError),
    /// Wrong text.
    #[error("{0}")]
    Text(#[from] TextError),
    /// Wrong time.
    #[error("{0}")]
    Timestamp(#[from] TimestampError),
    /// Not a public key.
    #[error("{0}")]
    PublicKey(#[from] PublicKeyError),
}

fn with_status(status: Option<Status>) -> String {
    status
        .map(|status| format!(" with status {status}"))
        .unwrap_or_default()
}
