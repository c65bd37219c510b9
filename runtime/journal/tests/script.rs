//! What a process writes that is killed or has a failing disk: always the same rows, so that what is
//! left can be compared with what would have been.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use tenzik_journal::{
    ArtifactDigest, ArtifactError, ArtifactStore, Durability, Find, Journal, JournalError,
    JournalOptions, NewArtifact, RowKind,
};

use crate::sandbox::{Sandbox, row, run_row};

use Durability::{Effect, Pure};

pub const RUN: &str = "0123456789abcdef0123456789abcdef";

/// The rows that the whole script leaves.
pub const ROWS: u64 = 14;

/// The content of its artifact.
pub const CONTENT: &[u8] = b"what the step produced";

/// What of the script goes wrong.
#[derive(Debug)]
pub enum Trouble {
    Journal(JournalError),
    Artifact(ArtifactError),
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Trouble {
        Trouble::Journal(error)
    }
}

impl From<ArtifactError> for Trouble {
    fn from(error: ArtifactError) -> Trouble {
        match error {
            ArtifactError::Journal(error) => Trouble::Journal(error),
            other => Trouble::Artifact(other),
        }
    }
}

pub fn open(path: &Path) -> Result<Arc<Journal>, JournalError> {
    Journal::open(path, &JournalOptions::default()).map(Arc::new)
}

/// Does what of the script is not done yet, and says what was acknowledged.
pub fn go_on(journal: &Arc<Journal>, acknowledge: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let mut done = journal.head()?.seq;
    if done == 0 {
        journal.begin(&run_row(RUN))?;
        done = 1;
        acknowledge("row 1");
    }
    for (number, body) in bodies().iter().enumerate().skip(done as usize) {
        let number = number as u64 + 1;
        if number == 6 {
            let store = ArtifactStore::open(Arc::clone(journal))?;
            let content = store.put(CONTENT, 1_000, Effect)?;
            let artifact = NewArtifact {
                run: RUN,
                job: "j",
                name: "output",
                content,
                bytes: CONTENT.len() as u64,
                provenance: "{}",
            };
            store.index(&[artifact], Pure)?;
            journal.remember("key", "[1]")?;
            acknowledge("artifact");
        }
        let (kind, durability) = match number {
            ROWS => (RowKind::RunEnded, Effect),
            number if number % 3 == 0 => (RowKind::Outcome, Effect),
            _ => (RowKind::Settled, Pure),
        };
        journal.append(&[row(RUN, kind, body)], durability)?;
        acknowledge(&format!("row {number}"));
    }
    Ok(())
}

fn bodies() -> Vec<String> {
    // One is larger than a page, so that it has pages of its own.
    let body = |number: u64| {
        let filler = "x".repeat(if number == 8 { 9_000 } else { 20 });
        format!(r#"{{"number":{number},"filler":"{filler}"}}"#)
    };
    (1..=ROWS).map(body).collect()
}

/// What is acknowledged is there, nothing is broken, and the rest can be done: then all is as if
/// nothing had happened.
pub fn check_recovered(sandbox: &Sandbox, said: &[String], what: &str, head_in_the_end: &str) {
    let journal =
        open(&sandbox.path("j/journal.db")).unwrap_or_else(|error| panic!("{what}: {error}"));
    let verified = journal
        .verify(&[], &mut |_, _| {})
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let rows = verified.rows;
    for line in said {
        if let Some(number) = line.strip_prefix("row ") {
            let number: u64 = number.parse().unwrap();
            assert!(
                number <= rows,
                "{what}: row {number} was acknowledged, {rows} are there"
            );
        } else if line == "artifact" {
            check_artifact(&journal, what);
        }
    }
    go_on(&journal, &mut |_| {}).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    check_artifact(&journal, what);
    let head = journal.head().unwrap();
    assert_eq!(
        (head.seq, head.hash.to_hex().as_str()),
        (ROWS, head_in_the_end),
        "{what}"
    );
}

fn check_artifact(journal: &Arc<Journal>, what: &str) {
    let store = ArtifactStore::open(Arc::clone(journal)).unwrap();
    let digest = ArtifactDigest::of(CONTENT);
    assert_eq!(store.read(&digest, 1_000).unwrap(), CONTENT, "{what}");
    assert_eq!(store.artifacts(Find::Run(RUN)).unwrap().len(), 1, "{what}");
    assert_eq!(journal.recall("key").unwrap().unwrap(), "[1]", "{what}");
}

/// Says something that survives this process.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\nsaid {text}\n").as_bytes())
        .and_then(|()| out.flush())
        .unwrap();
}

/// What a process said.
pub fn said(output: &std::process::Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("said "))
        .map(str::to_owned)
        .collect()
}
