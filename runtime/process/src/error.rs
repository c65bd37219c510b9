//! Why a process was not started, or lost.

use std::io;
use std::path::PathBuf;

use tenzik_jail::Layer;

/// Why a program was not executed. Nothing of it runs.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The path of the program is relative.
    #[error("program {} is not an absolute path; write it from the root", path.display())]
    NotAbsolute {
        /// The program.
        path: PathBuf,
    },
    /// The program cannot be opened.
    #[error("program {} cannot be opened: {source}; check the path and that it may be read", path.display())]
    Open {
        /// The program.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The program is a symbolic link, or lies behind one.
    #[error("program {} is a symbolic link or behind one; name the file itself{}, or set follow", path.display(), resolved.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default())]
    Symlink {
        /// The program.
        path: PathBuf,
        /// What it leads to.
        resolved: Option<PathBuf>,
    },
    /// The program is a directory, device, FIFO or socket.
    #[error("program {} is a {kind}, not a regular file", path.display())]
    NotAFile {
        /// The program.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The program may not be executed by the user who would run it.
    #[error("program {} may not be executed (mode {mode:o}); give its user the right or name another program", path.display())]
    NotExecutable {
        /// The program.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The program is a script.
    #[error("program {} is a script for {interpreter}; name the interpreter as program and the script as argument", path.display())]
    Script {
        /// The program.
        path: PathBuf,
        /// What stands behind `#!`, escaped and shortened.
        interpreter: String,
    },
    /// The program is no ELF file.
    #[error("program {} is no ELF executable", path.display())]
    NotElf {
        /// The program.
        path: PathBuf,
    },
    /// The program is not the one that was pinned.
    #[error("program {} has BLAKE3 {found} but {expected} is pinned; examine it, then change the pin", path.display())]
    PinDiffers {
        /// The program.
        path: PathBuf,
        /// The pin, in hexadecimal.
        expected: String,
        /// The digest of the file, in hexadecimal.
        found: String,
    },
    /// The program changed between its examination and its execution.
    #[error("program {} changed while it was being started; start it again", path.display())]
    Changed {
        /// The program.
        path: PathBuf,
    },
    /// The specification contradicts itself.
    #[error("{what}")]
    Invalid {
        /// What is wrong, and what would be right.
        what: String,
    },
    /// A tree that was granted cannot be given.
    #[error("tree {} cannot be granted: {reason}", path.display())]
    Tree {
        /// The tree.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A layer that is required is not enforced on this machine.
    #[error(
        "layer {layer} is required and not enforced here: {reason}; provide it or drop it from require"
    )]
    LayerMissing {
        /// The layer.
        layer: Layer,
        /// Why it is not enforced.
        reason: String,
    },
    /// The kernel did not execute the program.
    #[error("program {} was not executed: {reason}", path.display())]
    Execute {
        /// The program.
        path: PathBuf,
        /// What the system says, and a remedy where one is known.
        reason: String,
    },
    /// The helper cannot be started.
    #[error("helper {} cannot be started: {source}; install tenzik-jail beside tenzik", path.display())]
    Helper {
        /// The helper.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It took longer than the deadline.
    #[error("program {} was not executed within {deadline_ms} ms", path.display())]
    TimedOut {
        /// The program.
        path: PathBuf,
        /// The deadline.
        deadline_ms: u64,
    },
    /// The caller gave up.
    #[error("start was cancelled")]
    Cancelled,
    /// The machine failed.
    #[error("machine failed while a program was started: {0}")]
    Machine(String),
}

/// Why a call on a running process has no result. The process is lost; drop it.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The caller gave up.
    #[error("call was cancelled")]
    Cancelled,
    /// The machine failed.
    #[error("machine failed while a process ran: {0}")]
    Machine(String),
}
