//! Memory of many live instances, and throughput of two threads.

use std::io;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tenzik_benches::ECHO;
use tenzik_runtime::{EngineOptions, Input, InputStream, RunRequest};

use crate::AnyError;
use crate::contender::tenzik::Tenzik;
use crate::contender::wasmi::Wasmi;
use crate::contender::wasmtime::{Code, text};
use crate::contender::{cosmwasm::Cosmwasm, extism as plugin};
use crate::guests::{COSMWASM_ECHO, EXTISM_ECHO};
use crate::measure::median;
use crate::scenario::name;

/// Stack of a thread that holds an instance.
const STACK_BYTES: usize = 2 << 20;

/// Time of one measurement of throughput.
const THROUGHPUT_TIME: Duration = Duration::from_millis(40);

/// Input that everybody waits for before the first byte, so that all runs are alive at once.
struct Gate(Arc<Barrier>, Arc<Barrier>);

impl InputStream for Gate {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.wait();
        self.1.wait();
        Ok(0)
    }
}

/// Resident bytes of `count` live instances, each measured in a process of its own.
///
/// # Errors
/// A process that fails.
pub fn measure(count: usize) -> Result<Vec<(&'static str, u64)>, AnyError> {
    let kinds = [
        ("threads", "threads alone, without instances"),
        ("tenzik", name::TENZIK),
        ("extism", "Extism, plugins"),
        ("cosmwasm", "cosmwasm-vm, instances"),
        ("wasmi", "wasmi, instances"),
    ];
    let program = std::env::current_exe()?;
    let mut results = Vec::new();
    for (what, name) in kinds {
        let output = Command::new(&program)
            .args(["--live", what, &count.to_string()])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let bytes = text.trim().parse().map_err(|_| {
            let error = String::from_utf8_lossy(&output.stderr);
            format!("{name}: {error}")
        })?;
        results.push((name, bytes));
    }
    Ok(results)
}

/// What this process holds more with `count` instances of `what` than before.
pub fn resident_bytes_of(what: &str, count: usize) -> Result<u64, AnyError> {
    match what {
        "threads" => parked(count, |gate| {
            let mut gate = gate;
            gate.read(&mut [])?;
            Ok(())
        }),
        "tenzik" => {
            let options = EngineOptions {
                pool_instances: u32::try_from(count)?,
                ..EngineOptions::default()
            };
            let tenzik = Tenzik::new(&options)?;
            let admitted = tenzik.admit(ECHO)?;
            parked(count, |gate| {
                let request = RunRequest::new(Input::Stream(Box::new(gate)), 0, 0);
                let (prepared, permit) = (&admitted.prepared, &admitted.permit);
                tenzik.runtime.execute(prepared, permit, request)?;
                Ok(())
            })
        }
        "extism" => {
            let compiled = plugin::compile(&wat::parse_str(EXTISM_ECHO)?)?;
            let input: Arc<[u8]> = Arc::from([b'x'; 1_024]);
            held(count, || {
                let mut plugin = extism::Plugin::new_from_compiled(&compiled)?;
                plugin::run(&mut plugin, &input)?;
                Ok(plugin)
            })
        }
        "cosmwasm" => {
            let cosmwasm = Cosmwasm::new()?;
            let contract = cosmwasm.store(&wat::parse_str(COSMWASM_ECHO)?)?;
            cosmwasm.pin(&contract)?;
            held(count, || cosmwasm.instance(&contract))
        }
        "wasmi" => {
            let wasmi = Wasmi::new(ECHO)?;
            held(count, || wasmi.instance())
        }
        _ => Err(format!("{what} is not measured").into()),
    }
}

/// One thread for each run; all of them wait in their first read while memory is looked at.
fn parked(
    count: usize,
    run: impl Fn(Gate) -> Result<(), AnyError> + Sync,
) -> Result<u64, AnyError> {
    let arrived = Arc::new(Barrier::new(count + 1));
    let leave = Arc::new(Barrier::new(count + 1));
    let before = resident_bytes()?;
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..count {
            let gate = Gate(Arc::clone(&arrived), Arc::clone(&leave));
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            threads.push(thread.spawn_scoped(scope, || run(gate))?);
        }
        arrived.wait();
        let after = resident_bytes();
        leave.wait();
        for thread in threads {
            thread.join().map_err(|_| "a thread died")??;
        }
        Ok(after?.saturating_sub(before))
    })
}

fn held<T>(count: usize, make: impl Fn() -> Result<T, AnyError>) -> Result<u64, AnyError> {
    let first = make()?;
    let before = resident_bytes()?;
    let instances = (0..count).map(|_| make()).collect::<Result<Vec<T>, _>>()?;
    let after = resident_bytes()?;
    drop((first, instances));
    Ok(after.saturating_sub(before))
}

fn resident_bytes() -> Result<u64, AnyError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes << 10)
}

/// Runs of two threads for each run of one in the same time: echo of 1 KB.
///
/// # Errors
/// A run that fails.
pub fn threads(rounds: usize) -> Result<Vec<(&'static str, f64)>, AnyError> {
    let input: Arc<[u8]> = Arc::from([b'x'; 1_024]);
    let floor = Code::new()?.compile(ECHO)?;
    let options = EngineOptions::default();
    let shared = Tenzik::new(&options)?;
    let admitted = shared.admit(ECHO)?;
    let (left, right) = (Tenzik::new(&options)?, Tenzik::new(&options)?);
    let (left_admitted, right_admitted) = (left.admit(ECHO)?, right.admit(ECHO)?);
    shared.warm_up(&admitted, &input)?;
    left.warm_up(&left_admitted, &input)?;
    right.warm_up(&right_admitted, &input)?;
    type Job<'a> = Box<dyn Fn(usize) -> Result<(), AnyError> + Sync + 'a>;
    let jobs: [(&'static str, Job<'_>); 3] = [
        (
            name::FLOOR,
            Box::new(|_| floor.run(&input).map(drop).map_err(text)),
        ),
        (
            "**tenzik**, one engine for both",
            Box::new(|_| shared.run(&admitted, &input).map(drop)),
        ),
        (
            "**tenzik**, one engine each",
            Box::new(|thread| {
                let (own, admitted) = match thread {
                    0 => (&left, &left_admitted),
                    _ => (&right, &right_admitted),
                };
                own.run(admitted, &input).map(drop)
            }),
        ),
    ];
    let mut ratios = vec![Vec::new(); jobs.len()];
    for _ in 0..=rounds {
        for ((_, job), ratios) in jobs.iter().zip(&mut ratios) {
            let one = throughput(job, 1)?;
            let two = throughput(job, 2)?;
            ratios.push(two / one);
        }
    }
    let names = jobs.iter().map(|(name, _)| *name);
    Ok(names.zip(ratios.into_iter().map(median)).collect())
}

/// Runs per second of `threads` threads together.
fn throughput(
    job: &(dyn Fn(usize) -> Result<(), AnyError> + Sync),
    threads: usize,
) -> Result<f64, AnyError> {
    let start = Instant::now();
    let counts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut count = 0_u64;
                    while start.elapsed() < THROUGHPUT_TIME {
                        for _ in 0..64 {
                            job(thread)?;
                        }
                        count += 64;
                    }
                    Ok::<u64, AnyError>(count)
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a thread died")?)
            .sum::<Result<u64, AnyError>>()
    })?;
    Ok(counts as f64 / start.elapsed().as_secs_f64())
}
