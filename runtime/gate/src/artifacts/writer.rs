//! An artifact that is being written.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::ArtifactError;
use super::index::{Artifact, ArtifactName};
use super::store::Shared;

/// An artifact that is being written. Dropped without [`ArtifactWriter::commit`] it leaves nothing,
/// and its name is free again.
#[derive(Debug)]
pub struct ArtifactWriter {
    shared: Arc<Mutex<Shared>>,
    name: ArtifactName,
    path: PathBuf,
    file: File,
    hasher: blake3::Hasher,
    failed: bool,
    committed: bool,
}

impl ArtifactWriter {
    pub(super) fn new(
        shared: Arc<Mutex<Shared>>,
        name: ArtifactName,
        path: PathBuf,
        file: File,
    ) -> ArtifactWriter {
        let (hasher, failed, committed) = (blake3::Hasher::new(), false, false);
        ArtifactWriter {
            shared,
            name,
            path,
            file,
            hasher,
            failed,
            committed,
        }
    }

    /// Adds `bytes`: all of them, or none if the quota does not allow that. After any other error
    /// the artifact cannot be committed.
    ///
    /// # Errors
    /// [`ArtifactError::Quota`], or what the system says.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ArtifactError> {
        if self.failed {
            return Err(ArtifactError::Closed);
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.spend(bytes.len() as u64)?;
        self.file.write_all(bytes).map_err(|error| {
            self.failed = true;
            ArtifactError::io("write", &self.path)(error)
        })?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Makes it durable under its content and its name.
    ///
    /// # Errors
    /// When the system refuses; the name is free again then.
    pub fn commit(mut self) -> Result<Artifact, ArtifactError> {
        if self.failed {
            return Err(ArtifactError::Closed);
        }
        self.file
            .sync_all()
            .map_err(ArtifactError::io("synchronise", &self.path))?;
        let artifact = Artifact {
            name: self.name.clone(),
            digest: self.hasher.finalize(),
            bytes: self.hasher.count(),
        };
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let artifact = shared.commit(&self.path, artifact)?;
        drop(shared);
        self.committed = true;
        Ok(artifact)
    }
}

impl Drop for ArtifactWriter {
    fn drop(&mut self) {
        if !self.committed {
            // If this fails, the end of the run or the next run does it.
            let _ = std::fs::remove_file(&self.path);
            self.shared
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .forget(&self.name);
        }
    }
}
