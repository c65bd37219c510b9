//! `tenzik profile`: which functions of a capsule use its fuel.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use tenzik_runtime::{
    COST_MODEL, EngineOptions, FuelProfile, FunctionNames, ProfileError, ProfileRequest, Runtime,
};

use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::json;
use crate::printer::{self, grouped};
use crate::profile::{FunctionUse, Labels, flame_graph, folded, functions};
use crate::run_input::open_without_waiting;
use crate::run_output::{same_file, write_whole};
use crate::sidecar_file::{self, Found};
use crate::subject::{Subject, SubjectArguments};

use super::run::{Ending, ending};

/// Largest file that names are read from, in bytes.
const NAMES_BYTES_MAX: u64 = 64 << 20;

/// Time between two pictures of the spinner.
const SPINNER_TICK: Duration = Duration::from_millis(200);

/// Show which functions of a capsule use its fuel.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tenzik profile nmap-parse --input scan.xml\n  \
    tenzik profile ./mine.wasm --input-text hello -o mine.folded --svg mine.svg\n\n\
    The fuel of all functions adds up to the fuel of the run. Without --input and --input-text the input is empty."
)]
pub(crate) struct ProfileArguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// Write folded stacks to a file, for speedscope, inferno or flamegraph.pl; - is standard output,
    /// instead of the table.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a flame graph to a file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Functions in the table.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Take the names of functions from this module: one with the same functions and a name section
    /// [default: NAME.debug.wasm beside NAME.wasm].
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ProfileArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ProfileArguments) -> Result<ExitCode, Failure> {
    check_paths(arguments)?;
    let subject = arguments.subject.subject()?;
    let (capsule, permit) = subject.admitted()?;
    let names = function_names(arguments, &subject.source, capsule.bytes())?;
    let failed = |error: String| Failure::machine(error, "see the message");
    let runtime = Runtime::new(&EngineOptions::one_shot()).map_err(|e| failed(e.to_string()))?;
    let request = ProfileRequest {
        input: subject.input.clone(),
        now_ms: subject.now_ms(),
        seed: subject.seed,
    };
    let spinner = printer::shows_progress().then(|| {
        let spinner = ProgressBar::new_spinner().with_message("running twice");
        spinner.enable_steady_tick(SPINNER_TICK);
        spinner
    });
    let profiled = runtime.engine().profile(capsule, permit, request);
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    let profile = match profiled {
        Ok(profile) => profile,
        Err(ProfileError::MachineBound { fault }) => {
            let message = format!(
                "the capsule {}; where that happens depends on the machine, so there is no exact profile",
                fault.message
            );
            let exit = ExitCode::from(fault.code.class());
            return Err(Failure::new(
                exit,
                fault.code.code(),
                message,
                fault.code.remedy(),
            ));
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let labels = Labels::new(&profile, &names);
    write_files(arguments, &subject, &profile, &labels)?;
    Ok(report(arguments, &subject, &profile, &labels))
}

/// Refuses to write over what is read, or twice to one file.
fn check_paths(arguments: &ProfileArguments) -> Result<(), Failure> {
    let mut others = arguments.subject.files();
    others.extend(arguments.names.clone().map(|path| ("--names", path)));
    let outputs = [("--output", &arguments.output), ("--svg", &arguments.svg)];
    for (name, path) in outputs {
        let Some(path) = path
            .as_ref()
            .filter(|path| path.as_path() != Path::new("-"))
        else {
            continue;
        };
        if let Some((other, _)) = others.iter().find(|(_, other)| same_file(path, other)) {
            let message = format!("{name} and {other} are the same file");
            return Err(Failure::usage(message, "write to another file"));
        }
        others.push((name, path.clone()));
    }
    if arguments.json && to_stdout(arguments) {
        return Err(Failure::usage(
            "--json and --output - both print on standard output",
            "write the folded stacks to a file",
        ));
    }
    Ok(())
}

/// Whether folded stacks are the result.
fn to_stdout(arguments: &ProfileArguments) -> bool {
    arguments.output.as_deref() == Some(Path::new("-"))
}

/// The capsule's own names, and better ones: of the file that was given, or of the sidecar.
fn function_names(
    arguments: &ProfileArguments,
    source: &CapsuleSource,
    module: &[u8],
) -> Result<FunctionNames, Failure> {
    let own = FunctionNames::of(module);
    let Some(path) = &arguments.names else {
        return Ok(match sidecar_file::find(source, module, None)? {
            Found::Sidecar(_, path) => match sidecar_file::read(&path) {
                Ok(bytes) => own.or_better(FunctionNames::of(&bytes)),
                Err(error) => return Err(failure::file("cannot read", &path, &error)),
            },
            Found::None => own,
            Found::Useless(reason) => {
                printer::note(&reason);
                own
            }
        });
    };
    let named = |error: std::io::Error| failure::file("cannot read the names", path, &error);
    // A named pipe without a writer must not hold up the opening.
    let file = open_without_waiting(File::options().read(true), path).map_err(named)?;
    let regular = file.metadata().map_err(named)?.is_file();
    let mut bytes = Vec::new();
    if regular {
        let mut limited = file.take(NAMES_BYTES_MAX + 1);
        limited.read_to_end(&mut bytes).map_err(named)?;
    }
    if !regular || bytes.len() as u64 > NAMES_BYTES_MAX {
        let shown = shown(path);
        let message = format!("{shown} is no file of at most {NAMES_BYTES_MAX} bytes");
        return Err(Failure::usage(message, "name a module with a name section"));
    }
    let better = FunctionNames::of(&bytes);
    if !bytes.starts_with(b"\0asm") {
        let message = format!("{} is no module", shown(path));
        return Err(Failure::usage(message, "name a module with a name section"));
    }
    let (count, own_count) = (better.functions(), own.functions());
    if better.is_empty() || count != 0 && count != own_count {
        let message = format!(
            "{} has names of {count} functions; the capsule has {own_count}",
            shown(path)
        );
        return Err(Failure::usage(
            message,
            "name the unstripped build of this very capsule",
        ));
    }
    Ok(own.or_better(better))
}

fn write_files(
    arguments: &ProfileArguments,
    subject: &Subject,
    profile: &FuelProfile,
    labels: &Labels,
) -> Result<(), Failure> {
    if to_stdout(arguments) {
        printer::bytes(folded(profile, labels).as_bytes()).or_else(|error| {
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                return Ok(());
            }
            let message = format!("cannot write to standard output: {error}");
            Err(Failure::machine(
                message,
                "make room or choose another file",
            ))
        })?;
    } else if let Some(path) = &arguments.output {
        write_whole(path, folded(profile, labels).as_bytes())
            .map_err(|error| failure::file("cannot write the stacks", path, &error))?;
    }
    if let Some(path) = &arguments.svg {
        let title = format!("Fuel of {}", subject.source.shown());
        write_whole(path, flame_graph(profile, labels, &title).as_bytes())
            .map_err(|error| failure::file("cannot write the flame graph", path, &error))?;
    }
    Ok(())
}

fn report(
    arguments: &ProfileArguments,
    subject: &Subject,
    profile: &FuelProfile,
    labels: &Labels,
) -> ExitCode {
    let ending = ending(&profile.outcome);
    if let Some((_, message, remedy)) = &ending.error {
        printer::error(message, remedy);
    }
    let uses = functions(profile);
    if arguments.json {
        printer::json(&object(arguments, subject, profile, labels, &uses, &ending));
    } else if !to_stdout(arguments) {
        table(arguments, profile, labels, &uses, ending.status);
    }
    ending.exit
}

fn table(
    arguments: &ProfileArguments,
    profile: &FuelProfile,
    labels: &Labels,
    uses: &[FunctionUse],
    status: &str,
) {
    let usage = &profile.outcome.usage;
    let at_least = if usage.fuel_exact { "" } else { "at least " };
    printer::result(&format!(
        "{status}: {at_least}{} units of fuel in {} functions",
        grouped(usage.fuel),
        grouped(uses.len() as u64)
    ));
    printer::result(&format!(
        "{:>15} {:>7} {:>15} {:>7} {:>11}  function",
        "own fuel", "", "with callees", "", "calls"
    ));
    for function in uses.iter().take(arguments.top) {
        printer::result(&format!(
            "{:>15} {:>7} {:>15} {:>7} {:>11}  {}",
            grouped(function.own),
            percent(function.own, usage.fuel),
            grouped(function.total),
            percent(function.total, usage.fuel),
            grouped(function.calls),
            labels.label(function.frame)
        ));
    }
    let rest = uses.len().saturating_sub(arguments.top);
    if rest > 0 {
        printer::note(&format!("  {rest} more functions: --top {}", uses.len()));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage has two digits behind the point"
)]
fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", part as f64 / whole.max(1) as f64 * 100.0)
}

fn object(
    arguments: &ProfileArguments,
    subject: &Subject,
    profile: &FuelProfile,
    labels: &Labels,
    uses: &[FunctionUse],
    ending: &Ending,
) -> Value {
    let functions: Vec<Value> = uses
        .iter()
        .map(|function| {
            let index = match function.frame {
                tenzik_runtime::ProfileFrame::Function(index) => Some(index),
                _ => None,
            };
            json!({
                "name": labels.label(function.frame),
                "kind": labels.kind(function.frame).word(),
                "function": index,
                "own_fuel": function.own,
                "total_fuel": function.total,
                "calls": function.calls,
            })
        })
        .collect();
    let used = profile.stacks.iter().filter(|stack| stack.fuel > 0).count();
    let mut object = json!({
        "status": ending.status,
        "exit": ending.exit.number(),
        "capsule": subject.source.shown(),
        "cost_model": COST_MODEL,
        "usage": json::usage(&profile.outcome.usage),
        "stacks": used,
        "functions": functions,
    });
    if let Some(id) = subject.examination.validation().id() {
        object["capsule_id"] = json!(id.to_string());
    }
    for (field, path) in [("folded", &arguments.output), ("svg", &arguments.svg)] {
        if let Some(path) = path {
            object[field] = json!(path.to_string_lossy());
        }
    }
    if let Some((code, message, remedy)) = &ending.error {
        object["error"] = json!({ "code": code, "message": message, "remedy": remedy });
    }
    object
}
