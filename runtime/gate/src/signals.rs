//! Signals to processes of granted identity.
//!
//! A process id alone names nobody: it is used again. So a request names the start of the process
//! too, the identity is read through a descriptor of the process, and the signal is sent through
//! that descriptor. Between the last look and the signal a process may still replace its own
//! program with `execve`; nothing on Linux closes that.

mod identity;
mod stat;

pub use identity::{ProcessIdentity, ProcessRequest};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, pidfd_send_signal};

use crate::EffectKind;

/// The signals that can be sent, by their name without `SIG`.
pub const SIGNALS: &[(&str, Signal)] = &[
    ("ABRT", Signal::ABORT),
    ("ALRM", Signal::ALARM),
    ("CONT", Signal::CONT),
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("KILL", Signal::KILL),
    ("QUIT", Signal::QUIT),
    ("STOP", Signal::STOP),
    ("TERM", Signal::TERM),
    ("TSTP", Signal::TSTP),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("WINCH", Signal::WINCH),
];

/// Why no signal was sent. `E` is what the decision says.
#[derive(Debug, thiserror::Error)]
pub enum SignalError<E> {
    /// No such signal.
    #[error(
        "signal {name:?} is none of those that can be sent; use one of {}",
        names()
    )]
    UnknownSignal {
        /// Its name, shortened to 32 characters.
        name: String,
    },
    /// A process that is never signalled.
    #[error("process {pid} is {what}, which is never signalled; name another process")]
    Protected {
        /// Its id.
        pid: i32,
        /// What it is.
        what: &'static str,
    },
    /// There is no such process.
    #[error(
        "there is no process {pid} that started at {start}; read both anew from /proc/{pid}/stat, fields 1 and 22"
    )]
    NotFound {
        /// The id asked for.
        pid: i32,
        /// The start asked for, in clock ticks since boot.
        start: u64,
    },
    /// Another process has the id now.
    #[error(
        "process {pid} started at {got} and not at {expected}: it is another one; read both anew from /proc/{pid}/stat, fields 1 and 22"
    )]
    OtherStart {
        /// The id.
        pid: i32,
        /// The start asked for.
        expected: u64,
        /// The start found.
        got: u64,
    },
    /// The path of its executable leads to another file here.
    #[error(
        "the executable of process {pid} is called {program:?}, but that path is another file here or none; start the process anew from the file that the rule names"
    )]
    OtherProgram {
        /// The id.
        pid: i32,
        /// The path that the process claims, escaped.
        program: std::path::PathBuf,
    },
    /// The decision was no.
    #[error("{0}")]
    Refused(E),
    /// The system refused.
    #[error("cannot {doing} process {pid}: {source}; run tenzik as the user of that process")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The process.
        pid: i32,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl<E> SignalError<E> {
    /// What kind of "no" it is.
    pub fn kind(&self) -> EffectKind {
        match self {
            SignalError::NotFound { .. } | SignalError::OtherStart { .. } => EffectKind::NotFound,
            SignalError::UnknownSignal { .. }
            | SignalError::Protected { .. }
            | SignalError::OtherProgram { .. }
            | SignalError::Refused(_) => EffectKind::Refused,
            SignalError::Io { .. } => EffectKind::Io,
        }
    }
}

fn names() -> String {
    let names: Vec<&str> = SIGNALS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// Sends the signal called `name` to the process of `request`, if `decide` admits its identity.
/// The process of tenzik, its parent and process 1 are refused whatever `decide` says. Returns whom
/// the signal was sent to.
///
/// # Errors
/// When the signal was not sent.
pub fn signal<E>(
    request: ProcessRequest,
    name: &str,
    decide: impl FnOnce(&ProcessIdentity) -> Result<(), E>,
) -> Result<ProcessIdentity, SignalError<E>> {
    let ProcessRequest { pid, start } = request;
    let Some((_, signal)) = SIGNALS.iter().find(|(known, _)| *known == name) else {
        let name = name.chars().take(32).collect();
        return Err(SignalError::UnknownSignal { name });
    };
    if let Some(what) = protected(pid) {
        return Err(SignalError::Protected { pid, what });
    }
    let gone = || SignalError::NotFound { pid, start };
    // Other numbers mean groups of processes or all of them.
    let raw = Some(pid)
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw)
        .ok_or_else(gone)?;
    let failed = |doing: &'static str, errno: Errno| match errno {
        // EINVAL and ENOENT: a thread that leads no process.
        Errno::SRCH | Errno::INVAL | Errno::NOENT => SignalError::NotFound { pid, start },
        _ => SignalError::Io {
            doing,
            pid,
            source: errno.into(),
        },
    };
    // First the descriptor, then the identity: as long as this process has not ended, nobody else
    // can have its id, so what was read in between is about it.
    let process = pidfd_open(raw, PidfdFlags::empty()).map_err(|errno| failed("look at", errno))?;
    let identity =
        ProcessIdentity::read(pid).map_err(|error| match Errno::from_io_error(&error) {
            Some(errno) => failed("look at", errno),
            None => SignalError::Io {
                doing: "look at",
                pid,
                source: error,
            },
        })?;
    if identity::has_ended(&process).map_err(|errno| failed("look at", errno))? {
        return Err(gone());
    }
    if identity.start != start {
        return Err(SignalError::OtherStart {
            pid,
            expected: start,
            got: identity.start,
        });
    }
    if !identity.program_is_here {
        return Err(SignalError::OtherProgram {
            pid,
            program: identity.program,
        });
    }
    decide(&identity).map_err(SignalError::Refused)?;
    pidfd_send_signal(&process, *signal).map_err(|errno| failed("signal", errno))?;
    Ok(identity)
}

/// What makes a process one that is never signalled.
fn protected(pid: i32) -> Option<&'static str> {
    if pid == 1 {
        Some("the init of this machine")
    } else if pid == getpid().as_raw_nonzero().get() {
        Some("tenzik itself")
    } else if getppid().is_some_and(|parent| parent.as_raw_nonzero().get() == pid) {
        Some("the process that started tenzik")
    } else {
        None
    }
}
