//! `tenzik validate`: the verdict on modules, all findings of each.

mod sarif;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::{Examination, Finding, Severity};

use crate::capsule_source::examine_file;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::json;
use crate::policy_arguments::PolicyArguments;
use crate::printer::{self, grouped};

/// Check whether modules are acceptable capsules.
#[derive(Args, Debug)]
#[command(
    after_help = "The exit code is that of the gravest finding over all files; 0 if every module is acceptable."
)]
pub(crate) struct ValidateArguments {
    /// Modules: .wasm, or .wat text.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Let warnings reject a module too.
    #[arg(long)]
    deny_warnings: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Print a SARIF 2.1.0 log, for editors and code hosts.
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

/// The verdict on one file.
struct Verdict<'a> {
    path: &'a PathBuf,
    examined: Result<Examination, Failure>,
    exit: ExitCode,
}

pub(crate) fn run(arguments: &ValidateArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ValidateArguments) -> Result<ExitCode, Failure> {
    let policy = arguments.policy.policy()?;
    let verdicts: Vec<Verdict<'_>> = arguments
        .files
        .iter()
        .map(|path| {
            let examined = examine_file(path, &policy);
            let exit = exit_of(&examined, arguments.deny_warnings);
            Verdict {
                path,
                examined,
                exit,
            }
        })
        .collect();
    let exit = gravest(&verdicts);
    if arguments.sarif {
        printer::json(&sarif::log(&verdicts, exit));
        verdicts.iter().for_each(print_failure);
    } else if arguments.json {
        let files: Vec<Value> = verdicts.iter().map(file_object).collect();
        let accepted = verdicts
            .iter()
            .filter(|verdict| verdict.exit == ExitCode::Ok)
            .count();
        let mut object = json!({
            "exit": exit.number(),
            "summary": { "files": verdicts.len(), "accepted": accepted, "rejected": verdicts.len() - accepted },
            "files": files,
        });
        if let Some(profile) = arguments.policy.profile_name() {
            object["profile"] = json!(profile);
        }
        if let Some(path) = arguments.policy.policy_path() {
            object["policy"] = json!(path.to_string_lossy());
        }
        printer::json(&object);
    } else {
        verdicts.iter().for_each(print);
        summary(&verdicts);
    }
    Ok(exit)
}

fn exit_of(examined: &Result<Examination, Failure>, deny_warnings: bool) -> ExitCode {
    match examined {
        Err(failure) => failure.exit,
        Ok(examination) => {
            let refuses = |finding: &&Finding| deny_warnings || finding.severity == Severity::Error;
            let gravest = examination.findings().iter().find(refuses);
            gravest.map_or(ExitCode::Ok, |finding| ExitCode::from(finding.code.class()))
        }
    }
}

/// The first exit code in the order of precedence that any file has.
fn gravest(verdicts: &[Verdict<'_>]) -> ExitCode {
    const ORDER: [ExitCode; 6] = [
        ExitCode::Machine,
        ExitCode::Size,
        ExitCode::Invalid,
        ExitCode::Import,
        ExitCode::Policy,
        ExitCode::Memory,
    ];
    ORDER
        .into_iter()
        .find(|code| verdicts.iter().any(|verdict| verdict.exit == *code))
        .unwrap_or(ExitCode::Ok)
}

/// Says on standard error why a file was not examined.
fn print_failure(verdict: &Verdict<'_>) {
    if let Err(failure) = &verdict.examined {
        printer::error(&failure.message, &failure.remedy);
    }
}

fn print(verdict: &Verdict<'_>) {
    let path = shown(verdict.path);
    print_failure(verdict);
    let Ok(examination) = &verdict.examined else {
        return;
    };
    let validation = examination.validation();
    let word = if verdict.exit == ExitCode::Ok {
        "accepted"
    } else {
        "REJECTED"
    };
    let needs = validation.needs().to_string();
    let needs = if needs.is_empty() {
        "nothing".to_owned()
    } else {
        needs
    };
    printer::result(&format!(
        "{path}: {word}, {} bytes, needs {needs}",
        grouped(validation.bytes())
    ));
    for finding in examination.findings() {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        printer::result(&format!(
            "  {severity:<8} {:<24} {}{}",
            finding.code.code(),
            finding.message,
            place(finding)
        ));
        printer::result(&format!(
            "  {:<8} {:<24} cause: {}",
            "",
            "",
            finding.code.cause()
        ));
        printer::result(&format!(
            "  {:<8} {:<24} remedy: {}",
            "", "", finding.remedy
        ));
    }
}

/// ` (byte 123, function 4 "name")`.
fn place(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some(offset) = finding.location.offset {
        parts.push(format!("byte {offset}"));
    }
    if let Some(index) = finding.location.function_index {
        let name = finding
            .location
            .function_name
            .as_deref()
            .map(tenzik_runtime::escaped)
            .unwrap_or_default();
        parts.push(format!("function {index} {name}").trim_end().to_owned());
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}

fn summary(verdicts: &[Verdict<'_>]) {
    if verdicts.len() > 1 {
        let accepted = verdicts
            .iter()
            .filter(|verdict| verdict.exit == ExitCode::Ok)
            .count();
        printer::result(&format!(
            "{} files: {accepted} accepted, {} rejected",
            verdicts.len(),
            verdicts.len() - accepted
        ));
    }
}

fn file_object(verdict: &Verdict<'_>) -> Value {
    let mut object =
        json!({ "file": verdict.path.to_string_lossy(), "exit": verdict.exit.number() });
    match &verdict.examined {
        Err(failure) => {
            object["accepted"] = json!(false);
            object["error"] = json!({ "code": failure.code, "message": failure.message, "remedy": failure.remedy });
            object["findings"] = json!([]);
        }
        Ok(examination) => {
            let validation = examination.validation();
            object["accepted"] = json!(verdict.exit == ExitCode::Ok);
            object["bytes"] = json!(validation.bytes());
            if let Some(id) = validation.id() {
                object["capsule_id"] = json!(id.to_string());
            }
            object["needs"] = json!(
                validation
                    .needs()
                    .iter()
                    .map(|capability| capability.name())
                    .collect::<Vec<_>>()
            );
            object["findings"] = examination.findings().iter().map(json::finding).collect();
        }
    }
    object
}
