//! Writing a bundle beside a run.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_runtime::evidence::bundle::{BundleError, BundleWriter};
use tenzik_runtime::gate::{SharedBundle, Tape};
use tenzik_runtime::{Input, InputStream, Policy, SignedReceipt};

use crate::bundle_file::failed;
use crate::failure::{Failure, shown};

/// A bundle that is being written.
pub(super) struct Recording {
    path: PathBuf,
    shared: SharedBundle,
    input: KeptInput,
}

/// What is kept of the input until the transcript is complete.
enum KeptInput {
    Bytes(Arc<[u8]>),
    Spool(Arc<Mutex<Spool>>),
}

impl Recording {
    /// Begins a bundle with this capsule and policy.
    pub(super) fn begin(
        path: &Path,
        capsule: &[u8],
        policy: &Policy,
    ) -> Result<Recording, Failure> {
        if path == Path::new("-") {
            let message = "a bundle goes to a file only; one that is called - is ./-";
            return Err(Failure::usage(message, "name a file"));
        }
        let writer = BundleWriter::create(path, capsule, policy.canonical().as_bytes());
        let writer = writer.map_err(|error| match error {
            BundleError::NotRegular => {
                Failure::usage(format!("{} {error}", shown(path)), "name a regular file")
            }
            error => failed(path, error),
        })?;
        Ok(Recording {
            path: path.to_owned(),
            shared: SharedBundle::new(writer),
            input: KeptInput::Bytes(Arc::from([])),
        })
    }

    /// What the gate of the run writes to.
    pub(super) fn tape(&self) -> Box<dyn Tape> {
        self.shared.tape()
    }

    /// The input, of which everything that is read is kept.
    pub(super) fn keep(&mut self, input: Input) -> Result<Input, Failure> {
        match input {
            Input::Bytes(bytes) => {
                self.input = KeptInput::Bytes(Arc::clone(&bytes));
                Ok(Input::Bytes(bytes))
            }
            Input::Stream(stream) => {
                let file = self
                    .shared
                    .spool()
                    .map_err(|error| failed(&self.path, error))?;
                let spool = Arc::new(Mutex::new(Spool {
                    file: BufWriter::with_capacity(64 << 10, file),
                    is_read_again: false,
                }));
                self.input = KeptInput::Spool(Arc::clone(&spool));
                Ok(Input::Stream(Box::new(KeptStream { stream, spool })))
            }
        }
    }

    /// Ends the bundle.
    pub(super) fn finish(self, receipt: &SignedReceipt) -> Result<PathBuf, Failure> {
        let Some(writer) = self.shared.take() else {
            let message = "the bundle was ended before the run";
            return Err(Failure::machine(message, "please report it"));
        };
        let done = match self.input {
            KeptInput::Bytes(bytes) => writer.finish(&mut &*bytes, receipt),
            KeptInput::Spool(spool) => {
                let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
                spool
                    .rewound()
                    .map_err(BundleError::Write)
                    .and_then(|file| writer.finish(file, receipt))
            }
        };
        done.map_err(|error| failed(&self.path, error))?;
        Ok(self.path)
    }
}

/// The bytes of an input so far.
struct Spool {
    file: BufWriter<File>,
    /// From then on everything is there already.
    is_read_again: bool,
}

impl Spool {
    fn rewound(&mut self) -> io::Result<&mut dyn Read> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.rewind()?;
        Ok(file)
    }
}

/// An input that is kept while it is read.
struct KeptStream {
    stream: Box<dyn InputStream>,
    spool: Arc<Mutex<Spool>>,
}

impl InputStream for KeptStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        if !spool.is_read_again {
            let bytes = buffer.get(..count).unwrap_or_default();
            spool.file.write_all(bytes).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("it cannot be kept for the bundle: {error}"),
                )
            })?;
        }
        Ok(count)
    }

    fn size_hint(&self) -> Option<u64> {
        self.stream.size_hint()
    }

    fn waits(&self) -> bool {
        self.stream.waits()
    }

    fn rewind(&mut self) -> io::Result<bool> {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        spool.is_read_again = true;
        self.stream.rewind()
    }
}
