//! Attributes of mounts.
#![expect(unsafe_code, reason = "mount_setattr has no safe interface")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::checked;

/// Read-only.
pub(crate) const RDONLY: u64 = libc::MOUNT_ATTR_RDONLY;
/// Set-user-ID bits have no effect.
pub(crate) const NOSUID: u64 = libc::MOUNT_ATTR_NOSUID;
/// Device files have no effect.
pub(crate) const NODEV: u64 = libc::MOUNT_ATTR_NODEV;
/// Nothing is executed.
pub(crate) const NOEXEC: u64 = libc::MOUNT_ATTR_NOEXEC;

/// Sets attributes of the mount behind `mount`, and of all below it if `recursive`.
pub(crate) fn set_attributes(
    mount: BorrowedFd<'_>,
    attributes: u64,
    recursive: bool,
) -> io::Result<()> {
    // SAFETY: an all-zero mount_attr is valid and changes nothing.
    let mut change: libc::mount_attr = unsafe { std::mem::zeroed() };
    change.attr_set = attributes;
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a string, `change` outlives the call and its true size is passed.
    checked(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const change,
            size_of::<libc::mount_attr>(),
        )
    })
    .map(drop)
}
