//! Running what an oracle made, and what must hold for every run.

use std::sync::OnceLock;

use tenzik_runtime::{
    EngineOptions, Examination, Input, InputStream, Limits, Outcome, Policy, RunRequest, Runtime,
    Status,
};

/// Capsules that an engine keeps compiled. Few, since hardly any module comes twice.
const CACHE_MODULES_MAX: usize = 8;

/// Wall time that a run gets where what it does is looked at, and not how fast the machine is.
pub(crate) const PATIENT_US: u64 = 600_000_000;

/// How much longer than its wall limit a run may take: the machine may be busy with other things.
const WALL_MARGIN_US: u64 = 10_000_000;

const NOW_MS: i64 = 1_763_596_800_000;
const SEED: u64 = 7;

/// A way to run that must not change what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Pooled,
    OnDemand,
    /// With the fastest code from the first run on.
    Optimised,
    /// An input of unknown length, so that compiled code has to look at the clock.
    PooledWithClock,
    OnDemandWithClock,
}

impl Way {
    pub(crate) const ALL: [Way; 5] = [
        Way::Pooled,
        Way::Optimised,
        Way::OnDemand,
        Way::PooledWithClock,
        Way::OnDemandWithClock,
    ];

    fn runtime(self) -> &'static Runtime {
        static POOLED: OnceLock<Runtime> = OnceLock::new();
        static ON_DEMAND: OnceLock<Runtime> = OnceLock::new();
        static OPTIMISED: OnceLock<Runtime> = OnceLock::new();
        let (runtime, pool_instances, optimise_after_us) = match self {
            Way::Pooled | Way::PooledWithClock => (&POOLED, 4, Some(5_000)),
            Way::Optimised => (&OPTIMISED, 4, Some(0)),
            Way::OnDemand | Way::OnDemandWithClock => (&ON_DEMAND, 0, None),
        };
        runtime.get_or_init(|| {
            let options = EngineOptions {
                pool_instances,
                cache_modules_max: CACHE_MODULES_MAX,
                optimise_after_us,
                code_store: None,
            };
            Runtime::new(&options).unwrap()
        })
    }

    fn input(self, bytes: &[u8]) -> Input {
        match self {
            Way::Pooled | Way::Optimised | Way::OnDemand => Input::from(bytes),
            Way::PooledWithClock | Way::OnDemandWithClock => Input::Stream(Box::new(Unsized {
                bytes: bytes.to_vec(),
                offset: 0,
            })),
        }
    }
}

/// Bytes that do not say how many they are.
struct Unsized {
    bytes: Vec<u8>,
    offset: usize,
}

impl InputStream for Unsized {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.bytes[self.offset..];
        let count = rest.len().min(buffer.len()).min(777);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.offset += count;
        Ok(count)
    }

    fn rewind(&mut self) -> std::io::Result<bool> {
        self.offset = 0;
        Ok(true)
    }
}

/// Runs an admitted module. An engine that fails breaks a promise.
pub(crate) fn run(examination: &Examination, input: &[u8], way: Way) -> Outcome {
    let (capsule, permit) = examination.admitted().unwrap();
    let input = way.input(input);
    let prepared = way
        .runtime()
        .prepare_for(capsule, permit.limits(), &input)
        .unwrap();
    let mut request = RunRequest::new(input, NOW_MS, SEED);
    request.commit = true;
    let outcome = way.runtime().execute(&prepared, permit, request).unwrap();
    assert_within(permit.limits(), &outcome);
    outcome
}

/// The verdict on a module that must be accepted, under the default policy but for the time.
pub(crate) fn admitted(module: &[u8]) -> Examination {
    let mut policy = Policy::default();
    policy.limits.wall_us_base = PATIENT_US;
    let examination = Examination::of(module, &policy);
    assert!(
        examination.admitted().is_some(),
        "{:#?}",
        examination.findings()
    );
    examination
}

/// Every use is within its limit.
///
/// # Panics
/// When one is not.
pub fn assert_within(limits: &Limits, outcome: &Outcome) {
    let usage = &outcome.usage;
    let uses = [
        ("fuel", usage.fuel, limits.fuel(usage.input_bytes)),
        ("memory", usage.memory_bytes, limits.memory_bytes_max),
        ("input", usage.input_bytes, limits.input_bytes_max),
        (
            "output",
            usage.output_bytes,
            limits.output_bytes(usage.input_bytes),
        ),
        ("log", usage.log_bytes, limits.log_bytes_max),
        // The call that is refused is counted, too.
        (
            "host calls",
            usage.host_calls,
            limits.host_calls(usage.input_bytes) + 1,
        ),
        (
            "wall",
            usage.wall_us,
            limits
                .wall_us(usage.input_bytes)
                .saturating_add(WALL_MARGIN_US),
        ),
    ];
    for (what, used, allowed) in uses {
        assert!(
            used <= allowed,
            "used {used} of {what}; {allowed} are allowed: {:?}",
            outcome.status
        );
    }
    assert_eq!(outcome.output.len() as u64, usage.output_bytes);
}

/// Two runs of the same came to the same.
///
/// # Panics
/// When they did not. A run that only the machine ended, by its clock, proves nothing.
pub fn assert_same(first: &Outcome, second: &Outcome) {
    let machine_bound = |outcome: &Outcome| matches!(&outcome.status, Status::Fault(fault) if fault.machine_bound());
    if machine_bound(first) || machine_bound(second) {
        return;
    }
    match (&first.status, &second.status) {
        // Of several accesses that trap alike, optimised code may come to another one first.
        (Status::Fault(first), Status::Fault(second)) => assert_eq!(first.code, second.code),
        (first, second) => assert_eq!(first, second),
    }
    assert_eq!(first.usage.fuel_exact, second.usage.fuel_exact);
    if first.usage.fuel_exact {
        assert_eq!(first.usage.fuel, second.usage.fuel, "{:?}", first.status);
    }
    assert_eq!(
        first.usage.host_calls_by_function,
        second.usage.host_calls_by_function
    );
    assert_eq!(first.usage.memory_bytes, second.usage.memory_bytes);
    assert_eq!(first.usage.input_bytes, second.usage.input_bytes);
    assert_eq!(first.output, second.output);
    assert_eq!(first.log, second.log);
    assert_eq!(
        first.commitments.map(|commitments| commitments.output),
        second.commitments.map(|commitments| commitments.output)
    );
}
