//! `tenzik scenario crash-test`: kills tenzik at every write of the journal, and looks what becomes
//! of the run.

mod child;
mod effects;

use std::path::Path;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::plan_world::MachineWorld;
use crate::printer::{self, grouped};
use crate::scenario_file::{Refusal, ScenarioFileArguments, ScenarioText};
use child::{Child, Ended};

/// Times that a run is resumed before it counts as not recovered.
const RESUMES_MAX: u32 = 50;

/// Kill tenzik at every write of the journal, resume, and compare with an uninterrupted run.
#[derive(Args, Debug)]
#[command(after_help = "\
    The scenario is really run, once for each point: what it does to the world happens again and again.\n\
    Each run has its own journal and state in a temporary directory. A step that must not be repeated and\n\
    of which nobody knows whether it happened is taken as done, as resume --assume done would.\n\
    Effects are counted by a file that the performer writes, not by the journal.\n\
    Exits with 50 if a run did not recover or an effect was repeated.")]
pub(crate) struct CrashTestArguments {
    #[command(flatten)]
    scenario: ScenarioFileArguments,
    /// Try only every Nth point.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What became of one crash.
struct Point {
    write: u64,
    after: bool,
    /// Whether the run came to it: how rows are put together in one write depends on when jobs end.
    reached: bool,
    /// How often the run was resumed; 0 where there was nothing to resume yet.
    resumes: u32,
    /// Steps that were taken as done.
    assumed: u64,
    /// Effects that must not be repeated and were.
    repeated: u64,
    /// Why the run did not recover.
    lost: Option<String>,
}

pub(crate) fn run(arguments: &CrashTestArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(refusal) => refusal.report(arguments.json),
    }
}

fn attempt(arguments: &CrashTestArguments) -> Result<ExitCode, Refusal> {
    let scenario = &arguments.scenario;
    let text = ScenarioText::read(&scenario.file)?;
    let world = MachineWorld::new(&text.directory, &scenario.ceiling, false)?;
    text.plan(&scenario.var, &world)?;
    let base = TempDir::new().map_err(|error| {
        Failure::machine(format!("no temporary directory: {error}"), "set TMPDIR")
    })?;

    let reference = Child::new(scenario, base.path(), "whole")?;
    let whole = reference.run(None)?;
    let writes = reference.writes()?;
    let expected = Expected {
        exit: whole.code,
        steps: reference.steps(&whole.run)?,
    };
    let points: Vec<(u64, bool)> = (1..=writes)
        .flat_map(|write| [(write, false), (write, true)])
        .step_by(usize::try_from(arguments.every).unwrap_or(usize::MAX))
        .collect();
    let bar = printer::shows_progress().then(|| ProgressBar::new(points.len() as u64));
    let mut tried = Vec::new();
    for (write, after) in points {
        tried.push(crash(scenario, base.path(), &expected, (write, after))?);
        if let Some(bar) = &bar {
            bar.inc(1);
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(report(&tried, writes, &expected, arguments.json))
}

/// How the uninterrupted run ended.
struct Expected {
    exit: i32,
    steps: Value,
}

/// Crashes at one point and resumes until the run ends.
fn crash(
    scenario: &ScenarioFileArguments,
    base: &Path,
    expected: &Expected,
    (write, after): (u64, bool),
) -> Result<Point, Failure> {
    let side = if after { "after" } else { "before" };
    let child = Child::new(scenario, base, &format!("{write}-{side}"))?;
    let mut point = Point {
        write,
        after,
        reached: false,
        resumes: 0,
        assumed: 0,
        repeated: 0,
        lost: None,
    };
    let mut ended = child.run(Some((write, side)))?;
    point.reached = ended.was_killed();
    while ended.is_unfinished() && point.resumes < RESUMES_MAX {
        match child.begun()? {
            // Nothing was begun.
            None => ended = child.run(None)?,
            // It was killed when all was done and written.
            Some((run, Some(end))) if end != "needs_decision" => ended = Ended::with(run, &end),
            Some((run, _)) => {
                point.resumes += 1;
                let assume = ended.unknown.clone();
                point.assumed += assume.len() as u64;
                ended = child.resume(&run, &assume)?;
            }
        }
    }
    point.repeated = effects::repeated(&child.effects_log())?;
    point.lost = difference(&child, expected, &ended, point.assumed)?;
    child.remove();
    Ok(point)
}

/// What differs from the uninterrupted run.
fn difference(
    child: &Child<'_>,
    expected: &Expected,
    ended: &Ended,
    assumed: u64,
) -> Result<Option<String>, Failure> {
    if ended.code != expected.exit {
        return Ok(Some(format!(
            "exit code {} instead of {}",
            ended.code, expected.exit
        )));
    }
    let steps = child.steps(&ended.run)?;
    // What is taken as done has no output, and so may those that use it.
    if assumed == 0 && steps != expected.steps {
        return Ok(Some("steps ended in other states".to_owned()));
    }
    Ok(None)
}

fn report(points: &[Point], writes: u64, expected: &Expected, as_json: bool) -> ExitCode {
    let reached = points.iter().filter(|point| point.reached).count();
    let lost = points.iter().filter(|point| point.lost.is_some()).count();
    let repeated: u64 = points.iter().map(|point| point.repeated).sum();
    let assumed: u64 = points.iter().map(|point| point.assumed).sum();
    let exit = if lost == 0 && repeated == 0 {
        ExitCode::Ok
    } else {
        ExitCode::Scenario
    };
    if as_json {
        let point = |point: &Point| {
            json!({
                "write": point.write,
                "side": if point.after { "after" } else { "before" },
                "reached": point.reached,
                "resumes": point.resumes,
                "assumed": point.assumed,
                "repeated": point.repeated,
                "lost": point.lost,
            })
        };
        printer::json(&json!({
            "status": if exit == ExitCode::Ok { "ok" } else { "failed" },
            "exit": exit.number(),
            "writes": writes,
            "points": points.len(),
            "killed": reached,
            "recovered": points.len() - lost,
            "repeated": repeated,
            "assumed": assumed,
            "uninterrupted_exit": expected.exit,
            "crashes": points.iter().map(point).collect::<Vec<_>>(),
        }));
        return exit;
    }
    for point in points {
        if let Some(lost) = &point.lost {
            let side = if point.after { "after" } else { "before" };
            printer::note(&format!("killed {side} write {}: {lost}", point.write));
        }
    }
    let row = |name: &str, value: u64| format!("{name:<28}{:>8}\n", grouped(value));
    let table = [
        row("writes of the journal", writes),
        row("points tried", points.len() as u64),
        row("killed", reached as u64),
        row("recovered", (points.len() - lost) as u64),
        row("lost", lost as u64),
        row("repeated effects", repeated),
        row("decisions needed", assumed),
    ];
    printer::result(table.concat().trim_end());
    exit
}
