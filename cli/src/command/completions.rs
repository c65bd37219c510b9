//! `tenzik completions`: a script that completes the command line in a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::arguments::Arguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer;

/// Print a completion script for a shell.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: tenzik completions bash > ~/.local/share/bash-completion/completions/tenzik"
)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
    /// Print one JSON object with the script inside.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &CompletionsArguments) -> ExitCode {
    let mut script = Vec::new();
    generate(
        arguments.shell,
        &mut Arguments::command(),
        "tenzik",
        &mut script,
    );
    if arguments.json {
        printer::json(
            &json!({ "shell": arguments.shell.to_string(), "script": String::from_utf8_lossy(&script) }),
        );
        return ExitCode::Ok;
    }
    match printer::bytes(&script) {
        Ok(()) => ExitCode::Ok,
        Err(error) => {
            Failure::machine(format!("cannot write the script: {error}"), "").report(false)
        }
    }
}
