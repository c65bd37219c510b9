//! `tenzik bundle inspect`: the parts of a bundle, its calls, and both as files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::evidence::bundle::{Bundle, Part, PartInfo, RecordedAnswer, RecordedCall};
use tenzik_runtime::evidence::{Finding, Statement};

use crate::bundle_file::{BundleFile, failed};
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::printer::{self, grouped};

/// Calls that `--json --transcript` puts into one object.
const JSON_CALLS_MAX: usize = 100_000;

/// Check a bundle, and show or extract what is in it.
#[derive(Args, Debug)]
#[command(after_help = "\
    Examples:\n  \
    tenzik bundle inspect scan.bundle --transcript\n  \
    tenzik bundle inspect scan.bundle --extract scan\n\n\
    Everything is checked: form, digests, and whether the receipt commits to the other parts. Who signed it, and whether\n\
    the run ends in the same way again, is asked with tenzik receipt verify --replay BUNDLE.")]
pub(crate) struct InspectArguments {
    /// The bundle.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// Show every call of the run, what was asked for and what was answered.
    #[arg(long)]
    transcript: bool,
    /// Write the parts to files in a new directory.
    #[arg(long, value_name = "DIR")]
    extract: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &InspectArguments) -> ExitCode {
    attempt(arguments).unwrap_or_else(|failure| failure.report(arguments.json))
}

fn attempt(arguments: &InspectArguments) -> Result<ExitCode, Failure> {
    let file = BundleFile::open(&arguments.bundle)?;
    let statement = file.receipt()?.body().statement().clone();
    let findings = file.bundle.findings(&statement);
    let extracted = match &arguments.extract {
        Some(directory) => extract(&file.bundle, directory)?,
        None => Vec::new(),
    };
    if arguments.json {
        printer::json(&object(
            arguments, &file, &statement, &findings, &extracted,
        )?);
    } else {
        print(arguments, &file, &statement, &findings, &extracted)?;
    }
    if findings.is_empty() {
        return Ok(ExitCode::Ok);
    }
    let differing = differing(&file, &findings);
    printer::error(&differing.message, &differing.remedy);
    Ok(differing.exit)
}

/// The receipt inside is not that of the other parts.
fn differing(file: &BundleFile, findings: &[Finding]) -> Failure {
    let fields: Vec<&str> = findings.iter().map(Finding::field).collect();
    let message = format!(
        "{}: the receipt commits to something else: {}",
        shown(&file.path),
        fields.join(", ")
    );
    let remedy = "get the bundle again; if it is the same, do not rely on it";
    Failure::new(ExitCode::Receipt, "bundle_broken", message, remedy)
}

fn print(
    arguments: &InspectArguments,
    file: &BundleFile,
    statement: &Statement,
    findings: &[Finding],
    extracted: &[PathBuf],
) -> Result<(), Failure> {
    let bundle = &file.bundle;
    let verdict = &statement.verdict;
    let code = verdict
        .error_code()
        .map(|code| format!(" ({code})"))
        .unwrap_or_default();
    let line = |name: &str, text: &str| printer::result(&format!("{name:<13}{text}"));
    line("bundle", &shown(&file.path));
    line("status", &format!("{}{code}", verdict.status()));
    line("run", &format!("at {}", statement.timestamp));
    if let Some(run) = verdict.run() {
        line("seed", &run.seed.to_string());
        line("now", &run.now.to_string());
    }
    line("calls", &calls_text(bundle));
    for info in bundle.parts() {
        line(
            info.part.name(),
            &format!("{:>14} B  {}", grouped(info.span.bytes), info.digest),
        );
    }
    line(
        "commitments",
        match findings {
            [] => "the receipt commits to these parts; its signature is not verified here",
            _ => "the receipt commits to other parts",
        },
    );
    if arguments.transcript {
        for call in bundle.calls() {
            let call = call.map_err(|error| failed(&file.path, error))?;
            let text = bundle
                .text(&call)
                .map_err(|error| failed(&file.path, error))?;
            let number = call.number;
            printer::result(&format!("{number:>6}  {} -> {}", text.request, text.answer));
        }
    }
    for path in extracted {
        line("written", &shown(path));
    }
    Ok(())
}

fn calls_text(bundle: &Bundle) -> String {
    let calls = grouped(bundle.call_count());
    match bundle.is_halted() {
        true => format!("{calls} answered, and one that ended the run"),
        false => format!("{calls} answered"),
    }
}

fn object(
    arguments: &InspectArguments,
    file: &BundleFile,
    statement: &Statement,
    findings: &[Finding],
    extracted: &[PathBuf],
) -> Result<Value, Failure> {
    let bundle = &file.bundle;
    let verdict = &statement.verdict;
    let error = (!findings.is_empty()).then(|| differing(file, findings));
    let exit = error.as_ref().map_or(ExitCode::Ok, |error| error.exit);
    let mut object = json!({
        "status": if error.is_none() { "ok" } else { "broken" },
        "exit": exit.number(),
        "bundle": file.path.to_string_lossy(),
        "version": 1,
        "parts": bundle.parts().iter().map(part).collect::<Vec<_>>(),
        "calls": bundle.call_count(),
        "halted": bundle.is_halted(),
        "transcript_commit": bundle.transcript_commit().to_string(),
        "run": {
            "status": verdict.status().name(),
            "error_code": verdict.error_code().map(|code| code.as_str()),
            "timestamp": statement.timestamp.to_string(),
            "seed": verdict.run().map(|run| run.seed.to_string()),
            "now": verdict.run().map(|run| run.now.to_string()),
        },
    });
    if arguments.transcript {
        object["transcript"] = transcript(file)?;
    }
    if !extracted.is_empty() {
        let paths = extracted.iter().map(|path| path.to_string_lossy());
        object["extracted"] = paths.collect();
    }
    if let Some(error) = error {
        object["error"] =
            json!({ "code": error.code, "message": error.message, "remedy": error.remedy });
    }
    Ok(object)
}

fn part(info: &PartInfo) -> Value {
    json!({
        "name": info.part.name(),
        "offset": info.span.offset,
        "bytes": info.span.bytes,
        "blake3": info.digest.to_string(),
    })
}

/// The calls as an array; of very many only the first ones.
fn transcript(file: &BundleFile) -> Result<Value, Failure> {
    let mut calls = Vec::new();
    for call in file.bundle.calls().take(JSON_CALLS_MAX) {
        let call = call.map_err(|error| failed(&file.path, error))?;
        calls.push(call_object(file, &call)?);
    }
    Ok(Value::Array(calls))
}

fn call_object(file: &BundleFile, call: &RecordedCall) -> Result<Value, Failure> {
    let text = file
        .bundle
        .text(call)
        .map_err(|error| failed(&file.path, error))?;
    let (kind, result, bytes) = match &call.answer {
        RecordedAnswer::Answered { number, bytes } => ("answered", Some(*number), bytes.bytes),
        RecordedAnswer::Halted(_) => ("halted", None, 0),
    };
    Ok(json!({
        "call": call.number,
        "function": call.function,
        "request": text.request,
        "request_bytes": call.request.bytes,
        "outcome": kind,
        "result": result,
        "answer": text.answer,
        "answer_bytes": bytes,
    }))
}

/// Writes every part to a file of its own, in a directory that was not there before.
fn extract(bundle: &Bundle, directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir(directory)
        .map_err(|error| failure::file("cannot make the directory", directory, &error))?;
    let names = [
        (Part::Capsule, "capsule.wasm"),
        (Part::Policy, "policy.txt"),
        (Part::Transcript, "transcript.bin"),
        (Part::Input, "input"),
        (Part::Receipt, "receipt.json"),
    ];
    let mut written = Vec::new();
    for (part, name) in names {
        let path = directory.join(name);
        let copy = || -> io::Result<()> {
            let mut file = File::create_new(&path)?;
            io::copy(&mut bundle.reader(part), &mut file)?;
            file.sync_all()
        };
        copy().map_err(|error| failure::file("cannot write", &path, &error))?;
        written.push(path);
    }
    Ok(written)
}
