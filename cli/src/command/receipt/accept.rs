//! `tenzik receipt accept`: verify a receipt, and accept it once.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use tenzik_runtime::Timestamp;
use tenzik_runtime::evidence::{
    ACCEPT_AGE_MS_MAX, AcceptError, AcceptWindow, AcceptanceStore, VerifiedReceipt, VerifyError,
    verify,
};

use crate::amount;
use crate::command::run::timestamp;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;
use crate::world;

use super::report::Report;
use super::signer::Signer;
use super::{broken, read, trusted_keys, unreadable};

/// Verify a receipt, and accept it once.
#[derive(Args, Debug)]
#[command(after_help = "\
    Of all receipts of a node with the same nonce one is accepted, by one process, also when many try\n\
    at once. It must be signed by a trusted key, be no older than --max-age, and not be more than one\n\
    minute in the future. The age counts from the start of the run.\n\n\
    The store is a directory that only its owner can write to; it is made if it is not there. It\n\
    forgets what is older than --max-age, so use one age for one store.\n\n\
    A process that is killed may have accepted the receipt without saying so: it is not accepted again.\n\n\
    Exit codes:\n  \
    0   accepted, for the first time\n  \
    40  accepted before, too old, from the future, not trusted, or broken\n  \
    1   the store cannot be read or written; the receipt may count as accepted\n\n\
    Examples:\n  \
    tenzik receipt accept run.json --store accepted --max-age 1h\n  \
    tenzik receipt accept run.json --store accepted --max-age 7d --trust builders")]
pub(crate) struct AcceptArguments {
    /// The receipt.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The directory that remembers what was accepted.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// How old a receipt may be, such as 10m or 7d: one second to 366 days.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration)]
    max_age: Duration,
    /// The time to judge the age by, such as 2026-01-02T03:04:05Z [default: now].
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    now: Option<Timestamp>,
    /// Trust the keys in this file or directory, instead of the user's trust file and this machine's own key.
    #[arg(long, value_name = "FILE|DIR")]
    trust: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &AcceptArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &AcceptArguments) -> Result<(), Failure> {
    let window = window(arguments)?;
    let receipt = verified(arguments)?;
    let store = AcceptanceStore::open(&arguments.store).map_err(|error| failed(&error))?;
    store
        .accept(&receipt, &window)
        .map_err(|error| failed(&error))?;
    // The answer comes first: what is forgotten afterwards changes nothing about it.
    print(&receipt, arguments.json);
    if let Err(error) = store.forget_if_due(&window) {
        printer::note(&format!("nothing old was forgotten: {error}"));
    }
    Ok(())
}

fn window(arguments: &AcceptArguments) -> Result<AcceptWindow, Failure> {
    let max_age_ms = u64::try_from(arguments.max_age.as_millis()).unwrap_or(u64::MAX);
    if !(1_000..=ACCEPT_AGE_MS_MAX).contains(&max_age_ms) {
        return Err(Failure::usage(
            format!(
                "--max-age is {}; it must be from one second to 366 days",
                humantime::format_duration(arguments.max_age)
            ),
            "choose an age such as 10m or 7d",
        ));
    }
    let now = match arguments.now {
        Some(now) => now,
        None => world::now().map_err(|error| {
            Failure::machine(
                format!("the clock of this machine {error}"),
                "set the clock",
            )
        })?,
    };
    Ok(AcceptWindow { now, max_age_ms })
}

/// The receipt, signed by a trusted key.
fn verified(arguments: &AcceptArguments) -> Result<VerifiedReceipt, Failure> {
    let path = &arguments.receipt;
    let bytes = read(path)?;
    let receipt = match verify(&bytes, &trusted_keys::store(&arguments.trust)?) {
        Ok(receipt) => receipt,
        Err(VerifyError::Receipt(error)) => return Err(unreadable(path, &error)),
        Err(VerifyError::Signature { node_id }) => {
            return Err(forged(Signer::Forged(node_id), arguments));
        }
    };
    let signer = Signer::Known {
        node_id: *receipt.body().node_id(),
        trust: receipt.trust().clone(),
    };
    match signer.error(path) {
        Some(failure) => Err(failure),
        None => Ok(receipt),
    }
}

fn forged(signer: Signer, arguments: &AcceptArguments) -> Failure {
    signer.error(&arguments.receipt).unwrap_or_else(|| {
        broken(
            format!("{}: the signature is bad", shown(&arguments.receipt)),
            "do not rely on the receipt",
        )
    })
}

fn failed(error: &AcceptError) -> Failure {
    let refused =
        |code, remedy: &str| Failure::new(ExitCode::Receipt, code, error.to_string(), remedy);
    match error {
        AcceptError::Replayed { .. } => refused(
            "receipt_replayed",
            "if it is not a copy of an accepted receipt, ask for a new run with another nonce",
        ),
        AcceptError::TooOld { .. } => {
            refused("receipt_too_old", "ask for a new run, or raise --max-age")
        }
        AcceptError::Forgotten { .. } => refused(
            "receipt_too_old",
            "ask for a new run; a longer --max-age needs a store of its own",
        ),
        AcceptError::FromFuture { .. } => refused(
            "receipt_from_future",
            "set the clocks of both machines, and ask for a new run",
        ),
        AcceptError::Untrusted { .. } => broken(
            error.to_string(),
            "add the key with tenzik receipt trust add if you trust it",
        ),
        AcceptError::OpenToOthers { .. } | AcceptError::Strange { .. } => Failure::machine(
            error.to_string(),
            "whoever can write to the store can make it forget",
        ),
        AcceptError::Store { .. } => Failure::machine(
            error.to_string(),
            "check the directory, its permissions and the room on its disk",
        ),
    }
}

fn print(receipt: &VerifiedReceipt, json: bool) {
    let signer = Signer::Known {
        node_id: *receipt.body().node_id(),
        trust: receipt.trust().clone(),
    };
    let statement = receipt.body().statement();
    if json {
        printer::json(&json!({
            "status": "accepted",
            "exit": ExitCode::Ok.number(),
            "receipt": Report::receipt_object(statement),
            "signature": signer.object(),
            "nonce": statement.nonce.to_string(),
            "timestamp": statement.timestamp.to_string(),
        }));
    } else {
        printer::result(&format!(
            "accepted: {} at {}, nonce {}",
            statement.verdict.status(),
            statement.timestamp,
            statement.nonce
        ));
        printer::result(&signer.line());
    }
}
