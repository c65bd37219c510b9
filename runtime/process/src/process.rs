//! A running process and how it ends.

use tenzik_jail::Report;

use crate::error::{ProcessError, StartError};
use crate::spec::ProcessSpec;

/// Says whether the caller gave up. It is asked at least every 20 ms while a call blocks.
pub type Cancelled<'a> = &'a dyn Fn() -> bool;

/// Starts processes: in the local sandbox, or wherever an implementation runs them.
pub trait ProcessAdapter: Send + Sync {
    /// Starts `spec` and returns once the program is executed.
    ///
    /// # Errors
    ///
    /// [`StartError`] when it was not executed; nothing of it runs then.
    fn start(
        &self,
        spec: &ProcessSpec,
        cancelled: Cancelled<'_>,
    ) -> Result<Box<dyn Process>, StartError>;
}

/// A running process with everything it started. Dropping it kills the whole tree and waits for its end.
///
/// Every call that blocks ends at the deadline at the latest.
pub trait Process: Send {
    /// Fills `buffer` from `stream` unless the stream ends, and returns the bytes; 0 is the end.
    ///
    /// What arrives on the other stream meanwhile is kept, up to the buffer bound of the specification. When the
    /// process is killed for a bound or its deadline, both streams end behind what was received within bounds.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] when the caller gave up, or the machine failed.
    fn read(
        &mut self,
        stream: Stream,
        buffer: &mut [u8],
        cancelled: Cancelled<'_>,
    ) -> Result<usize, ProcessError>;

    /// Writes all of `bytes` to standard input, as fast as the process takes them.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] when the caller gave up, or the machine failed.
    fn write(&mut self, bytes: &[u8], cancelled: Cancelled<'_>) -> Result<Written, ProcessError>;

    /// Ends standard input.
    fn close_stdin(&mut self);

    /// Ends standard input, drops what is not read, and waits until the whole tree is dead.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] when the caller gave up, or the machine failed.
    fn wait(&mut self, cancelled: Cancelled<'_>) -> Result<Exit, ProcessError>;

    /// Kills the whole tree. [`Process::wait`] waits for its death.
    fn kill(&mut self);

    /// What became of every layer of isolation.
    fn layers(&self) -> &Report;

    /// Which helper isolates it.
    fn helper(&self) -> HelperKind;

    /// What it used so far; complete once [`Process::wait`] returned.
    fn usage(&self) -> Usage;
}

/// An output of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What became of bytes that were written to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It has them, or will find them in its pipe.
    All,
    /// It closed its standard input or is dead; the rest is lost.
    Closed,
    /// The bound of its standard input was reached; nothing of these bytes was written.
    Exceeded,
}

/// How a process ended. Its whole tree is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this code.
    Code(u8),
    /// It was ended by this signal.
    Signal(i32),
    /// It was killed at its deadline.
    TimedOut,
    /// It was killed for writing more to `stream` than it may, or than may be kept unread.
    Exceeded(Stream),
    /// It was killed by [`Process::kill`].
    Killed,
}

/// Which helper isolates a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperKind {
    /// The small helper that lies beside tenzik.
    Beside,
    /// Tenzik executed itself, which costs milliseconds more.
    Itself,
}

impl HelperKind {
    /// `beside` or `self`.
    pub const fn name(self) -> &'static str {
        match self {
            HelperKind::Beside => "beside",
            HelperKind::Itself => "self",
        }
    }
}

/// What a process used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of the tree in microseconds, with the time to set up its isolation.
    pub cpu_us: u64,
    /// Largest resident size of one of its processes, in bytes.
    pub memory_bytes: u64,
    /// From its start to its end, in microseconds.
    pub wall_us: u64,
    /// Bytes written to its standard input.
    pub stdin_bytes: u64,
    /// Bytes received from its standard output.
    pub stdout_bytes: u64,
    /// Bytes received from its standard error.
    pub stderr_bytes: u64,
    /// Bytes of standard output that were received and never read.
    pub stdout_bytes_dropped: u64,
    /// Bytes of standard error that were received and never read.
    pub stderr_bytes_dropped: u64,
    /// Connections and datagrams that the broker let through.
    pub network_granted: u64,
    /// Connections and datagrams that the broker refused.
    pub network_refused: u64,
}
