//! What the driver costs per step, beside nothing else: chains, independent steps and loops of 1,000,
//! 10,000 and 100,000 steps. Every shape has to be linear, so the cost of a step must not grow with
//! the number of steps; the last lines say by how much it does.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use serde_json::{Map, Value};
use tenzik_scenario::driver::{Action, Driver, DriverOptions, Event};
use tenzik_scenario::plan::{AfterError, Block, Node, NodeKind, Plan, StagePlan};
use tenzik_scenario::{
    Effect, OutputFormat, Place, RunInput, ValueTemplate, WorkEnding, WorkResult, WorkUsage,
};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn node(index: usize) -> Node {
    Node {
        id: format!("step-{index}"),
        place: Place::default(),
        name: None,
        parent: None,
        needs: Vec::new(),
        after: Vec::new(),
        when: None,
        kind: NodeKind::Run {
            stage: StagePlan {
                capsule: "echo".to_owned(),
                capsule_id: "00".repeat(32),
                policy: Arc::default(),
                policy_name: None,
                is_pure: true,
                adapter: "local".to_owned(),
            },
            input: RunInput::Empty,
            output: OutputFormat::Text,
            seed: None,
        },
        effect: Effect::Pure,
        timeout_ms: None,
        retries: None,
        on_error: AfterError::Stop,
        session: None,
    }
}

fn plan(nodes: Vec<Node>) -> Arc<Plan> {
    Arc::new(Plan {
        name: "bench".to_owned(),
        directory: PathBuf::new(),
        digest: String::new(),
        vars: Map::new(),
        fixed_vars: Vec::new(),
        concurrency: 4,
        timeout_ms: None,
        tools: Vec::new(),
        nodes,
    })
}

/// Each step needs the one before.
fn chain(count: usize) -> Arc<Plan> {
    plan(
        (0..count)
            .map(|index| Node {
                needs: index.checked_sub(1).into_iter().collect(),
                ..node(index)
            })
            .collect(),
    )
}

/// No step needs another.
fn independent(count: usize) -> Arc<Plan> {
    plan((0..count).map(node).collect())
}

/// One step for each item of a list.
fn items(count: usize) -> Arc<Plan> {
    let list = vec![Value::Null; count];
    let mut owner = node(0);
    owner.kind = NodeKind::ForEach {
        items: ValueTemplate::Literal(Value::Array(list), Place::default()),
        binding: "item".to_owned(),
        index_binding: "index".to_owned(),
        parallel: 4,
        items_max: u32::MAX,
        collect: None,
    };
    let mut body = node(1);
    body.parent = Some((0, Block::Body));
    plan(vec![owner, body])
}

fn driver(plan: &Arc<Plan>) -> Driver {
    let options = DriverOptions {
        seed: [0; 32],
        session: None,
    };
    Driver::new(Arc::clone(plan), options).expect("the plan can be driven")
}

/// Drives a plan to its end, every job succeeding in the order of their starts; how many events.
fn drive(mut driver: Driver) -> usize {
    let result = WorkResult {
        ending: WorkEnding::Ok,
        output: Value::Null,
        artifacts: Vec::new(),
        usage: WorkUsage::default(),
        reused: false,
    };
    let mut started = VecDeque::new();
    let mut events = 0;
    let mut next = Some(Event::Begin);
    while let Some(event) = next {
        events += 1;
        for action in driver.handle(event).expect("the event fits") {
            if let Action::Start(start) = action {
                started.push_back(start.key);
            }
        }
        let result = result.clone();
        next = started
            .pop_front()
            .map(|job| Event::JobEnded { job, result });
    }
    assert!(driver.is_finished());
    events
}

type Shape = (&'static str, fn(usize) -> Arc<Plan>);

const SHAPES: [Shape; 3] = [
    ("chain", chain),
    ("independent", independent),
    ("items", items),
];

fn shapes(criterion: &mut Criterion) {
    for (name, shape) in SHAPES {
        let mut group = criterion.benchmark_group(format!("driver_{name}"));
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        for count in SIZES {
            let plan = shape(count);
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| drive(driver(&plan)));
            });
        }
        group.finish();
    }
}

/// Nanoseconds per step of the fastest of five runs.
fn per_step(plan: &Arc<Plan>, count: usize) -> f64 {
    (0..5)
        .map(|_| {
            let begin = Instant::now();
            drive(driver(plan));
            begin.elapsed().as_nanos() as f64 / count as f64
        })
        .fold(f64::INFINITY, f64::min)
}

fn linearity(_: &mut Criterion) {
    for (name, shape) in SHAPES {
        let costs: Vec<f64> = SIZES
            .iter()
            .map(|&count| per_step(&shape(count), count))
            .collect();
        let shown: Vec<String> = SIZES
            .iter()
            .zip(&costs)
            .map(|(count, cost)| format!("{cost:.0} ns at {count}"))
            .collect();
        let ratio = costs[2] / costs[0];
        println!("{name}: per step {}; ratio {ratio:.2}", shown.join(", "));
    }
}

criterion_group!(benches, shapes, linearity);
criterion_main!(benches);
