//! `tenzik keygen`: signing keys, and the one that a machine makes for itself.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use tenzik_runtime::evidence::{Existing, KeyError, KeyFileError, TrustFile};
use tenzik_runtime::{NodeKey, PublicKey};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::printer;
use crate::user_directories;

/// The name of the machine's own key in its trust file.
const OWN_KEY_NAME: &str = "this machine";

/// Make a signing key.
#[derive(Args, Debug)]
#[command(after_help = "\
    The key is Ed25519 in PKCS#8 PEM, readable by its owner only; openssl reads it too.\n\
    Sign a module:       tenzik sign MODULE --key FILE\n\
    Sign a receipt:      tenzik run CAPSULE --receipt RECEIPT --key FILE\n\
    Trust it elsewhere:  tenzik receipt trust add PUBLIC_KEY")]
pub(crate) struct KeygenArguments {
    /// File to write the key to.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file if it exists. Receipts of the old key stay valid where that key is trusted.
    #[arg(long)]
    force: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &KeygenArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(public_key) => report(arguments, &public_key),
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &KeygenArguments) -> Result<PublicKey, Failure> {
    let key = generate()?;
    if arguments.force {
        key.write(&replaceable(&arguments.output)?, Existing::Replace)
    } else {
        key.write(&arguments.output, Existing::Keep)
    }
    .map_err(|error| failed(&error))?;
    Ok(key.public_key())
}

/// The file that a write to `path` replaces: the target of a symbolic link, never a device, a pipe
/// or a directory.
fn replaceable(path: &Path) -> Result<PathBuf, Failure> {
    let unusable = |error: &io::Error| failure::file("cannot replace", path, error);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            fs::canonicalize(path).map_err(|error| unusable(&error))
        }
        Ok(_) => {
            let message = format!("cannot replace {}: it is not a regular file", shown(path));
            Err(Failure::machine(message, "choose another name"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(unusable(&error)),
    }
}

fn report(arguments: &KeygenArguments, public_key: &PublicKey) -> ExitCode {
    if arguments.json {
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "file": arguments.output.to_string_lossy(),
            "public_key": public_key.to_string(),
        }));
    } else {
        printer::result(&format!(
            "key file    {}\npublic key  {public_key}",
            shown(&arguments.output)
        ));
    }
    ExitCode::Ok
}

/// The key in the file `path`; without one the machine's own key, which is made, trusted and
/// announced when it is first needed.
pub(crate) fn signing_key(path: Option<&Path>) -> Result<NodeKey, Failure> {
    match path {
        Some(path) => NodeKey::read(path).map_err(|error| failed(&error)),
        None => own_key(),
    }
}

/// The public half of the machine's own key, if it has made one.
pub(crate) fn own_public_key() -> Result<Option<PublicKey>, Failure> {
    Ok(existing(&user_directories::node_key()?)?.map(|key| key.public_key()))
}

fn own_key() -> Result<NodeKey, Failure> {
    let path = user_directories::node_key()?;
    if let Some(key) = existing(&path)? {
        return Ok(key);
    }
    make_private_directory(&user_directories::config()?)?;
    let key = generate()?;
    match key.write(&path, Existing::Keep) {
        Ok(()) => {
            announce(&path, &key.public_key())?;
            Ok(key)
        }
        // Another process was faster; both use its key.
        Err(KeyFileError::Exists { .. }) => NodeKey::read(&path).map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

fn existing(path: &Path) -> Result<Option<NodeKey>, Failure> {
    match NodeKey::read(path) {
        Ok(key) => Ok(Some(key)),
        Err(KeyFileError::File(error)) if error.is_not_found() => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

fn generate() -> Result<NodeKey, Failure> {
    NodeKey::generate().map_err(|error| {
        Failure::machine(
            error.to_string(),
            "try again when the system has random bytes",
        )
    })
}

/// Creates a directory that only its owner may use; one that exists is left as it is.
pub(crate) fn make_private_directory(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(path)
        .map_err(|error| failure::file("cannot create the directory", path, &error))
}

/// Trusts the new key and says that there is one. A trust file that cannot be changed is no reason
/// to lose a receipt: the machine's own key is trusted by `receipt verify` without it.
fn announce(path: &Path, public_key: &PublicKey) -> Result<(), Failure> {
    let trusted =
        TrustFile::new(user_directories::trust_file()?).add(public_key, Some(OWN_KEY_NAME));
    printer::note(&format!(
        "made the signing key of this machine: {}, public key {public_key}",
        shown(path)
    ));
    if let Err(error) = trusted {
        printer::error(
            &format!("the new key is not in the trust file: {error}"),
            "repair the trust file",
        );
    }
    Ok(())
}

fn failed(error: &KeyFileError) -> Failure {
    match error {
        KeyFileError::Exists { path } => Failure::machine(
            format!("key file {} exists and is kept", shown(path)),
            "choose another name, or replace the key with --force",
        ),
        KeyFileError::OpenToOthers { path, mode } => Failure::machine(
            format!(
                "key file {} is open to other users (mode {mode:04o})",
                shown(path)
            ),
            format!(
                "run chmod 600 {}, and make a new key if others may have read it",
                shown(path)
            ),
        ),
        KeyFileError::Key { path, problem } => Failure::machine(
            format!("key file {} {problem}", shown(path)),
            match problem {
                KeyError::Encrypted(_) => {
                    "keep the copy where only you can read it, and remove it after signing"
                }
                _ => {
                    "make one with tenzik keygen, openssl genpkey -algorithm ed25519 or ssh-keygen -t ed25519"
                }
            },
        ),
        KeyFileError::File(error) => {
            Failure::machine(error.to_string(), "check the path and its permissions")
        }
    }
}
