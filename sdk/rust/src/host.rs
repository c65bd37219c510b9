//! Every host function as a safe function.

use tenzik_host_abi::{LogLevel, Status};

#[cfg(target_arch = "wasm32")]
use crate::guest as import;
#[cfg(not(target_arch = "wasm32"))]
use crate::native::function as import;

/// Fills `buffer` from the input and returns how many bytes were written: all of `buffer` unless
/// the input ends first, 0 at its end.
#[inline]
pub fn input_read(buffer: &mut [u8]) -> usize {
    import::input_read(buffer)
}

/// Appends `bytes` to the output of the run.
#[inline]
pub fn output_write(bytes: &[u8]) {
    import::output_write(bytes);
}

/// Writes one log message.
#[inline]
pub fn log(level: LogLevel, message: &str) {
    import::log(level, message.as_bytes());
}

/// Writes one log message. Bytes that are not UTF-8 are shown escaped.
#[inline]
pub fn log_bytes(level: LogLevel, message: &[u8]) {
    import::log(level, message);
}

/// Ends the run at once as a failure of the capsule with its own `code` and a message for people,
/// of which the host keeps the first 4,096 bytes. Bytes that are not UTF-8 are shown escaped.
#[inline]
pub fn fail(code: i32, message: &[u8]) -> ! {
    import::fail(code, message);
    trap()
}

/// Ends the run at once as a trap: what a capsule does in a state that its author excluded.
#[inline]
pub fn trap() -> ! {
    import::trap()
}

/// The BLAKE3 digest of `bytes`.
#[inline]
pub fn hash_commit(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    import::hash_commit(bytes, &mut digest);
    digest
}

/// Whether `digest` is the BLAKE3 digest of `bytes`. The comparison takes the same time wherever
/// they differ.
#[inline]
pub fn hash_verify(bytes: &[u8], digest: &[u8; 32]) -> bool {
    import::hash_verify(bytes, digest) != 0
}

/// Appends `bytes` to the run's incremental BLAKE3 hash.
#[inline]
pub fn hash_update(bytes: &[u8]) {
    import::hash_update(bytes);
}

/// The digest of everything given to [`hash_update`] since the last call.
#[inline]
pub fn hash_finish() -> [u8; 32] {
    let mut digest = [0; 32];
    import::hash_finish(&mut digest);
    digest
}

/// Selects from the JSON text `json` with the RFC 9535 query `query`. The result is a JSON array
/// of the selected values in document order.
///
/// # Errors
/// The status of the host: the query or the JSON is invalid, nested too deeply, too large or too
/// much work.
#[inline]
pub fn json_path(json: &[u8], query: &[u8]) -> Result<HostResult, Status> {
    HostResult::from_handle(import::json_path(json, query))
}

/// Like [`json_path`], over all input bytes that were not read yet, at most 8 MiB.
///
/// # Errors
/// As [`json_path`].
#[inline]
pub fn json_path_input(query: &[u8]) -> Result<HostResult, Status> {
    HostResult::from_handle(import::json_path_input(query))
}

/// Encodes `bytes` as base64 (RFC 4648 section 4, with padding).
///
/// # Errors
/// The status of the host, if `bytes` are more than it accepts.
#[inline]
pub fn base64_encode(bytes: &[u8]) -> Result<HostResult, Status> {
    HostResult::from_handle(import::base64_encode(bytes))
}

/// Decodes base64 (RFC 4648 section 4, padding required, no white space).
///
/// # Errors
/// The status of the host: `text` is not base64, or more than it accepts.
#[inline]
pub fn base64_decode(text: &[u8]) -> Result<HostResult, Status> {
    HostResult::from_handle(import::base64_decode(text))
}

/// The time of the run in milliseconds since 1970-01-01T00:00:00Z, constant while it lasts.
#[inline]
pub fn time_now_ms() -> i64 {
    import::time_now_ms()
}

/// Fills `buffer` with the next bytes of the run's pseudo-random stream, which the seed of the run
/// determines.
#[inline]
pub fn random_bytes(buffer: &mut [u8]) {
    import::random_bytes(buffer);
}

/// A result of variable size that waits in the host to be read. The host keeps only the newest
/// one: reading an older one ends the run.
#[derive(Debug)]
pub struct HostResult(i32);

impl HostResult {
    #[inline]
    pub(crate) fn from_handle(handle: i32) -> Result<HostResult, Status> {
        if handle >= 0 {
            return Ok(HostResult(handle));
        }
        match Status::from_number(handle) {
            Some(status) => Err(status),
            // Released numbers never change, so the host is not one for this capsule.
            None => trap(),
        }
    }

    /// Fills `buffer` with the next bytes of the result and returns how many were written: all of
    /// `buffer` unless the result ends first, 0 at its end.
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        import::result_read(self.0, buffer)
    }

    /// Appends what was not read yet to the output of the run, in pieces of the size of `buffer`.
    #[inline]
    pub fn copy_to_output(mut self, buffer: &mut [u8]) {
        loop {
            let count = self.read(buffer);
            match buffer.get(..count) {
                None | Some([]) => return,
                Some(bytes) => output_write(bytes),
            }
        }
    }
}
