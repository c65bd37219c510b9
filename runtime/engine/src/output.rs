//! Where the output of a run goes.

use std::io;

/// A stream of output bytes outside of memory.
pub trait OutputStream: Send {
    /// Writes all bytes.
    ///
    /// # Errors
    /// What the system says; it ends the run as a failure of the machine.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Whether a write may wait for somebody outside, so that its time is not charged to the run.
    fn waits(&self) -> bool {
        false
    }
}

/// The output of a run.
#[derive(Default)]
pub enum Output {
    /// Kept in memory and handed back with the outcome.
    #[default]
    Keep,
    /// Written to a stream while the run goes on.
    Stream(Box<dyn OutputStream>),
    /// Counted and dropped.
    Discard,
}
