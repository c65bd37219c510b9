//! A process that runs behind the helper: its streams, its bounds and its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tenzik_jail::{Cause, Channel, Ending, Message, Received, Report};

use crate::error::ProcessError;
use crate::output::{Output, Took};
use crate::process::{Cancelled, Exit, HelperKind, Process, Stream, Usage, Written};
use crate::spec::ProcessSpec;

/// Time that the helper has, behind the deadline, to kill the tree and say so.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// How often a call that blocks looks whether its caller gave up.
const LOOK: Duration = Duration::from_millis(10);

/// What a process is made of when its helper is started.
pub(crate) struct Parts {
    pub(crate) control: Channel,
    pub(crate) child: Child,
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    pub(crate) started: Instant,
    pub(crate) report: Report,
    pub(crate) helper: HelperKind,
}

/// A process that runs behind the helper.
pub(crate) struct Running {
    control: Channel,
    child: Child,
    stdin: Option<OwnedFd>,
    stdin_bytes: u64,
    stdin_bytes_max: u64,
    stdout: Output,
    stderr: Output,
    started: Instant,
    deadline: Instant,
    report: Report,
    helper: HelperKind,
    exceeded: Option<Stream>,
    ending: Option<Ending>,
    wall: Duration,
    reaped: bool,
}

/// What a call waits for besides the helper.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// This output; the other one is kept.
    Output(Stream),
    /// Standard input; both outputs are kept.
    Input,
    /// The end; both outputs are dropped.
    End,
}

impl Running {
    pub(crate) fn new(parts: Parts, spec: &ProcessSpec) -> Running {
        let Parts {
            control,
            child,
            stdin,
            stdout,
            stderr,
            started,
            report,
            helper,
        } = parts;
        Running {
            control,
            child,
            stdin,
            stdin_bytes: 0,
            stdin_bytes_max: spec.stdin_bytes_max,
            stdout: Output::new(stdout, spec.stdout_bytes_max, spec.buffer_bytes_max),
            stderr: Output::new(stderr, spec.stderr_bytes_max, spec.buffer_bytes_max),
            started,
            // A deadline beyond what the clock can tell is as good as this one.
            deadline: started
                .checked_add(spec.deadline)
                .unwrap_or(started + Duration::from_secs(1 << 32)),
            report,
            helper,
            exceeded: None,
            ending: None,
            wall: Duration::ZERO,
            reaped: false,
        }
    }

    pub(crate) fn control(&mut self) -> &mut Channel {
        &mut self.control
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn set_report(&mut self, report: Report) {
        self.report = report;
    }

    fn output(&mut self, stream: Stream) -> &mut Output {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// Kills the tree because `stream` went over a bound.
    fn exceed(&mut self, stream: Stream) {
        self.exceeded.get_or_insert(stream);
        self.kill();
    }

    /// Waits a moment for what is `wanted`, and meanwhile takes what the outputs have that nobody waits for.
    fn pump(&mut self, wanted: For, cancelled: Cancelled<'_>) -> Result<(), ProcessError> {
        if cancelled() {
            return Err(ProcessError::Cancelled);
        }
        if self.ending.is_none() && Instant::now() >= self.deadline + GRACE {
            // The helper kills and ends itself; one that does not is killed, and the tree with it.
            let _ = self.child.kill();
            return Err(ProcessError::Machine(
                "helper did not end its tree at the deadline".to_owned(),
            ));
        }
        self.poll(wanted).map_err(ProcessError::Machine)?;
        let over = self.ending.is_some();
        for stream in [Stream::Stdout, Stream::Stderr] {
            let output = self.output(stream);
            let took = match wanted {
                For::Output(own) if own == stream => continue,
                For::End => output.drain(),
                _ => output.keep(),
            };
            match took {
                Ok(Took::Exceeded) => self.exceed(stream),
                // The tree is dead: whoever still holds the pipe got away, and is not waited for.
                Ok(Took::Nothing) if over => self.output(stream).close(),
                Ok(_) => {}
                Err(error) => return Err(broken(error)),
            }
        }
        self.listen()
    }

    /// Waits for anything to act on, at most until the next look.
    fn poll(&self, wanted: For) -> Result<(), String> {
        let mut interests = Vec::with_capacity(4);
        if self.ending.is_none() {
            interests.push(PollFd::new(&self.control, PollFlags::IN));
        }
        let outputs = [self.stdout.pipe(), self.stderr.pipe()];
        interests.extend(
            outputs
                .into_iter()
                .flatten()
                .map(|pipe| PollFd::new(pipe, PollFlags::IN)),
        );
        if let (For::Input, Some(stdin)) = (wanted, &self.stdin) {
            interests.push(PollFd::new(stdin, PollFlags::OUT));
        }
        poll_a_moment(&mut interests)
    }

    /// Takes what the helper says.
    fn listen(&mut self) -> Result<(), ProcessError> {
        while self.ending.is_none() {
            match self.control.receive() {
                Ok(Received::Frame(Message::Ended(ending))) => {
                    self.ending = Some(ending);
                    self.wall = self.started.elapsed();
                }
                Ok(Received::Frame(_)) => {
                    return Err(ProcessError::Machine("helper spoke out of turn".to_owned()));
                }
                Ok(Received::Nothing) => return Ok(()),
                Ok(Received::End) => {
                    return Err(ProcessError::Machine(
                        "helper died, and its tree with it".to_owned(),
                    ));
                }
                Err(error) => {
                    return Err(ProcessError::Machine(format!(
                        "helper is not understood: {error}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Waits until the helper is gone, with it every process of the tree.
    fn reap(&mut self) {
        if self.reaped {
            return;
        }
        let until = Instant::now() + GRACE;
        while Instant::now() < until {
            match self.control.receive() {
                Ok(Received::Frame(Message::Ended(ending))) => {
                    self.ending.get_or_insert(ending);
                }
                Ok(Received::Frame(_)) => {}
                Ok(Received::Nothing) => {
                    if wait_readable(self.control.as_fd()).is_err() {
                        break;
                    }
                }
                Ok(Received::End) | Err(_) => break,
            }
        }
        if Instant::now() >= until {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        self.reaped = true;
    }
}

impl Process for Running {
    fn read(
        &mut self,
        stream: Stream,
        buffer: &mut [u8],
        cancelled: Cancelled<'_>,
    ) -> Result<usize, ProcessError> {
        let mut filled = self.output(stream).take_kept(buffer);
        while filled < buffer.len() {
            let over = self.ending.is_some();
            let (took, within) = self
                .output(stream)
                .take(&mut buffer[filled..])
                .map_err(broken)?;
            filled += within;
            match took {
                Took::Bytes(_) => {
                    if cancelled() {
                        return Err(ProcessError::Cancelled);
                    }
                }
                Took::Nothing if over => {
                    self.output(stream).close();
                    break;
                }
                Took::Nothing => self.pump(For::Output(stream), cancelled)?,
                Took::End => break,
                Took::Exceeded => {
                    self.exceed(stream);
                    break;
                }
            }
        }
        Ok(filled)
    }

    fn write(&mut self, bytes: &[u8], cancelled: Cancelled<'_>) -> Result<Written, ProcessError> {
        if self.stdin.is_none() {
            return Ok(Written::Closed);
        }
        if bytes.len() as u64 > self.stdin_bytes_max - self.stdin_bytes {
            return Ok(Written::Exceeded);
        }
        let mut left = bytes;
        while let (Some(stdin), false) = (&self.stdin, left.is_empty()) {
            match rustix::io::write(stdin, left) {
                Ok(count) => {
                    self.stdin_bytes += count as u64;
                    left = &left[count..];
                }
                Err(Errno::AGAIN) => self.pump(For::Input, cancelled)?,
                Err(Errno::INTR) => {}
                Err(Errno::PIPE) => self.stdin = None,
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(if left.is_empty() {
            Written::All
        } else {
            Written::Closed
        })
    }

    fn close_stdin(&mut self) {
        self.stdin = None;
    }

    fn wait(&mut self, cancelled: Cancelled<'_>) -> Result<Exit, ProcessError> {
        self.close_stdin();
        self.stdout.drop_kept();
        self.stderr.drop_kept();
        while self.ending.is_none() || self.stdout.pipe().is_some() || self.stderr.pipe().is_some()
        {
            self.pump(For::End, cancelled)?;
        }
        self.reap();
        let cause = self.ending.map_or(Cause::Killed, |ending| ending.cause);
        Ok(match (self.exceeded, cause) {
            (Some(stream), _) => Exit::Exceeded(stream),
            (None, Cause::Code(code)) => Exit::Code(code),
            (None, Cause::Signal(signal)) => Exit::Signal(i32::from(signal)),
            (None, Cause::TimedOut) => Exit::TimedOut,
            (None, Cause::Killed) => Exit::Killed,
        })
    }

    fn kill(&mut self) {
        // A helper that is gone has killed the tree already.
        let _ = self.control.send_kill();
    }

    fn layers(&self) -> &Report {
        &self.report
    }

    fn helper(&self) -> HelperKind {
        self.helper
    }

    fn usage(&self) -> Usage {
        let wall = if self.ending.is_some() {
            self.wall
        } else {
            self.started.elapsed()
        };
        let (cpu_us, memory_bytes, network_granted, network_refused) =
            self.ending.map_or((0, 0, 0, 0), |end| {
                (
                    end.cpu_us,
                    end.memory_bytes,
                    end.network_granted,
                    end.network_refused,
                )
            });
        Usage {
            cpu_us,
            memory_bytes,
            wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
            stdin_bytes: self.stdin_bytes,
            stdout_bytes: self.stdout.received,
            stderr_bytes: self.stderr.received,
            stdout_bytes_dropped: self.stdout.dropped,
            stderr_bytes_dropped: self.stderr.dropped,
            network_granted,
            network_refused,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            self.reap();
        }
    }
}

fn broken(error: Errno) -> ProcessError {
    ProcessError::Machine(io::Error::from(error).to_string())
}

/// Waits until `descriptor` can be read, at most until the next look.
pub(crate) fn wait_readable(descriptor: BorrowedFd<'_>) -> Result<(), String> {
    poll_a_moment(&mut [PollFd::new(&descriptor, PollFlags::IN)])
}

fn poll_a_moment(interests: &mut [PollFd<'_>]) -> Result<(), String> {
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(LOOK.subsec_nanos()),
    };
    match poll(interests, Some(&moment)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(format!("poll: {error}")),
    }
}
