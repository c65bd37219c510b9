//! `tenzik job`: what the attempts of steps did.

mod artifact;
mod list;
mod seen;
mod show;

use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;

/// List jobs, show one, and take its artifacts.
#[derive(Args, Debug)]
pub(crate) struct JobArguments {
    #[command(subcommand)]
    command: JobCommand,
}

#[derive(Debug, Subcommand)]
enum JobCommand {
    /// List jobs in the order in which they were admitted.
    List(list::ListArguments),
    /// Show what a job did and what came of it.
    Show(show::ShowArguments),
    /// Write an artifact of a job to standard output or a file.
    Artifact(artifact::ArtifactArguments),
}

pub(crate) fn run(arguments: &JobArguments) -> ExitCode {
    match &arguments.command {
        JobCommand::List(arguments) => list::run(arguments),
        JobCommand::Show(arguments) => show::run(arguments),
        JobCommand::Artifact(arguments) => artifact::run(arguments),
    }
}
