//! The sidecar of a capsule: a file beside it with names and source lines.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tenzik_toolchain::sidecar::{SIDECAR_BYTES_MAX, Sidecar};

use crate::capsule_source::CapsuleSource;
use crate::failure::{Failure, file, shown};
use crate::run_input::open_without_waiting;

/// Where the sidecar of the capsule in a file is: `NAME.debug.wasm` for `NAME.wasm`.
pub(crate) fn beside(capsule: &Path) -> PathBuf {
    let is_wasm = capsule
        .extension()
        .is_some_and(|extension| extension == "wasm");
    if is_wasm {
        return capsule.with_extension("debug.wasm");
    }
    let mut name = capsule.as_os_str().to_owned();
    name.push(".debug.wasm");
    PathBuf::from(name)
}

/// What looking for a sidecar found.
pub(crate) enum Found {
    /// The one that belongs to the capsule.
    Sidecar(Box<Sidecar>, PathBuf),
    /// There is none.
    None,
    /// There is one that cannot be used, for this reason.
    Useless(String),
}

impl Found {
    /// The sidecar.
    pub(crate) fn sidecar(&self) -> Option<&Sidecar> {
        match self {
            Found::Sidecar(sidecar, _) => Some(sidecar),
            Found::None | Found::Useless(_) => None,
        }
    }

    /// Its path.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Found::Sidecar(_, path) => Some(path),
            Found::None | Found::Useless(_) => None,
        }
    }
}

/// Reads the sidecar of a capsule: the one that was named, which has to be there and to belong to
/// it, or else the one beside the capsule's file.
pub(crate) fn find(
    source: &CapsuleSource,
    capsule: &[u8],
    named: Option<&Path>,
) -> Result<Found, Failure> {
    let beside = match source {
        CapsuleSource::Path(path) => Some(beside(path)),
        CapsuleSource::Embedded(_) | CapsuleSource::Bundle(..) => None,
    };
    let Some(path) = named.map(Path::to_owned).or(beside) else {
        return Ok(Found::None);
    };
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(Found::None);
        }
        Err(error) if named.is_some() => return Err(file("cannot read", &path, &error)),
        Err(error) => return Ok(Found::Useless(format!("{}: {error}", shown(&path)))),
    };
    match Sidecar::read(&bytes, capsule) {
        Ok(sidecar) => Ok(Found::Sidecar(Box::new(sidecar), path)),
        Err(error) => {
            let message = format!("{} is not used: {error}", shown(&path));
            match named {
                Some(_) => Err(Failure::usage(message, "")),
                None => Ok(Found::Useless(message)),
            }
        }
    }
}

/// Reads at most one byte more than a sidecar may have.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A named pipe without a writer must not hold up the opening.
    let found = open_without_waiting(File::options().read(true), path)?;
    if !found.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    found
        .take(SIDECAR_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
