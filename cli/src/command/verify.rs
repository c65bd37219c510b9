//! `tenzik verify`: which keys signed a module.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::evidence::signature::{
    KeyId, KeyVerdict, SignatureReject, SignedModule, Signer,
};
use tenzik_runtime::{Finding, FindingCode, Location, PublicKey, TrustStore, signature_finding};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;
use crate::signed_file;

use super::receipt::trusted_keys;

/// Verify the signatures of a module.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tenzik verify mine.wasm --key key.pub\n  \
    tenzik verify mine.wasm --key alice.pub --key bob.pub --all\n  \
    tenzik verify mine.wasm --trust keys/ --signature mine.sig\n\n\
    The signatures are those inside the module and those in the signature file. Exit code 0: one of the keys signed\n\
    the module, with --all every one. Exit code 12: not.")]
pub(crate) struct VerifyArguments {
    /// The module.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Public key: 64 hexadecimal digits, or a file (PEM, OpenSSH, wasmsign2); may be given several times.
    #[arg(long, value_name = "PUBKEY", required_unless_present = "trust")]
    key: Vec<String>,
    /// All keys in this file or directory.
    #[arg(long, value_name = "FILE|DIR")]
    trust: Vec<PathBuf>,
    /// The signature file [default: FILE.sig if there is one].
    #[arg(long, value_name = "SIG")]
    signature: Option<PathBuf>,
    /// Every key must have signed, not just one.
    #[arg(long)]
    all: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was found out.
struct Report {
    signature_file: Option<PathBuf>,
    keys: Vec<(PublicKey, KeyVerdict)>,
    signers: Vec<Signer>,
    content: Option<String>,
    embedded: bool,
    finding: Option<Finding>,
}

pub(crate) fn run(arguments: &VerifyArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(report) => report.print(arguments),
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &VerifyArguments) -> Result<Report, Failure> {
    let keys = keys(arguments)?;
    let module = signed_file::read_module(&arguments.file)?;
    let found = signed_file::find_signature(Some(&arguments.file), arguments.signature.as_deref())?;
    let (signature_file, detached) = found.unzip();
    let signed = match SignedModule::parse(&module, detached.as_deref()) {
        Ok(signed) => signed,
        Err(error) => {
            return Ok(Report {
                signature_file,
                keys: Vec::new(),
                signers: Vec::new(),
                content: None,
                embedded: false,
                finding: Some(signature_finding(&error.into())),
            });
        }
    };
    let verdicts: Vec<(PublicKey, KeyVerdict)> = keys
        .iter()
        .map(|entry| (entry.key, signed.verdict(&entry.key)))
        .collect();
    let finding = match signed.check(&keys) {
        Err(reject) => Some(signature_finding(&reject)),
        Ok(_) if arguments.all => verdicts
            .iter()
            .find_map(|(key, verdict)| missing(key, verdict)),
        Ok(_) => None,
    };
    Ok(Report {
        signature_file,
        keys: verdicts,
        signers: signed.signers(),
        content: Some(signed.module().hashes().whole().to_string()),
        embedded: signed.module().is_signed(),
        finding,
    })
}

/// The keys of --key and --trust.
fn keys(arguments: &VerifyArguments) -> Result<TrustStore, Failure> {
    let mut keys = if arguments.trust.is_empty() {
        TrustStore::new()
    } else {
        trusted_keys::store(&arguments.trust)?
    };
    for word in &arguments.key {
        // A key without a name is always accepted.
        let _ = keys.insert(trusted_keys::parse(word)?, None);
    }
    if keys.is_empty() {
        return Err(Failure::usage(
            "there is no key in what --trust names",
            "name a file or directory with public keys",
        ));
    }
    Ok(keys)
}

/// What is wrong with a key that had to sign, and with whose signature nothing else is wrong.
fn missing(key: &PublicKey, verdict: &KeyVerdict) -> Option<Finding> {
    let key = *key;
    let reject = match verdict {
        KeyVerdict::Good => return None,
        KeyVerdict::Absent => {
            let code = FindingCode::SignatureUntrusted;
            let message = format!("key {key} did not sign the module, and every key must");
            let finding = Finding::error(code, Location::default(), message);
            return Some(
                finding.with_remedy("ask the owner of the key to sign, or leave out --all"),
            );
        }
        KeyVerdict::False => SignatureReject::False { key },
        KeyVerdict::ContentDiffers { signed, found } => SignatureReject::ContentDiffers {
            key,
            signed: *signed,
            found: *found,
        },
    };
    Some(signature_finding(&reject))
}

impl Report {
    fn print(&self, arguments: &VerifyArguments) -> ExitCode {
        let finding = self.finding.as_ref();
        let exit = match finding {
            Some(_) => ExitCode::Signature,
            None => ExitCode::Ok,
        };
        if let Some(finding) = finding {
            printer::error(&self.message(&arguments.file, finding), &finding.remedy);
        }
        if arguments.json {
            printer::json(&self.object(arguments, exit));
            return exit;
        }
        let answer = match finding {
            Some(_) => "REJECTED",
            None => "verified",
        };
        let good = |(_, verdict): &&(PublicKey, KeyVerdict)| *verdict == KeyVerdict::Good;
        let (good, keys) = (self.keys.iter().filter(good).count(), self.keys.len());
        printer::result(&match &self.content {
            Some(_) => format!(
                "{}: {answer}, signed by {good} of {keys} keys",
                shown(&arguments.file)
            ),
            None => format!("{}: {answer}", shown(&arguments.file)),
        });
        for (key, verdict) in &self.keys {
            let word = word(verdict);
            printer::result(&format!("  {word:<16} {key}, key id {}", KeyId::of(key)));
        }
        exit
    }

    /// The message with the files that it is about.
    fn message(&self, module: &Path, finding: &Finding) -> String {
        let beside = self.signature_file.as_deref().map(shown);
        let beside = beside.map_or_else(String::new, |path| format!(" with {path}"));
        format!("{}{beside}: {}", shown(module), finding.message)
    }

    fn object(&self, arguments: &VerifyArguments, exit: ExitCode) -> Value {
        let keys = self.keys.iter().map(|(key, verdict)| {
            json!({
                "public_key": key.to_string(),
                "key_id": KeyId::of(key).to_string(),
                "verdict": word(verdict).replace(' ', "_"),
            })
        });
        let signature_file = self.signature_file.as_deref().map(Path::to_string_lossy);
        let mut object = json!({
            "status": if self.finding.is_none() { "verified" } else { "reject" },
            "exit": exit.number(),
            "file": arguments.file.to_string_lossy(),
            "signature_file": signature_file,
            "embedded": self.embedded,
            "content_sha256": self.content,
            "keys": keys.collect::<Vec<_>>(),
            "signers": self.signers.iter().map(signer_object).collect::<Vec<_>>(),
        });
        if let Some(finding) = &self.finding {
            object["error"] = json!({
                "code": finding.code.code(),
                "message": self.message(&arguments.file, finding),
                "remedy": finding.remedy,
            });
        }
        object
    }
}

/// What a signature calls its signer: `{"key_id"}`, `{"public_key"}` or `{}`.
pub(crate) fn signer_object(signer: &Signer) -> Value {
    match signer {
        Signer::Id(id) => json!({ "key_id": id.to_string() }),
        Signer::Key(key) => json!({ "public_key": key.to_string() }),
        Signer::Unnamed => json!({}),
    }
}

fn word(verdict: &KeyVerdict) -> &'static str {
    match verdict {
        KeyVerdict::Good => "good",
        KeyVerdict::ContentDiffers { .. } => "content differs",
        KeyVerdict::False => "false",
        KeyVerdict::Absent => "absent",
    }
}
