//! A seeded simulator: random plans, driven through random delays, failures, cancels, crashes and
//! decisions, with everything that must hold checked after every event.
//!
//! `TENZIK_SIMULATE=N` runs N plans, `TENZIK_SIMULATE=N,SEED` begins at another seed; a failing plan
//! names its own seed.

#![expect(
    clippy::disallowed_methods,
    reason = "the number of plans is for whoever runs the tests"
)]

mod chance;
pub mod generate;
mod watch;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use chance::Chance;
pub use generate::Expressions;

/// Plans of an ordinary run of the tests.
const PLANS: u64 = 20_000;

#[test]
fn invariants_hold_in_random_runs() {
    let wanted = std::env::var("TENZIK_SIMULATE").unwrap_or_default();
    let (count, first) = wanted.split_once(',').unwrap_or((&wanted, "0"));
    let count = match count {
        "" => PLANS,
        count => count.parse().expect("TENZIK_SIMULATE is N or N,SEED"),
    };
    let first: u64 = first.parse().expect("TENZIK_SIMULATE is N or N,SEED");
    let mut tally = world::Tally::default();
    for seed in first..first + count {
        let run = catch_unwind(AssertUnwindSafe(|| world::simulate(seed, &mut tally)));
        assert!(
            run.is_ok(),
            "seed {seed} failed; TENZIK_SIMULATE=1,{seed} repeats it"
        );
    }
    println!("{count} plans: {tally:?}");
    if count >= 1_000 {
        tally.is_worth_it();
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..200 {
        let mut tally = world::Tally::default();
        let once = world::simulate(seed, &mut tally);
        assert_eq!(once, world::simulate(seed, &mut tally), "seed {seed}");
    }
}

#[test]
fn chance_is_spread() {
    let mut chance = Chance::new(1);
    let hits = (0..10_000).filter(|_| chance.percent(30)).count();
    assert!((2_700..3_300).contains(&hits), "{hits}");
}
