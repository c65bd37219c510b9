//! What many times say: order statistics, and how far they can be trusted.

/// Times of one thing, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) samples: u64,
    pub(crate) min_ns: u64,
    pub(crate) p50_ns: u64,
    pub(crate) p95_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) max_ns: u64,
}

impl Summary {
    /// Sorts the samples and reads what they say; all zero without samples.
    pub(crate) fn of(samples: &mut [u64]) -> Summary {
        samples.sort_unstable();
        Summary {
            samples: samples.len() as u64,
            min_ns: samples.first().copied().unwrap_or_default(),
            p50_ns: percentile(samples, 500),
            p95_ns: percentile(samples, 950),
            p99_ns: percentile(samples, 990),
            max_ns: samples.last().copied().unwrap_or_default(),
        }
    }
}

/// The nearest-rank percentile of sorted samples, in thousandths: the smallest sample that is not
/// smaller than so many of them. Nothing is interpolated, so it is a time that was measured.
pub(crate) fn percentile(sorted: &[u64], thousandths: usize) -> u64 {
    let rank = (sorted.len() * thousandths).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The median.
pub(crate) fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    percentile(&sorted, 500)
}

/// How far medians of rounds lie apart: twice the median of their distances from their median. A
/// round that was disturbed as a whole moves it little.
pub(crate) fn noise(round_medians: &[u64]) -> u64 {
    let middle = median(round_medians);
    let distances: Vec<u64> = round_medians
        .iter()
        .map(|value| value.abs_diff(middle))
        .collect();
    median(&distances).saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::{Summary, median, noise, percentile};

    #[test]
    fn percentiles_are_samples() {
        let sorted: Vec<u64> = (1..=100).collect();
        for (thousandths, value) in [
            (0, 1),
            (10, 1),
            (500, 50),
            (950, 95),
            (990, 99),
            (1_000, 100),
        ] {
            assert_eq!(percentile(&sorted, thousandths), value);
        }
        assert_eq!(percentile(&[7], 990), 7);
        assert_eq!(percentile(&[], 500), 0);
        let summary = Summary::of(&mut [3, 1, 2]);
        assert_eq!((summary.min_ns, summary.p50_ns, summary.max_ns), (1, 2, 3));
    }

    #[test]
    fn one_disturbed_round_is_no_noise() {
        assert_eq!(median(&[5, 1, 9]), 5);
        assert_eq!(noise(&[100, 101, 99, 100, 5_000]), 2);
        assert_eq!(noise(&[100, 120, 80, 110, 90]), 20);
        assert_eq!(noise(&[]), 0);
        assert!(noise(&[0, u64::MAX / 2, u64::MAX]) >= u64::MAX - 2);
    }
}
