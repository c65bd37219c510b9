//! Who produced which artifact.

use rusqlite::{Connection, Params, Row};

use crate::append::Turn;
use crate::error::{JournalError, SqliteError};
use crate::journal::Journal;
use crate::row::{Durability, id_problem};

use super::digest::ArtifactDigest;
use super::error::ArtifactError;
use super::store::ArtifactStore;

/// Most bytes of the name of an artifact: those of a capsule have 128, and `capsule/` before them.
const NAME_BYTES_MAX: usize = 136;

/// Most bytes of what is told about an artifact.
const PROVENANCE_BYTES_MAX: usize = 1 << 20;

/// Most artifacts that are found at a time.
const FOUND_MAX: u64 = 10_000;

/// An artifact of a job, for the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewArtifact<'a> {
    /// The run.
    pub run: &'a str,
    /// The job.
    pub job: &'a str,
    /// `output`, `receipt.json` or another name, unique in the job; 1 to 136 bytes.
    pub name: &'a str,
    /// Its content.
    pub content: ArtifactDigest,
    /// The size of its content.
    pub bytes: u64,
    /// How it came to be (JSON): step, argv, names and value digests of the environment, capsule,
    /// policy, receipt, start, duration.
    pub provenance: &'a str,
}

/// An artifact of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The run.
    pub run: String,
    /// The job.
    pub job: String,
    /// Its name in the job.
    pub name: String,
    /// Its content.
    pub content: ArtifactDigest,
    /// The size of its content.
    pub bytes: u64,
    /// How it came to be (JSON).
    pub provenance: String,
}

/// Which artifacts are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find<'a> {
    /// Those of a run.
    Run(&'a str),
    /// Those of a job of a run.
    Job {
        /// The run.
        run: &'a str,
        /// The job.
        job: &'a str,
    },
    /// Those of a content.
    Content(&'a ArtifactDigest),
}

impl ArtifactStore {
    /// Adds `artifacts` to the index, in one transaction. What has the same run, job and name is
    /// replaced.
    ///
    /// # Errors
    /// When one is not acceptable (nothing is written then), or the journal cannot be written.
    pub fn index(
        &self,
        artifacts: &[NewArtifact<'_>],
        durability: Durability,
    ) -> Result<(), ArtifactError> {
        let turn = Turn {
            artifacts,
            ..Turn::default()
        };
        self.journal.record(&turn, durability)?;
        Ok(())
    }

    /// As [`Journal::artifacts`].
    ///
    /// # Errors
    /// When an entry is not as it was written, or the journal cannot be read.
    pub fn artifacts(&self, find: Find<'_>) -> Result<Vec<Artifact>, JournalError> {
        self.journal.artifacts(find)
    }
}

impl Journal {
    /// The artifacts that `find` names in the order in which they came, at most 10,000.
    ///
    /// # Errors
    /// When an entry is not as it was written, or the journal cannot be read.
    pub fn artifacts(&self, find: Find<'_>) -> Result<Vec<Artifact>, JournalError> {
        match find {
            Find::Run(run) => self.select("run = ?1", (run, FOUND_MAX), "?2"),
            Find::Job { run, job } => {
                self.select("run = ?1 AND job = ?2", (run, job, FOUND_MAX), "?3")
            }
            Find::Content(content) => {
                self.select("content = ?1", (content.to_hex(), FOUND_MAX), "?2")
            }
        }
    }

    fn select(
        &self,
        condition: &str,
        parameters: impl Params,
        limit: &str,
    ) -> Result<Vec<Artifact>, JournalError> {
        let sql = format!(
            "SELECT run, job, name, content, bytes, provenance, digest FROM artifacts \
             WHERE {condition} ORDER BY id LIMIT {limit}"
        );
        let reader = self.reader()?;
        let read = || -> rusqlite::Result<Vec<Option<Artifact>>> {
            let mut statement = reader.prepare_cached(&sql)?;
            statement.query_map(parameters, entry)?.collect()
        };
        let found = read().map_err(self.read_failed())?;
        let entries: Option<Vec<Artifact>> = found.into_iter().collect();
        entries.ok_or_else(|| JournalError::Damaged {
            path: self.path.clone(),
            source: SqliteError {
                code: 0,
                message: "an entry of the table of artifacts is not as it was written".to_owned(),
            },
        })
    }
}

/// `None` if it is not as it was written.
fn entry(row: &Row<'_>) -> rusqlite::Result<Option<Artifact>> {
    let content: String = row.get(3)?;
    let Ok(content) = content.parse() else {
        return Ok(None);
    };
    let artifact = Artifact {
        run: row.get(0)?,
        job: row.get(1)?,
        name: row.get(2)?,
        content,
        bytes: row.get(4)?,
        provenance: row.get(5)?,
    };
    let stored: Vec<u8> = row.get(6)?;
    let same = digest(&NewArtifact {
        run: &artifact.run,
        job: &artifact.job,
        name: &artifact.name,
        content,
        bytes: artifact.bytes,
        provenance: &artifact.provenance,
    })[..]
        == stored[..];
    Ok(same.then_some(artifact))
}

/// Adds artifacts to the index, in the transaction of the caller. Gives about how many bytes that
/// takes.
pub(crate) fn insert(
    connection: &Connection,
    artifacts: &[NewArtifact<'_>],
) -> rusqlite::Result<u64> {
    let mut bytes = 0;
    for artifact in artifacts {
        let mut statement = connection.prepare_cached(
            "INSERT OR REPLACE INTO artifacts (run, job, name, content, bytes, provenance, digest) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        statement.execute((
            artifact.run,
            artifact.job,
            artifact.name,
            artifact.content.to_hex(),
            artifact.bytes,
            artifact.provenance,
            digest(artifact),
        ))?;
        bytes += artifact.provenance.len() as u64 + 256;
    }
    Ok(bytes)
}

pub(crate) fn acceptable(artifact: &NewArtifact<'_>) -> Result<(), JournalError> {
    let refused = |what| {
        Err(JournalError::NotAcceptable {
            what,
            remedy: "use another one",
        })
    };
    for id in [artifact.run, artifact.job] {
        if let Some(problem) = id_problem(id) {
            return refused(problem);
        }
    }
    let name = artifact.name;
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
        return refused(format!(
            "the name of an artifact has 1 to {NAME_BYTES_MAX} bytes and no control characters, {name:?} is none"
        ));
    }
    if artifact.provenance.len() > PROVENANCE_BYTES_MAX {
        return Err(JournalError::TooLarge {
            what: "the provenance of an artifact",
            bytes: artifact.provenance.len() as u64,
            max: PROVENANCE_BYTES_MAX as u64,
        });
    }
    Ok(())
}

/// What tells a changed entry: it is not part of the chain.
fn digest(artifact: &NewArtifact<'_>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tenzik.artifact.v1");
    let content = artifact.content.to_hex();
    for text in [
        artifact.run,
        artifact.job,
        artifact.name,
        &content,
        artifact.provenance,
    ] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&artifact.bytes.to_le_bytes());
    *hasher.finalize().as_bytes()
}
