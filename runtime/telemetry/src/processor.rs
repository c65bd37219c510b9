//! Time of processors, from `/proc/stat` and `/proc/loadavg`.

use crate::files::{Files, after, decimal};
use crate::sample::share;

/// Clock ticks of all processors since the machine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticks {
    idle: u64,
    total: u64,
}

impl Ticks {
    /// The used share between two looks, in percent. Counters that went backwards, as some
    /// hypervisors let them, give nothing.
    pub(crate) fn used_percent(self, before: Ticks) -> Option<f64> {
        let total = self.total.checked_sub(before.total)?;
        // Idle time alone goes backwards on some kernels by a tick or two.
        let idle = self.idle.saturating_sub(before.idle).min(total);
        (total > 0).then(|| share(total - idle, total))
    }
}

/// The ticks, and the number of processors.
pub(crate) fn read(files: &mut Files) -> (Option<Ticks>, Option<u32>) {
    let Some(text) = files.text("proc/stat") else {
        return (None, None);
    };
    let is_processor = |line: &str| {
        line.strip_prefix("cpu")
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let cpus = text.lines().filter(|line| is_processor(line)).count();
    (
        ticks(text),
        u32::try_from(cpus).ok().filter(|cpus| *cpus > 0),
    )
}

/// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user.
fn ticks(text: &str) -> Option<Ticks> {
    let mut numbers = [0_u64; 8];
    let mut count = 0;
    for (number, field) in numbers
        .iter_mut()
        .zip(after(text, "cpu ")?.split_ascii_whitespace())
    {
        *number = field.parse().ok()?;
        count += 1;
    }
    let sum = |numbers: &[u64]| numbers.iter().try_fold(0_u64, |sum, n| sum.checked_add(*n));
    // Kernels before 2.6 have four; fewer is a line that was cut.
    (count >= 4).then_some(())?;
    Some(Ticks {
        idle: sum(numbers.get(3..5)?)?,
        total: sum(&numbers)?,
    })
}

/// Load average of the last minute.
pub(crate) fn load1(files: &mut Files) -> Option<f64> {
    let text = files.text("proc/loadavg")?;
    decimal(text.split_ascii_whitespace().next()?)
}
