//! `tenzik policy check`: what is malformed in policies, and what is better written otherwise.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::policy::{Ceiling, Narrowing, PolicyFile};

use super::warnings::{self, Warning};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::policy_source;
use crate::printer;

/// Check policies: what is malformed, and what is better written otherwise.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tenzik policy check nmap.toml\n  tenzik policy check nmap.toml --ceiling team.toml --deny-warnings\n\n\
    A ceiling has the same format and can be checked like a policy. Programs and trees are looked at, never run."
)]
pub(crate) struct CheckArguments {
    /// Policies or ceilings.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Say too what of a policy this ceiling takes away.
    #[arg(long, value_name = "FILE")]
    ceiling: Vec<PathBuf>,
    /// Let warnings fail the check too.
    #[arg(long)]
    deny_warnings: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What there is to say about one file.
struct Checked<'a> {
    path: &'a Path,
    outcome: Result<(PolicyFile, Vec<Warning>, Vec<Narrowing>), Failure>,
}

pub(super) fn run(arguments: &CheckArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let ceilings = arguments
        .ceiling
        .iter()
        .map(|path| policy_source::ceiling(path));
    let ceilings: Vec<Ceiling> = ceilings.collect::<Result<_, _>>()?;
    let checked: Vec<Checked<'_>> = arguments
        .files
        .iter()
        .map(|path| check(path, &ceilings))
        .collect();
    let exits = checked
        .iter()
        .map(|checked| exit_of(checked, arguments.deny_warnings));
    let exits: Vec<ExitCode> = exits.collect();
    let exit = [ExitCode::Machine, ExitCode::Usage]
        .into_iter()
        .find(|code| exits.contains(code));
    let exit = exit.unwrap_or(ExitCode::Ok);
    if arguments.json {
        let files: Vec<Value> = checked
            .iter()
            .zip(&exits)
            .map(|(checked, exit)| object(checked, *exit))
            .collect();
        printer::json(&json!({ "exit": exit.number(), "files": files }));
    } else {
        checked.iter().for_each(print);
    }
    Ok(exit)
}

fn check<'a>(path: &'a Path, ceilings: &[Ceiling]) -> Checked<'a> {
    let outcome = policy_source::policy(path).map(|file| {
        let warnings = warnings::of(&file.policy.rules);
        let narrowings = file.policy.narrowed(ceilings).narrowings;
        (file, warnings, narrowings)
    });
    Checked { path, outcome }
}

fn exit_of(checked: &Checked<'_>, deny_warnings: bool) -> ExitCode {
    match &checked.outcome {
        Err(failure) => failure.exit,
        Ok((_, warnings, narrowings)) => {
            match deny_warnings && !(warnings.is_empty() && narrowings.is_empty()) {
                true => ExitCode::Usage,
                false => ExitCode::Ok,
            }
        }
    }
}

fn print(checked: &Checked<'_>) {
    match &checked.outcome {
        Err(failure) => printer::error(&failure.message, &failure.remedy),
        Ok((file, warnings, narrowings)) => {
            let grants = file.policy.grants.to_string();
            let grants = if grants.is_empty() {
                "nothing"
            } else {
                &grants
            };
            printer::result(&format!(
                "{}: well-formed, grants {grants}",
                shown(checked.path)
            ));
            for warning in warnings {
                printer::result(&format!(
                    "  {}: {} ({})",
                    warning.at, warning.message, warning.code
                ));
                printer::result(&format!("    remedy: {}", warning.remedy));
            }
            for narrowing in narrowings {
                printer::result(&format!("  {}", narrowed_line(narrowing)));
            }
        }
    }
}

/// `WHAT: ASKED, of which CEILING leaves LEFT`.
pub(super) fn narrowed_line(narrowing: &Narrowing) -> String {
    format!(
        "{}: {} asked, {} left by {}",
        narrowing.what, narrowing.asked, narrowing.left, narrowing.by
    )
}

/// `{"what","capability"?,"asked","left","by"}`.
pub(super) fn narrowed_object(narrowing: &Narrowing) -> Value {
    let mut object = json!({
        "what": narrowing.what,
        "asked": narrowing.asked,
        "left": narrowing.left,
        "by": narrowing.by.to_string(),
    });
    if let Some(capability) = narrowing.capability {
        object["capability"] = json!(capability.name());
    }
    object
}

fn object(checked: &Checked<'_>, exit: ExitCode) -> Value {
    let mut object = json!({
        "file": checked.path.to_string_lossy(),
        "exit": exit.number(),
        "well_formed": checked.outcome.is_ok(),
    });
    match &checked.outcome {
        Err(failure) => {
            object["error"] = json!({ "code": failure.code, "message": failure.message, "remedy": failure.remedy });
        }
        Ok((file, warnings, narrowings)) => {
            let warnings = warnings.iter().map(|warning| {
                json!({
                    "code": warning.code,
                    "line": warning.at.line,
                    "message": warning.message,
                    "remedy": warning.remedy,
                })
            });
            object["warnings"] = warnings.collect();
            object["narrowed"] = narrowings.iter().map(narrowed_object).collect();
            object["grants"] = file
                .policy
                .grants
                .iter()
                .map(|capability| capability.name())
                .collect();
            object["policy_commit"] = json!(commit(&file.policy));
        }
    }
    object
}

/// The commitment of a policy in hexadecimal digits.
pub(super) fn commit(policy: &tenzik_runtime::Policy) -> String {
    blake3::Hash::from_bytes(*policy.commit().as_bytes())
        .to_hex()
        .to_string()
}
