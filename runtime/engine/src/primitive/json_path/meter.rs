//! The steps that an evaluation may still take.

use tenzik_host_abi::Status;

/// How many bytes of a text are compared, decoded or measured in one step.
pub(super) const TEXT_BYTES_PER_STEP: usize = 4;

/// How many bytes of a selected value are copied in one step.
pub(super) const COPIED_BYTES_PER_STEP: usize = 64;

/// The steps that are left.
pub(super) struct Meter {
    left: u64,
}

impl Meter {
    pub(super) fn new(steps_max: u64) -> Meter {
        Meter { left: steps_max }
    }

    /// Takes `steps`.
    ///
    /// # Errors
    /// [`Status::TooComplex`] if fewer are left.
    #[inline]
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Status> {
        self.left = self
            .left
            .checked_sub(steps as u64)
            .ok_or(Status::TooComplex)?;
        Ok(())
    }
}
