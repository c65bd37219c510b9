//! Where artifacts go: the seam to the artifact store.

use std::io::{self, Read, Write};

use tenzik_journal::Durability;

use crate::work::Produced;

/// Keeps artifacts by their content. Called on several threads at once.
pub trait ArtifactSink: Sync {
    /// Begins an artifact.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn create(&self) -> io::Result<Box<dyn ArtifactWrite>>;

    /// The content of a digest, in hexadecimal. A reader that comes to the end of another content
    /// fails.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when it is not there.
    fn open(&self, digest: &str) -> io::Result<Box<dyn Read + Send>>;

    /// Keeps `bytes`.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn put(&self, bytes: &[u8], durability: Durability) -> io::Result<Stored> {
        let mut writer = self.create()?;
        writer.write_all(bytes)?;
        writer.commit(durability)
    }

    /// Whether the content of `digest` is there, unchanged.
    fn holds(&self, digest: &str) -> bool {
        self.open(digest)
            .and_then(|mut reader| io::copy(&mut reader, &mut io::sink()))
            .is_ok()
    }
}

/// An artifact that is being written. Dropped, it was never there.
pub trait ArtifactWrite: Write + Send {
    /// Ends it. With [`Durability::Effect`] it survives a loss of power once this returns.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn commit(self: Box<Self>, durability: Durability) -> io::Result<Stored>;
}

/// A content in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// BLAKE3 digest in hexadecimal.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
}

impl Stored {
    /// It under a name.
    pub fn named(self, name: impl Into<String>) -> Produced {
        Produced {
            name: name.into(),
            digest: self.digest,
            bytes: self.bytes,
        }
    }
}
