//! Who a process is.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{AtFlags, Mode, OFlags, openat, readlinkat, stat, statat};
use rustix::time::Timespec;

use super::stat::start_time;

/// Most bytes of a file of /proc that are read.
const PROC_BYTES_MAX: u64 = 64 << 10;

/// Which process a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessRequest {
    /// Its id.
    pub pid: i32,
    /// Its start: field 22 of /proc/PID/stat, in clock ticks since boot.
    pub start: u64,
}

/// What is known about a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessIdentity {
    /// Its id.
    pub pid: i32,
    /// Its start: field 22 of /proc/PID/stat, in clock ticks since boot.
    pub start: u64,
    /// Its effective user id.
    pub uid: u32,
    /// Where its executable was, as /proc/PID/exe says.
    pub program: PathBuf,
    /// Whether `program` leads to that very executable from here. It does not when the file was
    /// removed or replaced, or when the process sees other file systems.
    pub(super) program_is_here: bool,
}

impl ProcessIdentity {
    /// Reads it. The caller holds a descriptor of the process, and looks afterwards whether it has
    /// ended.
    pub(super) fn read(pid: i32) -> io::Result<ProcessIdentity> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty())?;
        let start = start_time(&read(&directory, "stat")?)
            .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat has no start time")))?;
        let uid = effective_uid(&read(&directory, "status")?)
            .ok_or_else(|| io::Error::other(format!("/proc/{pid}/status has no user id")))?;
        let program = readlinkat(&directory, "exe", Vec::new())?.into_bytes();
        let program = PathBuf::from(OsString::from_vec(program));
        let executable = statat(&directory, "exe", AtFlags::empty())?;
        let program_is_here = program.is_absolute()
            && stat(&program).is_ok_and(|here| {
                (here.st_dev, here.st_ino) == (executable.st_dev, executable.st_ino)
            });
        Ok(ProcessIdentity {
            pid,
            start,
            uid,
            program,
            program_is_here,
        })
    }
}

fn read(directory: &OwnedFd, name: &str) -> io::Result<Vec<u8>> {
    let file = openat(
        directory,
        name,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut bytes = Vec::new();
    std::fs::File::from(file)
        .take(PROC_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The second number of the line `Uid:`.
fn effective_uid(status: &[u8]) -> Option<u32> {
    let line = status
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"Uid:"))?;
    std::str::from_utf8(line)
        .ok()?
        .split_ascii_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// Whether a process has ended, collected by its parent or not.
pub(super) fn has_ended(process: impl AsFd) -> rustix::io::Result<bool> {
    let process = process.as_fd();
    let mut waiting = [PollFd::new(&process, PollFlags::IN)];
    poll(
        &mut waiting,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    )
    .map(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use super::effective_uid;

    #[test]
    fn the_effective_user_is_read_and_the_name_of_the_process_is_not() {
        let status = b"Name:\tx\\nUid:\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1\n";
        assert_eq!(effective_uid(status), Some(0));
        for bad in [&b""[..], b"Uid:\n", b"Uid:\t1\n", b"Uid:\t1 \xff\n"] {
            assert_eq!(effective_uid(bad), None);
        }
    }
}
