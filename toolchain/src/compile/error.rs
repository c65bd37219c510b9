//! Why nothing was compiled.

use std::io;

use crate::host::ProcessError;

/// No compiler for a language is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fact}; run: {command}")]
pub struct FindCompilerError {
    /// What is missing.
    pub fact: String,
    /// The one command that brings it.
    pub command: String,
}

/// Why a project was not compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// There is no compiler.
    #[error(transparent)]
    Find(#[from] FindCompilerError),
    /// A source of `tenzik.toml` is not there.
    #[error("{path} is not a file; tenzik.toml names it as source")]
    NoSource {
        /// Where it was looked for.
        path: String,
    },
    /// The compiler did not run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The compiler found errors.
    #[error("{program} failed: {message}")]
    Failed {
        /// The compiler or linker.
        program: &'static str,
        /// The first error, or the exit status.
        message: String,
    },
    /// There is no place for what the compiler makes.
    #[error("cannot make a temporary directory: {0}")]
    Scratch(io::Error),
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The module is absurdly large.
    #[error("the compiler made a module of more than {limit} bytes; a capsule has a few thousand")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// WebAssembly text that is larger than what is read.
    #[error("{path} has more than {limit} bytes of text")]
    TextTooLarge {
        /// The file.
        path: String,
        /// The limit.
        limit: u64,
    },
    /// A Rust capsule is built from its crate.
    #[error("a Rust capsule is built from its Cargo.toml")]
    Rust,
}
