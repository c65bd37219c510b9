//! `tenzik report`: what became of a run, or what one of its steps reported.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use tenzik_runtime::journal::{Access, ArtifactDigest, Journal};
use tenzik_runtime::scenario::report::RunReport;

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure};
use crate::journal_arguments::{JournalArguments, artifact_failed};
use crate::output_guard;
use crate::printer;
use crate::run_history;
use crate::run_output::write_whole;

/// Most bytes of a report that is shown or written.
const REPORT_BYTES_MAX: u64 = 1 << 30;

/// Report what became of a run of a scenario.
#[derive(Args, Debug)]
#[command(after_help = "\
    Without --step: the steps of the run with their states, jobs, times and failures.\n\
    With it: the report that this step wrote, in one of the forms that the scenario asked for.\n\
    A page:                  tenzik report 4f1c --format html -o run.html\n\
    The findings of a step:  tenzik report 4f1c --step findings --format sarif -o findings.sarif")]
pub(crate) struct ReportArguments {
    /// The run, or the beginning of its id.
    #[arg(value_name = "RUN")]
    run: String,
    /// A report step, by its path such as `findings`.
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// The form.
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
    /// Write to this file, which appears when it is complete. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArguments,
    /// The same as --format json; with --output, print one JSON object about the file.
    #[arg(long)]
    json: bool,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A table of text.
    Table,
    /// JSON.
    Json,
    /// A page that needs nothing else.
    Html,
    /// SARIF 2.1.0; of steps alone.
    Sarif,
}

impl Form {
    /// The name of a report step's artifact in this form.
    const fn name(self) -> &'static str {
        match self {
            Form::Table => "table",
            Form::Json => "json",
            Form::Html => "html",
            Form::Sarif => "sarif",
        }
    }
}

pub(crate) fn run(arguments: &ReportArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ReportArguments) -> Result<(), Failure> {
    let form = match arguments.json && arguments.output.is_none() {
        true => Form::Json,
        false => arguments.format,
    };
    let journal = arguments.journal.open(Access::Read)?;
    let report = run_history::read(&journal, &arguments.run)?;
    let bytes = match &arguments.step {
        Some(step) => of_step(&journal, &report, step, form)?,
        None => of_run(&report, form)?.into_bytes(),
    };
    let Some(path) = &arguments.output else {
        if form == Form::Table {
            let text = String::from_utf8_lossy(&bytes);
            printer::result(text.strip_suffix('\n').unwrap_or(&text));
            return Ok(());
        }
        // JSON, pages and SARIF are for programs.
        return printer::bytes(&bytes)
            .map_err(|error| Failure::machine(format!("cannot write: {error}"), ""));
    };
    output_guard::check_with_journal(path, &journal, Some(&report.run))?;
    write_whole(path, &bytes).map_err(|error| failure::file("cannot write", path, &error))?;
    if arguments.json {
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "run": report.run,
            "output": path.to_string_lossy(),
            "bytes": bytes.len(),
        }));
    }
    Ok(())
}

fn of_run(report: &RunReport, form: Form) -> Result<String, Failure> {
    match form {
        Form::Table => Ok(report.to_table()),
        Form::Json => Ok(format!("{}\n", json!(report))),
        Form::Html => Ok(report.to_html()),
        Form::Sarif => Err(Failure::usage(
            "a run has no SARIF report",
            "name a report step with --step, or choose table, json or html",
        )),
    }
}

fn of_step(
    journal: &Journal,
    report: &RunReport,
    step: &str,
    form: Form,
) -> Result<Vec<u8>, Failure> {
    let known = report.steps.iter().find(|known| known.path == step);
    let Some(known) = known else {
        let message = format!(
            "run {} has no step {}",
            report.run,
            tenzik_runtime::escaped(step)
        );
        let remedy = format!("tenzik report {} lists its steps", report.run);
        return Err(Failure::usage(message, remedy));
    };
    let Some(artifact) = report.artifact(step, form.name()) else {
        let artifacts = known.attempts.iter().flat_map(|attempt| &attempt.artifacts);
        let names: Vec<&str> = artifacts.map(|artifact| artifact.name.as_str()).collect();
        let message = format!(
            "step {} ({}) has no report in the form {}",
            tenzik_runtime::escaped(step),
            known.state,
            form.name()
        );
        let remedy = match names.as_slice() {
            [] => "choose a report step that succeeded".to_owned(),
            names => format!("it has {}", names.join(", ")),
        };
        return Err(Failure::usage(message, remedy));
    };
    let digest: ArtifactDigest = artifact.digest.parse().map_err(|_| {
        Failure::machine(
            "the journal names a digest that is none",
            "tenzik journal verify",
        )
    })?;
    journal
        .read_artifact(&digest, REPORT_BYTES_MAX)
        .map_err(|error| artifact_failed(&error))
}
