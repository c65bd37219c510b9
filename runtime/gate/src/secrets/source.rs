//! Where values come from.

mod command;

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use tenzik_policy::{SecretGrant, SecretSource};
use zeroize::Zeroizing;

use super::Environment;
use super::error::SecretError;
use super::value::{SECRET_BYTES_MAX, SECRET_BYTES_MIN, SecretValue};

pub(super) use command::COMMAND_SECONDS_MAX;

/// A value and what an operator should know about its source.
pub(super) struct Fetched {
    pub(super) value: SecretValue,
    pub(super) warning: Option<String>,
}

pub(super) fn fetch(
    grant: &SecretGrant,
    environment: &Environment,
) -> Result<Fetched, SecretError> {
    let name = &grant.name;
    let (bytes, warning) = match &grant.source {
        SecretSource::Env(variable) => {
            let value = environment(variable).ok_or_else(|| SecretError::NoVariable {
                name: name.clone(),
                variable: variable.clone(),
            })?;
            (Zeroizing::new(value.into_vec()), None)
        }
        SecretSource::File(path) => {
            let (bytes, warning) = from_file(name, path)?;
            (without_line_feed(bytes), warning)
        }
        SecretSource::Command(command) => {
            (without_line_feed(command::output(name, command)?), None)
        }
    };
    let name = name.clone();
    match bytes.len() {
        bytes if bytes < SECRET_BYTES_MIN => Err(SecretError::TooShort { name, bytes }),
        bytes if bytes > SECRET_BYTES_MAX => Err(SecretError::TooLong { name }),
        _ => Ok(Fetched {
            value: SecretValue::new(bytes),
            warning,
        }),
    }
}

fn without_line_feed(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}

fn from_file(name: &str, path: &Path) -> Result<(Zeroizing<Vec<u8>>, Option<String>), SecretError> {
    let failed = |source| SecretError::File {
        name: name.to_owned(),
        path: path.to_owned(),
        source,
    };
    let not_regular = || SecretError::NotRegular {
        name: name.to_owned(),
        path: path.to_owned(),
    };
    // A FIFO is not even opened, and does not wait if it comes in between.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(not_regular());
    }
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file = File::options()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path);
    let file = file.map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(not_regular());
    }
    let mode = metadata.mode() & 0o7777;
    let warning = (mode & 0o077 != 0).then(|| {
        format!("secret {name}: {path:?} is open to other users (mode {mode:04o}); run chmod 600 on it, and change the secret if others may have read it")
    });
    Ok((bounded(file).map_err(failed)?, warning))
}

/// What `from` has, up to one byte and a line feed more than a value may have. The buffer never
/// grows, because that would leave a copy behind.
fn bounded(from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let bytes_max = SECRET_BYTES_MAX + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max + 32));
    from.take(bytes_max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
