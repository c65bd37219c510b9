//! `tenzik receipt trust`: the keys whose receipts are trusted.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use tenzik_runtime::PublicKey;
use tenzik_runtime::evidence::{TrustFile, TrustedKey};

use crate::command::keygen::make_private_directory;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;
use crate::user_directories;

use super::trusted_keys::{failed, own, parse};

/// Add, list and remove the keys whose receipts are trusted.
#[derive(Args, Debug)]
pub(crate) struct TrustArguments {
    #[command(subcommand)]
    command: TrustCommand,
}

#[derive(Debug, Subcommand)]
enum TrustCommand {
    /// Trust the receipts of a key.
    Add(AddArguments),
    /// List the trusted keys.
    List(ListArguments),
    /// Trust a key no more.
    Remove(RemoveArguments),
}

/// Trust the receipts of a key.
#[derive(Args, Debug)]
struct AddArguments {
    /// 64 hexadecimal digits, or a file with a public key (PEM, OpenSSH, wasmsign2).
    #[arg(value_name = "PUBKEY")]
    key: String,
    /// Name to show for it.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// List the trusted keys.
#[derive(Args, Debug)]
struct ListArguments {
    #[command(flatten)]
    place: Place,
}

/// Trust a key no more.
#[derive(Args, Debug)]
struct RemoveArguments {
    /// 64 hexadecimal digits, or a file with a public key (PEM, OpenSSH, wasmsign2).
    #[arg(value_name = "PUBKEY")]
    key: String,
    #[command(flatten)]
    place: Place,
}

/// Where trusted keys are kept.
#[derive(Args, Debug)]
struct Place {
    /// The trust file [default: trusted_keys in the user's configuration directory].
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &TrustArguments) -> ExitCode {
    let (place, done) = match &arguments.command {
        TrustCommand::Add(arguments) => (&arguments.place, add(arguments)),
        TrustCommand::List(arguments) => (&arguments.place, list(&arguments.place)),
        TrustCommand::Remove(arguments) => (&arguments.place, remove(arguments)),
    };
    match done {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(place.json),
    }
}

fn add(arguments: &AddArguments) -> Result<(), Failure> {
    let key = parse(&arguments.key)?;
    let place = &arguments.place;
    if place.trust.is_none() {
        make_private_directory(&user_directories::config()?)?;
    }
    let file = place.file()?;
    let new = file
        .add(&key, arguments.name.as_deref())
        .map_err(|error| failed(&error))?;
    let word = if new {
        "trusted from now on"
    } else {
        "trusted already"
    };
    place.report(&file, &key, word, ("added", new));
    Ok(())
}

fn remove(arguments: &RemoveArguments) -> Result<(), Failure> {
    let key = parse(&arguments.key)?;
    let place = &arguments.place;
    let file = place.file()?;
    let listed = file
        .read()
        .map_err(|error| failed(&error))?
        .find(&key)
        .is_some();
    if !listed || !file.remove(&key).map_err(|error| failed(&error))? {
        let message = format!("the key {key} is not in {}", shown(file.path()));
        return Err(Failure::machine(message, "see tenzik receipt trust list"));
    }
    place.report(&file, &key, "trusted no more", ("removed", true));
    if place.trust.is_none() && own() == Some(key) {
        printer::note(
            "it is this machine's own key, which stays trusted here as long as its file exists",
        );
    }
    Ok(())
}

fn list(place: &Place) -> Result<(), Failure> {
    let file = place.file()?;
    let store = file.read().map_err(|error| failed(&error))?;
    let own = if place.trust.is_none() { own() } else { None };
    let unlisted = own.filter(|key| store.find(key).is_none());
    let unlisted = unlisted.map(|key| TrustedKey {
        key,
        name: Some("this machine"),
    });
    let keys: Vec<TrustedKey<'_>> = store.iter().chain(unlisted).collect();
    if place.json {
        let keys: Vec<Value> = keys.iter().map(|entry| key_object(entry, own)).collect();
        printer::json(&json!({
            "status": "ok",
            "exit": ExitCode::Ok.number(),
            "file": file.path().to_string_lossy(),
            "keys": keys,
        }));
        return Ok(());
    }
    if keys.is_empty() {
        printer::note(&format!(
            "no key is trusted: {} has none",
            shown(file.path())
        ));
    }
    for entry in keys {
        printer::result(format!("{} {}", entry.key, entry.name.unwrap_or_default()).trim_end());
    }
    Ok(())
}

/// `{"public_key","name","own"}`; the name is null where there is none.
fn key_object(entry: &TrustedKey<'_>, own: Option<PublicKey>) -> Value {
    json!({ "public_key": entry.key.to_string(), "name": entry.name, "own": own == Some(entry.key) })
}

impl Place {
    fn file(&self) -> Result<TrustFile, Failure> {
        let path = match &self.trust {
            Some(path) => path.clone(),
            None => user_directories::trust_file()?,
        };
        Ok(TrustFile::new(path))
    }

    fn report(&self, file: &TrustFile, key: &PublicKey, word: &str, (field, value): (&str, bool)) {
        if self.json {
            let mut object = json!({
                "status": "ok",
                "exit": ExitCode::Ok.number(),
                "file": file.path().to_string_lossy(),
                "public_key": key.to_string(),
            });
            object[field] = json!(value);
            printer::json(&object);
        } else {
            printer::result(&format!("{key} is {word} ({})", shown(file.path())));
        }
    }
}
