//! `tenzik receipt`: what receipts say, whether it is true, and whose receipts are trusted.

mod show;

mod several;
mod verify;

mod accept;

mod export;

mod signer;

mod contents;
mod given_input;

mod reexecution;

mod report;

mod trust;
pub(crate) mod trusted_keys;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use clap::{Args, Subcommand};

use tenzik_runtime::evidence::{RECEIPT_BYTES_MAX, ReceiptError};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};

/// Show, verify, accept and export receipts, and keep the keys that are trusted.
#[derive(Args, Debug)]
pub(crate) struct ReceiptArguments {
    #[command(subcommand)]
    command: ReceiptCommand,
}

#[derive(Debug, Subcommand)]
enum ReceiptCommand {
    /// Show what a receipt says, without verifying anything.
    Show(show::ShowArguments),
    /// Verify a receipt: signature, commitments, re-execution.
    Verify(verify::VerifyArguments),
    /// Verify a receipt, and accept it once.
    Accept(accept::AcceptArguments),
    /// Write a receipt in the envelope of other verifiers.
    Export(export::ExportArguments),
    /// Add, list and remove the keys whose receipts are trusted.
    Trust(trust::TrustArguments),
}

pub(crate) fn run(arguments: &ReceiptArguments) -> ExitCode {
    match &arguments.command {
        ReceiptCommand::Show(arguments) => show::run(arguments),
        ReceiptCommand::Verify(arguments) => verify::run(arguments),
        ReceiptCommand::Accept(arguments) => accept::run(arguments),
        ReceiptCommand::Export(arguments) => export::run(arguments),
        ReceiptCommand::Trust(arguments) => trust::run(arguments),
    }
}

/// The bytes of a receipt file; of one that is too large, just enough to see that.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bounded = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(RECEIPT_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    bounded().map_err(|error| failure::file("cannot read the receipt", path, &error))
}

/// The bytes are not a receipt.
fn unreadable(path: &Path, error: &ReceiptError) -> Failure {
    broken(
        format!("{}: {error}", shown(path)),
        "get the receipt again, byte for byte as tenzik wrote it",
    )
}

/// The receipt proves nothing.
fn broken(message: impl Into<String>, remedy: impl Into<String>) -> Failure {
    Failure::new(ExitCode::Receipt, "receipt_broken", message, remedy)
}
