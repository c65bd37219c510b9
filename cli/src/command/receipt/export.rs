//! `tenzik receipt export`: a receipt in the envelopes that other verifiers read.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::SignedReceipt;
use tenzik_runtime::evidence::{TrustStore, VerifyError, verify};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::printer;
use crate::run_output::{same_file, write_whole};

use super::signer::Signer;
use super::{broken, read, unreadable};

/// The media type of a Sigstore bundle.
const SIGSTORE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Write a receipt in the envelope of other verifiers.
#[derive(Args, Debug)]
#[command(after_help = "\
    The signature stays that of the receipt, so no key is needed. It must be good; whether its key is\n\
    trusted is for whoever verifies the envelope. keyid and hint are the node_id of the receipt.\n\n\
    The signature of a receipt in a batch is over the head of its batch. The envelope then holds the\n\
    head and not the receipt: it proves that the node signed a batch with this root, and only the\n\
    receipt file proves what is in it.\n\n\
    Examples:\n  \
    tenzik receipt export run.json --dsse -o run.dsse.json\n  \
    tenzik receipt export run.json --sigstore-bundle > run.sigstore.json")]
pub(crate) struct ExportArguments {
    /// The receipt.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    /// Write to this file [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one JSON object about the file.
    #[arg(long, requires = "output")]
    json: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct FormatArguments {
    /// A DSSE envelope.
    #[arg(long)]
    dsse: bool,
    /// A Sigstore bundle, version 0.3, for a public key.
    #[arg(long)]
    sigstore_bundle: bool,
}

pub(super) fn run(arguments: &ExportArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ExportArguments) -> Result<(), Failure> {
    let receipt = signed(arguments)?;
    let envelope = envelope(&receipt);
    let (format, value) = if arguments.format.dsse {
        ("dsse", envelope)
    } else {
        ("sigstore_bundle", bundle(&receipt, envelope))
    };
    match &arguments.output {
        None => printer::json(&value),
        Some(path) => write(arguments, path, format, &receipt, &value)?,
    }
    if receipt.batch_proof().is_some() {
        printer::note(
            "the envelope holds the head of the batch, over which the signature is; keep the receipt beside it",
        );
    }
    Ok(())
}

fn write(
    arguments: &ExportArguments,
    path: &Path,
    format: &str,
    receipt: &SignedReceipt,
    value: &Value,
) -> Result<(), Failure> {
    if same_file(path, &arguments.receipt) {
        return Err(Failure::usage(
            format!("--output {} would replace the receipt", shown(path)),
            "choose another file",
        ));
    }
    let mut first = [0];
    let is_other = std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)
        && std::fs::File::open(path)
            .and_then(|mut found| found.read_exact(&mut first))
            .is_ok()
        && first != *b"{";
    if is_other {
        return Err(Failure::usage(
            format!("{} exists and is no envelope", shown(path)),
            "choose another file, or remove this one if nobody needs it",
        ));
    }
    write_whole(path, format!("{value}\n").as_bytes())
        .map_err(|error| failure::file("cannot write the envelope", path, &error))?;
    if arguments.json {
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "file": path.to_string_lossy(),
            "format": format,
            "payload_type": receipt.signed_payload().payload_type,
        }));
    } else {
        printer::result(&format!("{} is written", shown(path)));
    }
    Ok(())
}

/// The receipt, if its signature is good.
fn signed(arguments: &ExportArguments) -> Result<SignedReceipt, Failure> {
    let path = &arguments.receipt;
    match verify(&read(path)?, &TrustStore::new()) {
        Ok(verified) => Ok(verified.receipt().clone()),
        Err(VerifyError::Receipt(error)) => Err(unreadable(path, &error)),
        Err(VerifyError::Signature { node_id }) => {
            let failure = Signer::Forged(node_id).error(path);
            Err(failure.unwrap_or_else(|| broken("the signature is bad", "")))
        }
    }
}

/// The DSSE envelope: what was signed, and the signature.
fn envelope(receipt: &SignedReceipt) -> Value {
    let payload = receipt.signed_payload();
    json!({
        "payload": STANDARD.encode(payload.json),
        "payloadType": payload.payload_type,
        "signatures": [{
            "keyid": receipt.body().node_id().to_string(),
            "sig": STANDARD.encode(receipt.signature().as_bytes()),
        }],
    })
}

fn bundle(receipt: &SignedReceipt, envelope: Value) -> Value {
    json!({
        "mediaType": SIGSTORE_MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": { "hint": receipt.body().node_id().to_string() },
            "tlogEntries": [],
        },
        "dsseEnvelope": envelope,
    })
}
