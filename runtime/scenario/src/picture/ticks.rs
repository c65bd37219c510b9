//! Places on an axis of time.

/// Distances between ticks in milliseconds that people read well.
const STEPS: [u64; 27] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000,
    120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000,
    43_200_000, 86_400_000,
];

/// The distance that gives at most `ticks_max` ticks over `span` milliseconds.
pub(super) fn distance(span: u64, ticks_max: u64) -> u64 {
    let ticks_max = ticks_max.max(1);
    let fits = |step: &&u64| span / **step <= ticks_max;
    let days = || {
        span.div_ceil(ticks_max)
            .div_ceil(86_400_000)
            .saturating_mul(86_400_000)
    };
    STEPS.iter().find(fits).copied().unwrap_or_else(days)
}

/// A tick of an axis whose ticks are `distance` apart.
pub(super) fn label(at: u64, distance: u64) -> String {
    let (minutes, seconds) = (at / 60_000, at / 1_000 % 60);
    match distance {
        0..1_000 if at < 1_000 => format!("{at} ms"),
        0..10 => format!("{}.{:03} s", at / 1_000, at % 1_000),
        10..1_000 => format!("{}.{:02} s", at / 1_000, at % 1_000 / 10),
        1_000..60_000 if at < 60_000 => format!("{} s", at / 1_000),
        1_000..60_000 => format!("{minutes}:{seconds:02}"),
        60_000..3_600_000 if minutes < 60 => format!("{minutes} min"),
        _ if minutes < 60 && minutes > 0 => format!("{minutes} min"),
        _ => format!("{}:{:02} h", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{distance, label};

    #[test]
    fn ticks_are_few_and_round() {
        let cases = [
            (1, 1, "1 ms"),
            (2_500, 500, "500 ms"),
            (10_000, 1_000, "1 s"),
            (90_000, 10_000, "10 s"),
            (700_000, 120_000, "2 min"),
            (86_400_000, 10_800_000, "3:00 h"),
        ];
        for (span, step, first) in cases {
            assert_eq!(
                (distance(span, 10), &*label(step, step)),
                (step, first),
                "{span}"
            );
        }
        assert_eq!(
            (label(0, 1_000), label(75_000, 15_000)),
            ("0 s".to_owned(), "1:15".to_owned())
        );
        assert!(u64::MAX / distance(u64::MAX, 10) <= 10);
    }
}
