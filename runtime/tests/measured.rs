//! What each hostile fixture costs the host, measured: every one runs in a process of its own, which
//! reports its largest resident memory and its processor time.
//!
//! Processor time is judged, not wall time, so that a busy machine fails nothing.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::time::{ClockId, clock_gettime};
use tenzik_runtime::Input;

use crate::fixture::{self, Expected, Fixture};
use crate::fixtures::{examine, execute};
use crate::world::on_demand;

/// Names the fixture that a child runs.
const FIXTURE_VARIABLE: &str = "TENZIK_MEASURED_FIXTURE";

/// The fixture that any other is compared with: it does nothing.
const BASELINE: &str = "ok/return_zero";

/// Resident memory beyond what the limits allow: the compiler's work on one module, host code that is
/// touched for the first time, and the noise of the allocator. About 2 MiB are seen.
const MEMORY_MARGIN_BYTES: u64 = 8 << 20;

/// Processor time beyond what the limits allow: to validate and to compile, in a build that may not be
/// optimised, on a machine that may be slow. About 20 ms are seen.
const CPU_MARGIN_US: u64 = 2_000_000;

/// For how long the search for a lower bound of the fuel begins further runs.
const FUEL_SEARCH_US: u64 = 2_000_000;

/// What a child reports.
#[derive(Clone, Copy, Debug)]
struct Cost {
    resident_bytes: u64,
    cpu_us: u64,
    output_bytes: u64,
}

/// Runs one fixture and prints what it cost. The parent names it; without a parent it is the one
/// that everything is compared with.
#[test]
fn one_fixture() {
    let name = std::env::var(FIXTURE_VARIABLE).unwrap_or_else(|_| BASELINE.to_owned());
    let fixture = fixture::alone(&name);
    let before = cpu_us();
    let examination = examine(&fixture).unwrap();
    let mut output_bytes = 0;
    if examination.admitted().is_some() {
        let input = Input::from(fixture.input.as_slice());
        let outcome = execute(on_demand(), &fixture, &examination, input).unwrap();
        output_bytes = outcome.usage.output_bytes;
    }
    println!(
        "measured {} {} {output_bytes}",
        resident_bytes(),
        cpu_us() - before
    );
}

/// Processor time of this process in microseconds.
fn cpu_us() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap()
}

/// The largest resident set of this process so far.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib << 10
}

/// What `fixture` costs in a process of its own. That it ends without a report is an error, too: it
/// would have taken the host with it.
fn cost(fixture: &Fixture) -> Result<Cost, String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "measured::one_fixture",
            "--nocapture",
            "--test-threads",
            "1",
        ])
        .env(FIXTURE_VARIABLE, &fixture.name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report = text.lines().find_map(|line| line.split_once("measured "));
    let numbers = report.map(|(_, report)| report.split(' ').map(|number| number.parse().unwrap()));
    let numbers: Option<Vec<u64>> = numbers.map(Iterator::collect);
    match (numbers.as_deref(), output.status.success()) {
        (Some(&[resident_bytes, cpu_us, output_bytes]), true) => Ok(Cost {
            resident_bytes,
            cpu_us,
            output_bytes,
        }),
        _ => {
            let error = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "ended without a report, {}: {error}",
                output.status
            ))
        }
    }
}

/// Memory that a run may have: its own within the limit, the output that is kept, twice while it grows,
/// the log, the input, of which the test itself holds two copies, and what the fixture says of host
/// functions. Nothing for a module that is rejected.
fn memory_allowed(fixture: &Fixture, output_bytes: u64) -> u64 {
    let limits = &fixture.policy.limits;
    let input = fixture.input.len() as u64;
    match fixture.expected {
        Expected::Reject(_) => 0,
        _ => {
            let kept = 2 * output_bytes + limits.log_bytes_max + 3 * input;
            limits.memory_bytes_max + kept + fixture.host_bytes
        }
    }
}

/// Processor time that the limits of the fixture let a run have. Where a trap loses the count of the
/// fuel, further runs search for a bound.
fn cpu_allowed(fixture: &Fixture) -> u64 {
    let wall_us = fixture.policy.limits.wall_us(fixture.input.len() as u64);
    match fixture.expected {
        Expected::Reject(_) => 0,
        _ => wall_us + FUEL_SEARCH_US + wall_us,
    }
}

/// The costs of all hostile fixtures, two processes at a time.
fn costs() -> Vec<(&'static Fixture, Result<Cost, String>)> {
    let hostile: Vec<&Fixture> = fixture::all()
        .iter()
        .filter(|fixture| fixture.name.starts_with("hostile/"))
        .collect();
    let next = AtomicUsize::new(0);
    let costs = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(fixture) = hostile.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let cost = cost(fixture);
                    costs.lock().unwrap().push((*fixture, cost));
                }
            });
        }
    });
    costs.into_inner().unwrap()
}

#[test]
fn every_hostile_fixture_costs_no_more_than_its_limits() {
    let baseline = cost(fixture::named(BASELINE)).unwrap();
    let mut wrong = String::new();
    let mut seen = Vec::new();
    for (fixture, cost) in costs() {
        let cost = match cost {
            Ok(cost) => cost,
            Err(why) => {
                writeln!(wrong, "{}: {why}", fixture.name).unwrap();
                continue;
            }
        };
        let growth = cost.resident_bytes.saturating_sub(baseline.resident_bytes);
        let memory_max = memory_allowed(fixture, cost.output_bytes) + MEMORY_MARGIN_BYTES;
        let cpu_max = cpu_allowed(fixture) + CPU_MARGIN_US;
        if growth > memory_max {
            writeln!(
                wrong,
                "{}: {growth} bytes of memory; {memory_max} are allowed",
                fixture.name
            )
            .unwrap();
        }
        if cost.cpu_us > cpu_max {
            writeln!(
                wrong,
                "{}: {} us of processor time; {cpu_max} are allowed",
                fixture.name, cost.cpu_us
            )
            .unwrap();
        }
        seen.push((growth, cost.cpu_us, fixture));
    }
    print_largest(
        "memory over the baseline",
        "KiB",
        &mut seen,
        |(growth, _, _)| growth >> 10,
    );
    print_largest("processor time", "ms", &mut seen, |(_, cpu_us, _)| {
        cpu_us / 1_000
    });
    assert!(wrong.is_empty(), "baseline {baseline:?}\n{wrong}");
}

type Seen = (u64, u64, &'static Fixture);

fn print_largest(what: &str, unit: &str, seen: &mut [Seen], key: impl Fn(&Seen) -> u64) {
    seen.sort_by_key(|entry| std::cmp::Reverse(key(entry)));
    println!("{what} of {} fixtures, the largest:", seen.len());
    for entry in seen.iter().take(10) {
        println!("{:>9} {unit} {}", key(entry), entry.2.name);
    }
}
