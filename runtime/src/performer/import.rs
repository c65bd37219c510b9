//! Artifacts that a capsule wrote through the gate, on their way into the artifact store.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use tenzik_gate::ArtifactReport;
use tenzik_scenario::Produced;
use tenzik_scenario::execute::Stored;

use super::EnginePerformer;
use super::stage::Place;

/// Bytes that are copied at a time.
const PIECE_BYTES: usize = 64 << 10;

impl EnginePerformer {
    /// Copies an artifact of the gate into the store, without the secrets of other steps.
    pub(super) fn import(
        &self,
        artifact: &ArtifactReport,
        place: &Place<'_>,
    ) -> Result<Produced, String> {
        self.copy(&artifact.digest.to_string(), place)
            .map(|stored| stored.named(artifact.name.clone()))
            .map_err(|error| format!("the artifact {} cannot be stored: {error}", artifact.name))
    }

    fn copy(&self, digest: &str, place: &Place<'_>) -> io::Result<Stored> {
        let folder: String = digest.chars().take(2).collect();
        let path = self.options.artifact_directory.join(folder).join(digest);
        let mut file = File::open(path)?;
        let mut writer = place.sink.create()?;
        let mut mask = self.masked.mask();
        let (mut piece, mut out) = (vec![0; PIECE_BYTES], Vec::new());
        loop {
            let count = file.read(&mut piece)?;
            mask.push(piece.get(..count).unwrap_or_default(), &mut out);
            if count == 0 {
                mask.finish(&mut out);
            }
            writer.write_all(&out)?;
            out.clear();
            if count == 0 {
                return writer.commit(place.durability());
            }
        }
    }
}
