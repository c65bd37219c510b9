//! Why a secret has no value.

use std::io;
use std::path::PathBuf;

use crate::EffectKind;

use super::source::COMMAND_SECONDS_MAX;
use super::value::{SECRET_BYTES_MAX, SECRET_BYTES_MIN};

/// Why a secret has no value. No variant has any part of a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No grant has this name.
    #[error("there is no secret {name:?} in the policy; add [secrets.{name}]")]
    Unknown {
        /// The name, shortened to 64 characters.
        name: String,
    },
    /// The variable is not set.
    #[error("secret {name}: the environment variable {variable} is not set; set it for tenzik")]
    NoVariable {
        /// The secret.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The value is too short.
    #[error(
        "secret {name} has {bytes} bytes; {SECRET_BYTES_MIN} are needed, because replacing a shorter value would replace parts of everything; correct its source"
    )]
    TooShort {
        /// The secret.
        name: String,
        /// Its size.
        bytes: usize,
    },
    /// The value is too long.
    #[error("secret {name} has more than {SECRET_BYTES_MAX} bytes; correct its source")]
    TooLong {
        /// The secret.
        name: String,
    },
    /// The file cannot be read.
    #[error("secret {name}: cannot read {path:?}: {source}; check the path and its permissions")]
    File {
        /// The secret.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no regular file.
    #[error("secret {name}: {path:?} is no regular file; name one, or use `command`")]
    NotRegular {
        /// The secret.
        name: String,
        /// The path.
        path: PathBuf,
    },
    /// The program is not named by an absolute path.
    #[error(
        "secret {name}: `command` must begin with the absolute path of a program; correct [secrets.{name}]"
    )]
    NotAbsolute {
        /// The secret.
        name: String,
    },
    /// The program cannot be run.
    #[error("secret {name}: cannot run {program:?}: {source}; check the path and its permissions")]
    Start {
        /// The secret.
        name: String,
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program did not end.
    #[error(
        "secret {name}: {program:?} was killed after {COMMAND_SECONDS_MAX} s; it must print the value and end by itself, its standard input is empty"
    )]
    TimedOut {
        /// The secret.
        name: String,
        /// The program.
        program: PathBuf,
    },
    /// The program failed.
    #[error(
        "secret {name}: {program:?} ended with {status}; run it by hand, with an empty environment"
    )]
    Failed {
        /// The secret.
        name: String,
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
    },
}

impl SecretError {
    pub(super) fn unknown(name: &str) -> SecretError {
        SecretError::Unknown {
            name: name.chars().take(64).collect(),
        }
    }

    /// What kind of "no" it is.
    pub fn kind(&self) -> EffectKind {
        match self {
            SecretError::Unknown { .. } => EffectKind::Refused,
            _ => EffectKind::Io,
        }
    }
}
