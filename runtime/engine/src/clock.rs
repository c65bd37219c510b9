//! The clocks of the engine: the only place of this crate that reads one.

use std::time::Instant;

/// Nanoseconds of the coarse monotonic clock: cheap enough for every host call, exact to a few
/// milliseconds. Where there is none, the precise clock serves.
pub(crate) fn coarse_ns() -> u64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        monotonic_us().saturating_mul(1_000)
    }
}

/// The precise monotonic clock.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Microseconds from `start` to now.
pub(crate) fn elapsed_us(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds of the precise monotonic clock since the first call in this process.
pub fn monotonic_us() -> u64 {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    elapsed_us(*FIRST.get_or_init(now))
}
