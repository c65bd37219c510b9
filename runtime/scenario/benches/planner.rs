//! What planning costs: reading and planning scenarios of 1,000 and 10,000 steps, half of them a chain
//! by data, half with a condition. It has to be linear; the last line says by how much the cost of a
//! step grows.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use tenzik_host_abi::CapabilitySet;
use tenzik_policy::{Policy, Profile};
use tenzik_scenario::Scenario;
use tenzik_scenario::plan::{
    CapsuleFacts, Missing, Plan, PlanRequest, PlanWorld, ProgramFacts, plan,
};

const SIZES: [usize; 2] = [1_000, 10_000];

/// A machine with one capsule.
struct World;

fn none() -> Missing {
    Missing {
        code: "machine_failure",
        message: "there is none".to_owned(),
        remedy: String::new(),
    }
}

impl PlanWorld for World {
    fn policy(&self, _: &str) -> Result<Policy, Missing> {
        Err(none())
    }

    fn default_policy(&self) -> Policy {
        Profile::default().policy()
    }

    fn bounded(&self, policy: Policy) -> Policy {
        policy
    }

    fn capsule(&self, word: &str, _: &Policy) -> Result<CapsuleFacts, Missing> {
        Ok(CapsuleFacts {
            word: word.to_owned(),
            id: "00".repeat(32),
            needs: CapabilitySet::default(),
            bytes: 100,
        })
    }

    fn program(&self, _: &Path) -> Result<ProgramFacts, Missing> {
        Err(none())
    }
}

/// A scenario of so many steps.
fn text(steps: usize) -> String {
    let mut text =
        "version: 1\nname: big\nvars: { limit: 5 }\nsteps:\n  - { id: s0, run: echo }\n".to_owned();
    for number in 1..steps {
        let written = if number % 2 == 0 {
            let input = format!("${{{{ steps.s{}.output }}}}", number - 2);
            writeln!(
                text,
                "  - {{ id: s{number}, run: {{ capsule: echo, input: \"{input}\" }} }}"
            )
        } else {
            writeln!(
                text,
                "  - {{ id: s{number}, run: echo, when: vars.limit > 4 && vars.limit < 9 }}"
            )
        };
        written.expect("a string can be written to");
    }
    text
}

fn planned(text: &str) -> Plan {
    let scenario = Scenario::parse(text).expect("the scenario is well-formed");
    let request = PlanRequest {
        scenario: &scenario,
        source: text,
        directory: PathBuf::from("/"),
        vars: &[],
    };
    plan(&request, &World).expect("the scenario has no problems")
}

fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for size in SIZES {
        let text = text(size);
        assert_eq!(planned(&text).nodes.len(), size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &text, |bencher, text| {
            bencher.iter(|| planned(text));
        });
    }
    group.finish();
    let per_step = SIZES.map(|size| {
        let text = text(size);
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let begin = Instant::now();
            let plan = planned(&text);
            best = best.min(begin.elapsed().as_secs_f64() / plan.nodes.len() as f64);
        }
        best
    });
    let [small, large] = per_step;
    println!(
        "cost of a step at 10,000 against 1,000 steps: {:.2}",
        large / small
    );
}

criterion_group!(benches, planning);
criterion_main!(benches);
