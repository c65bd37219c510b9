//! Why no artifact was written.

use std::io;
use std::path::{Path, PathBuf};

use crate::EffectKind;
use crate::run_id::RunId;

use super::index::{ArtifactName, ArtifactNameError};

/// Why no artifact was written.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The name is none.
    #[error(transparent)]
    Name(#[from] ArtifactNameError),
    /// The run has an artifact of this name, or is writing one.
    #[error("this run has an artifact {name} already; choose another name")]
    AlreadyExists {
        /// The name.
        name: ArtifactName,
    },
    /// The run has an index already.
    #[error("there are artifacts of a run {run} already; use a new run id")]
    RunExists {
        /// The run.
        run: RunId,
    },
    /// A quota.
    #[error(
        "[artifacts] grants {max} {what} for each run; {spent} are used and {asked} more were asked for; raise `{key}`"
    )]
    Quota {
        /// What is counted.
        what: &'static str,
        /// The key in the policy.
        key: &'static str,
        /// What was asked for.
        asked: u64,
        /// What was used before.
        spent: u64,
        /// The quota.
        max: u64,
    },
    /// An earlier write failed.
    #[error(
        "this artifact cannot be written any more: an earlier write failed; begin it again under another name"
    )]
    Closed,
    /// A directory of artifacts is a link, or others might write to it.
    #[error("the directory of artifacts {path:?} {why}; {remedy}")]
    Unsafe {
        /// Which one.
        path: PathBuf,
        /// Why it is not used.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
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
}

impl ArtifactError {
    /// What kind of "no" it is.
    pub fn kind(&self) -> EffectKind {
        match self {
            ArtifactError::Name(_) => EffectKind::Refused,
            ArtifactError::AlreadyExists { .. } => EffectKind::AlreadyExists,
            ArtifactError::Quota { .. } => EffectKind::Exceeded,
            ArtifactError::RunExists { .. }
            | ArtifactError::Closed
            | ArtifactError::Unsafe { .. }
            | ArtifactError::Io { .. } => EffectKind::Io,
        }
    }

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
