//! `tenzik sign`: signatures of modules, beside them or inside.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use tenzik_runtime::evidence::Sha256Digest;
use tenzik_runtime::evidence::signature::{
    Added, FormatError, KeyId, ModuleSignature, SignableModule, SshSignature, without_signatures,
};
use tenzik_runtime::{FindingCode, NodeKey, Policy};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::printer::{self, grouped};
use crate::run_output::{same_file, write_whole};
use crate::signed_file;

use super::keygen::signing_key;

/// Sign a module.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tenzik sign mine.wasm --key key.pem                      writes mine.wasm.sig\n  \
    tenzik sign mine.wasm --key key.pem --embed -o mine.wasm signs inside the module\n  \
    tenzik sign mine.wasm --key ~/.ssh/id_ed25519 --format sshsig\n\n\
    A key is PKCS#8 PEM, an OpenSSH private key or a file of wasmsign2, Ed25519 and without a passphrase.\n\
    Signatures that are there and belong to the module stay. Sign last: tools that rewrite a module break its\n\
    signatures.")]
pub(crate) struct SignArguments {
    /// The module.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Sign with this key; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// Write here [default: FILE.sig].
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Put the signature inside the module; -o may be FILE itself.
    #[arg(long, requires = "output")]
    embed: bool,
    /// The format of the signature.
    #[arg(long, value_enum, default_value_t = Format::Wasm)]
    format: Format,
    /// Drop the signatures that are there instead of keeping them.
    #[arg(long)]
    anew: bool,
    /// Replace a file OUT that is something else.
    #[arg(long)]
    force: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// The formats of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The signature section of WebAssembly's tool-conventions, which wasmsign2 verifies.
    Wasm,
    /// What ssh-keygen -Y verify -n tenzik-capsule verifies.
    Sshsig,
}

/// What was signed and written.
struct Signed {
    bytes: Vec<u8>,
    content: Sha256Digest,
    signers: Vec<(NodeKey, Added)>,
    signatures: usize,
}

pub(crate) fn run(arguments: &SignArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &SignArguments) -> Result<(), Failure> {
    let beside = signed_file::beside(&arguments.file);
    let output = arguments.output.as_deref().unwrap_or(&beside);
    check_usage(arguments, output)?;
    let _others_wait = lock(&arguments.file)?;
    let module = signed_file::read_module(&arguments.file)?;
    let keys = arguments
        .key
        .iter()
        .map(|path| signing_key(Some(path)))
        .collect::<Result<Vec<NodeKey>, Failure>>()?;
    let signed = match arguments.format {
        Format::Wasm => sign_wasm(arguments, output, &module, keys)?,
        Format::Sshsig => sign_ssh(arguments, output, &module, keys)?,
    };
    write_whole(output, &signed.bytes)
        .map_err(|error| failure::file("cannot write", output, &error))?;
    report(arguments, output, &signed);
    Ok(())
}

/// Attempts to take the lock, [`LOCK_PAUSE`] apart: signing takes milliseconds.
const LOCK_ATTEMPTS: usize = 1_000;

/// From one attempt to the next.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Takes the lock on the module until the returned file is dropped, so that of several that sign it
/// at the same time none loses the signature of another. What cannot be opened is said by whoever
/// reads the module.
fn lock(module: &Path) -> Result<Option<File>, Failure> {
    for _ in 0..LOCK_ATTEMPTS {
        let is_file = std::fs::metadata(module).is_ok_and(|found| found.is_file());
        let Some(file) = is_file.then(|| File::open(module).ok()).flatten() else {
            return Ok(None);
        };
        match file.try_lock() {
            // Signing inside replaces the file: then the lock is on what is there no more.
            Ok(()) if is_still(&file, module) => return Ok(Some(file)),
            Ok(()) | Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            // Some file systems have no locks.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(Failure::machine(
        format!("{} has been locked for 10 s", shown(module)),
        "another process signs it; try again when it has ended",
    ))
}

/// Whether `path` still names the open file.
fn is_still(file: &File, path: &Path) -> bool {
    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(there)) => identity(open) == identity(there),
        _ => false,
    }
}

fn check_usage(arguments: &SignArguments, output: &Path) -> Result<(), Failure> {
    if arguments.key.iter().any(|key| same_file(output, key)) {
        return Err(Failure::usage(
            "the output and --key are the same file",
            "write to another file",
        ));
    }
    if !arguments.embed && same_file(output, &arguments.file) {
        return Err(Failure::usage(
            "the output and the module are the same file",
            "write to another file, or sign inside the module with --embed",
        ));
    }
    if arguments.format == Format::Sshsig && (arguments.embed || arguments.key.len() > 1) {
        return Err(Failure::usage(
            "an SSH signature is a file of its own, by one key",
            "sign without --embed, once for each key and -o, or with --format wasm",
        ));
    }
    Ok(())
}

fn sign_wasm(
    arguments: &SignArguments,
    output: &Path,
    bytes: &[u8],
    keys: Vec<NodeKey>,
) -> Result<Signed, Failure> {
    let malformed = |error: FormatError| malformed(&arguments.file, &error);
    let bare;
    let bytes = if arguments.anew && arguments.embed {
        bare = without_signatures(bytes).map_err(malformed)?;
        &bare
    } else {
        bytes
    };
    let module = SignableModule::parse(bytes).map_err(malformed)?;
    let mut signature = if arguments.embed {
        if !same_file(output, &arguments.file) {
            refuse_existing(arguments, output)?;
        }
        kept(
            module.embedded().map_err(malformed)?,
            &module,
            &arguments.file,
        )?
    } else {
        kept(existing(arguments, output)?, &module, output)?
    };
    let mut signers = Vec::new();
    for key in keys {
        let added = signature
            .sign(module.hashes(), &key)
            .map_err(|error| Failure::usage(error.to_string(), "drop the old ones with --anew"))?;
        signers.push((key, added));
    }
    Ok(Signed {
        bytes: if arguments.embed {
            module.embed(&signature)
        } else {
            signature.to_bytes()
        },
        content: *module.hashes().whole(),
        signers,
        signatures: signature.len(),
    })
}

/// The signatures in the file that is to be written, if it is there and they are wanted.
fn existing(arguments: &SignArguments, path: &Path) -> Result<Option<ModuleSignature>, Failure> {
    if !path.is_file() || arguments.force {
        return Ok(None);
    }
    match ModuleSignature::parse(&signed_file::read_signature(path)?) {
        Ok(_) if arguments.anew => Ok(None),
        Ok(signature) => Ok(Some(signature)),
        Err(error) => Err(Failure::machine(
            format!(
                "{} exists and is kept: as a signature file it is {error}",
                shown(path)
            ),
            "choose another name with -o, or replace it with --force",
        )),
    }
}

/// Signatures to add to. Those of another content would stay for ever and say nothing.
fn kept(
    signature: Option<ModuleSignature>,
    module: &SignableModule<'_>,
    path: &Path,
) -> Result<ModuleSignature, Failure> {
    match signature {
        Some(signature) if !signature.is_over(module.hashes()) => Err(Failure::new(
            ExitCode::Signature,
            FindingCode::SignatureContentDiffers.code(),
            format!(
                "{} has signatures of another content than SHA-256 {}",
                shown(path),
                module.hashes().whole()
            ),
            "drop them with --anew",
        )),
        signature => Ok(signature.unwrap_or_default()),
    }
}

fn sign_ssh(
    arguments: &SignArguments,
    output: &Path,
    bytes: &[u8],
    keys: Vec<NodeKey>,
) -> Result<Signed, Failure> {
    let module =
        SignableModule::parse(bytes).map_err(|error| malformed(&arguments.file, &error))?;
    refuse_existing(arguments, output)?;
    let signers: Vec<(NodeKey, Added)> = keys.into_iter().map(|key| (key, Added::New)).collect();
    let text = signers
        .iter()
        .map(|(key, _)| SshSignature::sign(bytes, key).to_text());
    Ok(Signed {
        bytes: text.collect::<String>().into_bytes(),
        content: *module.hashes().whole(),
        signatures: signers.len(),
        signers,
    })
}

fn refuse_existing(arguments: &SignArguments, output: &Path) -> Result<(), Failure> {
    if arguments.force || !output.is_file() {
        return Ok(());
    }
    Err(Failure::machine(
        format!("{} exists and is kept", shown(output)),
        "choose another name with -o, or replace it with --force",
    ))
}

/// The module cannot be signed.
fn malformed(path: &Path, error: &FormatError) -> Failure {
    let code = FindingCode::SignatureMalformed;
    let message = format!("{}: the module is {error}", shown(path));
    let remedy =
        "tenzik build makes modules that can be signed; WebAssembly text must be assembled first";
    Failure::new(ExitCode::Signature, code.code(), message, remedy)
}

fn report(arguments: &SignArguments, output: &Path, signed: &Signed) {
    let limit = Policy::default().limits.module_bytes_max;
    let bytes = signed.bytes.len() as u64;
    if arguments.embed && bytes > limit {
        printer::note(&format!(
            "with its signatures the module has {} bytes, more than the default limit of {}: it needs --max-size, or a signature beside it",
            grouped(bytes),
            grouped(limit)
        ));
    }
    if arguments.json {
        printer::json(&object(arguments, output, signed));
        return;
    }
    // Where the signature itself goes to a terminal or a pipe, the words about it go elsewhere.
    let say: fn(&str) = if output.is_file() {
        printer::result
    } else {
        printer::note
    };
    say(&format!("content   SHA-256 {}", signed.content));
    for (key, added) in &signed.signers {
        let public_key = key.public_key();
        let word = match added {
            Added::New => "signed by",
            Added::Already => "already signed by",
        };
        say(&format!(
            "{word} {public_key}, key id {}",
            KeyId::of(&public_key)
        ));
    }
    say(&format!(
        "wrote     {}, {} bytes, signatures: {}",
        shown(output),
        grouped(bytes),
        signed.signatures
    ));
}

fn object(arguments: &SignArguments, output: &Path, signed: &Signed) -> Value {
    let signers = signed.signers.iter().map(|(key, added)| {
        let public_key = key.public_key();
        json!({
            "public_key": public_key.to_string(),
            "key_id": KeyId::of(&public_key).to_string(),
            "added": *added == Added::New,
        })
    });
    json!({
        "status": "ok",
        "exit": ExitCode::Ok.number(),
        "file": arguments.file.to_string_lossy(),
        "output": output.to_string_lossy(),
        "format": match arguments.format { Format::Wasm => "wasm", Format::Sshsig => "sshsig" },
        "embedded": arguments.embed,
        "bytes": signed.bytes.len(),
        "content_sha256": signed.content.to_string(),
        "signers": signers.collect::<Vec<_>>(),
        "signatures": signed.signatures,
    })
}
