//! What a pure step costs beside the capsule's own time: driver, loop and journal, with a performer that
//! does nothing, and with one that stores an output and is remembered.
//!
//! `cargo bench -p tenzik-scenario --bench loop [STEPS]`. The journal is in the directory for temporary
//! files.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tenzik_journal::{ArtifactStore, Durability, Journal, JournalOptions};
use tenzik_policy::Policy;
use tenzik_scenario::driver::{Driver, DriverOptions, Event, JobStart, RunEnd};
use tenzik_scenario::execute::{
    AdmitAll, ArtifactSink, PerformError, Performed, Performer, RunOptions, StopFlag, World, run,
};
use tenzik_scenario::plan::{AfterError, Node, NodeKind, Plan, StagePlan};
use tenzik_scenario::{Effect, OutputFormat, Place, RunInput, WorkEnding};

/// Steps of a plan unless an argument says otherwise.
const STEPS: usize = 10_000;

/// Runs of which the fastest and the median are told.
const ROUNDS: usize = 5;

/// How steps hang together.
#[derive(Clone, Copy)]
enum Shape {
    /// None needs another one.
    Wide,
    /// Each needs the one before.
    Chain,
}

fn plan(steps: usize, shape: Shape) -> Arc<Plan> {
    let policy = Arc::new(Policy::default());
    let node = |index: usize| Node {
        id: format!("step-{index}"),
        place: Place::default(),
        name: None,
        parent: None,
        needs: match (shape, index) {
            (Shape::Chain, 1..) => vec![index - 1],
            _ => Vec::new(),
        },
        after: Vec::new(),
        when: None,
        kind: NodeKind::Run {
            stage: StagePlan {
                capsule: "echo".to_owned(),
                capsule_id: "0".repeat(64),
                policy: Arc::clone(&policy),
                policy_name: None,
                is_pure: true,
                adapter: "local".to_owned(),
            },
            input: RunInput::Empty,
            output: OutputFormat::Text,
            seed: None,
        },
        effect: Effect::Pure,
        timeout_ms: Some(60_000),
        retries: None,
        on_error: AfterError::Stop,
        session: None,
    };
    Arc::new(Plan {
        name: "bench".to_owned(),
        directory: PathBuf::from("/"),
        digest: "0".repeat(64),
        vars: Map::new(),
        fixed_vars: Vec::new(),
        concurrency: 4,
        timeout_ms: None,
        tools: Vec::new(),
        nodes: (0..steps).map(node).collect(),
    })
}

/// Does nothing, or stores what it is called.
struct Idle {
    stores: bool,
}

impl Performer for Idle {
    fn perform(
        &self,
        job: &JobStart,
        _: &str,
        _: &StopFlag,
        sink: &dyn ArtifactSink,
    ) -> Result<Performed, PerformError> {
        let mut performed = Performed::ended(WorkEnding::Ok);
        performed.result.output = Value::from("done");
        if self.stores {
            let stored = sink
                .put(job.key.path.as_bytes(), Durability::Pure)
                .map_err(|error| PerformError::new(error.to_string()))?;
            performed.result.artifacts = vec![stored.named("output")];
            performed.memo_key = self.memo_key(job);
        }
        Ok(performed)
    }

    fn memo_key(&self, job: &JobStart) -> Option<String> {
        let key = || blake3::hash(job.key.path.as_bytes()).to_hex().to_string();
        self.stores.then(key)
    }

    fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }
}

/// The driver alone.
fn drive(plan: &Arc<Plan>) -> Duration {
    let begun = Instant::now();
    let options = DriverOptions {
        seed: [7; 32],
        session: None,
    };
    let mut driver = Driver::new(Arc::clone(plan), options).expect("a plan that ends");
    let mut actions = driver.handle(Event::Begin).expect("an event that fits");
    while let Some(action) = actions.pop() {
        if let tenzik_scenario::driver::Action::Start(start) = action {
            let mut result = Performed::ended(WorkEnding::Ok).result;
            result.output = Value::from("done");
            let event = Event::JobEnded {
                job: start.key,
                result,
            };
            actions.extend(driver.handle(event).expect("an event that fits"));
        }
    }
    begun.elapsed()
}

/// A whole run. With `twice` it is the second one over the same journal.
fn execute(plan: &Arc<Plan>, performer: &Idle, twice: bool) -> Duration {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal.db");
    let journal = Journal::open(&path, &JournalOptions::default()).expect("a journal");
    let journal = Arc::new(journal);
    let store = ArtifactStore::open(Arc::clone(&journal)).expect("a store");
    let mut elapsed = Duration::ZERO;
    for round in 0..=u8::from(twice) {
        let options = RunOptions {
            run: format!("{round:032x}"),
            session: None,
            reuse: true,
        };
        let mut world = World {
            journal: &*journal,
            performer,
            sink: &store,
            admission: &mut AdmitAll,
            now_ms: &|| 1_763_596_800_000,
            cancelled: &AtomicBool::new(false),
            force: &|| {},
            subscribers: &mut [],
        };
        let begun = Instant::now();
        let summary = run(plan, "", [7; 32], &options, &mut world).expect("a run");
        elapsed = begun.elapsed();
        assert_eq!(summary.end, RunEnd::Ok);
    }
    elapsed
}

/// Tells the median and the fastest of the rounds, and the least processor time, which says more where
/// the machine has other work.
fn report(what: &str, steps: usize, mut measure: impl FnMut() -> Duration) {
    let mut processor = Duration::MAX;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let before = processor_time();
        times.push(measure());
        processor = processor.min(processor_time().saturating_sub(before));
    }
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / steps as f64;
    println!(
        "{what:50} {:8.2} µs a step, fastest {:8.2} µs, processor {:8.2} µs",
        micros(times.get(ROUNDS / 2).copied().unwrap_or_default()),
        micros(times.first().copied().unwrap_or_default()),
        micros(processor),
    );
}

/// Processor time of this process so far, of all threads.
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

fn main() {
    let given = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let steps: usize = given.unwrap_or(STEPS);
    let (wide, chain) = (plan(steps, Shape::Wide), plan(steps, Shape::Chain));
    let (idle, stores) = (Idle { stores: false }, Idle { stores: true });
    println!("{steps} steps, 4 threads, median of {ROUNDS} runs");
    report("driver alone, wide", steps, || drive(&wide));
    report("driver alone, chain", steps, || drive(&chain));
    report("driver, loop, journal: wide", steps, || {
        execute(&wide, &idle, false)
    });
    report("driver, loop, journal: chain", steps, || {
        execute(&chain, &idle, false)
    });
    report("with an output stored and remembered: wide", steps, || {
        execute(&wide, &stores, false)
    });
    report("second run, every result used again: wide", steps, || {
        execute(&wide, &stores, true)
    });
}
