//! The imports of a capsule: the one module that hands pointers to the host.
#![expect(
    unsafe_code,
    reason = "the one module that calls the imports; each takes its pointers from a live slice"
)]

use tenzik_host_abi::LogLevel;

mod import {
    use tenzik_host_abi::{for_each_host_function, guest_imports};

    for_each_host_function!(guest_imports);
}

#[inline]
pub(crate) fn input_read(buffer: &mut [u8]) -> usize {
    // SAFETY: the host writes at most `buffer.len()` bytes to the exclusively borrowed `buffer`.
    unsafe { import::input_read(buffer.as_mut_ptr(), buffer.len()) }
}

#[inline]
pub(crate) fn output_write(bytes: &[u8]) {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::output_write(bytes.as_ptr(), bytes.len()) }
}

#[inline]
pub(crate) fn log(level: LogLevel, message: &str) {
    // SAFETY: the host reads `message` and keeps no pointer.
    unsafe { import::log(level as i32, message.as_ptr(), message.len()) }
}

#[inline]
pub(crate) fn fail(code: i32, message: &[u8]) {
    // SAFETY: the host reads `message` and keeps no pointer.
    unsafe { import::fail(code, message.as_ptr(), message.len()) }
}

#[inline]
pub(crate) fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[inline]
pub(crate) fn hash_commit(bytes: &[u8], digest: &mut [u8; 32]) {
    // SAFETY: the host reads `bytes` and writes the 32 bytes of `digest`.
    unsafe { import::hash_commit(bytes.as_ptr(), bytes.len(), digest.as_mut_ptr()) }
}

#[inline]
pub(crate) fn hash_verify(bytes: &[u8], digest: &[u8; 32]) -> i32 {
    // SAFETY: the host reads `bytes` and the 32 bytes of `digest`.
    unsafe { import::hash_verify(bytes.as_ptr(), bytes.len(), digest.as_ptr()) }
}

#[inline]
pub(crate) fn hash_update(bytes: &[u8]) {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::hash_update(bytes.as_ptr(), bytes.len()) }
}

#[inline]
pub(crate) fn hash_finish(digest: &mut [u8; 32]) {
    // SAFETY: the host writes the 32 bytes of `digest`.
    unsafe { import::hash_finish(digest.as_mut_ptr()) }
}

#[inline]
pub(crate) fn json_path(json: &[u8], query: &[u8]) -> i32 {
    // SAFETY: the host reads `json` and `query` and keeps no pointer.
    unsafe { import::json_path(json.as_ptr(), json.len(), query.as_ptr(), query.len()) }
}

#[inline]
pub(crate) fn json_path_input(query: &[u8]) -> i32 {
    // SAFETY: the host reads `query` and keeps no pointer.
    unsafe { import::json_path_input(query.as_ptr(), query.len()) }
}

#[inline]
pub(crate) fn base64_encode(bytes: &[u8]) -> i32 {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::base64_encode(bytes.as_ptr(), bytes.len()) }
}

#[inline]
pub(crate) fn base64_decode(text: &[u8]) -> i32 {
    // SAFETY: the host reads `text` and keeps no pointer.
    unsafe { import::base64_decode(text.as_ptr(), text.len()) }
}

#[inline]
pub(crate) fn time_now_ms() -> i64 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::time_now_ms() }
}

#[inline]
pub(crate) fn random_bytes(buffer: &mut [u8]) {
    // SAFETY: the host writes `buffer.len()` bytes to the exclusively borrowed `buffer`.
    unsafe { import::random_bytes(buffer.as_mut_ptr(), buffer.len()) }
}

#[inline]
pub(crate) fn result_read(result: i32, buffer: &mut [u8]) -> usize {
    // SAFETY: the host writes at most `buffer.len()` bytes to the exclusively borrowed `buffer`.
    unsafe { import::result_read(result, buffer.as_mut_ptr(), buffer.len()) }
}
