//! The first question, asked of several receipts.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use tenzik_runtime::TrustStore;

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;

use super::contents;
use super::reexecution::Reexecution;
use super::report::Report;
use super::verify::{known, verified};

/// Verifies signature and key of each receipt. The exit code is that of the gravest answer: a file
/// that cannot be read, then a receipt that is broken.
pub(super) fn verify_signatures(paths: &[PathBuf], trusted: &TrustStore, json: bool) -> ExitCode {
    let mut exits = Vec::new();
    let mut objects = Vec::new();
    for path in paths {
        let report = signature_report(path, trusted);
        let (exit, mut object) = match report {
            Ok(report) => report.print_line(path, json),
            Err(failure) => failed(path, &failure, json),
        };
        if json {
            object["file"] = json!(path.to_string_lossy());
            objects.push(object);
        }
        exits.push(exit);
    }
    let order = [ExitCode::Machine, ExitCode::Receipt];
    let exit = order.into_iter().find(|exit| exits.contains(exit));
    let exit = exit.unwrap_or(ExitCode::Ok);
    let good = exits.iter().filter(|exit| **exit == ExitCode::Ok).count();
    let bad = exits.len() - good;
    if json {
        printer::json(&json!({
            "exit": exit.number(),
            "summary": { "files": paths.len(), "verified": good, "refused": bad },
            "files": objects,
        }));
    } else {
        let count = paths.len();
        printer::result(&format!("{count} receipts: {good} verified, {bad} refused"));
    }
    exit
}

/// A file that cannot be read.
fn failed(path: &Path, failure: &Failure, json: bool) -> (ExitCode, Value) {
    printer::error(&failure.message, &failure.remedy);
    if !json {
        printer::result(&format!("{}: not read", shown(path)));
    }
    let error =
        json!({ "code": failure.code, "message": failure.message, "remedy": failure.remedy });
    let exit = failure.exit;
    (
        exit,
        json!({ "status": "error", "exit": exit.number(), "error": error }),
    )
}

fn signature_report(path: &Path, trusted: &TrustStore) -> Result<Report, Failure> {
    let trusted = || Ok(Cow::Borrowed(trusted));
    Ok(match verified(path, false, trusted)? {
        Ok(receipt) => Report {
            statement: Some(receipt.body().statement().clone()),
            signer: known(&receipt),
            commitments: contents::not_asked(),
            reexecution: Reexecution::NotAsked,
        },
        Err(report) => report,
    })
}
