//! Chance that is the same in every repetition: seeds and jitter by BLAKE3 of the run's seed, the
//! step's path and the attempt.
//!
//! ```text
//! BLAKE3("tenzik.scenario.chance.v1" ‖ purpose (1 byte) ‖ seed (32) ‖ attempt (u32, little endian) ‖ path)
//! ```

use crate::scenario::Backoff;

const DOMAIN: &[u8] = b"tenzik.scenario.chance.v1";

/// What chance is taken for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Seed = 1,
    Jitter = 2,
}

fn chance(run: &[u8; 32], path: &str, attempt: u32, purpose: Purpose) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(DOMAIN);
    hasher.update(&[purpose as u8]);
    hasher.update(run);
    hasher.update(&attempt.to_le_bytes());
    hasher.update(path.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The seed of an attempt.
pub(super) fn seed(run: &[u8; 32], path: &str, attempt: u32) -> u64 {
    chance(run, path, attempt, Purpose::Seed)
}

/// Milliseconds before an attempt, the second one or a later one.
pub(super) fn wait_ms(backoff: &Backoff, run: &[u8; 32], path: &str, attempt: u32) -> u64 {
    let max = backoff.max_ms as f64;
    let factor = backoff.factor.max(1.0);
    let mut wait = backoff.initial_ms as f64;
    // Multiplied step by step, which gives the same bits on every machine; powers need not.
    for _ in 2..attempt {
        if wait >= max || factor == 1.0 {
            break;
        }
        wait *= factor;
    }
    wait = wait.min(max);
    // 53 bits, as many as the fraction of a double holds.
    let share = (chance(run, path, attempt, Purpose::Jitter) >> 11) as f64 / (1_u64 << 53) as f64;
    let jitter = backoff.jitter.clamp(0.0, 1.0);
    // Not negative, and at most `max_ms`: `as` is exact up to rounding down.
    (wait - wait * jitter * share) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: [u8; 32] = [7; 32];

    #[test]
    fn waits_grow_up_to_their_bound() {
        let backoff = Backoff {
            initial_ms: 100,
            factor: 3.0,
            max_ms: 1_000,
            jitter: 0.0,
        };
        let waits: Vec<u64> = (2..7)
            .map(|attempt| wait_ms(&backoff, &RUN, "a", attempt))
            .collect();
        assert_eq!(waits, [100, 300, 900, 1_000, 1_000]);
    }

    #[test]
    fn jitter_cuts_off_up_to_its_share_and_repeats() {
        let backoff = Backoff {
            initial_ms: 1_000,
            factor: 1.0,
            max_ms: 60_000,
            jitter: 0.5,
        };
        let waits: Vec<u64> = (2..102)
            .map(|attempt| wait_ms(&backoff, &RUN, "a", attempt))
            .collect();
        assert!(
            waits.iter().all(|&wait| (500..=1_000).contains(&wait)),
            "{waits:?}"
        );
        let mut distinct = waits.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() > 50, "{waits:?}");
        assert_eq!(wait_ms(&backoff, &RUN, "a", 2), waits[0]);
        assert_ne!(wait_ms(&backoff, &RUN, "b", 2), waits[0]);
        assert_ne!(seed(&RUN, "a", 1), seed(&RUN, "a", 2));
        assert_ne!(seed(&RUN, "a", 1), seed(&[8; 32], "a", 1));
    }

    #[test]
    fn nonsense_gives_a_wait_within_bounds() {
        for factor in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            for jitter in [f64::NAN, -1.0, 7.0] {
                let backoff = Backoff {
                    initial_ms: u64::MAX,
                    factor,
                    max_ms: 5_000,
                    jitter,
                };
                assert!(wait_ms(&backoff, &RUN, "a", 100) <= 5_000);
            }
        }
    }
}
