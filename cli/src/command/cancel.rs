//! `tenzik cancel`: asks the process that drives a run to end it.

use clap::Args;
use serde_json::json;

use tenzik_runtime::journal::{Access, Request};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer;

/// End a run that another process drives.
#[derive(Args, Debug)]
#[command(after_help = "\
    The run ends as with Ctrl-C: nothing new begins, and what runs is told to stop. With --force the process ends\n\
    at once, with every program that it started; the run can be resumed then.")]
pub(crate) struct CancelArguments {
    /// The run, or the beginning of its id.
    #[arg(value_name = "RUN")]
    run: String,
    /// End it at once.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &CancelArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &CancelArguments) -> Result<ExitCode, Failure> {
    let journal = arguments.journal.open(Access::Write)?;
    let run = journal
        .resolve_run(&arguments.run)
        .map_err(|error| failed(&error))?;
    let state = journal.run(&run).map_err(|error| failed(&error))?;
    if let Some(ended) = &state.ended {
        return Err(Failure::usage(
            format!("run {run} ended already: {}", ended.end),
            "there is nothing to cancel",
        ));
    }
    if !state.alive {
        return Err(Failure::usage(
            format!("run {run} was interrupted: no process drives it"),
            format!("tenzik resume {run} goes on with it"),
        ));
    }
    let request = Request::Cancel {
        force: arguments.force,
    };
    journal
        .request(&run, request)
        .map_err(|error| failed(&error))?;
    if arguments.json {
        printer::json(&json!({ "status": "ok", "exit": 0, "run": run, "force": arguments.force }));
    } else {
        printer::result(&format!("{run} is asked to end"));
    }
    Ok(ExitCode::Ok)
}
