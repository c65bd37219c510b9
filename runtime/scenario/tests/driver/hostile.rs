//! Journals and plans as an attacker would write them: an error, never a panic, and nothing changes.

use std::sync::Arc;

use serde_json::json;
use tenzik_scenario::WorkEnding;
use tenzik_scenario::driver::{
    Assumed, Driver, DriverOptions, Event, EventError, JobKey, PlanFault, TimerId,
};
use tenzik_scenario::plan::{Block, Plan};

use super::simulator::{Chance, Expressions, generate};
use super::{notation, outline};

fn driver(plan: Plan) -> Result<Driver, PlanFault> {
    let options = DriverOptions {
        seed: [0; 32],
        session: None,
    };
    Driver::new(Arc::new(plan), options)
}

fn random_event(chance: &mut Chance, paths: &[Arc<str>]) -> Event {
    let job = JobKey {
        path: Arc::clone(chance.pick(paths)),
        attempt: u32::try_from(chance.below(4)).expect("small"),
    };
    let endings = [
        WorkEnding::Ok,
        WorkEnding::Cancelled,
        WorkEnding::TimedOut { timeout_ms: 0 },
    ];
    match chance.below(12) {
        0 => Event::Begin,
        1 if chance.percent(10) => Event::Cancel,
        2 if chance.percent(10) => Event::RunTimedOut,
        3 => Event::Assume {
            path: job.path,
            assumed: Assumed::Failed,
        },
        4 => Event::Assume {
            path: job.path,
            assumed: Assumed::Done,
        },
        5 | 6 => Event::TimerFired {
            timer: TimerId(job),
        },
        7 => Event::JobLost { job },
        _ => Event::JobEnded {
            job,
            result: notation::result(chance.pick(&endings).clone(), json!([1])),
        },
    }
}

#[test]
fn random_journals_are_refused_without_a_trace() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..200 {
        let mut chance = Chance::new(seed);
        let plan = generate::plan(&mut chance, Expressions::Mixed);
        let mut paths: Vec<Arc<str>> = plan
            .nodes
            .iter()
            .map(|node| Arc::from(node.id.as_str()))
            .collect();
        paths.extend(["", "s0[0].s1", "s0[99999999999].s1", "\u{0}", "s1[0]"].map(Arc::from));
        let mut driver = driver(plan).expect("the plan ends");
        for _ in 0..60 {
            let before = format!("{driver:?}");
            match driver.handle(random_event(&mut chance, &paths)) {
                Ok(_) => {
                    taken += 1;
                    paths = driver.steps().map(|step| step.path).collect();
                    paths.push(Arc::from("nobody"));
                }
                Err(_) => {
                    refused += 1;
                    assert_eq!(before, format!("{driver:?}"), "seed {seed}");
                }
            }
        }
    }
    assert!(taken > 500 && refused > 500, "{taken} {refused}");
}

#[test]
fn names_in_refusals_are_escaped() {
    let mut driver = driver(outline::plan("a job")).expect("the plan ends");
    driver.handle(Event::Begin).expect("it begins");
    let path: Arc<str> = Arc::from("a\u{1b}[31m");
    let refused = driver.handle(Event::JobLost {
        job: JobKey { path, attempt: 1 },
    });
    let message = refused.map_err(|error| error.to_string());
    assert_eq!(
        message.err().as_deref(),
        Some("the run has no step a\\u{1b}[31m")
    );
}

#[test]
fn a_second_outcome_is_refused() {
    let mut driver = driver(outline::plan("a job\nb job")).expect("the plan ends");
    for line in ["begin", "ok a#1"] {
        driver.handle(notation::event(line)).expect("it fits");
    }
    let again = driver.handle(notation::event("ok a#1"));
    assert!(matches!(
        again,
        Err(EventError::NotRunning { state: "ok", .. })
    ));
}

fn fault(plan: Plan) -> PlanFault {
    driver(plan).expect_err("the plan is refused")
}

#[test]
fn plans_that_would_never_end_are_refused() {
    let cycle = "a job needs=b\nb job needs=a";
    assert!(matches!(
        fault(outline::plan(cycle)),
        PlanFault::Cycle { .. }
    ));
    let through_a_block = "a job needs=c\nb if true\n  then:\n    c job needs=d\nd job needs=b";
    assert!(matches!(
        fault(outline::plan(through_a_block)),
        PlanFault::Cycle { .. }
    ));
    let on_a_fallback = "b if true\n  then:\n    c job needs=d\n  fallback:\n    d job";
    assert!(matches!(
        fault(outline::plan(on_a_fallback)),
        PlanFault::Cycle { .. }
    ));
    let into_a_loop = "l loop [1]\n  do:\n    a job\nb job needs=a";
    assert!(matches!(
        fault(outline::plan(into_a_loop)),
        PlanFault::Invisible { .. }
    ));
    let mut twice = outline::plan("a job\nb job");
    twice.nodes[1].id = "a".to_owned();
    assert!(matches!(fault(twice), PlanFault::DuplicateId { .. }));
    for (needs, parent) in [
        (vec![7], None),
        (vec![0], None),
        (vec![], Some((3, Block::Then))),
        (vec![], Some((0, Block::Then))),
    ] {
        let mut plan = outline::plan("a job\nb job");
        plan.nodes[0].needs = needs;
        plan.nodes[0].parent = parent;
        assert!(matches!(fault(plan), PlanFault::BadReference { .. }));
    }
    let mut body = outline::plan("a job\nb job");
    body.nodes[1].parent = Some((0, Block::Body));
    assert!(matches!(fault(body), PlanFault::BadReference { .. }));
}

#[test]
fn deep_nesting_takes_no_stack() {
    let mut plan = outline::plan("a job\nb job");
    plan.nodes.clear();
    for depth in 0..20_000 {
        let mut node = outline::job(&format!("s{depth}"));
        node.kind = tenzik_scenario::plan::NodeKind::If(outline::expression("true"));
        node.parent = (depth > 0).then(|| (depth - 1, Block::Then));
        plan.nodes.push(node);
    }
    let mut driver = driver(plan).expect("the plan ends");
    driver.handle(Event::Begin).expect("it begins");
    assert!(driver.is_finished());
}

#[test]
fn nothing_in_a_plan_is_an_end_at_once() {
    let mut driver = driver(outline::empty()).expect("the plan ends");
    let actions = driver.handle(Event::Begin).expect("it begins");
    assert_eq!(actions.len(), 1);
    assert!(driver.is_finished());
}
