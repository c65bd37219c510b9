//! `tenzik job show`.

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::journal::{Access, Find, Journal};

use crate::command::journal::row::time;
use crate::command::runs::duration;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer::{self, grouped};

use super::list::object;
use super::seen::{Alive, Job, attempts, find};

/// Show what a job did and what came of it.
#[derive(Args, Debug)]
#[command(after_help = "\
    Its first characters name a job, at least 4:  tenzik job show 5f3c\n\
    What it produced:                             tenzik job artifact 5f3c output")]
pub(super) struct ShowArguments {
    /// The job, as tenzik job list prints it.
    #[arg(value_name = "JOB")]
    job: String,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ShowArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

/// A job with everything that belongs to it.
struct Shown {
    job: Job,
    state: String,
    /// Every attempt of the step, and its state.
    attempts: Vec<(Job, String)>,
    artifacts: Vec<Value>,
    samples: Vec<Value>,
}

fn attempt(arguments: &ShowArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let job = find(&journal, &arguments.job)?;
    let is_alive = Alive::new(&journal)
        .is(&job.run)
        .map_err(|error| failed(&error))?;
    let attempts = attempts(&journal, &job)?.into_iter().map(|attempt| {
        let state = attempt.state(is_alive).to_owned();
        (attempt, state)
    });
    let shown = Shown {
        state: job.state(is_alive).to_owned(),
        attempts: attempts.collect(),
        artifacts: artifacts(&journal, &job)?,
        samples: samples(&journal, &job)?,
        job,
    };
    if arguments.json {
        printer::json(&everything(&shown));
    } else {
        print(&shown);
    }
    Ok(())
}

/// The artifacts that its outcome names, with what the index knows of where they come from.
fn artifacts(journal: &Journal, job: &Job) -> Result<Vec<Value>, Failure> {
    let find = Find::Job {
        run: &job.run,
        job: &job.job,
    };
    let indexed = journal.artifacts(find).map_err(|error| failed(&error))?;
    let objects = job.body.artifacts.iter().map(|artifact| {
        let entry = indexed
            .iter()
            .find(|entry| entry.name == artifact.name && entry.content.to_hex() == artifact.digest);
        let provenance = entry.map(|entry| {
            serde_json::from_str(&entry.provenance)
                .unwrap_or_else(|_| Value::from(entry.provenance.as_str()))
        });
        json!({
            "name": artifact.name,
            "digest": artifact.digest,
            "bytes": artifact.bytes,
            "provenance": provenance,
        })
    });
    Ok(objects.collect())
}

fn samples(journal: &Journal, job: &Job) -> Result<Vec<Value>, Failure> {
    let sample = |id: &u64| {
        let body = journal.sample_of(*id).map_err(|error| failed(&error))?;
        let sample = body
            .map(|body| serde_json::from_str(&body).unwrap_or_else(|_| Value::from(body.as_str())));
        Ok(json!({ "id": id, "sample": sample }))
    };
    job.samples.iter().map(sample).collect()
}

/// The stages that the outcome's provenance names.
fn stages(job: &Job) -> impl Iterator<Item = &Value> {
    let provenance = job.body.provenance.as_ref();
    provenance
        .and_then(|provenance| provenance["stages"].as_array())
        .into_iter()
        .flatten()
}

/// The argument lists of its processes.
fn argv(job: &Job) -> impl Iterator<Item = &Value> {
    stages(job)
        .filter_map(|stage| stage["processes"].as_array())
        .flatten()
        .map(|process| &process["argv"])
        .filter(|argv| argv.is_array())
}

fn texts<'a>(job: &'a Job, key: &'a str) -> impl Iterator<Item = &'a str> {
    stages(job).filter_map(move |stage| stage[key].as_str())
}

/// What `tenzik undo` takes, of stages that changed files.
fn undoable(job: &Job) -> impl Iterator<Item = &str> {
    stages(job)
        .filter(|stage| {
            stage["files_changed"]
                .as_u64()
                .is_some_and(|files| files > 0)
        })
        .filter_map(|stage| stage["effects_id"].as_str())
}

fn everything(shown: &Shown) -> Value {
    let job = &shown.job;
    let mut object = object(job, &shown.state);
    let attempts = shown.attempts.iter().map(|(attempt, state)| {
        json!({ "job": attempt.job, "attempt": attempt.attempt, "state": state, "code": attempt.body.code })
    });
    let mut set = |key: &str, value: Value| object[key] = value;
    set("status", json!("ok"));
    set("exit", json!(ExitCode::Ok.number()));
    set("exit_code", json!(job.body.exit));
    set("message", json!(job.body.message));
    set("remedy", json!(job.body.remedy));
    set("reason", json!(job.body.reason));
    set("attempts", attempts.collect());
    set("argv", argv(job).cloned().collect());
    set("receipts", texts(job, "receipt").map(Value::from).collect());
    set("artifacts", json!(shown.artifacts));
    set("samples", json!(shown.samples));
    set("usage", json!(job.body.usage));
    set("provenance", json!(job.body.provenance));
    set("undo", undoable(job).map(Value::from).collect());
    object
}

fn print(shown: &Shown) {
    let job = &shown.job;
    let field = |name: &str, text: &str| {
        if !text.is_empty() {
            printer::result(&format!("{name:<10}{text}"));
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    field("job", &job.job);
    field("run", &job.run);
    field("step", &job.path);
    field("state", &shown.state);
    field("effect", &text(&job.body.effect));
    field("session", &text(&job.body.session));
    field("admitted", &time(job.first_ms));
    if let Some(started) = job.started_ms {
        field("started", &time(started));
    }
    if let Some(ended) = job.ended_ms {
        let took = job
            .started_ms
            .map(|started| duration(ended.saturating_sub(started)));
        let took = took.map(|took| format!("  after {took}"));
        field("ended", &(time(ended) + &took.unwrap_or_default()));
    }
    if job.body.reused {
        field("reused", "the result is that of an earlier run");
    }
    let exit = job.body.exit.map(|exit| format!("  (exit {exit})"));
    field("code", &(text(&job.body.code) + &exit.unwrap_or_default()));
    field("message", &text(&job.body.message));
    field("remedy", &text(&job.body.remedy));
    field("reason", &text(&job.body.reason));
    for argv in argv(job) {
        field("argv", &argv.to_string());
    }
    for receipt in texts(job, "receipt") {
        field("receipt", receipt);
    }
    print_parts(shown);
    for id in undoable(job) {
        field("undo", &format!("tenzik undo {id}"));
    }
}

fn print_parts(shown: &Shown) {
    if let Some(usage) = &shown.job.body.usage {
        printer::result(&format!("{:<10}{usage}", "usage"));
    }
    for (index, artifact) in shown.job.body.artifacts.iter().enumerate() {
        let name = if index == 0 { "artifacts" } else { "" };
        let bytes = grouped(artifact.bytes);
        let line = format!(
            "{name:<10}{}  {bytes} B  {}",
            artifact.digest, artifact.name
        );
        printer::result(&line);
    }
    for (index, sample) in shown.samples.iter().enumerate() {
        let name = if index == 0 { "samples" } else { "" };
        printer::result(&format!("{name:<10}{sample}"));
    }
    for (index, (attempt, state)) in shown.attempts.iter().enumerate() {
        let name = if index == 0 { "attempts" } else { "" };
        let code = attempt.body.code.as_deref().unwrap_or_default();
        let line = format!(
            "{name:<10}{}  {}  {state:<11}  {code}",
            attempt.attempt, attempt.job
        );
        printer::result(line.trim_end());
    }
}
