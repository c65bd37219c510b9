//! The artifact store of the journal as a sink.

use std::io::{self, Read, Write};
use std::str::FromStr as _;

use serde::Serialize;
use tenzik_journal::{
    ArtifactDigest, ArtifactError, ArtifactStore, ArtifactWriter, Durability, NewArtifact,
};

use super::provenance::Provenance;
use super::record::to_json;
use super::sink::{ArtifactEntry, ArtifactSink, ArtifactWrite, Stored};

/// Most bytes of provenance that the index keeps for each artifact of a job: the outcome in the
/// journal has all of it.
const PROVENANCE_BYTES_MAX: usize = 32 << 10;

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

impl IndexedProvenance<'_> {
    fn of(entry: &ArtifactEntry<'_>) -> String {
        let mut indexed = IndexedProvenance {
            path: entry.path,
            started_ms: entry.started_ms,
            duration_us: entry.duration_us,
            provenance: Some(entry.provenance),
            shortened: false,
        };
        let text = to_json(&indexed);
        if text.len() <= PROVENANCE_BYTES_MAX {
            return text;
        }
        (indexed.provenance, indexed.shortened) = (None, true);
        to_json(&indexed)
    }
}

struct Writer(ArtifactWriter);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(told)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ArtifactWrite for Writer {
    fn commit(self: Box<Self>, durability: Durability) -> io::Result<Stored> {
        let (digest, bytes) = self.0.commit(durability).map_err(told)?;
        let digest = digest.to_hex();
        Ok(Stored { digest, bytes })
    }
}

impl ArtifactSink for ArtifactStore {
    fn create(&self) -> io::Result<Box<dyn ArtifactWrite>> {
        let writer = self.writer(u64::MAX).map_err(told)?;
        Ok(Box::new(Writer(writer)))
    }

    fn open(&self, digest: &str) -> io::Result<Box<dyn Read + Send>> {
        let digest = ArtifactDigest::from_str(digest)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let reader = self.open_artifact(&digest).map_err(told)?;
        Ok(Box::new(reader))
    }

    fn index(&self, entries: &[ArtifactEntry<'_>], durability: Durability) -> io::Result<()> {
        let provenance: Vec<String> = entries.iter().map(IndexedProvenance::of).collect();
        let artifacts = entries.iter().zip(&provenance);
        let artifacts = artifacts.map(|(entry, provenance)| {
            let content = ArtifactDigest::from_str(&entry.produced.digest)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            Ok(NewArtifact {
                run: entry.run,
                job: entry.job,
                name: &entry.produced.name,
                content,
                bytes: entry.produced.bytes,
                provenance,
            })
        });
        let artifacts = artifacts.collect::<io::Result<Vec<_>>>()?;
        ArtifactStore::index(self, &artifacts, durability).map_err(told)
    }
}

fn told(error: ArtifactError) -> io::Error {
    match error {
        ArtifactError::Missing { .. } => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}
