//! `tenzik undo`: puts back what a run changed.

use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use tenzik_runtime::gate::{
    RunId, UndoConflict, UndoError, UndoReport, UndoRun, UndoRunState, UndoStore,
};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer::{self, grouped};
use crate::user_directories;

/// How often the progress of an undo moves.
const TICK: Duration = Duration::from_millis(100);

/// Undo what a run changed in files.
#[derive(Args, Debug)]
#[command(after_help = "\
    Files that the run replaced get their old content and mode again; files that it made are\n\
    removed. If a file is not as the run left it, nothing is done.\n\
    Every run:           tenzik undo --list\n\
    What a run changed:  tenzik undo --list RUN_ID\n\
    Undo it:             tenzik undo RUN_ID")]
pub(crate) struct UndoArguments {
    /// The run, as tenzik run printed it.
    #[arg(value_name = "RUN_ID", required_unless_present = "list")]
    run: Option<String>,
    /// List the changes of the run, or every run, and undo nothing.
    #[arg(long, conflicts_with = "force")]
    list: bool,
    /// Put files back even if they are not as the run left them; what they have now is lost.
    #[arg(long)]
    force: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &UndoArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(exit) => exit,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &UndoArguments) -> Result<ExitCode, Failure> {
    let store = UndoStore::new(&user_directories::state()?);
    let run = arguments.run.as_deref().map(parse).transpose()?;
    match run {
        None => list(&store, arguments.json),
        Some(run) if arguments.list => changes(&store, &run, arguments.json),
        Some(run) => undo(&store, &run, arguments),
    }
}

fn parse(text: &str) -> Result<RunId, Failure> {
    text.parse()
        .map_err(|error: tenzik_runtime::gate::RunIdError| {
            Failure::usage(error.to_string(), "tenzik undo --list shows every run")
        })
}

/// Every run.
fn list(store: &UndoStore, as_json: bool) -> Result<ExitCode, Failure> {
    let (mut runs, mut problems) = (Vec::new(), Vec::new());
    for run in store.list().map_err(|error| failed(&error))? {
        match run {
            Ok(run) => runs.push(run),
            Err(error) => problems.push(error.to_string()),
        }
    }
    for problem in &problems {
        printer::note(&format!("warning: {problem}"));
    }
    if as_json {
        let runs: Vec<Value> = runs.iter().map(run_object).collect();
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "runs": runs,
            "problems": problems,
        }));
    } else {
        for run in &runs {
            printer::result(&run_line(run));
        }
    }
    Ok(ExitCode::Ok)
}

fn run_object(run: &UndoRun) -> Value {
    json!({
        "run": run.run.as_str(),
        "state": run.state.name(),
        "changes": run.changes.len(),
        "undone": run.changes.iter().filter(|change| change.undone).count(),
        "backup_bytes": run.backup_bytes,
    })
}

fn run_line(run: &UndoRun) -> String {
    format!(
        "{}  {:<11}  {} {}, {} B of backups",
        run.run,
        run.state.name(),
        grouped(run.changes.len() as u64),
        if run.changes.len() == 1 {
            "change"
        } else {
            "changes"
        },
        grouped(run.backup_bytes)
    )
}

/// What one run changed.
fn changes(store: &UndoStore, run: &RunId, as_json: bool) -> Result<ExitCode, Failure> {
    let run = store.run(run).map_err(|error| failed(&error))?;
    if as_json {
        let changes = run.changes.iter().map(|change| {
            json!({
                "path": change.tree.join(&change.path).to_string_lossy(),
                "created": change.created,
                "undone": change.undone,
            })
        });
        let changes: Vec<Value> = changes.collect();
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "run": run.run.as_str(),
            "state": run.state.name(),
            "backup_bytes": run.backup_bytes,
            "changes": changes,
        }));
        return Ok(ExitCode::Ok);
    }
    printer::result(&run_line(&run));
    for change in &run.changes {
        let what = if change.created {
            "created"
        } else {
            "replaced"
        };
        let undone = match (change.undone, run.state) {
            (true, UndoRunState::Undone) | (false, _) => "",
            (true, _) => ", undone",
        };
        let path = shown(&change.tree.join(&change.path));
        printer::result(&format!("  {what:<8}  {path}{undone}"));
    }
    Ok(ExitCode::Ok)
}

fn undo(store: &UndoStore, run: &RunId, arguments: &UndoArguments) -> Result<ExitCode, Failure> {
    let spinner = printer::shows_progress().then(|| {
        let spinner = ProgressBar::new_spinner().with_message("putting files back");
        spinner.enable_steady_tick(TICK);
        spinner
    });
    let ended = store.undo(run, arguments.force);
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    match ended {
        Ok(report) => Ok(print(&report, arguments.json)),
        Err(UndoError::Changed { conflicts, .. }) => {
            let failure = changed(run, &conflicts);
            tell(&conflicts);
            printer::error(&failure.message, &failure.remedy);
            if arguments.json {
                printer::json(&json!({
                    "status": "error",
                    "exit": failure.exit.number(),
                    "error": error_object(&failure),
                    "conflicts": conflict_objects(&conflicts),
                }));
            }
            Ok(failure.exit)
        }
        Err(error) => Err(failed(&error)),
    }
}

/// One line for each file.
fn tell(conflicts: &[UndoConflict]) {
    for conflict in conflicts {
        printer::note(&format!("{}: {}", shown(&conflict.path), conflict.reason));
    }
}

fn changed(run: &RunId, conflicts: &[UndoConflict]) -> Failure {
    Failure::new(
        ExitCode::Machine,
        "undo_changed",
        format!(
            "{} of the files that run {run} changed are not as it left them; nothing was undone",
            conflicts.len()
        ),
        "look at these files; put them back all the same with --force, which loses what they have now",
    )
}

fn print(report: &UndoReport, as_json: bool) -> ExitCode {
    let incomplete = (!report.left.is_empty()).then(|| {
        Failure::new(
            ExitCode::Machine,
            "undo_incomplete",
            format!(
                "{} of the files that run {} changed cannot be put back",
                report.left.len(),
                report.run
            ),
            "move away what is in their place, and undo again; what was put back stays so",
        )
    });
    tell(&report.left);
    if let Some(failure) = &incomplete {
        printer::error(&failure.message, &failure.remedy);
    }
    let exit = incomplete
        .as_ref()
        .map_or(ExitCode::Ok, |failure| failure.exit);
    if as_json {
        let mut object = object(report, exit);
        if let Some(failure) = &incomplete {
            object["error"] = error_object(failure);
        }
        printer::json(&object);
        return exit;
    }
    for file in &report.restored {
        printer::result(&format!("{:<9}  {}", file.action.name(), shown(&file.path)));
    }
    if report.restored.is_empty() && incomplete.is_none() {
        printer::note(&format!("run {} left nothing to undo", report.run));
    }
    exit
}

fn object(report: &UndoReport, exit: ExitCode) -> Value {
    let restored = report
        .restored
        .iter()
        .map(|file| json!({ "path": file.path.to_string_lossy(), "action": file.action.name() }));
    json!({
        "status": if exit == ExitCode::Ok { "ok" } else { "error" },
        "exit": exit.number(),
        "run": report.run.as_str(),
        "restored": restored.collect::<Vec<_>>(),
        "undone_before": report.undone_before,
        "forced": conflict_objects(&report.forced),
        "left": conflict_objects(&report.left),
        "temporary_files": report.temporary_files,
    })
}

fn conflict_objects(conflicts: &[UndoConflict]) -> Vec<Value> {
    let object = |conflict: &UndoConflict| {
        json!({
            "path": conflict.path.to_string_lossy(),
            "code": conflict.reason.code(),
            "message": conflict.reason.to_string(),
        })
    };
    conflicts.iter().map(object).collect()
}

fn error_object(failure: &Failure) -> Value {
    json!({ "code": failure.code, "message": failure.message, "remedy": failure.remedy })
}

/// The message of a store has its remedy behind the last semicolon.
fn failed(error: &UndoError) -> Failure {
    let text = error.to_string();
    match text.rsplit_once("; ") {
        Some((message, remedy)) => Failure::machine(message, remedy),
        None => Failure::machine(text, "see docs/files.md"),
    }
}
