//! `tenzik bundle`: what the file that `tenzik run --record` writes has in it.

mod inspect;

use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;

/// Look into bundles, the files that repeat a run.
#[derive(Args, Debug)]
pub(crate) struct BundleArguments {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// Check a bundle, and show or extract what is in it.
    Inspect(inspect::InspectArguments),
}

pub(crate) fn run(arguments: &BundleArguments) -> ExitCode {
    match &arguments.command {
        BundleCommand::Inspect(arguments) => inspect::run(arguments),
    }
}
