//! Files of modules and of their signatures.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tenzik_runtime::evidence::signature::SIGNATURE_BYTES_MAX;

use crate::failure::{self, Failure, shown};

/// Largest module that is signed or whose signatures are verified, in bytes.
pub(crate) const MODULE_BYTES_MAX: u64 = 64 << 20;

/// The signature file that belongs to a module by its name: `FILE.sig`.
pub(crate) fn beside(module: &Path) -> PathBuf {
    let mut name = OsString::from(module);
    name.push(".sig");
    PathBuf::from(name)
}

/// The bytes of a module.
pub(crate) fn read_module(path: &Path) -> Result<Vec<u8>, Failure> {
    read(path, MODULE_BYTES_MAX)
}

/// The bytes of a signature file, or one more than a signature can have: then it is malformed.
pub(crate) fn read_signature(path: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(path, SIGNATURE_BYTES_MAX as u64 + 1)
}

/// The signature file that was named, or else the one beside the module if there is one.
pub(crate) fn find_signature(
    module: Option<&Path>,
    named: Option<&Path>,
) -> Result<Option<(PathBuf, Vec<u8>)>, Failure> {
    let path = match (named, module.map(beside)) {
        (Some(path), _) => path.to_owned(),
        (None, Some(path)) if is_there(&path)? => path,
        (None, _) => return Ok(None),
    };
    let bytes = read_signature(&path)?;
    Ok(Some((path, bytes)))
}

/// Whether there is a file of this name. One that cannot be looked at is an error: it may hold a
/// signature.
pub(crate) fn is_there(path: &Path) -> Result<bool, Failure> {
    path.try_exists()
        .map_err(|error| failure::file("cannot look for", path, &error))
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let bytes = read_at_most(path, bytes_max + 1)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::machine(
            format!("{} is larger than {bytes_max} bytes", shown(path)),
            "name a smaller file",
        ));
    }
    Ok(bytes)
}

fn read_at_most(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| failure::file("cannot read", path, &error);
    // Opening a pipe would wait for somebody to write to it, so look before.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Failure::machine(
            format!("{} is not a regular file", shown(path)),
            "name a file",
        ));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(bytes_max)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}
