//! Every host function as a safe function.
#![expect(
    unsafe_code,
    reason = "the one module that calls the imports; each takes its pointers from a live slice"
)]

use tenzik_host_abi::{LogLevel, Status};

#[cfg(target_arch = "wasm32")]
mod import {
    use tenzik_host_abi::{for_each_host_function, guest_imports};

    for_each_host_function!(guest_imports);
}

#[cfg(not(target_arch = "wasm32"))]
mod import {
    //! Functions of the same names and types that say that there is no host.

    macro_rules! absent {
        ($(
            $(#[doc = $doc:literal])+
            [since $since:literal, needs $needs:ident, cost($base:literal, $units:literal / $bytes:literal)]
            fn $name:ident($($parameter:ident: $word:ident),*) -> $result:ident;
        )*) => {$(
            pub(super) unsafe fn $name(
                $($parameter: tenzik_host_abi::guest_type!($word)),*
            ) -> tenzik_host_abi::guest_type!($result) {
                let _ = ($($parameter,)*);
                std::eprintln!("tenzik-sdk: {} needs a host; build the capsule and run it with `tenzik run`", stringify!($name));
                std::process::abort()
            }
        )*};
    }

    tenzik_host_abi::for_each_host_function!(absent);
}

/// Fills `buffer` from the input and returns how many bytes were written: all of `buffer` unless
/// the input ends first, 0 at its end.
#[inline]
pub fn input_read(buffer: &mut [u8]) -> usize {
    // SAFETY: the host writes at most `buffer.len()` bytes to the exclusively borrowed `buffer`.
    unsafe { import::input_read(buffer.as_mut_ptr(), buffer.len()) }
}

/// Appends `bytes` to the output of the run.
#[inline]
pub fn output_write(bytes: &[u8]) {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::output_write(bytes.as_ptr(), bytes.len()) }
}

/// Writes one log message.
#[inline]
pub fn log(level: LogLevel, message: &str) {
    // SAFETY: the host reads `message` and keeps no pointer.
    unsafe { import::log(level as i32, message.as_ptr(), message.len()) }
}

/// Ends the run at once as a failure of the capsule with its own `code` and a message for people,
/// of which the host keeps the first 4,096 bytes. Bytes that are not UTF-8 are shown escaped.
#[inline]
pub fn fail(code: i32, message: &[u8]) -> ! {
    // SAFETY: the host reads `message` and keeps no pointer.
    unsafe { import::fail(code, message.as_ptr(), message.len()) };
    trap()
}

/// Ends the run at once as a trap: what a capsule does in a state that its author excluded.
#[inline]
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort()
}

/// The BLAKE3 digest of `bytes`.
#[inline]
pub fn hash_commit(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    // SAFETY: the host reads `bytes` and writes the 32 bytes of `digest`.
    unsafe { import::hash_commit(bytes.as_ptr(), bytes.len(), digest.as_mut_ptr()) };
    digest
}

/// Whether `digest` is the BLAKE3 digest of `bytes`. The comparison takes the same time wherever
/// they differ.
#[inline]
pub fn hash_verify(bytes: &[u8], digest: &[u8; 32]) -> bool {
    // SAFETY: the host reads `bytes` and the 32 bytes of `digest`.
    unsafe { import::hash_verify(bytes.as_ptr(), bytes.len(), digest.as_ptr()) != 0 }
}

/// Appends `bytes` to the run's incremental BLAKE3 hash.
#[inline]
pub fn hash_update(bytes: &[u8]) {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::hash_update(bytes.as_ptr(), bytes.len()) }
}

/// The digest of everything given to [`hash_update`] since the last call.
#[inline]
pub fn hash_finish() -> [u8; 32] {
    let mut digest = [0; 32];
    // SAFETY: the host writes the 32 bytes of `digest`.
    unsafe { import::hash_finish(digest.as_mut_ptr()) };
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
    // SAFETY: the host reads `json` and `query` and keeps no pointer.
    HostResult::from_handle(unsafe {
        import::json_path(json.as_ptr(), json.len(), query.as_ptr(), query.len())
    })
}

/// Like [`json_path`], over all input bytes that were not read yet, at most 8 MiB.
///
/// # Errors
/// As [`json_path`].
#[inline]
pub fn json_path_input(query: &[u8]) -> Result<HostResult, Status> {
    // SAFETY: the host reads `query` and keeps no pointer.
    HostResult::from_handle(unsafe { import::json_path_input(query.as_ptr(), query.len()) })
}

/// Encodes `bytes` as base64 (RFC 4648 section 4, with padding).
///
/// # Errors
/// The status of the host, if `bytes` are more than it accepts.
#[inline]
pub fn base64_encode(bytes: &[u8]) -> Result<HostResult, Status> {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    HostResult::from_handle(unsafe { import::base64_encode(bytes.as_ptr(), bytes.len()) })
}

/// Decodes base64 (RFC 4648 section 4, padding required, no white space).
///
/// # Errors
/// The status of the host: `text` is not base64, or more than it accepts.
#[inline]
pub fn base64_decode(text: &[u8]) -> Result<HostResult, Status> {
    // SAFETY: the host reads `text` and keeps no pointer.
    HostResult::from_handle(unsafe { import::base64_decode(text.as_ptr(), text.len()) })
}

/// The time of the run in milliseconds since 1970-01-01T00:00:00Z, constant while it lasts.
#[inline]
pub fn time_now_ms() -> i64 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::time_now_ms() }
}

/// Fills `buffer` with the next bytes of the run's pseudo-random stream, which the seed of the run
/// determines.
#[inline]
pub fn random_bytes(buffer: &mut [u8]) {
    // SAFETY: the host writes `buffer.len()` bytes to the exclusively borrowed `buffer`.
    unsafe { import::random_bytes(buffer.as_mut_ptr(), buffer.len()) }
}

/// A result of variable size that waits in the host to be read. The host keeps only the newest
/// one: reading an older one ends the run.
#[derive(Debug)]
pub struct HostResult(i32);

impl HostResult {
    #[inline]
    fn from_handle(handle: i32) -> Result<HostResult, Status> {
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
        // SAFETY: the host writes at most `buffer.len()` bytes to the exclusively borrowed `buffer`.
        unsafe { import::result_read(self.0, buffer.as_mut_ptr(), buffer.len()) }
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
