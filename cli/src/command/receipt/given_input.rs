//! The input that an auditor gives: compared once, and run over once more.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;
use tenzik_runtime::Input;
use tenzik_runtime::evidence::bundle::Part;

use crate::bundle_file::BundleFile;
use crate::failure::{self, Failure};
use crate::run_input;

/// Longest wait for a file that is not a regular one.
const IO_TIMEOUT: Duration = Duration::from_secs(30);

/// The input to compare and to run again.
pub(super) enum GivenInput {
    /// On the command line.
    Text(String),
    /// A regular file, read as often as needed.
    Regular(PathBuf),
    /// Something that can be read once.
    Stream(PathBuf),
    /// In a bundle.
    Bundled(Arc<BundleFile>),
    /// A copy of such a thing; `longer` if it had more bytes than the receipt states.
    Spooled {
        /// The copy.
        copy: NamedTempFile,
        /// Whether not everything was copied.
        longer: bool,
    },
}

impl GivenInput {
    /// Opens an input. With `spool_bytes` it is to be read twice: what can be read only once is
    /// copied to a temporary file, up to one byte more than that.
    pub(super) fn open(path: &Path, spool_bytes: Option<u64>) -> Result<GivenInput, Failure> {
        let failed = |error: io::Error| failure::file("cannot read the input", path, &error);
        let standard = path == Path::new("-");
        if !standard && std::fs::metadata(path).map_err(failed)?.is_file() {
            return Ok(GivenInput::Regular(path.to_owned()));
        }
        let stream = GivenInput::Stream(path.to_owned());
        let Some(bytes_max) = spool_bytes else {
            return Ok(stream);
        };
        let mut reader = stream.reader()?.take(bytes_max.saturating_add(1));
        let mut copy = NamedTempFile::new().map_err(failed)?;
        let copied = io::copy(&mut reader, &mut copy).map_err(failed)?;
        copy.flush().map_err(failed)?;
        Ok(GivenInput::Spooled {
            copy,
            longer: copied > bytes_max,
        })
    }

    /// Its bytes from the first one on; of a stream, from where it is.
    pub(super) fn reader(&self) -> Result<Box<dyn Read + '_>, Failure> {
        let open = |path: &Path| match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(failure::file("cannot read the input", path, &error)),
        };
        Ok(match self {
            GivenInput::Text(text) => Box::new(text.as_bytes()),
            GivenInput::Bundled(file) => Box::new(file.bundle.reader(Part::Input)),
            GivenInput::Stream(path) if path == Path::new("-") => Box::new(io::stdin().lock()),
            GivenInput::Regular(path) | GivenInput::Stream(path) => open(path)?,
            GivenInput::Spooled { copy, .. } => open(copy.path())?,
        })
    }

    /// The input for a run. It borrows a copy that must be kept until the run is over.
    pub(super) fn for_run(&self) -> Result<Input, Failure> {
        match self {
            GivenInput::Text(text) => Ok(Input::from(text.as_bytes())),
            GivenInput::Bundled(file) => Ok(file.input()),
            GivenInput::Regular(path) | GivenInput::Stream(path) => {
                Ok(run_input::open(path, IO_TIMEOUT)?.input)
            }
            GivenInput::Spooled { copy, .. } => Ok(run_input::open(copy.path(), IO_TIMEOUT)?.input),
        }
    }
}
