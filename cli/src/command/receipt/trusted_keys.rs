//! The keys whose receipts are trusted on this machine.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tenzik_runtime::evidence::{TrustError, TrustFile, TrustLineError};
use tenzik_runtime::{PublicKey, TrustStore, escaped};

use crate::command::keygen::own_public_key;
use crate::failure::{self, Failure, shown};
use crate::printer;
use crate::user_directories;

/// Largest file that is read for a public key, in bytes.
const KEY_BYTES_MAX: u64 = 16 << 10;

/// The keys in `paths`; without any, those of the user's trust file and the machine's own.
pub(super) fn store(paths: &[PathBuf]) -> Result<TrustStore, Failure> {
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

/// Reads a public key from the command line: 64 hexadecimal digits, or a file with a PEM public key.
pub(super) fn parse(word: &str) -> Result<PublicKey, Failure> {
    let remedy = "give the 64 hexadecimal digits that tenzik keygen prints, or a PEM file made by openssl pkey -pubout";
    let path = Path::new(word);
    let named_like_file = word.contains('/') || word.ends_with(".pem") || path.exists();
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
    let text = read_text(path)
        .map_err(|error| failure::file("cannot read the public key", path, &error))?;
    PublicKey::from_pem(&text)
        .map_err(|error| Failure::usage(format!("the public key {} {error}", shown(path)), remedy))
}

/// A text that is not UTF-8 is no PEM either, so what it is read as does not matter.
fn read_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(KEY_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
            "each line is a comment that begins with #, or 64 hexadecimal digits and a name",
        ),
        _ => Failure::machine(error.to_string(), "check the path and its permissions"),
    }
}
