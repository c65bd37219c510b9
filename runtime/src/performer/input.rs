//! Inputs of jobs.

mod file;

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use tenzik_engine::{Input, InputStream};
use tenzik_policy::Policy;
use tenzik_scenario::execute::ArtifactSink;
use tenzik_scenario::{InputFile, WorkInput};

pub(super) use file::{FileRefused, Forbidden};

/// Files up to this size are read before the run, which is faster.
const READ_WHOLE_BYTES_MAX: u64 = 1 << 20;

/// Larger files have no digest before the run: nothing would stop or bound its reading.
const DIGEST_BYTES_MAX: u64 = 64 << 20;

/// Why there is no input.
pub(super) enum NoInput {
    /// The step may not read it.
    Refused(String),
    /// It cannot be read.
    Unreadable(String),
}

/// The input, and whether it can be committed to as a whole.
pub(super) fn open(
    input: &WorkInput,
    policy: &Policy,
    forbidden: &Forbidden<'_>,
    sink: &dyn ArtifactSink,
) -> Result<Input, NoInput> {
    match input {
        WorkInput::Bytes(bytes) => Ok(Input::Bytes(Arc::from(bytes.as_slice()))),
        WorkInput::File(named) => {
            open_file(named, policy, forbidden).map_err(|refused| match refused {
                FileRefused::Refused(message) => NoInput::Refused(message),
                FileRefused::Unreadable(error) => unreadable(&named.absolute(), &error),
            })
        }
        WorkInput::Artifact(digest) => {
            let short: String = digest.chars().take(64).collect();
            let reader = sink.open(digest).map_err(|error| {
                NoInput::Unreadable(format!("the artifact {short:?} cannot be read: {error}"))
            })?;
            Ok(Input::Stream(Box::new(Stored(reader))))
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> NoInput {
    NoInput::Unreadable(format!("the input file {path:?} cannot be read: {error}"))
}

/// The digest of an input, if it can be read and is not too large for that.
pub(super) fn digest_of(
    input: &WorkInput,
    policy: &Policy,
    forbidden: &Forbidden<'_>,
) -> Option<[u8; 32]> {
    match input {
        WorkInput::Bytes(bytes) => Some(*blake3::hash(bytes).as_bytes()),
        WorkInput::File(named) => {
            let (file, size) = file::open(named, policy, forbidden).ok()?;
            if size > DIGEST_BYTES_MAX {
                return None;
            }
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(file.take(size)).ok()?;
            Some(*hasher.finalize().as_bytes())
        }
        WorkInput::Artifact(digest) => Some(*blake3::Hash::from_hex(digest).ok()?.as_bytes()),
    }
}

fn open_file(
    named: &InputFile,
    policy: &Policy,
    forbidden: &Forbidden<'_>,
) -> Result<Input, FileRefused> {
    let (file, size) = file::open(named, policy, forbidden)?;
    if size > READ_WHOLE_BYTES_MAX {
        let read = 0;
        return Ok(Input::Stream(Box::new(RegularFile { file, size, read })));
    }
    let mut bytes = Vec::new();
    file.take(size)
        .read_to_end(&mut bytes)
        .map_err(FileRefused::Unreadable)?;
    Ok(Input::Bytes(Arc::from(bytes)))
}

/// A regular file, as long as it was when it was opened.
struct RegularFile {
    file: File,
    size: u64,
    read: u64,
}

impl InputStream for RegularFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.size - self.read).unwrap_or(usize::MAX);
        let room = buffer.len().min(rest);
        let count = self.file.read(buffer.get_mut(..room).unwrap_or_default())?;
        if count == 0 && room > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        self.read += count as u64;
        Ok(count)
    }

    fn size_hint(&self) -> Option<u64> {
        Some(self.size)
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(0))?;
        self.read = 0;
        Ok(true)
    }
}

/// An artifact. Its digest is checked at its end.
struct Stored(Box<dyn Read + Send>);

impl InputStream for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
