//! `tenzik journal`: what was written down about runs, and whether it still stands there.

mod export;
mod tail;
mod verify;

pub(crate) mod row;

use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;

/// Verify, follow and export the journal of runs.
#[derive(Args, Debug)]
pub(crate) struct JournalCommandArguments {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Check that every row is as it was written.
    Verify(verify::VerifyArguments),
    /// Show the newest rows, and those that come.
    Tail(tail::TailArguments),
    /// Write rows as JSON, one in each line.
    Export(export::ExportArguments),
}

pub(crate) fn run(arguments: &JournalCommandArguments) -> ExitCode {
    match &arguments.command {
        JournalCommand::Verify(arguments) => verify::run(arguments),
        JournalCommand::Tail(arguments) => tail::run(arguments),
        JournalCommand::Export(arguments) => export::run(arguments),
    }
}
