//! Artifacts that a capsule wrote through the gate, on their way into the artifact store.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use tenzik_gate::ArtifactReport;
use tenzik_scenario::Produced;
use tenzik_scenario::execute::Stored;

use super::EnginePerformer;
use super::stage::Place;

/// Bytes that are copied at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Beginnings of the names that tenzik gives to what a job leaves.
const OWN_BEGINNINGS: [&str; 4] = ["output", "stderr", "log", "receipt"];

/// The names of reports, which `tenzik report --step` shows.
const OWN_NAMES: [&str; 4] = ["table", "json", "html", "sarif"];

/// The name in the job of an artifact that a capsule called `name`: it stands for nothing that
/// tenzik itself says of the job. No name of a capsule has a `/`.
fn name_in_job(name: &str) -> String {
    let is_own = OWN_NAMES.contains(&name)
        || OWN_BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning));
    match is_own {
        true => format!("capsule/{name}"),
        false => name.to_owned(),
    }
}

impl EnginePerformer {
    /// Copies an artifact of the gate into the store, without the secrets of other steps.
    pub(super) fn import(
        &self,
        artifact: &ArtifactReport,
        place: &Place<'_>,
    ) -> Result<Produced, String> {
        self.copy(&artifact.digest.to_string(), place)
            .map(|stored| stored.named(name_in_job(&artifact.name)))
            .map_err(|error| format!("the artifact {} cannot be stored: {error}", artifact.name))
    }

    /// Where the gate puts the artifacts of a stage: a directory of its own, because another stage may
    /// write the same content at the same time.
    pub(super) fn gate_directory(&self, place: &Place<'_>) -> PathBuf {
        self.options.artifact_directory.join(&place.id)
    }

    /// Refuses a link in place of the directory of all stages.
    pub(super) fn check_gate_directory(&self) -> Result<(), String> {
        let directory = &self.options.artifact_directory;
        match directory.is_symlink() {
            false => Ok(()),
            true => Err(format!(
                "{directory:?}, where artifacts are written, is a symbolic link; remove it, and tenzik makes a directory"
            )),
        }
    }

    /// Removes what the gate wrote for a stage once the store has it: there it would stay with every
    /// secret in it. What cannot be removed is told.
    pub(super) fn discard_gate_files(&self, place: &Place<'_>) -> Option<String> {
        let directory = self.gate_directory(place);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Some(format!(
                "the artifacts in {directory:?} are stored and cannot be removed there: {error}; remove them"
            )),
            _ => None,
        }
    }

    fn copy(&self, digest: &str, place: &Place<'_>) -> io::Result<Stored> {
        let folder: String = digest.chars().take(2).collect();
        let path = self.gate_directory(place).join(folder).join(digest);
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

#[cfg(test)]
mod tests {
    use super::name_in_job;

    #[test]
    fn no_artifact_of_a_capsule_has_a_name_of_tenziks_own() {
        for own in [
            "output",
            "output-2",
            "output.partial",
            "stderr",
            "stderr-2",
            "log",
            "receipt.json",
            "receipt-2.json",
            "table",
            "json",
            "html",
            "sarif",
        ] {
            assert_eq!(name_in_job(own), format!("capsule/{own}"));
        }
        for other in ["list.txt", "table.txt", "report.json"] {
            assert_eq!(name_in_job(other), other);
        }
    }
}
