//! `tenzik receipt show`: the fields of a receipt, verified or not.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::SignedReceipt;
use tenzik_runtime::evidence::{Run, Statement};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer::{self, grouped};

use super::{read, unreadable};

/// Show what a receipt says, without verifying anything.
#[derive(Args, Debug)]
#[command(after_help = "\
    With --json the object has the fields of the receipt as they stand in the file, and besides them\n\
    \"exit\" and \"verified\": false, since nothing is verified. See tenzik receipt verify.")]
pub(crate) struct ShowArguments {
    /// The receipt.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ShowArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ShowArguments) -> Result<(), Failure> {
    let bytes = read(&arguments.receipt)?;
    let receipt =
        SignedReceipt::parse(&bytes).map_err(|error| unreadable(&arguments.receipt, &error))?;
    if arguments.json {
        printer::json(&object(&receipt)?);
    } else {
        printer::result(&table(&receipt));
        printer::result(&format!(
            "\nnot verified: this is what the file says, whoever wrote it; see tenzik receipt verify {}",
            shown(&arguments.receipt)
        ));
    }
    Ok(())
}

fn object(receipt: &SignedReceipt) -> Result<Value, Failure> {
    let mut object: Value = serde_json::from_str(&receipt.to_json()).map_err(|error| {
        Failure::machine(
            format!("the receipt cannot be written as JSON: {error}"),
            "",
        )
    })?;
    object["exit"] = json!(ExitCode::Ok.number());
    object["verified"] = json!(false);
    Ok(object)
}

/// Field and value on each line, under the names that they have in the file.
fn table(receipt: &SignedReceipt) -> String {
    let statement = receipt.body().statement();
    let mut rows = Vec::new();
    push_verdict(&mut rows, statement);
    if let Some(run) = statement.verdict.run() {
        push_run(&mut rows, run);
    }
    rows.push(("grants", list_or(statement.grants.iter(), "none")));
    rows.extend(
        statement
            .limits
            .iter()
            .enumerate()
            .map(|(index, (name, value))| {
                (
                    if index == 0 { "limits" } else { "" },
                    format!("{name:<18} {:>20}", grouped(value)),
                )
            }),
    );
    rows.push(("policy_commit", statement.policy_commit.to_string()));
    rows.push(("timestamp", statement.timestamp.to_string()));
    rows.push(("nonce", statement.nonce.to_string()));
    rows.push(("node_id", receipt.body().node_id().to_string()));
    rows.push(("signature", receipt.signature().to_string()));
    if let (Some(proof), Some(head)) = (receipt.batch_proof(), receipt.batch_head()) {
        let size = grouped(u64::from(proof.size()));
        rows.push(("batch_index", format!("{} of {size}", proof.index())));
        rows.push(("batch_root", head.root.to_string()));
    }
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("{name:<18} {value}"))
        .collect();
    lines.join("\n")
}

type Row = (&'static str, String);

fn push_verdict(rows: &mut Vec<Row>, statement: &Statement) {
    let verdict = &statement.verdict;
    rows.push(("status", verdict.status().to_string()));
    if let Some(code) = verdict.error_code() {
        let bound = if verdict.is_machine_bound() {
            " (bound to the machine that ran it)"
        } else {
            ""
        };
        rows.push(("error_code", format!("{code}{bound}")));
    }
    if let Some(code) = verdict.failure_code() {
        rows.push(("failure_code", code.to_string()));
    }
    let id = verdict.capsule_id().map(|id| id.to_string());
    rows.push((
        "capsule_id",
        id.unwrap_or_else(|| "none: the module was not read, or not assembled".to_owned()),
    ));
    rows.push(("capsule_bytes", grouped(statement.capsule_bytes)));
}

fn push_run(rows: &mut Vec<Row>, run: &Run) {
    let covers = if run.input_complete {
        "the whole input"
    } else {
        "the bytes consumed of a stream"
    };
    let at_least = if run.fuel_exact { "" } else { "at least " };
    rows.push(("input_commit", run.input_commit.to_string()));
    rows.push((
        "input_bytes",
        format!("{} ({covers})", grouped(run.input_bytes)),
    ));
    rows.push(("output_commit", run.output_commit.to_string()));
    rows.push(("output_bytes", grouped(run.output_bytes)));
    rows.push(("fuel_used", format!("{at_least}{}", grouped(run.fuel_used))));
    rows.push(("memory_bytes", grouped(run.memory_bytes)));
    rows.push(("host_calls", grouped(run.host_calls)));
    rows.push(("transcript_commit", run.transcript_commit.to_string()));
    if let Some(effects) = &run.effects {
        let none = "none";
        rows.push(("run_id", effects.run_id.to_string()));
        rows.push(("processes", grouped(effects.processes)));
        rows.push(("process_deadline_ms", grouped(effects.process_deadline_ms)));
        rows.push(("isolation", list_or(effects.isolation.iter(), none)));
        rows.push((
            "isolation_missing",
            list_or(effects.isolation_missing.iter(), none),
        ));
    }
    rows.push(("now", run.now.to_string()));
    rows.push(("seed", run.seed.to_string()));
    rows.push(("engine", run.engine.to_string()));
    rows.push(("cost_model", run.cost_model.to_string()));
}

fn list_or<'a>(names: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        otherwise.to_owned()
    } else {
        names.join(", ")
    }
}
