//! System calls that no safe library offers, each behind a safe function.

pub(crate) mod memory;
pub(crate) mod mounts;
pub(crate) mod process;
pub(crate) mod seccomp;
pub(crate) mod sockets;

use std::io;

/// What a raw system call answered, or its error.
fn checked(answer: libc::c_long) -> io::Result<libc::c_long> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}
