//! New processes, their execution and their end.
#![expect(
    unsafe_code,
    reason = "clone, fork, execveat and close_range have no safe interface"
)]

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use super::checked;

/// What a process that split in two is now.
pub(crate) enum Split {
    /// The old process, with the new one's identifier and a descriptor of it.
    Parent(i32, OwnedFd),
    /// The new process.
    Child,
}

/// Splits this process in two; the new one is in new namespaces of the kinds in `flags`. Only for processes with one
/// thread: the helper never has more.
pub(crate) fn clone(flags: libc::c_int) -> io::Result<Split> {
    let mut pidfd: libc::c_int = -1;
    let flags = i64::from(flags as u32) | i64::from(libc::CLONE_PIDFD | libc::SIGCHLD);
    // SAFETY: without CLONE_VM the new process has a copy of this memory and of this only thread, as after fork();
    // `pidfd` outlives the call, and with CLONE_PIDFD the third argument is where its number goes on every
    // architecture.
    let answer =
        unsafe { libc::syscall(libc::SYS_clone, flags, 0_u64, &raw mut pidfd, 0_u64, 0_u64) };
    match checked(answer)? {
        0 => Ok(Split::Child),
        // SAFETY: the call succeeded, so `pidfd` is a new descriptor that nobody else owns.
        pid => Ok(Split::Parent(pid as i32, unsafe {
            OwnedFd::from_raw_fd(pidfd)
        })),
    }
}

/// Splits this process in two and gives the new one's identifier, or `None` in the new one.
pub(crate) fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the helper has one thread, so no lock is held by a thread that the new process lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// Has the kernel end this process after this time, whatever it is doing then.
pub(crate) fn end_after(time: std::time::Duration) -> io::Result<()> {
    let value = libc::timeval {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_usec: 0,
    };
    let never = libc::timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    let timer = libc::itimerval {
        it_interval: never,
        it_value: value,
    };
    // SAFETY: the handler is the default one, which ends the process; `timer` outlives the call and no
    // old value is asked for.
    let answer = unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut())
    };
    checked(i64::from(answer)).map(drop)
}

/// Ends this process at once: no destructors, no buffers.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: it does not return and touches no memory.
    unsafe { libc::_exit(code) }
}

/// Executes the program behind `descriptor` in place of this one. Returns only the error.
pub(crate) fn execute(
    descriptor: BorrowedFd<'_>,
    arguments: &[CString],
    environment: &[CString],
) -> io::Error {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter()
            .map(|item| item.as_ptr())
            .chain([ptr::null()])
            .collect()
    };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    let empty: &CStr = c"";
    // SAFETY: both lists end with a null pointer and, like the strings they point to, outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            descriptor.as_raw_fd(),
            empty.as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    io::Error::last_os_error()
}

/// What to do with descriptors from a number up.
#[derive(Clone, Copy)]
pub(crate) enum Descriptors {
    /// Close them now.
    Close,
    /// Close them when a program is executed.
    CloseOnExecution,
}

/// Does `what` to every descriptor from 3 up.
pub(crate) fn from_three_up(what: Descriptors) -> io::Result<()> {
    let flags = match what {
        Descriptors::Close => 0,
        Descriptors::CloseOnExecution => libc::CLOSE_RANGE_CLOEXEC,
    };
    // SAFETY: the helper calls this with `Close` before it owns any descriptor above 2, so no owner is left with a
    // closed one; the other flag closes nothing in this process.
    checked(unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, flags) }).map(drop)
}

/// Makes every signal act as by default and blocks none.
pub(crate) fn reset_signals() {
    // SAFETY: SIG_DFL installs no code of ours; numbers that are no signals, or belong to the library, are refused
    // without effect. An all-zero sigset_t is the empty set.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let none: libc::sigset_t = std::mem::zeroed();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// How a child ended.
#[derive(Clone, Copy)]
pub(crate) struct Waited {
    /// Its identifier.
    pub(crate) pid: i32,
    /// Its exit code, or the signal that ended it.
    pub(crate) end: Result<u8, u8>,
}

/// Waits for any child to end; `None` if there is none left, or none has ended and `block` is not set.
pub(crate) fn wait_any(block: bool) -> Option<Waited> {
    loop {
        let mut status: libc::c_int = 0;
        let flags = if block { 0 } else { libc::WNOHANG };
        // SAFETY: `status` outlives the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, flags | libc::__WALL) };
        if pid < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) {
            continue;
        }
        if pid <= 0 {
            return None;
        }
        if libc::WIFEXITED(status) {
            return Some(Waited {
                pid,
                end: Ok(libc::WEXITSTATUS(status) as u8),
            });
        }
        if libc::WIFSIGNALED(status) {
            return Some(Waited {
                pid,
                end: Err(libc::WTERMSIG(status) as u8),
            });
        }
    }
}

/// Processor time in microseconds and largest resident size in bytes, over all children that were waited for.
pub(crate) fn children_usage() -> (u64, u64) {
    // SAFETY: an all-zero rusage is valid, and it outlives the call that fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    (
        micros(usage.ru_utime) + micros(usage.ru_stime),
        usage.ru_maxrss as u64 * 1024,
    )
}

/// A descriptor of the thread or process `tid`.
pub(crate) fn pidfd_of_thread(tid: i32) -> io::Result<OwnedFd> {
    const PIDFD_THREAD: libc::c_int = libc::O_EXCL;
    // SAFETY: only numbers are passed; the new descriptor belongs to nobody else.
    unsafe {
        match checked(libc::syscall(libc::SYS_pidfd_open, tid, PIDFD_THREAD)) {
            Ok(number) => Ok(OwnedFd::from_raw_fd(number as i32)),
            Err(_) => {
                let number = checked(libc::syscall(libc::SYS_pidfd_open, tid, 0))?;
                Ok(OwnedFd::from_raw_fd(number as i32))
            }
        }
    }
}

/// Drops capability `number` from the bounding set; false behind the last one.
pub(crate) fn drop_from_bounding_set(number: libc::c_ulong) -> bool {
    // SAFETY: only numbers are passed.
    unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) == 0 }
}

/// Sets user, group and no other groups.
pub(crate) fn become_user(user: u32) -> io::Result<()> {
    // SAFETY: an empty list needs no memory; the rest are numbers.
    unsafe {
        checked(libc::syscall(
            libc::SYS_setgroups,
            0,
            ptr::null::<libc::gid_t>(),
        ))?;
        checked(libc::syscall(libc::SYS_setresgid, user, user, user))?;
        checked(libc::syscall(libc::SYS_setresuid, user, user, user))?;
    }
    Ok(())
}

/// Sets the host name of this namespace.
pub(crate) fn set_host_name(name: &[u8]) -> io::Result<()> {
    // SAFETY: pointer and length are of one slice.
    checked(i64::from(unsafe {
        libc::sethostname(name.as_ptr().cast(), name.len())
    }))
    .map(drop)
}

/// Takes standard input as a descriptor of its own.
pub(crate) fn take_stdin() -> OwnedFd {
    // SAFETY: the helper takes it once, as the first thing it does, and nothing else in it uses standard input.
    unsafe { OwnedFd::from_raw_fd(0) }
}

/// Makes the standard descriptor `number` (0, 1 or 2) another one of `source`.
pub(crate) fn replace_standard(number: i32, source: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: only numbers are passed. The standard descriptors have no other owner in the helper: what it took as its
    // standard input is replaced in init alone, which no longer uses it.
    checked(i64::from(unsafe { libc::dup2(source.as_raw_fd(), number) })).map(drop)
}
