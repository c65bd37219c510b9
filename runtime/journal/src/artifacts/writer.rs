//! An artifact that is being written.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use crate::row::Durability;

use super::digest::ArtifactDigest;
use super::error::ArtifactError;
use super::store::ArtifactStore;

/// An artifact that is being written. Dropped without [`ArtifactWriter::commit`] it leaves nothing.
#[derive(Debug)]
pub struct ArtifactWriter {
    store: ArtifactStore,
    path: PathBuf,
    file: File,
    hasher: blake3::Hasher,
    bytes_max: u64,
    failed: bool,
    committed: bool,
}

impl ArtifactWriter {
    pub(super) fn new(
        store: ArtifactStore,
        path: PathBuf,
        file: File,
        bytes_max: u64,
    ) -> ArtifactWriter {
        ArtifactWriter {
            store,
            path,
            file,
            hasher: blake3::Hasher::new(),
            bytes_max,
            failed: false,
            committed: false,
        }
    }

    /// Adds `bytes`. After an error the artifact cannot be committed.
    ///
    /// # Errors
    /// [`ArtifactError::TooLarge`], or what the system says.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ArtifactError> {
        let written = self.attempt(bytes);
        self.failed |= written.is_err();
        written
    }

    fn attempt(&mut self, bytes: &[u8]) -> Result<(), ArtifactError> {
        self.usable()?;
        let sum = self.hasher.count().saturating_add(bytes.len() as u64);
        if sum > self.bytes_max {
            let (bytes, max) = (sum, self.bytes_max);
            return Err(ArtifactError::TooLarge { bytes, max });
        }
        self.file
            .write_all(bytes)
            .map_err(ArtifactError::io("write", &self.path))?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Stores it under its content. Gives its digest and size.
    ///
    /// # Errors
    /// When the system refuses, or a write failed.
    pub fn commit(
        mut self,
        durability: Durability,
    ) -> Result<(ArtifactDigest, u64), ArtifactError> {
        self.usable()?;
        if durability == Durability::Effect {
            self.file
                .sync_all()
                .map_err(ArtifactError::io("synchronise", &self.path))?;
        }
        let digest = ArtifactDigest::new(self.hasher.finalize());
        self.store.keep(&self.path, &digest, durability)?;
        self.committed = true;
        Ok((digest, self.hasher.count()))
    }

    fn usable(&self) -> Result<(), ArtifactError> {
        if self.failed {
            let before = std::io::Error::other("an earlier write failed");
            return Err(ArtifactError::io("write", &self.path)(before));
        }
        Ok(())
    }
}

impl Drop for ArtifactWriter {
    fn drop(&mut self) {
        if !self.committed {
            // If this fails, the next one who opens the store alone does it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
