//! What the index of artifacts keeps of a job.

use std::str::FromStr as _;

use serde::Serialize;
use tenzik_journal::{ArtifactDigest, NewArtifact};

use crate::work::Produced;

use super::provenance::Provenance;
use super::record::to_json;
use super::run_journal::StorageError;

/// Most bytes of provenance that the index keeps for each artifact of a job: the outcome in the
/// journal has all of it.
const PROVENANCE_BYTES_MAX: usize = 32 << 10;

/// One artifact of a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArtifactEntry<'a> {
    /// The run.
    pub(super) run: &'a str,
    /// The job.
    pub(super) job: &'a str,
    /// The step's path.
    pub(super) path: &'a str,
    /// The artifact.
    pub(super) produced: &'a Produced,
    /// Where it comes from.
    pub(super) provenance: &'a Provenance,
    /// When the job began, in milliseconds since 1970.
    pub(super) started_ms: u64,
    /// Microseconds that the job took.
    pub(super) duration_us: u64,
}

/// What the index keeps beside name and content.
#[derive(Serialize)]
struct IndexedProvenance<'a> {
    path: &'a str,
    started_ms: u64,
    duration_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Provenance>,
    /// That it is in the journal only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shortened: bool,
}

impl<'a> ArtifactEntry<'a> {
    /// Where it comes from, as JSON.
    pub(super) fn provenance(&self) -> String {
        let mut indexed = IndexedProvenance {
            path: self.path,
            started_ms: self.started_ms,
            duration_us: self.duration_us,
            provenance: Some(self.provenance),
            shortened: false,
        };
        let text = to_json(&indexed);
        if text.len() <= PROVENANCE_BYTES_MAX {
            return text;
        }
        (indexed.provenance, indexed.shortened) = (None, true);
        to_json(&indexed)
    }

    /// It for the index, with what [`ArtifactEntry::provenance`] gave.
    ///
    /// # Errors
    /// When its content is named by what is no digest.
    pub(super) fn indexed(&self, provenance: &'a str) -> Result<NewArtifact<'a>, StorageError> {
        let content = ArtifactDigest::from_str(&self.produced.digest);
        Ok(NewArtifact {
            run: self.run,
            job: self.job,
            name: &self.produced.name,
            content: content.map_err(|error| error.to_string())?,
            bytes: self.produced.bytes,
            provenance,
        })
    }
}
