//! Why bytes are not a module that can be signed, or not a signature.

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed at byte {offset}: {problem}")]
pub struct FormatError {
    /// Byte offset from the start of the module, the signature file or the decoded SSH signature.
    pub offset: usize,
    /// What is wrong there.
    pub problem: FormatProblem,
}

/// What is wrong with a module or a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatProblem {
    /// Something else than a core module of version 1.
    #[error("not the header of a core module of version 1, which is 00 61 73 6d 01 00 00 00")]
    Header,
    /// The bytes end too early.
    #[error("{needed} more bytes are announced than there are")]
    Ends {
        /// How many are missing.
        needed: usize,
    },
    /// A number of more than 32 bits.
    #[error("a number has more than 32 bits")]
    NumberLong,
    /// A number with bytes that it does not need. Other tools write it shorter and so sign, or
    /// verify, other bytes.
    #[error(
        "a number is padded with bytes that it does not need, which another tool may write shorter; \
         write the module anew, for example with wasm-tools strip or wasm-opt"
    )]
    NumberPadded,
    /// A section that WebAssembly does not have.
    #[error("section id {id} is none of WebAssembly, which has 0 to 13")]
    SectionId {
        /// The id.
        id: u8,
    },
    /// A custom section whose name is not UTF-8.
    #[error("the name of a custom section is not UTF-8")]
    NameUtf8,
    /// A signature section that is not the first section.
    #[error(
        "the signature section is section {index} and not the first, so a tool has moved it; sign \
         as the last step, with --anew"
    )]
    Misplaced {
        /// Which section it is, from 0.
        index: usize,
    },
    /// A second signature section.
    #[error("a second signature section")]
    Duplicate,
    /// Too many of something.
    #[error("{count} {what}, more than {count_max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The bound.
        count_max: usize,
    },
    /// None of what there must be.
    #[error("no {what}")]
    None {
        /// Of what.
        what: &'static str,
    },
    /// Another value than the format knows.
    #[error("{what} is {found:#04x}; only {expected:#04x} is known")]
    Unknown {
        /// What.
        what: &'static str,
        /// The byte found.
        found: u8,
        /// The byte that is known.
        expected: u8,
    },
    /// Another length than there must be.
    #[error("{what} has {found} bytes instead of {expected}")]
    Length {
        /// Of what.
        what: &'static str,
        /// The length found.
        found: usize,
        /// The length that there must be.
        expected: usize,
    },
    /// Bytes behind the end.
    #[error("{bytes} bytes follow the end of {what}")]
    Trailing {
        /// Of what.
        what: &'static str,
        /// How many.
        bytes: usize,
    },
    /// Neither format.
    #[error("neither a WebAssembly signature, which begins with 01 01 01, nor an SSH signature")]
    NoSignature,
    /// The text around an SSH signature.
    #[error(
        "not one SSH signature between BEGIN and END lines in base64, as ssh-keygen -Y sign writes it"
    )]
    Armor,
    /// Another text in an SSH signature than there must be.
    #[error("{what} is not {expected}")]
    Text {
        /// Which field.
        what: &'static str,
        /// What there must be.
        expected: &'static str,
    },
    /// The public key in an SSH signature protects nothing or is none.
    #[error("the public key {0}")]
    PublicKey(crate::PublicKeyError),
}
