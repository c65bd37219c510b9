//! Inputs of jobs.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use tenzik_engine::{Input, InputStream};
use tenzik_scenario::WorkInput;
use tenzik_scenario::execute::ArtifactSink;

/// Files up to this size are read before the run, which is faster.
const READ_WHOLE_BYTES_MAX: u64 = 1 << 20;

/// The input, and whether it can be committed to as a whole.
pub(super) fn open(input: &WorkInput, sink: &dyn ArtifactSink) -> Result<Input, String> {
    match input {
        WorkInput::Bytes(bytes) => Ok(Input::Bytes(Arc::from(bytes.as_slice()))),
        WorkInput::File(path) => open_file(path)
            .map_err(|error| format!("the input file {path:?} cannot be read: {error}")),
        WorkInput::Artifact(digest) => {
            let short: String = digest.chars().take(64).collect();
            let reader = sink
                .open(digest)
                .map_err(|error| format!("the artifact {short:?} cannot be read: {error}"))?;
            Ok(Input::Stream(Box::new(Stored(reader))))
        }
    }
}

/// The digest of an input, if it can be read.
pub(super) fn digest_of(input: &WorkInput) -> Option<[u8; 32]> {
    match input {
        WorkInput::Bytes(bytes) => Some(*blake3::hash(bytes).as_bytes()),
        WorkInput::File(path) => {
            let (file, size) = regular(path).ok()?;
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(file.take(size)).ok()?;
            Some(*hasher.finalize().as_bytes())
        }
        WorkInput::Artifact(digest) => Some(*blake3::Hash::from_hex(digest).ok()?.as_bytes()),
    }
}

/// A regular file and its size. Nothing else is opened: a pipe could make the job wait for ever.
fn regular(path: &Path) -> io::Result<(File, u64)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let message = "it is no regular file; name one";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok((file, metadata.len()))
}

fn open_file(path: &Path) -> io::Result<Input> {
    let (file, size) = regular(path)?;
    if size > READ_WHOLE_BYTES_MAX {
        let read = 0;
        return Ok(Input::Stream(Box::new(RegularFile { file, size, read })));
    }
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
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
