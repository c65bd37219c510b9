//! The file of the journal: what it may be, and how it is made.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access as FileAccess, Mode, OFlags, fstat};
#[cfg(target_os = "linux")]
use rustix::fs::{CWD, FileType, mknodat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::error::JournalError;
use crate::journal::Access;

/// What SQLite adds to the name of a file for those that it makes beside it.
pub(crate) const SQLITE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

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
    for suffix in SQLITE_SUFFIXES {
        let beside = beside(&path, suffix);
        if let Ok(metadata) = fs::symlink_metadata(&beside) {
            check_kind(&beside, &metadata)?;
            check_owner(&beside, metadata.uid())?;
        }
    }
    Ok(path)
}

/// Whether it is a plain file.
fn check_kind(path: &Path, metadata: &fs::Metadata) -> Result<(), JournalError> {
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
    if what.is_empty() {
        return Ok(());
    }
    Err(JournalError::NotAFile {
        path: path.to_owned(),
        what,
    })
}

/// Whether it belongs to the user that this process acts as: another one could have prepared it, and
/// can change it at any time.
fn check_owner(path: &Path, uid: u32) -> Result<(), JournalError> {
    let own = geteuid().as_raw();
    if uid == own {
        return Ok(());
    }
    Err(JournalError::Unsafe {
        path: path.to_owned(),
        why: format!("belongs to user {uid}, and tenzik runs as user {own}"),
        remedy: format!("run tenzik as user {uid}, or make a copy of your own with cp"),
    })
}

/// Whether what is there may be used.
fn check(path: &Path, metadata: &fs::Metadata, access: Access) -> Result<(), JournalError> {
    check_kind(path, metadata)?;
    check_owner(path, metadata.uid())?;
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

/// Makes the directory `path` beside the journal or below such a one, if there is none, and opens it.
/// It is a directory itself and no link to one, belongs to this user, and nobody else can write to
/// it: a journal that came with a project must not reach what lies elsewhere.
pub(crate) fn own_directory(path: &Path) -> Result<OwnedFd, JournalError> {
    let failed = |source| JournalError::io("make the directory", path)(source);
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
        Ok(()) => sync_directory(path.parent().unwrap_or(path))?,
    }
    let refused = |why: String, remedy: &'static str| JournalError::UnsafeDirectory {
        path: path.to_owned(),
        why,
        remedy,
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => {
            let why = "is a symbolic link or a file".to_owned();
            return Err(refused(why, "remove it, and tenzik makes a directory"));
        }
        other => other.map_err(|errno| failed(errno.into()))?,
    };
    let stat = fstat(&directory).map_err(|errno| failed(errno.into()))?;
    let own = geteuid().as_raw();
    if stat.st_uid != own {
        let why = format!(
            "belongs to user {}, and tenzik runs as user {own}",
            stat.st_uid
        );
        return Err(refused(why, "run tenzik as that user, or move it away"));
    }
    let mode = stat.st_mode & 0o7777;
    if mode & 0o022 != 0 {
        let why = format!("has mode {mode:04o}, so that others can write to it");
        return Err(refused(why, "chmod 700 it if it is yours"));
    }
    Ok(directory)
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
