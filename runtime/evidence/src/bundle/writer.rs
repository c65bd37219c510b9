//! Writing bundles while a run goes on.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::SignedReceipt;
use crate::file::{directory_of, new_file, sync_directory};

use super::call::RecordedHalt;
use super::error::BundleError;
use super::{ANSWERED, BUNDLE_MAGIC, HALT_TEXT_BYTES_MAX, HALTED, Part};

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// What stands for the length of a part that is not ended: longer than any file.
const LENGTH_UNKNOWN: u64 = u64::MAX;

/// Writes a bundle to a file of another name, which gets its own when it is whole and on disk.
/// Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct BundleWriter {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
    open: OpenPart,
    calls: u64,
}

/// The part that is being written.
#[derive(Debug)]
struct OpenPart {
    /// Where its length stands.
    length_at: u64,
    bytes: u64,
    hasher: Box<blake3::Hasher>,
}

impl OpenPart {
    fn at(length_at: u64) -> OpenPart {
        OpenPart {
            length_at,
            bytes: 0,
            hasher: Box::default(),
        }
    }
}

impl BundleWriter {
    /// Begins the bundle at `path`: capsule and policy are known, the transcript follows.
    ///
    /// # Errors
    /// [`BundleError::NotRegular`] if `path` is there and is not a regular file, and when the system
    /// refuses to write.
    pub fn create(path: &Path, capsule: &[u8], policy: &[u8]) -> Result<BundleWriter, BundleError> {
        let path = destination(path)?;
        let file = new_file(directory_of(&path), 0o666).map_err(BundleError::Write)?;
        let mut writer = BundleWriter {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            path,
            open: OpenPart::at(0),
            calls: 0,
        };
        writer
            .file
            .write_all(BUNDLE_MAGIC)
            .map_err(BundleError::Write)?;
        writer.whole(Part::Capsule, capsule)?;
        writer.whole(Part::Policy, policy)?;
        writer.begin(Part::Transcript).map_err(BundleError::Write)?;
        Ok(writer)
    }

    /// Appends a call that was answered.
    ///
    /// # Errors
    /// When the system refuses to write, or a length is not below 2³².
    pub fn keep(
        &mut self,
        function: &str,
        request: &[u8],
        number: i32,
        bytes: &[u8],
    ) -> Result<(), BundleError> {
        let mut write = || {
            self.call(ANSWERED, function, request)?;
            self.add(&number.to_le_bytes())?;
            self.add(&length(bytes)?)?;
            self.add(bytes)
        };
        write().map_err(BundleError::Write)
    }

    /// Appends the call that ended the run.
    ///
    /// # Errors
    /// As [`BundleWriter::keep`].
    pub fn keep_halt(
        &mut self,
        function: &str,
        request: &[u8],
        halt: &RecordedHalt,
    ) -> Result<(), BundleError> {
        let mut write = || {
            self.call(HALTED, function, request)?;
            self.add(&[halt.kind()])?;
            for text in halt.texts() {
                let text = cut(text);
                self.add(&length(text.as_bytes())?)?;
                self.add(text.as_bytes())?;
            }
            Ok(())
        };
        write().map_err(BundleError::Write)
    }

    /// Calls so far.
    pub fn call_count(&self) -> u64 {
        self.calls
    }

    /// Ends the bundle with the input and the receipt, and gives it its name. What stood there
    /// before is replaced.
    ///
    /// # Errors
    /// When the input cannot be read, or the system refuses to write.
    pub fn finish(
        mut self,
        input: &mut dyn Read,
        receipt: &SignedReceipt,
    ) -> Result<(), BundleError> {
        self.end().map_err(BundleError::Write)?;
        self.begin(Part::Input).map_err(BundleError::Write)?;
        self.copy(input)?;
        self.end().map_err(BundleError::Write)?;
        self.whole(Part::Receipt, receipt.to_json().as_bytes())?;
        let path = self.path;
        let close = |file: BufWriter<NamedTempFile>| -> io::Result<()> {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync_directory(directory_of(&path))
        };
        close(self.file).map_err(BundleError::Write)
    }

    fn copy(&mut self, input: &mut dyn Read) -> Result<(), BundleError> {
        let mut piece = vec![0; BUFFER_BYTES];
        loop {
            match input.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => self
                    .add(piece.get(..count).unwrap_or_default())
                    .map_err(BundleError::Write)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(BundleError::Read(error)),
            }
        }
    }

    fn whole(&mut self, part: Part, bytes: &[u8]) -> Result<(), BundleError> {
        if bytes.len() as u64 > part.bytes_max() {
            return Err(BundleError::TooLarge {
                part,
                bytes: bytes.len() as u64,
                bytes_max: part.bytes_max(),
            });
        }
        let mut write = || {
            self.begin(part)?;
            self.add(bytes)?;
            self.end()
        };
        write().map_err(BundleError::Write)
    }

    fn begin(&mut self, part: Part) -> io::Result<()> {
        self.file.write_all(&[part.tag()])?;
        self.open = OpenPart::at(self.file.stream_position()?);
        self.file.write_all(&LENGTH_UNKNOWN.to_le_bytes())
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open.bytes += bytes.len() as u64;
        self.open.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    /// Writes digest and length of the open part.
    fn end(&mut self) -> io::Result<()> {
        let digest = self.open.hasher.finalize();
        self.file.write_all(digest.as_bytes())?;
        let end = self.file.stream_position()?;
        self.file.seek(SeekFrom::Start(self.open.length_at))?;
        self.file.write_all(&self.open.bytes.to_le_bytes())?;
        self.file.seek(SeekFrom::Start(end))?;
        Ok(())
    }

    fn call(&mut self, tag: u8, function: &str, request: &[u8]) -> io::Result<()> {
        let name =
            u8::try_from(function.len()).map_err(|_| too_long("the name", function.len()))?;
        self.calls += 1;
        self.add(&[tag, name])?;
        self.add(function.as_bytes())?;
        self.add(&length(request)?)?;
        self.add(request)
    }
}

/// Where to write: links are resolved, and only a regular file is replaced.
fn destination(path: &Path) -> Result<PathBuf, BundleError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => path.canonicalize().map_err(BundleError::Write),
        Ok(_) => Err(BundleError::NotRegular),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(BundleError::Write(error)),
    }
}

fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(|_| too_long("a call", bytes.len()))?;
    Ok(length.to_le_bytes())
}

fn too_long(what: &str, bytes: usize) -> io::Error {
    let message = format!("{what} has {bytes} bytes, too many for a bundle");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The text, or as much of its beginning as a bundle takes.
fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(HALT_TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

/// A file without a name, for an input that is kept until the transcript is complete. It is in the
/// directory of the bundle, where there has to be room for it anyway.
impl BundleWriter {
    /// Makes such a file.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn spool(&self) -> Result<File, BundleError> {
        tempfile::tempfile_in(directory_of(&self.path)).map_err(BundleError::Write)
    }
}
