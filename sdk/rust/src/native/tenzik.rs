//! The process that calls pure host functions: `tenzik host-functions`.
//!
//! ```text
//! request   u32 length, then: u8 length, name; for each argument: u32 length, bytes
//! answer    u32 length, then: i32 number, bytes
//! ```
//!
//! Numbers are little-endian; a length counts what follows it. Each run begins with `begin`, the
//! version of the protocol (u32) and the seed of the run (u64). A process serves the runs of one
//! thread, one after the other, and ends when the thread does.

use core::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::string::{String, ToString as _};
use std::vec::Vec;
use std::{format, thread_local};

/// Version of the protocol.
const VERSION: u32 = 1;

/// Bytes of an answer: base64 of 32 MiB, and more than any other.
const ANSWER_BYTES_MAX: usize = 80 << 20;

thread_local! {
    /// The process that served the last run of this thread.
    static KEPT: RefCell<Option<Tenzik>> = const { RefCell::new(None) };
}

/// Which command is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenzikPath(OsString);

impl TenzikPath {
    /// The path that was set, else that in TENZIK, else the command on PATH.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment where tenzik is"
    )]
    pub(crate) fn of(set: Option<PathBuf>) -> TenzikPath {
        let variable = || std::env::var_os("TENZIK").filter(|value| !value.is_empty());
        let path = set.map(PathBuf::into_os_string).or_else(variable);
        TenzikPath(path.unwrap_or_else(|| OsString::from("tenzik")))
    }
}

/// A running command.
pub(crate) struct Tenzik {
    path: TenzikPath,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    /// Whether an answer failed to come: then nothing more can be asked.
    lost: bool,
}

impl Tenzik {
    /// A process that serves a run with this seed.
    pub(crate) fn begin(path: &TenzikPath, seed: u64) -> Result<Tenzik, String> {
        let kept = KEPT.with_borrow_mut(Option::take);
        let mut tenzik = match kept.filter(|kept| kept.path == *path) {
            Some(kept) => kept,
            None => Tenzik::start(path)?,
        };
        tenzik.ask("begin", &[&VERSION.to_le_bytes(), &seed.to_le_bytes()])?;
        Ok(tenzik)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the pure host functions of a native run are those of the tenzik command"
    )]
    fn start(path: &TenzikPath) -> Result<Tenzik, String> {
        let failed = |error: io::Error| {
            format!(
                "{} cannot be started: {error}; put tenzik on PATH, or set the environment variable TENZIK to its path",
                path.0.display()
            )
        };
        let mut child = Command::new(&path.0)
            .arg("host-functions")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        match stdout {
            Some(stdout) => Ok(Tenzik {
                path: path.clone(),
                child,
                stdin,
                stdout,
                lost: false,
            }),
            None => Err("its standard output is missing".to_string()),
        }
    }

    /// Asks for one call: the number and the bytes of the answer.
    pub(crate) fn ask(
        &mut self,
        name: &str,
        arguments: &[&[u8]],
    ) -> Result<(i32, Vec<u8>), String> {
        let answer = self.exchange(name, arguments);
        answer.map_err(|error| {
            self.lost = true;
            format!(
                "{} host-functions gave no answer: {error}; use a tenzik that is as new as this SDK",
                self.path.0.display()
            )
        })
    }

    fn exchange(&mut self, name: &str, arguments: &[&[u8]]) -> io::Result<(i32, Vec<u8>)> {
        let mut request = Vec::new();
        request.push(u8::try_from(name.len()).map_err(io::Error::other)?);
        request.extend_from_slice(name.as_bytes());
        for argument in arguments {
            let length = u32::try_from(argument.len()).map_err(io::Error::other)?;
            request.extend_from_slice(&length.to_le_bytes());
            request.extend_from_slice(argument);
        }
        let length = u32::try_from(request.len()).map_err(io::Error::other)?;
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(&length.to_le_bytes())?;
        stdin.write_all(&request)?;
        stdin.flush()?;

        let mut head = [0; 8];
        self.stdout.read_exact(&mut head)?;
        let [length, number] = [&head[..4], &head[4..]].map(|bytes| {
            let mut word = [0; 4];
            word.copy_from_slice(bytes);
            word
        });
        let length = u32::from_le_bytes(length) as usize;
        let length = length
            .checked_sub(4)
            .filter(|length| *length <= ANSWER_BYTES_MAX)
            .ok_or(io::ErrorKind::InvalidData)?;
        let mut bytes = std::vec![0; length];
        self.stdout.read_exact(&mut bytes)?;
        Ok((i32::from_le_bytes(number), bytes))
    }

    /// Keeps the process for the next run of this thread.
    pub(crate) fn keep(self) {
        if !self.lost {
            KEPT.with_borrow_mut(|slot| *slot = Some(self));
        }
    }
}

impl Drop for Tenzik {
    /// The end of its input ends the process; one that does not answer is killed.
    fn drop(&mut self) {
        drop(self.stdin.take());
        if self.lost {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
