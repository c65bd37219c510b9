//! The file of the journal: what it may be, and how it is made.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::Access as FileAccess;
#[cfg(target_os = "linux")]
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::error::JournalError;
use crate::journal::Access;

/// The file at `path`, by the one path that all processes use for it. For writing it is made if it
/// is not there.
pub(crate) fn find(path: &Path, access: Access) -> Result<PathBuf, JournalError> {
    let failed = |source| JournalError::io("open", path)(source);
    let name = path
        .file_name()
        .ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidInput)))?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if access == Access::Write {
        make_directory(directory)?;
    }
    let directory = match fs::canonicalize(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(JournalError::Missing {
                path: path.to_owned(),
            });
        }
        other => other.map_err(failed)?,
    };
    let path = directory.join(name);
    match fs::symlink_metadata(&path) {
        Ok(metadata) => check(&path, &metadata, access)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => match access {
            Access::Read => return Err(JournalError::Missing { path }),
            Access::Write => create(&path, &directory)?,
        },
        Err(error) => return Err(JournalError::io("open", &path)(error)),
    }
    Ok(path)
}

/// Whether what is there may be used.
fn check(path: &Path, metadata: &fs::Metadata, access: Access) -> Result<(), JournalError> {
    let kind = metadata.file_type();
    let what = if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else if !kind.is_file() {
        "no plain file"
    } else {
        ""
    };
    if !what.is_empty() {
        return Err(JournalError::NotAFile {
            path: path.to_owned(),
            what,
        });
    }
    if access == Access::Read {
        return Ok(());
    }
    // SQLite would read a file that it may not write.
    rustix::fs::access(path, FileAccess::WRITE_OK).map_err(JournalError::io("write", path))?;
    let refused = |why: String, remedy: &str| {
        Err(JournalError::Unsafe {
            path: path.to_owned(),
            why,
            remedy: remedy.to_owned(),
        })
    };
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return refused(
            format!("has mode {mode:04o}, so that others can write it"),
            "chmod 600 it if it is yours",
        );
    }
    // SQLite names its log after the name that was opened: with two names there would be two.
    match metadata.nlink() {
        0 | 1 => Ok(()),
        links => refused(
            format!(
                "has {links} names (hard links), and processes that use different ones damage it"
            ),
            "remove the others, or copy it",
        ),
    }
}

/// Makes an empty file that nobody else can read. Another process may have been first.
fn create(path: &Path, directory: &Path) -> Result<(), JournalError> {
    match new_file(path) {
        Ok(()) => sync_directory(directory),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(JournalError::io("make", path)(error)),
    }
}

/// Makes the file without opening it: closing it would release the locks that SQLite has on it by
/// then in another thread (fcntl(2)).
#[cfg(target_os = "linux")]
fn new_file(path: &Path) -> io::Result<()> {
    let mode = Mode::RUSR | Mode::WUSR;
    Ok(mknodat(CWD, path, FileType::RegularFile, mode, 0)?)
}

#[cfg(not(target_os = "linux"))]
fn new_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map(drop)
}

/// Makes a directory that only this user can look into, if there is none, and those that it is in.
/// The names of new ones are on disk when this returns.
pub(crate) fn make_directory(path: &Path) -> Result<(), JournalError> {
    let failed = |source| JournalError::io("make the directory", path)(source);
    let mut missing = Vec::new();
    let mut there = path;
    loop {
        match fs::metadata(there) {
            Ok(metadata) if metadata.is_dir() => break,
            Ok(_) => return Err(failed(io::Error::from(io::ErrorKind::NotADirectory))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(there),
            Err(error) => return Err(failed(error)),
        }
        there = match there.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
    }
    for new in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(new) {
            // Another process was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other.map_err(failed)?,
        }
        sync_directory(there)?;
        there = new;
    }
    Ok(())
}

pub(crate) fn sync_directory(path: &Path) -> Result<(), JournalError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(JournalError::io("synchronise", path))
}

/// `path` with `suffix` after its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
