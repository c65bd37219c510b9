//! The artifact store of the journal as a sink.

use std::io::{self, Read, Write};
use std::str::FromStr as _;

use tenzik_journal::{ArtifactDigest, ArtifactError, ArtifactStore, ArtifactWriter, Durability};

use super::sink::{ArtifactSink, ArtifactWrite, Stored};

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
}

fn told(error: ArtifactError) -> io::Error {
    match error {
        ArtifactError::Missing { .. } => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}
