//! Files as inputs: what may not be read is not even opened.
//!
//! A descriptor of one of SQLite's files, once closed, takes all locks of this process off it
//! (`fcntl(2)`): another process would then delete the write-ahead log of a journal in use. So each file
//! is looked at through a descriptor that stands for its path alone (`O_PATH`), and that one is opened.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2};
use rustix::io::Errno;
use tenzik_capsule::escaped;
use tenzik_policy::Policy;
use tenzik_scenario::InputFile;

/// Files and directories that no step reads.
pub(in crate::performer) struct Forbidden<'a>(pub(in crate::performer) Vec<&'a Path>);

/// Why a file is no input.
pub(in crate::performer) enum FileRefused {
    /// It may not be.
    Refused(String),
    /// It cannot be read.
    Unreadable(io::Error),
}

impl From<Errno> for FileRefused {
    fn from(error: Errno) -> FileRefused {
        FileRefused::Unreadable(error.into())
    }
}

/// A regular file that the step may read, and its size. Nothing else is opened: a pipe could make the
/// job wait for ever.
pub(super) fn open(
    named: &InputFile,
    policy: &Policy,
    forbidden: &Forbidden<'_>,
) -> Result<(File, u64), FileRefused> {
    let found = resolve(named, policy)?;
    let status = fstat(&found)?;
    forbidden.check(named, &found, &status)?;
    if !FileType::from_raw_mode(status.st_mode).is_file() {
        let message = "it is no regular file; name one";
        let error = io::Error::new(io::ErrorKind::InvalidInput, message);
        return Err(FileRefused::Unreadable(error));
    }
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(link(&found))
        .map_err(FileRefused::Unreadable)?;
    let size = file.metadata().map_err(FileRefused::Unreadable)?.len();
    Ok((file, size))
}

/// A descriptor of the path alone.
fn resolve(named: &InputFile, policy: &Policy) -> Result<OwnedFd, FileRefused> {
    let below = named
        .admitted(policy)
        .map_err(|(message, remedy)| FileRefused::Refused(format!("{message}; {remedy}")))?;
    let path = OFlags::PATH | OFlags::CLOEXEC;
    let root = openat(
        CWD,
        &below.directory,
        path | OFlags::DIRECTORY,
        Mode::empty(),
    )?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let relative = match below.relative.as_os_str().is_empty() {
        true => Path::new("."),
        false => below.relative.as_path(),
    };
    openat2(root, relative, path, Mode::empty(), resolve).map_err(|error| match error {
        Errno::XDEV => FileRefused::Refused(format!(
            "the input file {} is or passes a symbolic link that leads out of {}; name the file itself",
            shown(&named.absolute()),
            shown(&below.directory)
        )),
        Errno::NOSYS => FileRefused::Unreadable(io::Error::new(
            io::ErrorKind::Unsupported,
            "the kernel has no openat2 (Linux 5.6 and later have it)",
        )),
        error => error.into(),
    })
}

impl Forbidden<'_> {
    /// By where it lies, and by what it is: a journal has no other name that helps.
    fn check(&self, named: &InputFile, found: &OwnedFd, status: &Stat) -> Result<(), FileRefused> {
        let real = fs::read_link(link(found)).map_err(FileRefused::Unreadable)?;
        for forbidden in &self.0 {
            let is_same = fs::metadata(forbidden)
                .is_ok_and(|known| known.dev() == status.st_dev && known.ino() == status.st_ino);
            let lies_below = fs::canonicalize(forbidden).is_ok_and(|known| real.starts_with(known));
            if is_same || lies_below || real.starts_with(forbidden) {
                return Err(FileRefused::Refused(format!(
                    "the input file {} is or lies in {}, which is tenzik's own and no input of steps; copy what you need of it to another place",
                    shown(&named.absolute()),
                    shown(forbidden)
                )));
            }
        }
        Ok(())
    }
}

fn link(found: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()))
}

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}
