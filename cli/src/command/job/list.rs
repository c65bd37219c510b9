//! `tenzik job list`.

use std::collections::{HashMap, VecDeque};

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::journal::{Access, Journal, JournalError};

use crate::command::journal::row::time;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer::{self, grouped};

use super::seen::{Alive, Job, line};

/// List jobs in the order in which they were admitted.
#[derive(Args, Debug)]
#[command(after_help = "\
    The jobs of a run:  tenzik job list --run 5f3c")]
pub(super) struct ListArguments {
    /// Jobs of this run only; its first characters will do, at least 4.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// How many at most, the newest, 1 to 100,000.
    #[arg(short = 'n', value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ListArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ListArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let count = usize::try_from(arguments.count).unwrap_or(usize::MAX);
    let newest =
        newest(&journal, arguments.run.as_deref(), count).map_err(|error| failed(&error))?;
    let mut alive = Alive::new(&journal);
    let mut listed = Vec::with_capacity(newest.jobs.len());
    for job in &newest.jobs {
        let is_alive = alive.is(&job.run).map_err(|error| failed(&error))?;
        listed.push((job, job.state(is_alive)));
    }
    if arguments.json {
        let jobs: Vec<Value> = listed
            .iter()
            .map(|(job, state)| object(job, state))
            .collect();
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "jobs": jobs,
            "more": newest.more,
        }));
        return Ok(());
    }
    for (job, state) in &listed {
        printer::result(&line(job, state));
    }
    if listed.is_empty() {
        printer::note("the journal has no jobs");
    }
    if newest.more {
        let count = grouped(arguments.count);
        printer::note(&format!(
            "there are older jobs than these {count}; show more with -n"
        ));
    }
    Ok(())
}

struct Newest {
    jobs: Vec<Job>,
    more: bool,
}

/// The newest jobs, by the first row of each.
fn newest(journal: &Journal, run: Option<&str>, count: usize) -> Result<Newest, JournalError> {
    let rows = match run {
        None => journal.all_rows(0),
        Some(prefix) => journal.rows(&journal.resolve_run(prefix)?, 0)?,
    };
    let mut order: VecDeque<String> = VecDeque::new();
    let mut jobs: HashMap<String, Job> = HashMap::new();
    let mut more = false;
    for row in rows {
        let row = row?;
        let Some(id) = &row.job else {
            continue;
        };
        if !jobs.contains_key(id) {
            order.push_back(id.clone());
            if order.len() > count {
                more = true;
                jobs.remove(&order.pop_front().unwrap_or_default());
            }
        }
        let job = jobs.entry(id.clone()).or_insert_with(|| Job::new(&row, id));
        job.take(&row);
        job.lighten();
    }
    let jobs = order.iter().filter_map(|id| jobs.remove(id)).collect();
    Ok(Newest { jobs, more })
}

/// What lists have of a job.
pub(super) fn object(job: &Job, state: &str) -> Value {
    json!({
        "job": job.job,
        "run": job.run,
        "path": job.path,
        "attempt": job.attempt,
        "state": state,
        "effect": job.body.effect,
        "code": job.body.code,
        "reused": job.body.reused,
        "session": job.body.session,
        "admitted": time(job.first_ms),
        "started": job.started_ms.map(time),
        "ended": job.ended_ms.map(time),
    })
}
