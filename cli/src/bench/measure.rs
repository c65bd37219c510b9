//! Taking the times.
//!
//! What is compared is measured in turns, so that a machine that becomes slower does so for all of
//! it. docs/bench.md says how the numbers come about.

use std::time::{Duration, Instant};

use tenzik_runtime::evidence::NodeKey;
use tenzik_runtime::{EngineOptions, Examination, Outcome, Runtime};

use crate::failure::Failure;
use crate::subject::Subject;

use super::plan::{Bench, Plan, Receipts, execute, machine, request};
use super::result::{Cold, Fuel, Measured, Throughput, Warm};
use super::statistics::{Summary, median, noise, percentile};
use super::throughput::runs_per_second;

/// Rounds of cold runs.
const COLD_ROUNDS_MAX: usize = 20;
const COLD_ROUNDS_MIN: usize = 3;

/// Rounds of warm runs, for each kind of receipt.
const WARM_ROUNDS: u32 = 12;

/// Rounds of each number of threads.
const THROUGHPUT_ROUNDS: u32 = 3;

/// Samples that are kept of each round.
const ROUND_SAMPLES_MAX: usize = 50_000;

/// A sample takes at least so many steps of the clock; shorter runs are measured several at a time.
const CLOCK_STEPS_MIN: u64 = 40;

/// Points of the curve that is drawn.
const CURVE_POINTS: usize = 200;

/// Instances of the pool besides one for each thread.
const SPARE_INSTANCES: usize = 4;

/// Measures everything. `progress` is told how much is done, in thousandths.
pub(crate) fn measure(
    subject: &Subject,
    plan: &Plan,
    progress: &mut dyn FnMut(u64, &str),
) -> Result<Measured, Failure> {
    progress(0, "cold");
    let cold = cold(subject, plan.duration / 10)?;
    let (capsule, permit) = subject.admitted()?;
    let threads_max = plan.threads.iter().copied().max().unwrap_or(1);
    let instances = u32::try_from(threads_max + SPARE_INSTANCES).unwrap_or(u32::MAX);
    let runtime = Runtime::new(&EngineOptions {
        pool_instances: instances,
        ..EngineOptions::default()
    })
    .map_err(machine)?;
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &request(subject).input)
        .map_err(machine)?;
    let key = NodeKey::generate().map_err(machine)?;
    let bench = Bench {
        runtime: &runtime,
        prepared: &prepared,
        subject,
        capsule,
        permit,
        key: &key,
    };
    let clock_ns = clock_resolution_ns();
    let first = bench.run(Receipts::None)?;
    let mut fuel = Fuel::of(&first);
    let warm = warm(&bench, plan, clock_ns, &mut fuel, progress)?;
    let throughput = throughput(&bench, plan, progress)?;
    Ok(Measured {
        clock_ns,
        fuel,
        memory_bytes: first.usage.memory_bytes,
        output_bytes: first.usage.output_bytes,
        host_calls: first.usage.host_calls,
        cold,
        warm,
        throughput,
    })
}

/// A capsule that was never seen: each round has an engine of its own, which is set up before.
fn cold(subject: &Subject, budget: Duration) -> Result<Cold, Failure> {
    let (known, _) = subject.admitted()?;
    let bytes = known.shared_bytes();
    let started = Instant::now();
    let mut times: [Vec<u64>; 4] = Default::default();
    for round in 0..COLD_ROUNDS_MAX {
        if round >= COLD_ROUNDS_MIN && started.elapsed() >= budget {
            break;
        }
        let runtime = Runtime::new(&EngineOptions::one_shot()).map_err(machine)?;
        let begin = Instant::now();
        let examination = Examination::of(&bytes, &subject.policy);
        let validated = Instant::now();
        let admitted = examination.admitted();
        let (capsule, permit) = admitted.ok_or_else(|| machine("the capsule is not admitted"))?;
        let prepared = runtime
            .prepare_for(capsule, permit.limits(), &request(subject).input)
            .map_err(machine)?;
        let compiled = Instant::now();
        std::hint::black_box(execute(&runtime, &prepared, permit, request(subject))?);
        let ended = Instant::now();
        let parts = [
            validated - begin,
            compiled - validated,
            ended - compiled,
            ended - begin,
        ];
        for (times, part) in times.iter_mut().zip(parts) {
            times.push(nanoseconds(part));
        }
    }
    let [validate, compile, run, mut total] = times;
    Ok(Cold {
        validate_ns: median(&validate),
        compile_ns: median(&compile),
        run_ns: median(&run),
        total: Summary::of(&mut total),
    })
}

/// One run after the other on one thread, in rounds that take turns.
fn warm(
    bench: &Bench<'_>,
    plan: &Plan,
    clock_ns: u64,
    fuel: &mut Fuel,
    progress: &mut dyn FnMut(u64, &str),
) -> Result<Vec<Warm>, Failure> {
    let modes = plan.receipts.modes();
    let budget = plan.duration / 2;
    let slices = WARM_ROUNDS * u32::try_from(modes.len()).unwrap_or(1);
    let slice = budget / slices;
    let mut states = Vec::new();
    for mode in modes {
        let run_ns = warm_up(bench, *mode, slice)?;
        let runs = (clock_ns * CLOCK_STEPS_MIN).div_ceil(run_ns.max(1)).max(1);
        states.push((*mode, runs, Vec::new(), Vec::new()));
    }
    for round in 0..WARM_ROUNDS {
        progress(
            100 + u64::from(round) * 500 / u64::from(WARM_ROUNDS),
            "warm",
        );
        for (mode, runs, samples, medians) in &mut states {
            let mut taken = one_round(bench, *mode, *runs, slice, fuel)?;
            taken.sort_unstable();
            medians.push(percentile(&taken, 500));
            samples.append(&mut taken);
        }
    }
    let summaries = states
        .into_iter()
        .map(|(mode, runs_per_sample, mut samples, medians)| {
            let times = Summary::of(&mut samples);
            let curve =
                (0..=CURVE_POINTS).map(|point| percentile(&samples, point * 1_000 / CURVE_POINTS));
            Warm {
                receipts: mode,
                runs_per_sample,
                noise_ns: noise(&medians),
                curve: curve.collect(),
                times,
            }
        });
    Ok(summaries.collect())
}

/// Runs for a while unmeasured; returns about how long a run takes.
fn warm_up(bench: &Bench<'_>, mode: Receipts, slice: Duration) -> Result<u64, Failure> {
    let started = Instant::now();
    let mut runs = 0;
    loop {
        std::hint::black_box(bench.run(mode)?);
        runs += 1;
        let elapsed = started.elapsed();
        if elapsed >= slice {
            return Ok(nanoseconds(elapsed) / runs);
        }
    }
}

/// The times of one round: each sample the mean of `runs` runs.
fn one_round(
    bench: &Bench<'_>,
    mode: Receipts,
    runs: u64,
    slice: Duration,
    fuel: &mut Fuel,
) -> Result<Vec<u64>, Failure> {
    let mut samples = Vec::new();
    let round = Instant::now();
    loop {
        let started = Instant::now();
        let mut last: Option<Outcome> = None;
        for _ in 0..runs {
            last = Some(std::hint::black_box(bench.run(mode)?));
        }
        samples.push(nanoseconds(started.elapsed()) / runs);
        if let Some(outcome) = &last {
            fuel.see(outcome);
        }
        if samples.len() >= ROUND_SAMPLES_MAX || round.elapsed() >= slice {
            return Ok(samples);
        }
    }
}

fn throughput(
    bench: &Bench<'_>,
    plan: &Plan,
    progress: &mut dyn FnMut(u64, &str),
) -> Result<Vec<Throughput>, Failure> {
    let modes = plan.receipts.modes();
    let measured: Vec<(usize, Receipts)> = plan
        .threads
        .iter()
        .flat_map(|threads| modes.iter().map(|mode| (*threads, *mode)))
        .collect();
    let slices = THROUGHPUT_ROUNDS * u32::try_from(measured.len()).unwrap_or(1);
    let slice = plan.duration * 2 / 5 / slices.max(1);
    let mut rates: Vec<Vec<u64>> = vec![Vec::new(); measured.len()];
    for round in 0..THROUGHPUT_ROUNDS {
        for (index, ((threads, mode), rates)) in measured.iter().zip(&mut rates).enumerate() {
            let done = u64::from(round) * measured.len() as u64 + index as u64;
            progress(600 + done * 400 / u64::from(slices.max(1)), "threads");
            rates.push(runs_per_second(bench, *mode, *threads, slice)?);
        }
    }
    let throughput = measured
        .into_iter()
        .zip(rates)
        .map(|((threads, receipts), rates)| Throughput {
            threads,
            receipts,
            runs_per_second: median(&rates),
            min: rates.iter().copied().min().unwrap_or_default(),
            max: rates.iter().copied().max().unwrap_or_default(),
        });
    Ok(throughput.collect())
}

/// The smallest step that the clock was seen to make.
fn clock_resolution_ns() -> u64 {
    let mut smallest = u64::MAX;
    for _ in 0..200 {
        let started = Instant::now();
        for _ in 0..1_000 {
            let step = nanoseconds(started.elapsed());
            if step > 0 {
                smallest = smallest.min(step);
                break;
            }
        }
    }
    smallest.clamp(1, 1_000_000_000)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
