//! Mode, owner and extended attributes of files.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Gid, Mode, Uid, fchmod, fchown, flistxattr, fremovexattr, fstat};
use rustix::io::Errno;

/// Mode of new files before the mask of the process.
const NEW_MODE: u32 = 0o666;
/// The mask where the system does not tell it.
const STRICT_MASK: u32 = 0o077;
/// Most bytes of the names of extended attributes; Linux has no more.
const NAMES_BYTES_MAX: usize = 64 << 10;

/// Sets the mode, as `chmod` does.
pub(crate) fn set_mode(file: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    Ok(fchmod(file, Mode::from_raw_mode(mode))?)
}

/// Gives `file` to a user and a group, if it is not theirs already.
pub(crate) fn own(file: BorrowedFd<'_>, uid: u32, gid: u32) -> io::Result<()> {
    let stat = fstat(file)?;
    if (stat.st_uid, stat.st_gid) == (uid, gid) {
        return Ok(());
    }
    Ok(fchown(
        file,
        Some(Uid::from_raw(uid)),
        Some(Gid::from_raw(gid)),
    )?)
}

/// Takes the access control list from a new file that it got from its directory: the file that it
/// replaces had none.
pub(crate) fn drop_access_list(file: BorrowedFd<'_>) -> io::Result<()> {
    match fremovexattr(file, "system.posix_acl_access") {
        Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether a file has extended attributes, other than the label that every file gets by itself.
/// Access control lists are such attributes.
pub(crate) fn has_attributes(file: &File) -> io::Result<bool> {
    let mut names = vec![0; NAMES_BYTES_MAX];
    let count = match flistxattr(file.as_fd(), &mut names[..]) {
        Ok(count) => count,
        // The file system has none.
        Err(Errno::NOTSUP) => 0,
        Err(errno) => return Err(errno.into()),
    };
    let mut names = names[..count]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    Ok(names.any(|name| name != b"security.selinux"))
}

/// The mode of a new file: 0666 without the mask of the process.
pub(crate) fn new_mode() -> u32 {
    // Asking with umask(2) would change it for other threads.
    let mut status = String::new();
    let read = File::open("/proc/self/status").and_then(|file| {
        file.take(NAMES_BYTES_MAX as u64)
            .read_to_string(&mut status)
    });
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let mask = line.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok());
    NEW_MODE & !mask.filter(|_| read.is_ok()).unwrap_or(STRICT_MASK)
}
