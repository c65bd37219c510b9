//! Artifacts: files named for their content, and the index of who produced them.
//!
//! ```text
//! FILE.store/ab/abcdef…64     content, mode 0600, named for its BLAKE3 digest
//! FILE.store/tmp/PID-N        being written; removed when nobody else uses the store
//! FILE.store/lock             shared by all who use the store
//! FILE, table artifacts       run, job, name, content, provenance
//! ```

mod digest;
mod error;
mod index;
mod reader;
mod store;
mod writer;

pub use digest::ArtifactDigest;
pub use error::ArtifactError;
pub use index::{Artifact, Find, NewArtifact};
pub(crate) use index::{acceptable, insert};
pub use reader::ArtifactReader;
pub use store::ArtifactStore;
pub use writer::ArtifactWriter;
