//! Bundles as the command reads them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenzik_runtime::evidence::bundle::{Bundle, BundleError, Part, SpanReader};
use tenzik_runtime::{Input, InputStream, Policy, SignedReceipt};

use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::printer::{self, grouped};

/// Size of a bundle that is checked within a second or so.
const QUIET_BYTES_MAX: u64 = 512 << 20;

/// A bundle that was opened and checked.
pub(crate) struct BundleFile {
    pub(crate) path: PathBuf,
    pub(crate) bundle: Bundle,
}

impl BundleFile {
    /// Opens a bundle. All of it is read once.
    pub(crate) fn open(path: &Path) -> Result<BundleFile, Failure> {
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if bytes > QUIET_BYTES_MAX && printer::shows_progress() {
            let (shown, bytes) = (shown(path), grouped(bytes));
            printer::note(&format!("checking the {bytes} bytes of {shown}"));
        }
        let bundle = Bundle::open(path).map_err(|error| failed(path, error))?;
        Ok(BundleFile {
            path: path.to_owned(),
            bundle,
        })
    }

    /// The capsule; there is none where the module was not read.
    pub(crate) fn capsule(&self) -> Result<CapsuleSource, Failure> {
        let bytes = self.bytes(Part::Capsule)?;
        if bytes.is_empty() {
            let bundle = shown(&self.path);
            return Err(Failure::usage(
                format!("the bundle {bundle} has no capsule: the module was not read"),
                "name the capsule",
            ));
        }
        Ok(CapsuleSource::Bundle(Arc::from(bytes), self.path.clone()))
    }

    /// The policy of the run.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let remedy = "replay with the version of tenzik that recorded it";
        let text = String::from_utf8(self.bytes(Part::Policy)?)
            .map_err(|_| self.broken("has a policy that is not UTF-8", remedy))?;
        Policy::parse_canonical(&text).map_err(|error| self.broken(&error.to_string(), remedy))
    }

    /// The receipt, which nobody has verified.
    pub(crate) fn receipt(&self) -> Result<SignedReceipt, Failure> {
        let receipt = self.bundle.receipt();
        receipt
            .map_err(|error| failed(&self.path, error))?
            .map_err(|error| {
                self.broken(
                    &format!("part receipt: {error}"),
                    "get the bundle again, byte for byte as tenzik wrote it",
                )
            })
    }

    /// The input of the run.
    pub(crate) fn input(&self) -> Input {
        Input::Stream(Box::new(BundledInput(self.bundle.reader(Part::Input))))
    }

    /// The bytes of a part that is bounded.
    pub(crate) fn bytes(&self, part: Part) -> Result<Vec<u8>, Failure> {
        self.bundle
            .bytes(part)
            .map_err(|error| failed(&self.path, error))
    }

    fn broken(&self, what: &str, remedy: &str) -> Failure {
        let message = format!("the bundle {}: {what}", shown(&self.path));
        Failure::new(ExitCode::Receipt, "bundle_broken", message, remedy)
    }
}

/// A bundle that cannot be opened, or is none.
pub(crate) fn failed(path: &Path, error: BundleError) -> Failure {
    match error {
        BundleError::Read(source) => failure::file("cannot read the bundle", path, &source),
        BundleError::Write(source) => failure::file("cannot write the bundle", path, &source),
        error => {
            let message = format!("{}: {error}", shown(path));
            let remedy = "get the bundle again, byte for byte as tenzik wrote it";
            Failure::new(ExitCode::Receipt, "bundle_broken", message, remedy)
        }
    }
}

/// The input in a bundle.
struct BundledInput(SpanReader);

impl InputStream for BundledInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    fn size_hint(&self) -> Option<u64> {
        Some(self.0.total_bytes())
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.0.rewind();
        Ok(true)
    }
}
