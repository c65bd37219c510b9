//! Runs that are not interrupted.

use std::sync::atomic::Ordering;

use tenzik_journal::{Durability, Request, RowKind};
use tenzik_scenario::Effect;
use tenzik_scenario::driver::{RunEnd, StepState};
use tenzik_scenario::execute::{
    Admission, Admit, AdmitAll, EventSubscriber, RunError, RunEvent, RunOptions, World, run,
};

use super::world::{Does, RUN, Scene, for_each, inside, retried, states, step};

#[test]
fn a_job_is_written_down_before_and_after() {
    let scene = Scene::new(vec![step("a", Effect::AtMostOnce, &[])], &[]);
    let (summary, events) = scene.run();
    let summary = summary.unwrap();
    assert_eq!(summary.end, RunEnd::Ok);
    assert_eq!(states(&summary), [("a".to_owned(), "ok")]);
    assert_eq!(
        scene.journal.kinds(),
        [
            "run_started",
            "admitted",
            "intent",
            "outcome",
            "settled",
            "run_ended"
        ]
    );
    let outcome = &scene.journal.rows.lock().unwrap()[3];
    assert!(
        outcome.body.contains(r#""session":"nightly""#),
        "{}",
        outcome.body
    );
    assert!(
        outcome.body.contains(r#""status":"ok""#),
        "{}",
        outcome.body
    );
    let told: Vec<&str> = events
        .0
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "run_started",
            "step_started",
            "step_ended",
            "step_settled",
            "run_ended"
        ]
    );
    let job = &scene.performer.calls_of("a")[0].2;
    assert_eq!(events.of("step_started")[0]["job"], job.as_str());
    assert_eq!(outcome.job.as_ref(), Some(job));
}

#[test]
fn only_effects_are_synchronised() {
    let scene = Scene::new(
        vec![
            step("a", Effect::Pure, &[]),
            step("b", Effect::Idempotent, &[0]),
        ],
        &[],
    );
    scene.run().0.unwrap();
    let transactions = scene.journal.transactions.lock().unwrap();
    let of = |kind: RowKind| {
        let found = transactions
            .iter()
            .filter(|(kinds, _)| kinds.contains(&kind));
        found.map(|(_, durability)| *durability).collect::<Vec<_>>()
    };
    // The outcome of the first job and the intent of the second one are one write.
    assert_eq!(of(RowKind::Intent), [Durability::Pure, Durability::Effect]);
    assert_eq!(
        of(RowKind::Outcome),
        [Durability::Effect, Durability::Effect]
    );
    assert_eq!(
        transactions[1].0,
        [
            RowKind::Outcome,
            RowKind::Settled,
            RowKind::Admitted,
            RowKind::Intent
        ]
    );
}

#[test]
fn failed_attempts_are_repeated() {
    let scene = Scene::new(
        vec![retried(step("a", Effect::Idempotent, &[]), 2)],
        &[("a", Does::Fails(2))],
    );
    let (summary, events) = scene.run();
    assert_eq!(summary.unwrap().end, RunEnd::Ok);
    let calls = scene.performer.calls_of("a");
    let attempts: Vec<u32> = calls.iter().map(|call| call.1).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert_ne!(calls[0].2, calls[1].2);
    assert_eq!(events.of("step_retry").len(), 2);
    let kinds = scene.journal.kinds();
    assert_eq!(kinds.iter().filter(|kind| **kind == "timer").count(), 2);
}

#[test]
fn panics_and_failures_of_the_machine_are_failed_steps() {
    for does in [Does::Panics, Does::Breaks] {
        let scene = Scene::new(vec![step("a", Effect::Pure, &[])], &[("a", does)]);
        let summary = scene.run().0.unwrap();
        assert_eq!(summary.end, RunEnd::Failed);
        let StepState::Failed { code, exit, .. } = &summary.settled[0].state else {
            panic!("{:?}", summary.settled)
        };
        assert_eq!((code.as_str(), *exit), ("machine_failure", 1));
    }
}

#[test]
fn jobs_end_at_their_timeout() {
    let mut node = step("a", Effect::AtMostOnce, &[]);
    node.timeout_ms = Some(20);
    let scene = Scene::new(vec![node], &[("a", Does::Waits)]);
    let (summary, events) = scene.run();
    assert_eq!(summary.unwrap().end, RunEnd::Failed);
    assert_eq!(events.of("step_ended")[0]["status"], "timed_out");
}

#[test]
fn the_time_of_a_run_ends_its_jobs() {
    let mut scene = Scene::new(
        vec![
            step("a", Effect::AtMostOnce, &[]),
            step("b", Effect::Pure, &[0]),
        ],
        &[("a", Does::Waits)],
    );
    let mut plan = (*scene.plan).clone();
    plan.timeout_ms = Some(20);
    scene.plan = plan.into();
    let (summary, events) = scene.run();
    let summary = summary.unwrap();
    assert_eq!(summary.end, RunEnd::TimedOut);
    assert_eq!(
        states(&summary),
        [("a".to_owned(), "cancelled"), ("b".to_owned(), "skipped")]
    );
    assert_eq!(events.of("run_stopping")[0]["cause"], "timed_out");
    assert!(scene.journal.kinds().contains(&"run_timed_out"));
}

#[test]
fn cancelling_ends_what_runs_and_starts_nothing_new() {
    let nodes = vec![
        step("a", Effect::AtMostOnce, &[]),
        step("b", Effect::Pure, &[0]),
    ];
    let scene = Scene::new(nodes, &[("a", Does::Waits)]);
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            scene.performer.wait_for("a");
            scene.cancelled.store(true, Ordering::Relaxed);
        });
        scene.run().0.unwrap()
    });
    assert_eq!(summary.end, RunEnd::Cancelled);
    assert_eq!(
        states(&summary),
        [("a".to_owned(), "cancelled"), ("b".to_owned(), "skipped")]
    );
}

#[test]
fn other_processes_can_cancel_a_run() {
    let scene = Scene::new(vec![step("a", Effect::Pure, &[])], &[("a", Does::Waits)]);
    let request = Request::Cancel { force: false };
    scene.journal.requests.lock().unwrap().push(request);
    assert_eq!(scene.run().0.unwrap().end, RunEnd::Cancelled);
    let kinds = scene.journal.kinds();
    assert_eq!(kinds.iter().filter(|kind| **kind == "cancel").count(), 1);
}

/// Queues the first question, refuses the jobs of a path, admits the others.
struct Guarded {
    asked: u32,
    refuse_from: u32,
}

impl Admission for Guarded {
    fn admit(&mut self, _: usize, _: bool) -> Admit {
        self.asked += 1;
        match self.asked {
            1 => Admit::Queue {
                reason: "busy".to_owned(),
            },
            asked if asked >= self.refuse_from => Admit::Refuse {
                code: "memory_guard".to_owned(),
                message: "81 % is used".to_owned(),
                remedy: "free memory".to_owned(),
                sample: Some(3),
            },
            _ => Admit::Now { sample: Some(2) },
        }
    }
}

#[test]
fn the_guard_queues_and_refuses() {
    let nodes = vec![step("a", Effect::Pure, &[]), step("b", Effect::Pure, &[0])];
    let scene = Scene::new(nodes, &[]);
    let mut guard = Guarded {
        asked: 0,
        refuse_from: 3,
    };
    let (summary, events) = scene.run_admitted(&mut guard);
    let summary = summary.unwrap();
    assert_eq!(
        states(&summary),
        [("a".to_owned(), "ok"), ("b".to_owned(), "failed")]
    );
    assert_eq!(events.of("step_queued")[0]["reason"], "busy");
    assert_eq!(events.of("step_ended")[1]["code"], "memory_guard");
    assert_eq!(
        scene.journal.kinds(),
        [
            "run_started",
            "queued",
            "intent",
            "outcome",
            "settled",
            "refused",
            "outcome",
            "settled",
            "run_ended"
        ]
    );
    assert!(scene.performer.calls_of("b").is_empty());
}

/// Never admits.
struct Closed;

impl Admission for Closed {
    fn admit(&mut self, _: usize, _: bool) -> Admit {
        Admit::Queue {
            reason: "busy".to_owned(),
        }
    }
}

/// Queues what is not pure until as many pure jobs were admitted.
struct Busy {
    pure: usize,
    running: Vec<usize>,
}

impl Admission for Busy {
    fn admit(&mut self, running: usize, is_pure: bool) -> Admit {
        if is_pure {
            self.pure = self.pure.saturating_sub(1);
        } else if self.pure > 0 {
            let reason = "busy".to_owned();
            return Admit::Queue { reason };
        }
        self.running.push(running);
        Admit::Now { sample: None }
    }
}

#[test]
fn pure_jobs_go_past_those_that_wait_for_the_machine() {
    let nodes = vec![
        step("a", Effect::Idempotent, &[]),
        step("b", Effect::AtMostOnce, &[]),
        step("c", Effect::Pure, &[]),
        step("d", Effect::Pure, &[2]),
    ];
    let scene = Scene::new(nodes, &[]);
    let mut busy = Busy {
        pure: 2,
        running: Vec::new(),
    };
    let (summary, events) = scene.run_admitted(&mut busy);
    assert_eq!(summary.unwrap().end, RunEnd::Ok);
    let queued = events.of("step_queued");
    assert_eq!(queued.len(), 2, "{queued:?}");
    let started = events.of("step_started");
    let order: Vec<&str> = started
        .iter()
        .map(|event| event["path"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["c", "d", "a", "b"]);
    // Only jobs that are not pure count as running.
    assert_eq!(busy.running, [0, 0, 0, 1]);
}

#[test]
fn queueing_ends_at_the_timeout_of_the_step() {
    let mut node = step("a", Effect::AtMostOnce, &[]);
    node.timeout_ms = Some(10);
    let scene = Scene::new(vec![node], &[]);
    let (summary, events) = scene.run_admitted(&mut Closed);
    assert_eq!(summary.unwrap().end, RunEnd::Failed);
    assert_eq!(events.of("step_ended")[0]["status"], "failed");
    assert!(scene.performer.calls_of("a").is_empty());
    assert!(!scene.journal.kinds().contains(&"intent"));
}

#[test]
fn pure_results_are_used_again_while_they_are_there() {
    let nodes = || {
        vec![
            step("a", Effect::Pure, &[]),
            step("b", Effect::Idempotent, &[]),
        ]
    };
    let mut scene = Scene::new(nodes(), &[]);
    scene.performer.memo = true;
    let first = scene.run().0.unwrap();
    let mut again = Scene::new(nodes(), &[]);
    again.performer.memo = true;
    again.sink = scene.sink.clone();
    again.journal.memo = std::mem::take(&mut scene.journal.memo);
    let second = again.run().0.unwrap();
    assert_eq!((first.steps.reused, second.steps.reused), (0, 1));
    assert!(again.performer.calls_of("a").is_empty());
    assert_eq!(again.performer.calls_of("b").len(), 1);
    assert_eq!(first.settled[0].output, second.settled[0].output);
    // What is gone is made again.
    let mut third = Scene::new(nodes(), &[]);
    third.performer.memo = true;
    third.journal.memo = std::mem::take(&mut again.journal.memo);
    assert_eq!(third.run().0.unwrap().steps.reused, 0);
    assert_eq!(third.performer.calls_of("a").len(), 1);
}

#[test]
fn items_of_a_loop_keep_their_places() {
    let nodes = vec![
        for_each("sweep", 20, &[]),
        inside(step("scan", Effect::Pure, &[]), 0),
    ];
    let scene = Scene::new(nodes, &[]);
    let (summary, events) = scene.run();
    let summary = summary.unwrap();
    assert_eq!(summary.steps.ok, 21);
    // How many there are is told before the first one begins.
    let settled = events.of("step_settled");
    assert_eq!(settled[0]["path"], "sweep");
    assert_eq!(settled[0]["state"], "running");
    assert_eq!(
        (&settled[0]["items"], &settled[0]["items_ended"]),
        (&20.into(), &0.into())
    );
    let told = settled.iter().filter(|event| event.get("items").is_some());
    assert_eq!(told.count(), 1);
    let sweep = &summary.settled[0];
    let expected: Vec<String> = (0..20).map(|item| format!("sweep[{item}].scan")).collect();
    assert_eq!(*sweep.output, serde_json::json!(expected));
}

#[test]
fn a_journal_that_fails_ends_everything_and_says_what_is_not_written() {
    let nodes = || {
        vec![
            step("a", Effect::AtMostOnce, &[]),
            step("b", Effect::Pure, &[0]),
        ]
    };
    // The first row, the intent, the outcome, the second outcome, the end.
    for fails_at in 1..=5 {
        let mut scene = Scene::new(nodes(), &[]);
        scene.journal.fails_at = Some(fails_at);
        let error = scene.run().0.unwrap_err();
        let RunError::Journal {
            message,
            unrecorded,
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(message, "no space left");
        let paths: Vec<&str> = unrecorded.iter().map(|(path, _)| path.as_str()).collect();
        let expected: &[&str] = match fails_at {
            3 => &["a"],
            4 => &["b"],
            _ => &[],
        };
        assert_eq!(paths, expected, "{fails_at}");
        let begun = scene.performer.calls_of("a").len();
        assert_eq!(begun, usize::from(fails_at > 2), "{fails_at}");
    }
}

#[test]
fn a_journal_that_fails_stops_jobs_that_run() {
    let nodes = vec![
        step("a", Effect::Pure, &[]),
        step("b", Effect::AtMostOnce, &[]),
    ];
    let mut scene = Scene::new(nodes, &[("b", Does::Waits)]);
    scene.journal.fails_at = Some(3);
    let error = scene.run().0.unwrap_err();
    let RunError::Journal { unrecorded, .. } = error else {
        panic!("{error}")
    };
    let paths: Vec<&str> = unrecorded.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["b", "a"]);
}

/// The field names of an object and of what is in it.
fn names(value: &serde_json::Value, into: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        for (name, value) in object {
            into.push(name.clone());
            names(value, into);
        }
    }
}

#[test]
fn every_field_of_events_is_documented() {
    let text = include_str!("../../../../docs/json.md");
    let (_, rest) = text.split_once("\n## scenario run\n").unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let mut stop = step("b", Effect::AtMostOnce, &[0]);
    stop.timeout_ms = Some(10);
    let nodes = vec![
        retried(step("a", Effect::Idempotent, &[]), 1),
        stop,
        step("c", Effect::Pure, &[1]),
    ];
    let does = [("a", Does::Fails(1)), ("b", Does::Waits)];
    let scene = Scene::new(nodes, &does);
    let mut guard = Guarded {
        asked: 0,
        refuse_from: 100,
    };
    let (_, events) = scene.run_admitted(&mut guard);
    let mut found = Vec::new();
    for event in &events.0 {
        names(event, &mut found);
        let name = event["event"].as_str().unwrap();
        assert!(section.contains(&format!("\"event\":\"{name}\"")), "{name}");
    }
    for name in found {
        let named = [format!("\"{name}\":"), format!("`{name}`")];
        assert!(named.iter().any(|named| section.contains(named)), "{name}");
    }
}

/// Panics when a job begins.
struct Panics;

impl EventSubscriber for Panics {
    fn event(&mut self, _: u64, event: &RunEvent<'_>) {
        assert!(!matches!(event, RunEvent::StepStarted { .. }), "on purpose");
    }
}

#[test]
fn threads_end_when_those_who_watch_panic() {
    let scene = Scene::new(vec![step("a", Effect::Pure, &[])], &[]);
    let mut subscriber = Panics;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut world = World {
            journal: &scene.journal,
            performer: &scene.performer,
            sink: &scene.sink,
            admission: &mut AdmitAll,
            now_ms: &|| 0,
            cancelled: &scene.cancelled,
            force: &|| {},
            subscribers: &mut [&mut subscriber],
        };
        let options = RunOptions {
            run: RUN.to_owned(),
            session: None,
            reuse: false,
        };
        run(&scene.plan, "", [7; 32], &options, &mut world)
    }));
    assert!(panicked.is_err());
}
