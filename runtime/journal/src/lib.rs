//! The journal of scenario runs: one append-only, hash-chained SQLite file, and the artifacts beside
//! it.
//!
//! ```text
//! Journal::open ─► begin ─► append … ─► rows, verify, runs      (FILE, FILE-wal, FILE-shm)
//!                └► lock_run                                    (FILE.runs/RUN.lock)
//!                └► ArtifactStore::open ─► put, open, index     (FILE.store/ab/abcdef…)
//! ```
//!
//! Rows are chained: each has the BLAKE3 digest of the one before and of its own fields, and every
//! reader checks them as it reads. Requests, samples, the memo and the index of artifacts are in the
//! same file and are not part of the chain.

mod error;
mod row;

mod chain;
mod connection;
mod file;
mod journal;
mod schema;

mod append;
mod rows;
mod runs;
mod verify;

mod lock;

mod memo;
mod requests;
mod samples;
mod sessions;

mod artifacts;

pub use append::Turn;
pub use artifacts::{
    Artifact, ArtifactDigest, ArtifactError, ArtifactReader, ArtifactStore, ArtifactWriter, Find,
    NewArtifact,
};
pub use chain::{Hash, Head};
pub use error::{JournalError, SqliteError};
pub use journal::{Access, Journal, JournalOptions};
pub use lock::RunLock;
pub use requests::Request;
pub use row::{BODY_BYTES_MAX, Durability, ID_BYTES_MAX, NewRow, Row, RowKind};
pub use rows::Rows;
pub use runs::{RunEnded, RunRow, RunState, Runs, UNIQUE_PREFIX_MIN};
pub use sessions::{Session, SessionJob};
pub use verify::{Broken, Verified, Why};
