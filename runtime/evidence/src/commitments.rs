//! Do these bytes match what a receipt commits to?

use std::fmt::{self, Display};
use std::io::{self, Read};

use crate::{Digest, Run, VerifiedReceipt};

/// What to compare with a receipt. Whatever is `None` is not compared. Readers are read once, in
/// pieces of bounded size.
#[derive(Default)]
pub struct Contents<'a> {
    /// The assembled capsule.
    pub capsule: Option<&'a mut dyn Read>,
    /// The input.
    pub input: Option<&'a mut dyn Read>,
    /// The output.
    pub output: Option<&'a mut dyn Read>,
}

/// The contents could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the {contents}: {source}")]
pub struct ContentsError {
    /// `capsule`, `input` or `output`.
    pub contents: &'static str,
    /// Why.
    pub source: io::Error,
}

/// One way in which contents do not match a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The receipt commits to something else.
    Differs {
        /// The field of the receipt.
        field: &'static str,
        /// Its value.
        expected: String,
        /// What the contents have.
        got: String,
    },
    /// The receipt does not commit to such contents at all: nothing ran, or the capsule was not
    /// read.
    NotStated {
        /// The field that the receipt does not have.
        field: &'static str,
    },
}

impl Finding {
    /// The field of the receipt that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Finding::Differs { field, .. } | Finding::NotStated { field } => field,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Differs {
                field,
                expected,
                got,
            } => {
                write!(
                    f,
                    "{field} differs: the receipt has {expected}, the contents have {got}"
                )
            }
            Finding::NotStated { field } => write!(f, "the receipt has no {field} to compare with"),
        }
    }
}

/// Compares contents with the commitments of a receipt; no findings means that they match.
///
/// Capsule and output must match in length and digest; of those that are longer, only one byte
/// more than expected is read. Of an input with `input_complete` false only the first
/// `input_bytes` bytes are read and compared; a complete one is compared as a whole.
///
/// # Errors
/// When the contents cannot be read; this says nothing about the receipt.
pub fn check_commitments(
    receipt: &VerifiedReceipt,
    contents: Contents<'_>,
) -> Result<Vec<Finding>, ContentsError> {
    let statement = receipt.body().statement();
    let verdict = &statement.verdict;
    let mut findings = Findings(Vec::new());
    if let Some(reader) = contents.capsule {
        let bytes = ("capsule_bytes", statement.capsule_bytes);
        let commit = ("capsule_id", verdict.capsule_id());
        findings
            .check_whole(reader, bytes, commit)
            .map_err(failed("capsule"))?;
    }
    if let Some(reader) = contents.input {
        match verdict.run() {
            Some(run) => findings.check_input(reader, run).map_err(failed("input"))?,
            None => findings.not_stated("input_commit"),
        }
    }
    if let Some(reader) = contents.output {
        match verdict.run() {
            Some(run) => {
                let bytes = ("output_bytes", run.output_bytes);
                let commit = ("output_commit", Some(run.output_commit));
                findings
                    .check_whole(reader, bytes, commit)
                    .map_err(failed("output"))?;
            }
            None => findings.not_stated("output_commit"),
        }
    }
    Ok(findings.0)
}

struct Findings(Vec<Finding>);

impl Findings {
    fn check_whole(
        &mut self,
        reader: &mut dyn Read,
        (bytes_field, bytes): (&'static str, u64),
        (commit_field, commit): (&'static str, Option<Digest>),
    ) -> io::Result<()> {
        let (got_bytes, got_commit) = hash(reader, bytes.saturating_add(1))?;
        if got_bytes > bytes {
            self.differs(bytes_field, bytes, "more");
            return Ok(());
        }
        if got_bytes < bytes {
            self.differs(bytes_field, bytes, got_bytes);
        }
        match commit {
            Some(commit) if commit == got_commit => {}
            Some(commit) => self.differs(commit_field, commit, got_commit),
            None => self.not_stated(commit_field),
        }
        Ok(())
    }

    fn check_input(&mut self, reader: &mut dyn Read, run: &Run) -> io::Result<()> {
        let bytes_max = if run.input_complete {
            u64::MAX
        } else {
            run.input_bytes
        };
        let (got_bytes, got_commit) = hash(reader, bytes_max)?;
        if got_bytes < run.input_bytes {
            self.differs("input_bytes", run.input_bytes, got_bytes);
        }
        if got_commit != run.input_commit {
            self.differs("input_commit", run.input_commit, got_commit);
        }
        Ok(())
    }

    fn differs(&mut self, field: &'static str, expected: impl Display, got: impl Display) {
        let (expected, got) = (expected.to_string(), got.to_string());
        self.0.push(Finding::Differs {
            field,
            expected,
            got,
        });
    }

    fn not_stated(&mut self, field: &'static str) {
        self.0.push(Finding::NotStated { field });
    }
}

/// Length and digest of what `reader` yields, at most its first `bytes_max` bytes.
fn hash(reader: &mut dyn Read, bytes_max: u64) -> io::Result<(u64, Digest)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(reader.take(bytes_max))?;
    Ok((hasher.count(), hasher.finalize().into()))
}

fn failed(contents: &'static str) -> impl Fn(io::Error) -> ContentsError {
    move |source| ContentsError { contents, source }
}
