//! A value that a program prints.

#![expect(
    clippy::disallowed_methods,
    reason = "programs of the operator that print a secret run before and outside of every capsule"
)]

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::Timespec;
use zeroize::Zeroizing;

use super::super::error::SecretError;
use super::{SECRET_BYTES_MAX, bounded};

/// Seconds that a program has.
pub(in crate::secrets) const COMMAND_SECONDS_MAX: u64 = 10;

/// What `command` prints: run without a shell, without environment, input or error output, in a
/// process group of its own, which is killed at the end.
pub(super) fn output(name: &str, command: &[String]) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    output_within(name, command, Duration::from_secs(COMMAND_SECONDS_MAX))
}

fn output_within(
    name: &str,
    command: &[String],
    time: Duration,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let absolute = command
        .split_first()
        .filter(|(program, _)| Path::new(program).is_absolute());
    let Some((program, arguments)) = absolute else {
        return Err(SecretError::NotAbsolute {
            name: name.to_owned(),
        });
    };
    let program = Path::new(program);
    let failed = |source| SecretError::Start {
        name: name.to_owned(),
        program: program.to_owned(),
        source,
    };
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let mut group = Group {
        child: child.map_err(failed)?,
        ended: false,
    };
    let deadline = Instant::now() + time;
    let ended = group
        .read(deadline)
        .and_then(|bytes| Ok((bytes, group.wait(deadline)?)));
    let (name, program) = (name.to_owned(), program.to_owned());
    match ended {
        Ok((bytes, _)) if bytes.len() > SECRET_BYTES_MAX + 1 => Err(SecretError::TooLong { name }),
        Ok((bytes, status)) if status.success() => Ok(bytes),
        Ok((_, status)) => Err(SecretError::Failed {
            name,
            program,
            status,
        }),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(SecretError::TimedOut { name, program })
        }
        Err(source) => Err(SecretError::Start {
            name,
            program,
            source,
        }),
    }
}

/// A child that leads its own process group. Dropping it kills the group.
struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    /// Its output until the end, or more than a value may have.
    fn read(&mut self, deadline: Instant) -> io::Result<Zeroizing<Vec<u8>>> {
        match self.child.stdout.take() {
            Some(stdout) => bounded(UntilDeadline { stdout, deadline }),
            None => Ok(Zeroizing::default()),
        }
    }

    /// Waits for the child, and kills what is left of its group before its id is free again.
    fn wait(&mut self, deadline: Instant) -> io::Result<ExitStatus> {
        if let Some(pid) = self.pid() {
            let process = pidfd_open(pid, PidfdFlags::empty())?;
            wait_for(&process, deadline)?;
        }
        self.kill();
        self.child.wait()
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    fn kill(&mut self) {
        if let Some(pid) = self.pid().filter(|_| !self.ended) {
            // The child was not waited for, so its id cannot belong to others. This can only fail
            // when the whole group has ended.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.ended = true;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

struct UntilDeadline {
    stdout: ChildStdout,
    deadline: Instant,
}

impl Read for UntilDeadline {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait_for(&self.stdout, self.deadline)?;
        self.stdout.read(buffer)
    }
}

/// Waits until `source` can be read or has ended.
fn wait_for(source: &impl std::os::fd::AsFd, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let timeout = Timespec::try_from(left).ok();
        let mut waiting = [PollFd::new(source, PollFlags::IN)];
        match poll(&mut waiting, timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, time: Duration) -> Result<Vec<u8>, SecretError> {
        let command = ["/bin/sh", "-c", script].map(str::to_owned);
        output_within("token", &command, time).map(|bytes| bytes.to_vec())
    }

    /// Waits until the process whose id is in `file` is dead or a zombie.
    fn wait_for_death(file: &Path) {
        let pid: i32 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
        {
            assert!(Instant::now() < deadline, "process {pid} lives");
            std::thread::yield_now();
        }
    }

    #[test]
    fn at_the_deadline_the_whole_group_is_dead() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let scripts = [
            // The program itself, one that holds the pipe, and one that ignores signals.
            "echo $$ > FILE; exec sleep 1000",
            "sleep 1000 & echo $! > FILE; echo value",
            "trap '' TERM INT HUP; echo $$ > FILE; exec >&-; while :; do sleep 1000; done",
        ];
        for script in scripts {
            let script = script.replace("FILE", file.to_str().unwrap());
            let error = shell(&script, Duration::from_millis(500)).unwrap_err();
            assert!(
                matches!(error, SecretError::TimedOut { .. }),
                "{script}: {error}"
            );
            wait_for_death(&file);
        }
    }

    #[test]
    fn what_a_program_leaves_behind_is_killed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let script = format!(
            "sleep 1000 >/dev/null & echo $! > {}; echo value",
            file.display()
        );
        let value = shell(&script, Duration::from_secs(60)).unwrap();
        assert_eq!(value, b"value\n");
        wait_for_death(&file);
    }
}
