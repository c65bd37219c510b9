//! Filters of system calls and the notifications they give.
#![expect(unsafe_code, reason = "seccomp has no safe interface")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::checked;

/// One instruction of a filter.
pub(crate) type Instruction = libc::sock_filter;

/// Installs `program` for this thread. With `listener`, gives the new descriptor on which calls that the filter hands
/// over are received.
pub(crate) fn install(program: &[Instruction], listener: bool) -> io::Result<Option<OwnedFd>> {
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: program.as_ptr().cast_mut(),
    };
    let flags = if listener {
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
    } else {
        0
    };
    // SAFETY: `filter` describes `program`, both outlive the call, and the kernel checks the program.
    let answer = checked(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const filter,
        )
    })?;
    // SAFETY: with the flag, a call that succeeds gives a new descriptor that nobody else owns.
    Ok(listener.then(|| unsafe { OwnedFd::from_raw_fd(answer as i32) }))
}

/// A system call that waits for an answer.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// Identifies it among all that wait.
    pub(crate) id: u64,
    /// The thread that made it.
    pub(crate) tid: i32,
    /// Number of the call.
    pub(crate) number: i64,
    /// Its arguments.
    pub(crate) arguments: [u64; 6],
}

// Numbers of the operations: _IOWR('!', 0, struct seccomp_notif), _IOWR('!', 1, struct seccomp_notif_resp),
// _IOW('!', 2, u64) and _IOW('!', 4, u64).
const RECEIVE: u64 = 0xc050_2100;
const ANSWER: u64 = 0xc018_2101;
const IS_WAITING: u64 = 0x4008_2102;
const SET_FLAGS: u64 = 0x4008_2104;
const SYNC_WAKE_UP: u64 = 1;

/// Receives a call. Waits if none is there; poll first.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> io::Result<Call> {
    // SAFETY: an all-zero seccomp_notif is what the kernel asks for; it has the size in the operation's number.
    let notification = unsafe {
        let mut notification: libc::seccomp_notif = std::mem::zeroed();
        let answer = libc::ioctl(listener.as_raw_fd(), RECEIVE as _, &raw mut notification);
        checked(libc::c_long::from(answer))?;
        notification
    };
    Ok(Call {
        id: notification.id,
        tid: notification.pid as i32,
        number: i64::from(notification.data.nr),
        arguments: notification.data.args,
    })
}

/// Whether the call `id` still waits, so that what was read from its process belongs to it.
pub(crate) fn is_waiting(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: `id` outlives the call.
    unsafe { libc::ioctl(listener.as_raw_fd(), IS_WAITING as _, &raw const id) == 0 }
}

/// Answers the call `id` with a value or an error number. A call that waits no longer is no error.
pub(crate) fn answer(listener: BorrowedFd<'_>, id: u64, outcome: Result<i64, i32>) {
    let response = libc::seccomp_notif_resp {
        id,
        val: outcome.unwrap_or(0),
        error: outcome.map_or_else(|error| -error, |_| 0),
        flags: 0,
    };
    // SAFETY: `response` outlives the call and has the size in the operation's number.
    unsafe { libc::ioctl(listener.as_raw_fd(), ANSWER as _, &raw const response) };
}

/// Asks the kernel to switch between caller and listener on one processor, which halves the way. Older ones refuse.
pub(crate) fn wake_synchronously(listener: BorrowedFd<'_>) {
    // SAFETY: only numbers are passed.
    unsafe { libc::ioctl(listener.as_raw_fd(), SET_FLAGS as _, SYNC_WAKE_UP) };
}
