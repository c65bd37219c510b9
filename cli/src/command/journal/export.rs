//! `tenzik journal export`: rows as JSON, one in each line.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use tenzik_runtime::Output;
use tenzik_runtime::journal::{Access, Journal, Rows};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::journal_arguments::{JournalArguments, failed};
use crate::output_guard;
use crate::printer::{self, grouped};
use crate::run_output::RunOutput;

use super::row::json_line;

/// How long a reader may keep this command waiting.
const READER_WAITS: Duration = Duration::from_secs(3600);

/// Write rows as JSON, one in each line.
#[derive(Args, Debug)]
#[command(after_help = "\
    All rows:        tenzik journal export --jsonl -o journal.jsonl\n\
    Those of a run:  tenzik journal export --jsonl --run 5f3c | jq .kind")]
pub(crate) struct ExportArguments {
    /// Write JSON lines, the one format that there is.
    #[arg(long, required = true)]
    jsonl: bool,
    /// Rows of this run only; its first characters will do, at least 4.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Write to this file, which appears when it is complete. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object about the file.
    #[arg(long, requires = "output")]
    json: bool,
}

pub(crate) fn run(arguments: &ExportArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ExportArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    if let Some(path) = &arguments.output {
        output_guard::check_with_journal(path, &journal, None)?;
    }
    let rows = rows(&journal, arguments.run.as_deref())?;
    let count = match arguments.output.as_deref() {
        None => write(rows, None)?,
        Some(path) => {
            let count = write(rows, Some(path))?;
            told(arguments.json, path, count);
            count
        }
    };
    if count == 0 && arguments.output.is_none() {
        printer::note("the journal has no rows");
    }
    Ok(())
}

fn rows<'a>(journal: &'a Journal, run: Option<&str>) -> Result<Rows<'a>, Failure> {
    let of_run = |prefix: &str| journal.rows(&journal.resolve_run(prefix)?, 0);
    match run {
        None => Ok(journal.all_rows(0)),
        Some(prefix) => of_run(prefix).map_err(|error| failed(&error)),
    }
}

/// Writes rows to the file, or to standard output; a reader that has gone has what it wanted.
fn write(rows: Rows<'_>, path: Option<&Path>) -> Result<u64, Failure> {
    let (output, to) = match path {
        None => RunOutput::stdout(READER_WAITS)?,
        Some(path) => RunOutput::file(path, READER_WAITS)?,
    };
    let Output::Stream(mut stream) = to else {
        return Err(Failure::machine(
            "the output is not a stream",
            "please report it",
        ));
    };
    let mut count = 0;
    for row in rows {
        let mut line = json_line(&row.map_err(|error| failed(&error))?);
        line.push('\n');
        match (stream.write(line.as_bytes()), path) {
            (Ok(()), _) => count += 1,
            (Err(error), None) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(count),
            (Err(error), path) => {
                let path = path.unwrap_or(Path::new("-"));
                return Err(failure::file("cannot write", path, &error));
            }
        }
    }
    output.finish(true)?;
    Ok(count)
}

fn told(as_json: bool, path: &Path, count: u64) {
    if as_json {
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "output": path.to_string_lossy(),
            "rows": count,
        }));
    } else {
        let rows = grouped(count);
        printer::note(&format!("{}: {rows} rows", shown(path)));
    }
}
