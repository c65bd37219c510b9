//! Why an artifact could not be written or read.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::JournalError;

use super::digest::ArtifactDigest;

/// Why an artifact could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The system refused.
    #[error("cannot {doing} {path:?}: {source}; check permissions and free space")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// More bytes than are allowed.
    #[error(
        "an artifact may have {max} bytes, this one has at least {bytes}; allow more or produce less"
    )]
    TooLarge {
        /// Bytes so far.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// There is none of this content.
    #[error("there is no artifact {digest} in {path:?}; run the step again that produced it")]
    Missing {
        /// Which one.
        digest: ArtifactDigest,
        /// The store.
        path: PathBuf,
    },
    /// What is there is something else.
    #[error(
        "the artifact {path:?} is not what was stored: its content has the digest {found} and {bytes} bytes; remove it and run the step again that produced it"
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: ArtifactDigest,
        /// Its size.
        bytes: u64,
    },
    /// The index.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl ArtifactError {
    /// For `map_err`: what was attempted, and with which file.
    pub(super) fn io<E: Into<io::Error>>(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> ArtifactError {
        move |source| ArtifactError::Io {
            doing,
            path: path.to_owned(),
            source: source.into(),
        }
    }
}
