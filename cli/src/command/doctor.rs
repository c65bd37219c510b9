//! `tenzik doctor`: what this machine can build, and the one command that repairs what is missing.

use clap::Args;
use serde_json::json;

use tenzik_toolchain::{CheckStatus, Host, doctor};

use crate::exit_code::ExitCode;
use crate::printer;

/// Find what is missing on this machine, and how to get it.
#[derive(Args, Debug)]
#[command(
    after_help = "Running capsules needs nothing but tenzik; the checks are about building them."
)]
pub(crate) struct DoctorArguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &DoctorArguments) -> ExitCode {
    let report = doctor(&Host::from_env());
    let exit = if report.is_ok() {
        ExitCode::Ok
    } else {
        ExitCode::Machine
    };
    if arguments.json {
        let checks = serde_json::to_value(&report.checks).unwrap_or_default();
        printer::json(
            &json!({ "status": if report.is_ok() { "ok" } else { "missing" }, "exit": exit.number(), "checks": checks }),
        );
        return exit;
    }
    for check in &report.checks {
        let word = match check.status {
            CheckStatus::Ok => "ok",
            CheckStatus::Missing => "MISSING",
            CheckStatus::Optional => "optional",
        };
        printer::result(&format!("{word:<9} {:<16} {}", check.name, check.detail));
        if let Some(remedy) = &check.remedy {
            printer::result(&format!("{:<9} {:<16} run: {remedy}", "", ""));
        }
    }
    exit
}
