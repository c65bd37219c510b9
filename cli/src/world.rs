//! The world outside: the only module of the command that reads the clock, the environment and
//! the system's randomness.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the command that reads them"
)]

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use tenzik_runtime::Timestamp;
use tenzik_runtime::evidence::TimestampError;

/// The time now.
pub(crate) fn now() -> Result<Timestamp, TimestampError> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A seed from the system.
pub(crate) fn seed() -> Result<u64, getrandom::Error> {
    getrandom::u64()
}

/// Whether this is an automated build.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// An environment variable that names a directory; a relative or empty one counts as unset, as the
/// XDG base directory specification asks.
pub(crate) fn directory_variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}
