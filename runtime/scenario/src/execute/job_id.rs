//! Names of jobs: one from submission to undo.

use crate::driver::JobKey;

/// What is hashed first.
const CONTEXT: &[u8] = b"tenzik.job.v1";

/// The id of a job, 32 hexadecimal digits: the same for the same run, step and attempt. A job that
/// was lost is begun again under another one, counted by `repetition`, because the effects of both are
/// kept apart.
///
/// `BLAKE3("tenzik.job.v1" ‖ run ‖ 0 ‖ path ‖ 0 ‖ attempt ‖ repetition)[..16]`, numbers little-endian.
pub fn job_id(run: &str, key: &JobKey, repetition: u32) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(CONTEXT);
    hasher.update(run.as_bytes());
    hasher.update(&[0]);
    hasher.update(key.path.as_bytes());
    hasher.update(&[0]);
    hasher.update(&key.attempt.to_le_bytes());
    hasher.update(&repetition.to_le_bytes());
    let hex = hasher.finalize().to_hex();
    hex.chars().take(32).collect()
}
