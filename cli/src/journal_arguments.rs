//! Which journal a subcommand works with, and what it says when it cannot.

use std::path::PathBuf;

use clap::Args;
use tenzik_runtime::journal::{Access, ArtifactError, Journal, JournalError, JournalOptions};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::user_directories;
use crate::world;

/// A journal that is not as it was written.
pub(crate) const JOURNAL_BROKEN: &str = "journal_broken";

/// The variable that names the journal.
const VARIABLE: &str = "TENZIK_JOURNAL";

/// Which journal a subcommand works with.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JournalArguments {
    /// The journal of runs; its artifacts are in FILE.store. Default: $TENZIK_JOURNAL, or journal.db
    /// in $XDG_STATE_HOME/tenzik.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

impl JournalArguments {
    /// Where it is.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.journal {
            return Ok(path.clone());
        }
        match world::variable(VARIABLE).filter(|value| !value.is_empty()) {
            Some(path) => Ok(PathBuf::from(path)),
            None => Ok(user_directories::state()?.join("journal.db")),
        }
    }

    /// Opens it.
    pub(crate) fn open(&self, access: Access) -> Result<Journal, Failure> {
        let options = JournalOptions {
            access,
            ..JournalOptions::default()
        };
        Journal::open(&self.path()?, &options).map_err(|error| failed(&error))
    }
}

/// What a subcommand says about an error of the journal.
pub(crate) fn failed(error: &JournalError) -> Failure {
    let (exit, code) = match error {
        JournalError::Broken { .. } | JournalError::Damaged { .. } => {
            (ExitCode::Receipt, JOURNAL_BROKEN)
        }
        JournalError::Unknown { .. } | JournalError::Ambiguous { .. } => (ExitCode::Usage, "usage"),
        _ => (ExitCode::Machine, "machine_failure"),
    };
    explained(exit, code, &error.to_string())
}

/// What a subcommand says about an error of an artifact.
pub(crate) fn artifact_failed(error: &ArtifactError) -> Failure {
    match error {
        ArtifactError::Journal(error) => failed(error),
        ArtifactError::Changed { .. } => {
            explained(ExitCode::Receipt, JOURNAL_BROKEN, &error.to_string())
        }
        other => explained(ExitCode::Machine, "machine_failure", &other.to_string()),
    }
}

/// Messages of the journal end with what to do.
fn explained(exit: ExitCode, code: &'static str, text: &str) -> Failure {
    match text.rsplit_once("; ") {
        Some((message, remedy)) => Failure::new(exit, code, message, remedy),
        None => Failure::new(exit, code, text, ""),
    }
}
