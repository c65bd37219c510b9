//! Competitors in turn: every round runs each of them, in an order of its own, so that whatever
//! disturbs the machine disturbs all, and nobody always comes after the same one. A turn begins with
//! runs that are not timed. Ratios are taken inside a round; the median of rounds counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::AnyError;

/// Time that one competitor gets in one round, about.
const TURN: Duration = Duration::from_millis(4);

/// The part of a turn that is run before it is timed.
const LEAD_IN_PART: u32 = 8;

/// Most runs of one turn.
const RUNS_MAX: u32 = 4_096;

/// One run, and its output.
pub type RunOnce<'a> = Box<dyn FnMut() -> Result<Vec<u8>, AnyError> + 'a>;

/// Somebody who runs the workload.
pub struct Contender<'a> {
    pub name: &'static str,
    pub run: RunOnce<'a>,
    /// Runs that belong together: a turn has a multiple of it.
    pub together: u32,
}

impl<'a> Contender<'a> {
    pub fn new(
        name: &'static str,
        run: impl FnMut() -> Result<Vec<u8>, AnyError> + 'a,
    ) -> Contender<'a> {
        Contender {
            name,
            run: Box::new(run),
            together: 1,
        }
    }

    /// The same, with turns of a multiple of `together` runs.
    pub fn together(self, together: u32) -> Contender<'a> {
        Contender { together, ..self }
    }
}

/// What was measured of one competitor.
#[derive(Clone, Debug)]
pub struct Measured {
    pub name: &'static str,
    /// Median nanoseconds of a run.
    pub ns: f64,
    /// Median of the ratios to the first competitor in the same round.
    pub ratio: f64,
    /// The same ratio in the fastest and slowest tenth of the rounds.
    pub ratio_range: (f64, f64),
}

/// Measures `contenders` over `rounds` rounds; the first is what the others are compared with. Who
/// cannot do the work, twice and with the output of the first, is said and left out.
///
/// # Errors
/// A first competitor that cannot do the work, and a run that fails later.
pub fn measure(
    mut contenders: Vec<Contender<'_>>,
    rounds: usize,
) -> Result<Vec<Measured>, AnyError> {
    let first = contenders.first_mut().ok_or("nobody to measure")?;
    let expected = (first.run)()?;
    contenders.retain_mut(|contender| {
        let verdict = same_twice(contender, &expected);
        if let Err(why) = &verdict {
            eprintln!("NOT MEASURED: {}: {why}", contender.name);
        }
        verdict.is_ok()
    });
    let runs = contenders
        .iter_mut()
        .map(runs_of_a_turn)
        .collect::<Result<Vec<u32>, AnyError>>()?;
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..rounds {
        for index in order(contenders.len(), round) {
            times[index].push(turn_ns(&mut contenders[index], runs[index])?);
        }
    }
    let first = times.first().cloned().unwrap_or_default();
    Ok(contenders
        .iter()
        .zip(&times)
        .map(|(contender, times)| {
            let mut ratios: Vec<f64> = times.iter().zip(&first).map(|(a, b)| a / b).collect();
            ratios.sort_by(f64::total_cmp);
            let tenth = ratios.len() / 10;
            Measured {
                name: contender.name,
                ns: median(times.clone()),
                ratio_range: (ratios[tenth], ratios[ratios.len() - 1 - tenth]),
                ratio: median(ratios),
            }
        })
        .collect())
}

fn same_twice(contender: &mut Contender<'_>, expected: &[u8]) -> Result<(), AnyError> {
    for _ in 0..2 {
        if (contender.run)()? != expected {
            return Err("does other work than the first".into());
        }
    }
    Ok(())
}

fn runs_of_a_turn(contender: &mut Contender<'_>) -> Result<u32, AnyError> {
    for _ in 2..contender.together {
        (contender.run)()?;
    }
    let start = Instant::now();
    for _ in 0..contender.together {
        (contender.run)()?;
    }
    let some = start.elapsed().max(Duration::from_nanos(100));
    let fit = u32::try_from(TURN.as_nanos() / some.as_nanos()).unwrap_or(RUNS_MAX);
    Ok(fit.clamp(1, RUNS_MAX) * contender.together)
}

/// The numbers below `count` in an order that belongs to `round`: by a multiplicative hash.
fn order(count: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let key = |index: usize| {
        let number = (round * count + index) as u64 + 1;
        number
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    order.sort_by_key(|index| key(*index));
    order
}

fn turn_ns(contender: &mut Contender<'_>, runs: u32) -> Result<f64, AnyError> {
    for _ in 0..runs / LEAD_IN_PART / contender.together * contender.together {
        black_box((contender.run)()?);
    }
    let start = Instant::now();
    for _ in 0..runs {
        black_box((contender.run)()?);
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(runs))
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
