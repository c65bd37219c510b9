//! The keys whose receipts are trusted on this machine, and public keys on the command line.

use std::path::{Path, PathBuf};

use tenzik_runtime::evidence::{PublicKeyFileError, TrustError, TrustFile, TrustLineError};
use tenzik_runtime::{PublicKey, TrustStore, escaped};

use crate::command::keygen::own_public_key;
use crate::failure::{Failure, shown};
use crate::printer;
use crate::user_directories;

/// The keys in `paths`; without any, those of the user's trust file and the machine's own.
pub(crate) fn store(paths: &[PathBuf]) -> Result<TrustStore, Failure> {
    if paths.is_empty() {
        return default_store();
    }
    let mut all = TrustStore::new();
    for path in paths {
        let store = TrustStore::read(path).map_err(|error| failed(&error))?;
        for entry in store.iter() {
            all.insert(entry.key, entry.name)
                .map_err(|error| failed(&TrustError::Name(error)))?;
        }
    }
    Ok(all)
}

fn default_store() -> Result<TrustStore, Failure> {
    let mut store = TrustFile::new(user_directories::trust_file()?)
        .read()
        .map_err(|error| failed(&error))?;
    if let Some(key) = own() {
        store
            .insert(key, Some("this machine"))
            .map_err(|error| failed(&TrustError::Name(error)))?;
    }
    Ok(store)
}

/// The machine's own public key. A broken key file is no reason to trust nobody else.
pub(super) fn own() -> Option<PublicKey> {
    own_public_key().unwrap_or_else(|failure| {
        printer::error(
            &format!("this machine's own key is left out: {}", failure.message),
            &failure.remedy,
        );
        None
    })
}

/// Reads a public key from the command line: 64 hexadecimal digits, or a file with a public key.
pub(crate) fn parse(word: &str) -> Result<PublicKey, Failure> {
    let remedy = "give the 64 hexadecimal digits that tenzik keygen prints, or a file: PEM made by openssl pkey -pubout, a line of OpenSSH, or a public key of wasmsign2";
    let path = Path::new(word);
    let named_like_file = word.contains(['/', '.']) || path.exists();
    match word.parse::<PublicKey>() {
        Ok(key) => return Ok(key),
        Err(_) if named_like_file => {}
        Err(error) => {
            return Err(Failure::usage(
                format!("the public key {} {error}", escaped(word)),
                remedy,
            ));
        }
    }
    PublicKey::read(path).map_err(|error| match error {
        PublicKeyFileError::File(error) => {
            Failure::machine(error.to_string(), "check the path and its permissions")
        }
        PublicKeyFileError::Key { path, problem } => {
            Failure::usage(format!("the public key {} {problem}", shown(&path)), remedy)
        }
    })
}

/// A trust store that cannot be used.
pub(super) fn failed(error: &TrustError) -> Failure {
    match error {
        TrustError::Name(TrustLineError::NameLong | TrustLineError::NameCharacter) => {
            Failure::usage(
                error.to_string(),
                "choose a short name without control characters",
            )
        }
        TrustError::Line { .. } => Failure::machine(
            error.to_string(),
            "each line is a comment that begins with #, 64 hexadecimal digits and a name, or a public key of OpenSSH",
        ),
        _ => Failure::machine(error.to_string(), "check the path and its permissions"),
    }
}
