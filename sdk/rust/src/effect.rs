//! Processes, files, signals, artifacts and secrets: what a policy grants by name.
//!
//! An effect that the policy does not allow ends the run; no function here returns then.

use tenzik_host_abi::Status;

#[cfg(target_arch = "wasm32")]
use crate::guest as import;
#[cfg(not(target_arch = "wasm32"))]
use crate::native::function as import;
use crate::{HostResult, trap};

/// The number of a status as a result.
#[inline]
fn checked(number: i32) -> Result<i32, Status> {
    if number >= 0 {
        return Ok(number);
    }
    match Status::from_number(number) {
        Some(status) => Err(status),
        // Released numbers never change, so the host is not one for this capsule.
        None => trap(),
    }
}

/// A process that the host started in isolation.
#[derive(Debug)]
pub struct Process(i32);

/// A secret whose value stays with the host.
#[derive(Debug)]
pub struct Secret(i32);

/// A file that is begun and not yet in its place.
#[derive(Debug)]
pub struct FileWriter(i32);

/// An artifact that is begun and not yet stored.
#[derive(Debug)]
pub struct ArtifactWriter(i32);

/// What to do with a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileMode {
    /// Replace it.
    Replace = 0,
    /// Leave it alone: [`Status::AlreadyExists`].
    New = 1,
    /// Add to its end.
    Append = 2,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It exited with this code.
    Code(u8),
    /// This signal ended it.
    Signal(u8),
}

/// Starts the program that `request`, the JSON object `{"argv": [TEXT, ...]}`, asks for: the name of a
/// rule of the policy, then the arguments.
///
/// # Errors
/// [`Status::Exceeded`] if as many are running as the rule allows.
#[inline]
pub fn exec_start(request: &[u8]) -> Result<Process, Status> {
    checked(import::exec_start(request)).map(Process)
}

impl Process {
    /// Writes all of `bytes` to its standard input; waits while it does not read.
    ///
    /// # Errors
    /// [`Status::Closed`], [`Status::Exceeded`] or [`Status::TimedOut`].
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Status> {
        checked(import::exec_write(self.0, bytes)).map(drop)
    }

    /// Writes the value of `secret` to its standard input.
    ///
    /// # Errors
    /// As [`write`](Process::write).
    #[inline]
    pub fn write_secret(&mut self, secret: &Secret) -> Result<(), Status> {
        checked(import::exec_write_secret(self.0, secret.0)).map(drop)
    }

    /// Ends its standard input.
    ///
    /// # Errors
    /// [`Status::Closed`] if that has ended already.
    #[inline]
    pub fn close_stdin(&mut self) -> Result<(), Status> {
        checked(import::exec_close(self.0)).map(drop)
    }

    /// Fills `buffer` from its standard output and returns how many bytes were written: all of
    /// `buffer` unless the stream ends first, 0 at its end.
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        import::exec_read(self.0, 1, buffer)
    }

    /// Like [`read`](Process::read), from its standard error.
    #[inline]
    pub fn read_error(&mut self, buffer: &mut [u8]) -> usize {
        import::exec_read(self.0, 2, buffer)
    }

    /// Waits for its end. Nothing that it started is left then.
    ///
    /// # Errors
    /// [`Status::TimedOut`] at its deadline, [`Status::Exceeded`] if it wrote more than its rule
    /// allows.
    #[inline]
    pub fn wait(self) -> Result<ProcessEnd, Status> {
        // The host answers 0 to 255, or 256 and a signal.
        checked(import::exec_wait(self.0)).map(|number| match number {
            0..256 => ProcessEnd::Code(number as u8),
            _ => ProcessEnd::Signal((number - 256) as u8),
        })
    }
}

/// Opens the file at the absolute `path`.
///
/// # Errors
/// [`Status::NotFound`], or [`Status::Io`] if the system refuses it.
#[inline]
pub fn file_read(path: &[u8]) -> Result<HostResult, Status> {
    HostResult::from_handle(import::file_read(path))
}

/// Begins the file at the absolute `path`.
///
/// # Errors
/// [`Status::AlreadyExists`], [`Status::NotFound`] without its directory, [`Status::Exceeded`] over
/// the number of files, or [`Status::Io`].
#[inline]
pub fn file_create(path: &[u8], mode: FileMode) -> Result<FileWriter, Status> {
    checked(import::file_create(path, mode as i32)).map(FileWriter)
}

impl FileWriter {
    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`Status::Exceeded`] over the quota of its tree, or [`Status::Io`].
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Status> {
        checked(import::file_write(self.0, bytes)).map(drop)
    }

    /// Puts the file in its place, in one step and durably.
    ///
    /// # Errors
    /// [`Status::AlreadyExists`] or [`Status::Io`].
    #[inline]
    pub fn commit(self) -> Result<(), Status> {
        checked(import::file_commit(self.0)).map(drop)
    }
}

/// Restores what the run `run_id` created and changed.
///
/// # Errors
/// [`Status::NotFound`], or [`Status::Io`] if something changed since.
#[inline]
pub fn file_undo(run_id: &[u8]) -> Result<(), Status> {
    checked(import::file_undo(run_id)).map(drop)
}

/// Sends the signal that `request`, the JSON object `{"pid", "start", "signal"}`, asks for.
///
/// # Errors
/// [`Status::NotFound`] if there is no such process.
#[inline]
pub fn process_signal(request: &[u8]) -> Result<(), Status> {
    checked(import::process_signal(request)).map(drop)
}

/// Begins an artifact of the run with this name.
///
/// # Errors
/// [`Status::AlreadyExists`], [`Status::Exceeded`] or [`Status::Io`].
#[inline]
pub fn artifact_create(name: &[u8]) -> Result<ArtifactWriter, Status> {
    checked(import::artifact_create(name)).map(ArtifactWriter)
}

impl ArtifactWriter {
    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`Status::Exceeded`] or [`Status::Io`].
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Status> {
        checked(import::artifact_write(self.0, bytes)).map(drop)
    }

    /// Stores the artifact by its digest.
    ///
    /// # Errors
    /// [`Status::Io`].
    #[inline]
    pub fn commit(self) -> Result<(), Status> {
        checked(import::artifact_commit(self.0)).map(drop)
    }
}

/// Names a secret.
///
/// # Errors
/// [`Status::Io`] if the host cannot get its value.
#[inline]
pub fn secret_open(name: &[u8]) -> Result<Secret, Status> {
    checked(import::secret_open(name)).map(Secret)
}
