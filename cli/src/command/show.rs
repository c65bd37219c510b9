//! `tenzik show`: the timeline of a run.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use tenzik_runtime::journal::Access;
use tenzik_runtime::scenario::picture::{gantt_svg, gantt_text};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure};
use crate::journal_arguments::JournalArguments;
use crate::output_guard;
use crate::printer;
use crate::run_history;
use crate::run_output::write_whole;

/// Columns of a timeline where nobody says how wide the terminal is.
const COLUMNS: usize = 100;

/// Show the timeline of a run of a scenario.
#[derive(Args, Debug)]
#[command(after_help = "\
    A line for each step that began, with bars for its jobs: █ ok, ▒ reused, ✗ failed, ▶ running,\n\
    ◼ cancelled, ? nobody knows, · waits, ─ no job of its own.\n\
    Every run:   tenzik runs\n\
    A picture:   tenzik show 4f1c --svg run.svg")]
pub(crate) struct ShowArguments {
    /// The run, or the beginning of its id.
    #[arg(value_name = "RUN")]
    run: String,
    /// Write the timeline as a picture to this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ShowArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ShowArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let report = run_history::read(&journal, &arguments.run)?;
    let timeline = report.timeline();
    if let Some(path) = &arguments.svg {
        output_guard::check_with_journal(path, &journal, Some(&report.run))?;
        write_whole(path, gantt_svg(&timeline).as_bytes())
            .map_err(|error| failure::file("cannot write", path, &error))?;
    }
    if arguments.json {
        let svg = arguments.svg.as_ref().map(|path| path.to_string_lossy());
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "run": report,
            "svg": svg,
        }));
        return Ok(());
    }
    let columns = printer::columns().unwrap_or(COLUMNS);
    let head = format!(
        "{}  {}  {}\n{}",
        report.run,
        report.scenario,
        report.status,
        report.counted()
    );
    let lanes = gantt_text(&timeline, columns);
    printer::result(format!("{head}\n\n{lanes}").trim_end());
    Ok(())
}
