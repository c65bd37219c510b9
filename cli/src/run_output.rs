//! Where the output of `tenzik run` goes: standard output as it comes, or a file that appears whole
//! and only on success.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::PollFlags;
use tempfile::NamedTempFile;
use tenzik_runtime::{Output, OutputStream};

use crate::failure::{self, Failure};
use crate::run_input::{open_without_waiting, wait};

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Bytes that a pipe takes without waiting once it is ready for any (POSIX PIPE_BUF is at least
/// this on every system that tenzik runs on).
const PIPE_PIECE_BYTES: usize = 4_096;

/// The sink of one run. It is shared with the run and finished afterwards.
pub(crate) struct RunOutput {
    shared: Option<Arc<Mutex<Writer>>>,
    file: Option<(NamedTempFile, PathBuf)>,
}

struct Writer {
    target: File,
    waits: Option<Duration>,
    buffer: Vec<u8>,
}

struct Shared(Arc<Mutex<Writer>>, bool);

impl RunOutput {
    /// Output that is kept in memory.
    pub(crate) fn kept() -> (RunOutput, Output) {
        (
            RunOutput {
                shared: None,
                file: None,
            },
            Output::Keep,
        )
    }

    /// Output to standard output.
    pub(crate) fn stdout(io_timeout: Duration) -> Result<(RunOutput, Output), Failure> {
        let failed = |error: io::Error| {
            Failure::machine(format!("cannot write to standard output: {error}"), "")
        };
        let target = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
        let regular = target.metadata().map_err(failed)?.is_file();
        Ok(RunOutput::streamed(
            target,
            (!regular).then_some(io_timeout),
            None,
        ))
    }

    /// Output to `path`. A regular file appears there in one step when the run has succeeded; what
    /// is not a regular file (a device, a named pipe) is written to directly.
    pub(crate) fn file(path: &Path, io_timeout: Duration) -> Result<(RunOutput, Output), Failure> {
        let failed = |error: &io::Error| failure::file("cannot write the output", path, error);
        match destination(path).map_err(|error| failed(&error))? {
            Destination::Device => {
                let target = open_without_waiting(File::options().write(true), path)
                    .map_err(|error| failed(&error))?;
                Ok(RunOutput::streamed(target, Some(io_timeout), None))
            }
            Destination::File(path) => {
                let temporary = temporary_beside(&path).map_err(|error| failed(&error))?;
                let target = temporary
                    .as_file()
                    .try_clone()
                    .map_err(|error| failed(&error))?;
                Ok(RunOutput::streamed(target, None, Some((temporary, path))))
            }
        }
    }

    fn streamed(
        target: File,
        waits: Option<Duration>,
        file: Option<(NamedTempFile, PathBuf)>,
    ) -> (RunOutput, Output) {
        let writer = Arc::new(Mutex::new(Writer {
            target,
            waits,
            buffer: Vec::new(),
        }));
        let output = Output::Stream(Box::new(Shared(Arc::clone(&writer), waits.is_some())));
        (
            RunOutput {
                shared: Some(writer),
                file,
            },
            output,
        )
    }

    /// Writes what is still collected; with `success` a file appears under its name.
    pub(crate) fn finish(self, success: bool) -> Result<(), Failure> {
        if let Some(shared) = self.shared {
            let mut writer = shared.lock().unwrap_or_else(PoisonError::into_inner);
            writer.flush().map_err(|error| {
                Failure::machine(format!("cannot write the output: {error}"), "")
            })?;
        }
        match self.file {
            Some((temporary, path)) if success => {
                let failed =
                    |error: &io::Error| failure::file("cannot write the output", &path, error);
                temporary
                    .as_file()
                    .sync_all()
                    .map_err(|error| failed(&error))?;
                temporary
                    .persist(&path)
                    .map(|_| ())
                    .map_err(|error| failed(&error.error))
            }
            _ => Ok(()),
        }
    }
}

impl OutputStream for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.buffer.len() + bytes.len() > BUFFER_BYTES {
            writer.flush()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            return writer.write(bytes);
        }
        writer.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn waits(&self) -> bool {
        self.1
    }
}

impl Writer {
    fn flush(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        self.write(&buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(timeout) = self.waits else {
            return self.target.write_all(bytes);
        };
        for piece in bytes.chunks(PIPE_PIECE_BYTES) {
            wait(
                &self.target,
                PollFlags::OUT,
                timeout,
                "nobody took the output",
            )?;
            self.target.write_all(piece)?;
        }
        Ok(())
    }
}

/// A temporary file in the directory of `path`, with the permissions of an ordinary new file.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".tenzik-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)
}

/// What a path to be written names.
enum Destination {
    /// A regular file, there or not yet; links are resolved.
    File(PathBuf),
    /// A device, a pipe or a socket, which must not be replaced.
    Device,
}

fn destination(path: &Path) -> io::Result<Destination> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a directory",
        )),
        Ok(metadata) if metadata.is_file() => Ok(Destination::File(path.canonicalize()?)),
        Ok(_) => Ok(Destination::Device),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Destination::File(path.to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// Writes a whole file in one step; a device or pipe is written to directly.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path == Path::new("-") {
        let message = "this result goes to a file only; one that is called - is ./-";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let path = match destination(path)? {
        Destination::Device => {
            return open_without_waiting(File::options().write(true), path)?.write_all(bytes);
        }
        Destination::File(path) => path,
    };
    let mut temporary = temporary_beside(&path)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary
        .persist(&path)
        .map(|_| ())
        .map_err(|error| error.error)
}

/// Whether two paths name the same file, there or not yet.
pub(crate) fn same_file(left: &Path, right: &Path) -> bool {
    resolved(left) == resolved(right)
}

/// The path without links; of a file that is not there yet, its directory without links.
fn resolved(path: &Path) -> PathBuf {
    let in_directory = || {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(directory.join(path.file_name()?))
    };
    // A link to a file that is not there yet names that file.
    let linked = || {
        let target = std::fs::read_link(path).ok()?;
        let target = Path::new(".").join(path.parent()?).join(target);
        Some(
            target
                .parent()?
                .canonicalize()
                .ok()?
                .join(target.file_name()?),
        )
    };
    let there = path.canonicalize().ok();
    there
        .or_else(linked)
        .or_else(in_directory)
        .unwrap_or_else(|| path.to_owned())
}
