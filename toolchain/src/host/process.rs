//! Bounded child processes: every one has a deadline and a cap on what is kept of its output, and
//! is killed with its descendants when it misses the deadline.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place that starts processes"
)]

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Host;
use super::output::{Event, send_chunks, send_lines};

/// Most bytes of standard output that a call may produce.
const STDOUT_BYTES_MAX: usize = 64 << 20;
/// Lines of standard error that are kept for error messages.
const KEPT_LINES: usize = 64;
/// How soon a silent process is killed after tenzik was told to stop.
const STOP_POLL: Duration = Duration::from_millis(50);
/// How often a process that closed its output is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// A child process could not be started, did not end in time or wrote too much.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The operating system did not start it.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It was killed at its deadline.
    #[error("{program} was stopped after {seconds} s; give it more time or look at what it does")]
    TimedOut {
        /// The program.
        program: String,
        /// The time it had.
        seconds: u64,
    },
    /// It was killed because tenzik was told to stop.
    #[error("{program} was stopped by a signal to tenzik; start the command again")]
    Stopped {
        /// The program.
        program: String,
    },
    /// It was killed because of its standard output.
    #[error("{program} was stopped after it wrote more than {bytes} bytes to its standard output")]
    TooMuchOutput {
        /// The program.
        program: String,
        /// The limit.
        bytes: usize,
    },
    /// Its end could not be observed.
    #[error("cannot wait for {program}: {source}")]
    Wait {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
}

/// A program to run. Its standard input is empty.
pub(crate) struct Call<'a> {
    program: &'a Path,
    arguments: Vec<OsString>,
    directory: Option<&'a Path>,
    set: Vec<(&'a str, OsString)>,
    unset: &'a [&'a str],
    timeout: Duration,
}

/// What is left of a process that ended by itself.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// The newest lines of standard error.
    pub(crate) last_lines: Vec<String>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(program: &'a Path, timeout: Duration) -> Call<'a> {
        Call {
            program,
            arguments: Vec::new(),
            directory: None,
            set: Vec::new(),
            unset: &[],
            timeout,
        }
    }

    pub(crate) fn arguments<S: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Call<'a> {
        self.arguments.extend(
            arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned()),
        );
        self
    }

    pub(crate) fn directory(mut self, directory: &'a Path) -> Call<'a> {
        self.directory = Some(directory);
        self
    }

    pub(crate) fn set(mut self, name: &'a str, value: impl Into<OsString>) -> Call<'a> {
        self.set.push((name, value.into()));
        self
    }

    pub(crate) fn unset(mut self, names: &'a [&'a str]) -> Call<'a> {
        self.unset = names;
        self
    }

    fn name(&self) -> String {
        self.program.display().to_string()
    }
}

impl Host {
    /// Runs `call` to its end. Every line of standard error goes to `on_line`.
    pub(crate) fn run(
        &self,
        call: Call<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<Finished, ProcessError> {
        let deadline = Instant::now() + call.timeout;
        let stopped = || ProcessError::Stopped {
            program: call.name(),
        };
        if self.is_stopped() {
            return Err(stopped());
        }
        let mut group = Group::start(self, &call)?;
        let events = group.read_output().map_err(|source| ProcessError::Start {
            program: call.name(),
            source,
        })?;
        let timed_out = || ProcessError::TimedOut {
            program: call.name(),
            seconds: call.timeout.as_secs(),
        };

        let (mut stdout, mut lines, mut open) = (Vec::new(), VecDeque::new(), 2);
        while open > 0 {
            if self.is_stopped() {
                return Err(stopped());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match events.recv_timeout(left.min(STOP_POLL)) {
                Ok(Event::Stdout(bytes)) if stdout.len() + bytes.len() > STDOUT_BYTES_MAX => {
                    return Err(ProcessError::TooMuchOutput {
                        program: call.name(),
                        bytes: STDOUT_BYTES_MAX,
                    });
                }
                Ok(Event::Stdout(bytes)) => stdout.extend_from_slice(&bytes),
                Ok(Event::Line(line)) => {
                    on_line(&line);
                    if lines.len() == KEPT_LINES {
                        lines.pop_front();
                    }
                    lines.push_back(line);
                }
                Ok(Event::Closed) => open -= 1,
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(RecvTimeoutError::Timeout) => return Err(timed_out()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        loop {
            match group.child.try_wait() {
                Ok(Some(status)) => {
                    group.ended = true;
                    return Ok(Finished {
                        status,
                        stdout,
                        last_lines: lines.into(),
                    });
                }
                Ok(None) if Instant::now() >= deadline => return Err(timed_out()),
                Ok(None) if self.is_stopped() => return Err(stopped()),
                Ok(None) => thread::sleep(POLL),
                Err(source) => {
                    return Err(ProcessError::Wait {
                        program: call.name(),
                        source,
                    });
                }
            }
        }
    }
}

/// A child that leads its own process group. Dropping it before it ended kills the group.
struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    fn start(host: &Host, call: &Call<'_>) -> Result<Group, ProcessError> {
        let mut command = Command::new(call.program);
        command
            .args(&call.arguments)
            .env("PATH", &host.path)
            // A rustup proxy must not download a toolchain because a directory asks for one.
            .env("RUSTUP_AUTO_INSTALL", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in call.unset {
            command.env_remove(name);
        }
        for (name, value) in &call.set {
            command.env(name, value);
        }
        if let Some(directory) = call.directory {
            command.current_dir(directory);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        match command.spawn() {
            Ok(child) => Ok(Group {
                child,
                ended: false,
            }),
            Err(source) => Err(ProcessError::Start {
                program: call.name(),
                source,
            }),
        }
    }

    /// Two threads that read until the pipes close. They are not joined: a descendant that left
    /// the group can hold a pipe open for as long as it lives.
    fn read_output(&mut self) -> io::Result<Receiver<Event>> {
        let (sender, receiver) = sync_channel(16);
        if let Some(stdout) = self.child.stdout.take() {
            let sender = sender.clone();
            thread::Builder::new().spawn(move || send_chunks(stdout, &sender))?;
        }
        if let Some(stderr) = self.child.stderr.take() {
            thread::Builder::new().spawn(move || send_lines(stderr, &sender))?;
        }
        Ok(receiver)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        #[cfg(unix)]
        if let Some(pid) = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            // The child was not waited for, so its id cannot belong to another process. The kill
            // can only fail when the whole group has ended already.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Result<Finished, ProcessError> {
        let call = Call::new(Path::new("/bin/sh"), timeout).arguments(["-c", script]);
        Host::from_env().run(call, &mut |_| {})
    }

    #[test]
    fn output_status_and_lines_are_returned() {
        let finished = shell(
            "echo out; echo one >&2; printf two >&2; exit 3",
            Duration::from_secs(10),
        )
        .unwrap();
        assert_eq!(finished.stdout, b"out\n");
        assert_eq!(finished.last_lines, ["one", "two"]);
        assert_eq!(finished.status.code(), Some(3));
    }

    #[test]
    fn the_deadline_kills_descendants_too() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("pid");
        let script = format!("sleep 1000 & echo $! > {}; wait", pid_file.display());
        let error = shell(&script, Duration::from_secs(1)).err().unwrap();
        assert!(
            matches!(error, ProcessError::TimedOut { seconds: 1, .. }),
            "{error}"
        );

        let pid: i32 = std::fs::read_to_string(&pid_file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        // A killed orphan exists until its new parent has collected it; a zombie is dead as well.
        while rustix::process::test_kill_process(pid).is_ok() && !is_zombie(pid) {
            assert!(
                Instant::now() < deadline,
                "process {pid:?} outlived the deadline"
            );
            thread::yield_now();
        }
    }

    fn is_zombie(pid: rustix::process::Pid) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
            .is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_host_that_is_stopped_ends_its_processes_and_starts_no_more() {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let host = Host::from_env().with_stop(std::sync::Arc::clone(&stop));
        let script = Call::new(Path::new("/bin/sh"), Duration::from_secs(60))
            .arguments(["-c", "echo ready >&2; exec sleep 1000"]);
        // The first line of the process is the moment at which the signal comes.
        let error = host.run(script, &mut |_| {
            stop.store(true, std::sync::atomic::Ordering::Relaxed)
        });
        assert!(matches!(error, Err(ProcessError::Stopped { .. })));
        let call = Call::new(Path::new("/nonexistent"), Duration::from_secs(60));
        let error = host.run(call, &mut |_| {});
        assert!(matches!(error, Err(ProcessError::Stopped { .. })));
    }

    #[test]
    fn endless_output_is_stopped() {
        let error = shell("exec yes", Duration::from_secs(60)).err().unwrap();
        assert!(
            matches!(error, ProcessError::TooMuchOutput { .. }),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let call = Call::new(Path::new("/nonexistent/program"), Duration::from_secs(1));
        let error = Host::default().run(call, &mut |_| {}).err().unwrap();
        assert!(error.to_string().contains("/nonexistent/program"));
    }
}
