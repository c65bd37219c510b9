//! Files of policies and ceilings.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tenzik_runtime::policy::{Ceiling, POLICY_BYTES_MAX, PolicyError, PolicyFile};

use crate::error_codes::POLICY_MALFORMED;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::user_directories;

/// The ceiling of the machine. Nobody but its administrator can write there.
const SYSTEM_CEILING: &str = "/etc/tenzik/ceiling.toml";

/// Reads a policy.
pub(crate) fn policy(path: &Path) -> Result<PolicyFile, Failure> {
    let text = text(path)?;
    PolicyFile::parse(&shown(path), &text).map_err(|error| malformed(&error))
}

/// Reads a ceiling.
pub(crate) fn ceiling(path: &Path) -> Result<Ceiling, Failure> {
    let text = text(path)?;
    Ceiling::parse(&shown(path), &text).map_err(|error| malformed(&error))
}

/// The ceilings of the machine and of the user, as far as they exist, and those that are named. One
/// that is there and cannot be used is a failure: it is never left out.
pub(crate) fn ceilings(named: &[PathBuf]) -> Result<Vec<Ceiling>, Failure> {
    let user = user_directories::ceiling_file().ok();
    let automatic = [Some(PathBuf::from(SYSTEM_CEILING)), user];
    let mut ceilings = Vec::new();
    for path in automatic.into_iter().flatten() {
        if is_there(&path)? {
            ceilings.push(ceiling(&path)?);
        }
    }
    for path in named {
        ceilings.push(ceiling(path)?);
    }
    Ok(ceilings)
}

/// Whether there is something of this name, be it a link to nowhere.
fn is_there(path: &Path) -> Result<bool, Failure> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failure::file("cannot look for the ceiling", path, &error)),
    }
}

/// The text of a file of at most the size of a policy, and one byte more.
fn text(path: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| failure::file("cannot read", path, &error);
    // Opening a pipe would wait for somebody to write to it, so look before.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Failure::machine(
            format!("{} is not a regular file", shown(path)),
            "name a file",
        ));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(POLICY_BYTES_MAX as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .map_err(failed)?;
    if bytes.len() > POLICY_BYTES_MAX {
        return Err(refused(
            format!("{} is larger than {POLICY_BYTES_MAX} bytes", shown(path)),
            "remove what it does not need",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error
            .as_bytes()
            .iter()
            .take(error.utf8_error().valid_up_to())
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        refused(
            format!("{}:{line}: these bytes are not UTF-8", shown(path)),
            "write the file as UTF-8",
        )
    })
}

fn malformed(error: &PolicyError) -> Failure {
    refused(error.to_string(), &error.remedy)
}

fn refused(message: String, remedy: &str) -> Failure {
    Failure::new(ExitCode::Usage, POLICY_MALFORMED, message, remedy)
}
