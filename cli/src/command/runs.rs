//! `tenzik runs`: the runs of scenarios, and what became of them.

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::journal::{Access, RunState};

use crate::command::journal::row::time;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::journal_arguments::{JournalArguments, failed};
use crate::printer::{self, grouped};
use crate::world;

/// List runs of scenarios, the newest first.
#[derive(Args, Debug)]
#[command(after_help = "\
    A run is `running` while a process drives it. It is `interrupted` if it has neither ended nor\n\
    a process: tenzik resume RUN finishes it. Otherwise its state is how it ended.")]
pub(crate) struct RunsArguments {
    /// How many at most, 1 to 100,000.
    #[arg(short = 'n', value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    #[command(flatten)]
    journal: JournalArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &RunsArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &RunsArguments) -> Result<(), Failure> {
    let journal = arguments.journal.open(Access::Read)?;
    let now = world::now().map_or(0, |now| now.unix_millis());
    let mut runs = journal.runs();
    let count = usize::try_from(arguments.count).unwrap_or(usize::MAX);
    let mut listed = Vec::new();
    for run in runs.by_ref().take(count) {
        listed.push(run.map_err(|error| failed(&error))?);
    }
    let more = runs.next().is_some();
    if arguments.json {
        let runs: Vec<Value> = listed.iter().map(|run| object(run, now)).collect();
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "runs": runs,
            "more": more,
        }));
        return Ok(());
    }
    if listed.is_empty() {
        printer::note("the journal has no runs");
        return Ok(());
    }
    table(&listed, now);
    if more {
        let count = grouped(arguments.count);
        printer::note(&format!(
            "there are more than these {count} runs; show more with -n"
        ));
    }
    Ok(())
}

/// How the run ended, `running` or `interrupted`.
pub(crate) fn state(run: &RunState) -> &str {
    match &run.ended {
        Some(ended) if ended.end.is_empty() => "ended",
        Some(ended) => &ended.end,
        None if run.alive => "running",
        None => "interrupted",
    }
}

/// Milliseconds from its start to its end, or until now. Clocks may have gone backwards meanwhile.
fn duration_ms(run: &RunState, now: u64) -> Option<u64> {
    match &run.ended {
        Some(ended) => Some(ended.at_ms.saturating_sub(run.started_ms)),
        None if run.alive => Some(now.saturating_sub(run.started_ms)),
        None => None,
    }
}

fn object(run: &RunState, now: u64) -> Value {
    let ended = run.ended.as_ref().map(|ended| {
        json!({
            "at": time(ended.at_ms),
            "end": ended.end,
            "seq": ended.seq,
            "hash": ended.hash.to_hex(),
        })
    });
    json!({
        "run": run.run,
        "scenario": run.scenario,
        "state": state(run),
        "session": run.session,
        "started": time(run.started_ms),
        "duration_ms": duration_ms(run, now),
        "pid": run.pid,
        "first_seq": run.first_seq,
        "ended": ended,
    })
}

fn table(runs: &[RunState], now: u64) {
    let width = runs.iter().map(|run| run.scenario.chars().count()).max();
    let width = width.unwrap_or(0).clamp(8, 40);
    printer::result(&format!(
        "{:<32}  {:<width$}  {:<14}  {:<24}  {:>10}  session",
        "run", "scenario", "state", "started", "duration"
    ));
    for run in runs {
        let duration = duration_ms(run, now).map_or_else(|| "-".to_owned(), duration);
        let scenario: String = run.scenario.chars().take(40).collect();
        let line = format!(
            "{:<32}  {:<width$}  {:<14}  {:<24}  {:>10}  {}",
            run.run,
            scenario,
            state(run),
            time(run.started_ms),
            duration,
            run.session.as_deref().unwrap_or("-")
        );
        printer::result(line.trim_end());
    }
}

/// A time for people: `0.250 s`, `2 m 05 s`, `3 h 07 m`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{:03} s", milliseconds % 1000),
        60..3600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", grouped(seconds / 3600), seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_short() {
        for (milliseconds, text) in [
            (0, "0.000 s"),
            (59_999, "59.999 s"),
            (60_000, "1 m 00 s"),
            (3_599_999, "59 m 59 s"),
            (7_260_000, "2 h 01 m"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }
}
