//! Directories of artifacts: real ones, of this user, that nobody else writes to.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, fstat, openat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::ArtifactError;

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Makes the directory of all artifacts, and those that it is in. It is no link itself.
pub(super) fn make_base(path: &Path) -> Result<(), ArtifactError> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(ArtifactError::io("make the directory", path))?;
    open(path).map(drop)
}

/// Makes the directory `path` in one that is there, if there is none, and opens it. It belongs to
/// this user, and nobody else can write to it: what a project brought along must not reach what lies
/// elsewhere.
pub(super) fn make(path: &Path) -> Result<OwnedFd, ArtifactError> {
    let failed = |error: io::Error| ArtifactError::io("make the directory", path)(error);
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.map_err(failed)?,
    }
    let directory = open(path)?;
    let stat = fstat(&directory).map_err(|errno| failed(errno.into()))?;
    let (own, mode) = (geteuid().as_raw(), stat.st_mode & 0o7777);
    if stat.st_uid != own {
        let user = stat.st_uid;
        let why = format!("belongs to user {user}, and tenzik runs as user {own}");
        return Err(refused(
            path,
            why,
            "run tenzik as that user, or move it away",
        ));
    }
    if mode & 0o022 != 0 {
        let why = format!("has mode {mode:04o}, so that others can write to it");
        return Err(refused(path, why, "chmod 700 it if it is yours"));
    }
    Ok(directory)
}

fn open(path: &Path) -> Result<OwnedFd, ArtifactError> {
    match rustix::fs::open(path, FLAGS, Mode::empty()) {
        Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => {
            let why = "is a symbolic link or a file".to_owned();
            Err(refused(
                path,
                why,
                "remove it, and tenzik makes a directory",
            ))
        }
        other => other.map_err(ArtifactError::io("open", path)),
    }
}

fn refused(path: &Path, why: String, remedy: &'static str) -> ArtifactError {
    ArtifactError::Unsafe {
        path: path.to_owned(),
        why,
        remedy,
    }
}

/// Removes the directory `run` in `temporary` with the temporary files in it, whose names are
/// numbers. What cannot be removed is left, and so is everything else and the directory with it.
pub(super) fn remove_run(temporary: &OwnedFd, run: &str) {
    let Ok(directory) = openat(temporary, run, FLAGS, Mode::empty()) else {
        return;
    };
    let Ok(entries) = Dir::read_from(&directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_bytes().iter().all(u8::is_ascii_digit) {
            let _ = unlinkat(&directory, name, AtFlags::empty());
        }
    }
    let _ = unlinkat(temporary, run, AtFlags::REMOVEDIR);
}
