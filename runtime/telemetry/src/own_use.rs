//! What this thread and this process use.

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::files::{Files, after, kib_line};
use crate::sample::OwnUse;

/// Microseconds of processor time that the calling thread used. Two calls around a job on one
/// thread give what it used itself.
pub fn thread_cpu_us() -> u64 {
    microseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// Microseconds of processor time that all threads of this process used.
pub fn process_cpu_us() -> u64 {
    microseconds(clock_gettime(ClockId::ProcessCPUTime))
}

fn microseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000)
        .saturating_add(nanoseconds / 1_000)
}

/// What this process has, from `/proc/self/status`.
pub(crate) fn read(files: &mut Files) -> Option<OwnUse> {
    let text = files.text("proc/self/status")?;
    Some(OwnUse {
        resident_bytes: kib_line(text, "VmRSS:")?,
        resident_peak_bytes: kib_line(text, "VmHWM:")?,
        threads: after(text, "Threads:")?.parse().ok()?,
    })
}
