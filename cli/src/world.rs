//! The world outside: the only module of the command that reads the clock, the environment and
//! the system's randomness.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the command that reads them"
)]

use std::ffi::OsString;
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

/// The file of this process.
pub(crate) fn executable() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// A variable of the environment, for rules that pass some on.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A name for a run: 32 hexadecimal digits.
pub(crate) fn run_id() -> Result<String, getrandom::Error> {
    Ok(format!(
        "{:016x}{:016x}",
        getrandom::u64()?,
        getrandom::u64()?
    ))
}

/// A key of 32 random bytes.
pub(crate) fn key() -> Result<[u8; 32], getrandom::Error> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    Ok(key)
}

/// Whether compiled code is not to be kept: `TENZIK_CODE_CACHE=off`.
pub(crate) fn code_cache_is_off() -> bool {
    std::env::var_os("TENZIK_CODE_CACHE").is_some_and(|value| value == "off")
}

/// The time in milliseconds since 1970; 0 where the clock says an earlier one.
pub(crate) fn now_ms() -> u64 {
    now().map_or(0, |now| now.unix_millis())
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
