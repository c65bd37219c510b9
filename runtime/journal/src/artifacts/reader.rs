//! Reading an artifact, and checking it.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use super::digest::ArtifactDigest;
use super::error::ArtifactError;

/// Reads an artifact. Its end is an error if what was read is not what was stored.
#[derive(Debug)]
pub struct ArtifactReader {
    file: File,
    path: PathBuf,
    digest: ArtifactDigest,
    hasher: blake3::Hasher,
}

impl ArtifactReader {
    pub(super) fn new(file: File, path: PathBuf, digest: ArtifactDigest) -> ArtifactReader {
        ArtifactReader {
            file,
            path,
            digest,
            hasher: blake3::Hasher::new(),
        }
    }

    /// Reads to the end and checks what was read.
    ///
    /// # Errors
    /// When it is not what was stored or cannot be read.
    pub fn verify(&mut self) -> Result<u64, ArtifactError> {
        let mut buffer = vec![0; 64 << 10];
        while self.piece(&mut buffer)? > 0 {}
        Ok(self.hasher.count())
    }

    /// Reads all of it, at most `bytes_max` bytes.
    pub(super) fn read_all(mut self, bytes_max: u64) -> Result<Vec<u8>, ArtifactError> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = self.piece(&mut buffer)?;
            if count == 0 {
                return Ok(bytes);
            }
            let sum = self.hasher.count();
            if sum > bytes_max {
                let (bytes, max) = (sum, bytes_max);
                return Err(ArtifactError::TooLarge { bytes, max });
            }
            bytes.extend_from_slice(&buffer[..count]);
        }
    }

    fn piece(&mut self, buffer: &mut [u8]) -> Result<usize, ArtifactError> {
        let count = loop {
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(ArtifactError::io("read", &self.path))?,
            }
        };
        self.hasher.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() {
            let found = ArtifactDigest::new(self.hasher.finalize());
            if found != self.digest {
                return Err(ArtifactError::Changed {
                    path: self.path.clone(),
                    found,
                    bytes: self.hasher.count(),
                });
            }
        }
        Ok(count)
    }
}

impl Read for ArtifactReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.piece(buffer).map_err(|error| match error {
            ArtifactError::Io { source, .. } => source,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })
    }
}
