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
pub(crate) fn log(level: LogLevel, message: &[u8]) {
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

#[inline]
pub(crate) fn exec_start(request: &[u8]) -> i32 {
    // SAFETY: the host reads `request` and keeps no pointer.
    unsafe { import::exec_start(request.as_ptr(), request.len()) }
}

#[inline]
pub(crate) fn exec_write(process: i32, bytes: &[u8]) -> i32 {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::exec_write(process, bytes.as_ptr(), bytes.len()) }
}

#[inline]
pub(crate) fn exec_close(process: i32) -> i32 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::exec_close(process) }
}

#[inline]
pub(crate) fn exec_read(process: i32, stream: i32, buffer: &mut [u8]) -> usize {
    // SAFETY: the host writes at most `buffer.len()` bytes to the exclusively borrowed `buffer`.
    unsafe { import::exec_read(process, stream, buffer.as_mut_ptr(), buffer.len()) }
}

#[inline]
pub(crate) fn exec_wait(process: i32) -> i32 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::exec_wait(process) }
}

#[inline]
pub(crate) fn file_read(path: &[u8]) -> i32 {
    // SAFETY: the host reads `path` and keeps no pointer.
    unsafe { import::file_read(path.as_ptr(), path.len()) }
}

#[inline]
pub(crate) fn file_create(path: &[u8], mode: i32) -> i32 {
    // SAFETY: the host reads `path` and keeps no pointer.
    unsafe { import::file_create(path.as_ptr(), path.len(), mode) }
}

#[inline]
pub(crate) fn file_write(file: i32, bytes: &[u8]) -> i32 {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::file_write(file, bytes.as_ptr(), bytes.len()) }
}

#[inline]
pub(crate) fn file_commit(file: i32) -> i32 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::file_commit(file) }
}

#[inline]
pub(crate) fn file_undo(run_id: &[u8]) -> i32 {
    // SAFETY: the host reads `run_id` and keeps no pointer.
    unsafe { import::file_undo(run_id.as_ptr(), run_id.len()) }
}

#[inline]
pub(crate) fn process_signal(request: &[u8]) -> i32 {
    // SAFETY: the host reads `request` and keeps no pointer.
    unsafe { import::process_signal(request.as_ptr(), request.len()) }
}

#[inline]
pub(crate) fn artifact_create(name: &[u8]) -> i32 {
    // SAFETY: the host reads `name` and keeps no pointer.
    unsafe { import::artifact_create(name.as_ptr(), name.len()) }
}

#[inline]
pub(crate) fn artifact_write(artifact: i32, bytes: &[u8]) -> i32 {
    // SAFETY: the host reads `bytes` and keeps no pointer.
    unsafe { import::artifact_write(artifact, bytes.as_ptr(), bytes.len()) }
}

#[inline]
pub(crate) fn artifact_commit(artifact: i32) -> i32 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::artifact_commit(artifact) }
}

#[inline]
pub(crate) fn secret_open(name: &[u8]) -> i32 {
    // SAFETY: the host reads `name` and keeps no pointer.
    unsafe { import::secret_open(name.as_ptr(), name.len()) }
}

#[inline]
pub(crate) fn exec_write_secret(process: i32, secret: i32) -> i32 {
    // SAFETY: no pointer crosses the call.
    unsafe { import::exec_write_secret(process, secret) }
}
