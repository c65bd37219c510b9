//! Artifacts: files that a run leaves by content, with a name for each.
//!
//! ```text
//! <artifacts>/af/af1349…        the content; its name is its BLAKE3, 64 hexadecimal digits
//! <artifacts>/names/<run id>    a line for each artifact of the run, in the order of commits:
//!                               {"name":"report.json","blake3":"af13…","bytes":0}
//! <artifacts>/tmp/<run id>/     what is being written; removed when the run ends, or by the next
//! ```
//!
//! A content is there once, whoever writes it. A name belongs to one artifact of a run for ever.

mod directory;
mod error;
mod index;
mod store;
mod writer;

pub use error::ArtifactError;
pub use index::{ARTIFACT_NAME_BYTES_MAX, Artifact, ArtifactName, ArtifactNameError};
pub use store::Artifacts;
pub use writer::ArtifactWriter;
