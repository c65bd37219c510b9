//! Files of tenzik's own, which no capsule reads or writes through a granted tree.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, openat, stat, statat};

/// Directories on the way to the root that are looked at.
const DEPTH_MAX: usize = 4096;

/// The one of `protected` that the file `name` in `parent` is or lies in. Directories and files are
/// told by device and number: links and other mounts of the same file system make no difference.
pub(super) fn find<'a>(
    protected: &'a [PathBuf],
    parent: impl AsFd,
    name: &OsStr,
) -> Option<&'a Path> {
    if protected.is_empty() {
        return None;
    }
    let parent: BorrowedFd<'_> = parent.as_fd();
    let known: Vec<_> = protected
        .iter()
        .filter_map(|own| Some((identity(&stat(own).ok()?), own.as_path())))
        .collect();
    let is_own = |place: (u64, u64)| Some(known.iter().find(|(own, _)| *own == place)?.1);
    let here = identity(&fstat(parent).ok()?);
    let target = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).ok();
    target
        .and_then(|target| is_own(identity(&target)))
        .or_else(|| absent(protected, here, name))
        .or_else(|| ancestors(parent, here).find_map(is_own))
}

/// One that does not exist yet, as the log of a journal.
fn absent<'a>(protected: &'a [PathBuf], here: (u64, u64), name: &OsStr) -> Option<&'a Path> {
    let own = protected.iter().find(|own| {
        let parent = own.parent().and_then(|parent| stat(parent).ok());
        own.file_name() == Some(name) && parent.is_some_and(|parent| identity(&parent) == here)
    });
    own.map(PathBuf::as_path)
}

/// The directory itself and those that it is in, as far as they can be looked at.
fn ancestors(directory: BorrowedFd<'_>, here: (u64, u64)) -> impl Iterator<Item = (u64, u64)> {
    let mut open: Option<OwnedFd> = directory.try_clone_to_owned().ok();
    let mut last = here;
    let above = std::iter::from_fn(move || {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let next = openat(open.take()?, "..", flags, Mode::empty()).ok()?;
        let place = identity(&fstat(&next).ok()?);
        if place == last {
            return None;
        }
        last = place;
        open = Some(next);
        Some(place)
    });
    std::iter::once(here).chain(above.take(DEPTH_MAX))
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}
