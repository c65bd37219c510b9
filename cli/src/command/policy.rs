//! `tenzik policy`: begin, check and explain policies.

mod check;
mod explain;
mod init;
mod warnings;

use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;

/// Begin, check and explain policies.
#[derive(Args, Debug)]
pub(crate) struct PolicyCommandArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Write the least policy under which a capsule is accepted.
    Init(init::InitArguments),
    /// Check policies: what is malformed, and what is better written otherwise.
    Check(check::CheckArguments),
    /// Show what a capsule asks for, what a policy grants, and what ceilings leave of it.
    Explain(Box<explain::ExplainArguments>),
}

pub(crate) fn run(arguments: &PolicyCommandArguments) -> ExitCode {
    match &arguments.command {
        PolicyCommand::Init(arguments) => init::run(arguments),
        PolicyCommand::Check(arguments) => check::run(arguments),
        PolicyCommand::Explain(arguments) => explain::run(arguments),
    }
}
