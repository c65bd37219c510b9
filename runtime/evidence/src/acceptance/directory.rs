//! The directories of a store.

use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{self as sys, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::{AcceptError, AcceptanceStore};

/// The directory of this version of the format.
const VERSION: &str = "v1";

/// Opens or makes the store at `path`.
pub(super) fn open(path: &Path) -> Result<AcceptanceStore, AcceptError> {
    let failed = |doing, error: Errno| AcceptError::Store {
        path: path.to_owned(),
        doing,
        source: error.into(),
    };
    make(CWD, path).map_err(|error| failed("make", error))?;
    // Only what the user names may be a link.
    let named = sys::open(path, DIRECTORY, Mode::empty()).map_err(|error| failed("open", error))?;
    check_owner(path, &named)?;
    make(&named, Path::new(VERSION)).map_err(|error| failed("write to", error))?;
    let root = open_below(&named, VERSION).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => strange(path, VERSION, "a directory"),
        _ => failed("open", error),
    })?;
    check_owner(path, &root)?;
    let above = sys::openat(&named, "..", DIRECTORY, Mode::empty());
    Ok(AcceptanceStore {
        path: path.to_owned(),
        root,
        // A directory that may not be read was not made by whoever may not read it.
        above: [Some(named), above.ok()].into_iter().flatten().collect(),
    })
}

impl AcceptanceStore {
    /// The directory for nonces that begin with this byte.
    pub(super) fn make_shard(&self, first_byte: u8) -> Result<OwnedFd, AcceptError> {
        let name = format!("{first_byte:02x}");
        make(&self.root, Path::new(&name)).map_err(|error| self.failed("write to", error))?;
        self.open_shard(first_byte)?
            .ok_or_else(|| self.failed("open a directory of", Errno::NOENT))
    }

    /// The same, if it is there.
    pub(super) fn open_shard(&self, first_byte: u8) -> Result<Option<OwnedFd>, AcceptError> {
        let name = format!("{first_byte:02x}");
        match open_below(&self.root, &name) {
            Ok(shard) => Ok(Some(shard)),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(self.strange(&name, "a directory")),
            Err(error) => Err(self.failed("open a directory of", error)),
        }
    }

    pub(super) fn strange(&self, name: &str, expected: &'static str) -> AcceptError {
        strange(&self.path, name, expected)
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

fn strange(path: &Path, name: &str, expected: &'static str) -> AcceptError {
    AcceptError::Strange {
        path: path.to_owned(),
        name: format!("{VERSION}/{name}").replace("v1/v1", VERSION),
        expected,
    }
}

/// Makes a directory for its owner alone, unless something is there.
fn make(directory: impl rustix::fd::AsFd, name: &Path) -> Result<(), Errno> {
    match sys::mkdirat(directory, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

fn open_below(directory: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    sys::openat(directory, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())
}

fn check_owner(path: &Path, directory: &OwnedFd) -> Result<(), AcceptError> {
    let stat = sys::fstat(directory).map_err(|error| AcceptError::Store {
        path: path.to_owned(),
        doing: "read",
        source: error.into(),
    })?;
    let mode = Mode::from_raw_mode(stat.st_mode);
    if mode.intersects(Mode::WGRP | Mode::WOTH) {
        return Err(AcceptError::OpenToOthers {
            path: path.to_owned(),
            mode: mode.bits(),
        });
    }
    Ok(())
}
