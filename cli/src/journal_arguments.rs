//! Which journal a command uses.

use std::path::PathBuf;

use clap::Args;

use tenzik_runtime::journal::{Access, Journal, JournalOptions};

use crate::failure::Failure;
use crate::user_directories;
use crate::world;

/// Which journal a command uses.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JournalArguments {
    /// The journal [default: TENZIK_JOURNAL, else journal.db in tenzik's state directory].
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

impl JournalArguments {
    /// The journal's file.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.journal {
            return Ok(path.clone());
        }
        if let Some(path) = world::journal_variable() {
            return Ok(path);
        }
        Ok(user_directories::state()?.join("journal.db"))
    }

    /// Opens it.
    pub(crate) fn open(&self, access: Access) -> Result<Journal, Failure> {
        let options = JournalOptions {
            access,
            ..JournalOptions::default()
        };
        Journal::open(&self.path()?, &options)
            .map_err(|error| Failure::machine(error.to_string(), "see docs/journal.md"))
    }
}
