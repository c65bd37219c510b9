//! `tenzik session`: jobs that belong together, over several runs.

use std::collections::VecDeque;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use tenzik_runtime::journal::{Access, Journal, JournalError, Session, SessionJob};

use crate::command::journal::row::{short, time};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer::{self, grouped};

/// List sessions, and show the jobs of one.
#[derive(Args, Debug)]
pub(crate) struct SessionArguments {
    #[command(subcommand)]
    command: SessionCommand,
}

#[derive(Debug, Subcommand)]
enum SessionCommand {
    /// List sessions by name.
    List(ListArguments),
    /// Show the jobs of a session, in the order in which they joined it.
    Show(ShowArguments),
}

/// List sessions by name.
#[derive(Args, Debug)]
#[command(after_help = "\
    A job belongs to the session of its step, or of its run, once it succeeded.")]
struct ListArguments {
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Show the jobs of a session, in the order in which they joined it.
#[derive(Args, Debug)]
struct ShowArguments {
    /// The session.
    #[arg(value_name = "NAME")]
    name: String,
    /// How many jobs at most, the newest, 1 to 100,000.
    #[arg(short = 'n', value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &SessionArguments) -> ExitCode {
    let (ended, json) = match &arguments.command {
        SessionCommand::List(arguments) => (list(arguments), arguments.json),
        SessionCommand::Show(arguments) => (show(arguments), arguments.json),
    };
    match ended {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(json),
    }
}

fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let sessions = journal.sessions().map_err(|error| failed(&error))?;
    if arguments.json {
        let sessions: Vec<Value> = sessions.iter().map(session_object).collect();
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "sessions": sessions,
        }));
        return Ok(());
    }
    for session in &sessions {
        printer::result(&format!(
            "{:<24}  {:>7} jobs in {:>5} runs  {} to {}",
            session.name,
            grouped(session.jobs),
            grouped(session.runs),
            time(session.first_ms),
            time(session.last_ms)
        ));
    }
    if sessions.is_empty() {
        printer::note("the journal has no sessions");
    }
    Ok(())
}

fn session_object(session: &Session) -> Value {
    json!({
        "session": session.name,
        "runs": session.runs,
        "jobs": session.jobs,
        "first": time(session.first_ms),
        "last": time(session.last_ms),
    })
}

fn show(arguments: &ShowArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let count = usize::try_from(arguments.count).unwrap_or(usize::MAX);
    let (jobs, all) = jobs(&journal, &arguments.name, count).map_err(|error| failed(&error))?;
    if jobs.is_empty() {
        let name: String = arguments.name.chars().take(80).collect();
        return Err(Failure::usage(
            format!(
                "there is no session {name:?} in the journal {:?}",
                journal.path()
            ),
            "tenzik session list shows them",
        ));
    }
    let more = all > jobs.len() as u64;
    if arguments.json {
        let jobs = jobs.iter().map(|job| {
            json!({ "job": job.job, "run": job.run, "path": job.path, "joined": time(job.at_ms) })
        });
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "session": arguments.name,
            "jobs": jobs.collect::<Vec<Value>>(),
            "more": more,
        }));
        return Ok(());
    }
    for job in &jobs {
        let (at, run) = (time(job.at_ms), short(&job.run));
        printer::result(&format!("{at}  {run:<8}  {:<32}  {}", job.job, job.path));
    }
    if more {
        let (shown, all) = (grouped(jobs.len() as u64), grouped(all));
        printer::note(&format!(
            "these are the newest {shown} of {all} jobs; show more with -n"
        ));
    }
    Ok(())
}

/// The newest jobs of a session, and how many it has.
fn jobs(
    journal: &Journal,
    name: &str,
    count: usize,
) -> Result<(VecDeque<SessionJob>, u64), JournalError> {
    let (mut newest, mut all) = (VecDeque::new(), 0);
    for row in journal.all_rows(0) {
        if let Some(job) = SessionJob::of(&row?).filter(|job| job.session == name) {
            all += 1;
            newest.push_back(job);
            if newest.len() > count {
                newest.pop_front();
            }
        }
    }
    Ok((newest, all))
}
