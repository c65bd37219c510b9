//! The tape that writes a bundle.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_evidence::bundle::{BundleError, BundleWriter, RecordedHalt};

use crate::gate::GateHalt;
use crate::recorder::Tape;

/// A bundle that is written by a run and ended by whoever started it.
#[derive(Clone, Debug)]
pub struct SharedBundle(Arc<Mutex<Option<BundleWriter>>>);

/// Appends the calls of a run to a bundle.
#[derive(Debug)]
pub struct BundleTape(SharedBundle);

impl SharedBundle {
    /// Shares `writer`.
    pub fn new(writer: BundleWriter) -> SharedBundle {
        SharedBundle(Arc::new(Mutex::new(Some(writer))))
    }

    /// The tape of the run.
    pub fn tape(&self) -> Box<dyn Tape> {
        Box::new(BundleTape(self.clone()))
    }

    /// The writer, to be ended; a tape keeps nothing afterwards. `None` if it was taken before.
    pub fn take(&self) -> Option<BundleWriter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A file without a name for the input, see [`BundleWriter::spool`].
    ///
    /// # Errors
    /// When the system refuses, or the writer was taken before.
    pub fn spool(&self) -> Result<File, BundleError> {
        let writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match writer.as_ref() {
            Some(writer) => writer.spool(),
            None => Err(BundleError::Write(ErrorKind::NotFound.into())),
        }
    }

    fn write(
        &self,
        write: impl FnOnce(&mut BundleWriter) -> Result<(), BundleError>,
    ) -> Result<(), String> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match writer.as_mut() {
            Some(writer) => write(writer).map_err(|error| format!("the bundle {error}")),
            None => Err("the bundle was ended before the run".to_owned()),
        }
    }
}

impl Tape for BundleTape {
    fn keep(
        &mut self,
        function: &str,
        request: &[u8],
        number: i32,
        bytes: &[u8],
    ) -> Result<(), String> {
        self.0
            .write(|writer| writer.keep(function, request, number, bytes))
    }

    fn keep_halt(&mut self, function: &str, request: &[u8], halt: &GateHalt) -> Result<(), String> {
        let halt = match halt {
            GateHalt::Refused(refused) => RecordedHalt::Refused {
                code: refused.code.to_owned(),
                rules: refused.rules.clone(),
                message: refused.message.clone(),
                remedy: refused.remedy.clone(),
            },
            GateHalt::BadHandle(message) => RecordedHalt::BadHandle(message.clone()),
            GateHalt::BadArgument(message) => RecordedHalt::BadArgument(message.clone()),
            GateHalt::Cancelled => RecordedHalt::Cancelled,
            // Such a run has no receipt, and so no bundle.
            GateHalt::Differs { .. } | GateHalt::Machine(_) => return Ok(()),
        };
        self.0
            .write(|writer| writer.keep_halt(function, request, &halt))
    }
}
