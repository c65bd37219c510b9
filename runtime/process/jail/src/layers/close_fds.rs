//! No descriptor but the standard ones reaches the program.
//!
//! The helper closes what it inherited as soon as it starts, and marks what it opened itself to be closed by the
//! execution of the program.

use crate::sys::process::{Descriptors, from_three_up};

/// Closes everything above standard error. Called before anything is opened.
pub(crate) fn close_inherited() -> Result<(), String> {
    from_three_up(Descriptors::Close)
        .map_err(|error| format!("close_range: {error} (needs Linux 5.9)"))
}

/// Marks everything above standard error to be closed by the next execution.
pub(crate) fn close_on_execution() -> Result<(), String> {
    from_three_up(Descriptors::CloseOnExecution)
        .map_err(|error| format!("close_range: {error} (needs Linux 5.11)"))
}
