//! Runs that are interrupted behind each of their rows, and go on.

use std::collections::BTreeMap;

use tenzik_journal::RowKind;
use tenzik_scenario::Effect;
use tenzik_scenario::driver::{Assumed, RunEnd};
use tenzik_scenario::execute::RunError;
use tenzik_scenario::plan::Node;

use super::world::{Does, MemoryJournal, Scene, for_each, inside, retried, secret, states, step};

const DOES: &[(&str, Does)] = &[("fragile", Does::Fails(1))];

fn nodes() -> Vec<Node> {
    vec![
        step("pure", Effect::Pure, &[]),
        step("once", Effect::AtMostOnce, &[0]),
        retried(step("fragile", Effect::Idempotent, &[0]), 2),
        for_each("sweep", 3, &[0]),
        inside(step("scan", Effect::Idempotent, &[]), 3),
        inside(step("send", Effect::AtMostOnce, &[4]), 3),
        step("last", Effect::Pure, &[1, 2, 3]),
    ]
}

/// Jobs whose intent is written, and whether their outcome is.
fn begun(journal: &MemoryJournal) -> BTreeMap<String, bool> {
    let mut jobs = BTreeMap::new();
    for row in journal.rows.lock().unwrap().iter() {
        match row.kind {
            RowKind::Intent => drop(jobs.insert(row.job.clone().unwrap(), false)),
            RowKind::Outcome => drop(jobs.insert(row.job.clone().unwrap(), true)),
            _ => {}
        }
    }
    jobs
}

fn sorted(mut states: Vec<(String, &'static str)>) -> Vec<(String, &'static str)> {
    states.sort();
    states
}

#[test]
fn a_run_goes_on_from_each_of_its_rows() {
    let whole = Scene::new(nodes(), DOES);
    let expected = sorted(states(&whole.run().0.unwrap()));
    let rows = whole.journal.rows.lock().unwrap().len();
    assert!(rows > 30, "{rows}");
    for cut in 1..rows {
        let mut scene = Scene::new(nodes(), DOES);
        scene.journal = whole.journal.cut(cut);
        scene.sink = whole.sink.clone();
        let before = begun(&scene.journal);
        let (summary, events) = scene.resume(&[]);
        let mut summary = summary.unwrap_or_else(|error| panic!("{cut}: {error}"));
        let lost = events.of("step_lost").len();
        let open = before.values().filter(|ended| !**ended).count();
        assert_eq!(lost, open, "{cut}");
        if let RunEnd::NeedsDecision { paths } = &summary.end {
            let decided: Vec<(&str, Assumed)> =
                paths.iter().map(|path| (&**path, Assumed::Done)).collect();
            summary = scene.resume(&decided).0.unwrap();
        }
        assert_eq!(summary.end, RunEnd::Ok, "{cut}");
        assert_eq!(sorted(states(&summary)), expected, "{cut}");
        repeats_nothing(&scene, &before, cut);
    }
}

/// No job that was begun before is begun again, unless it may be: then under another id.
fn repeats_nothing(scene: &Scene, before: &BTreeMap<String, bool>, cut: usize) {
    let calls = scene.performer.calls.lock().unwrap();
    for (path, attempt, id, again) in calls.iter() {
        assert!(!before.contains_key(id), "{cut}: {path} {attempt}");
        let is_once = path == "once" || path.ends_with("send");
        assert!(!(is_once && *again), "{cut}: {path}");
    }
    let mut keys: Vec<_> = calls.iter().map(|call| (&call.0, call.1)).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), calls.len(), "{cut}: {calls:?}");
}

#[test]
fn a_resumed_run_is_interrupted_again() {
    let whole = Scene::new(nodes(), DOES);
    whole.run().0.unwrap();
    let cut = whole.journal.rows.lock().unwrap().len() / 2;
    let mut first = Scene::new(nodes(), DOES);
    first.journal = whole.journal.cut(cut);
    let ended = first.resume(&[]).0.unwrap().end;
    let rows = first.journal.rows.lock().unwrap().len();
    for cut in cut..rows {
        let mut scene = Scene::new(nodes(), DOES);
        scene.journal = first.journal.cut(cut);
        match scene.resume(&[]).0.unwrap().end {
            RunEnd::Ok => {}
            RunEnd::NeedsDecision { .. } => {}
            end => panic!("{cut}: {end:?}, first {ended:?}"),
        }
    }
}

fn interrupted_once() -> Scene {
    let nodes = || {
        vec![
            step("once", Effect::AtMostOnce, &[]),
            step("b", Effect::Pure, &[0]),
        ]
    };
    let whole = Scene::new(nodes(), &[]);
    whole.run().0.unwrap();
    let mut scene = Scene::new(nodes(), &[]);
    // run_started, admitted, intent.
    scene.journal = whole.journal.cut(3);
    scene
}

#[test]
fn a_lost_effect_waits_for_a_decision() {
    let scene = interrupted_once();
    let summary = scene.resume(&[]).0.unwrap();
    assert!(matches!(&summary.end, RunEnd::NeedsDecision { paths } if **paths == ["once".into()]));
    assert!(scene.performer.calls.lock().unwrap().is_empty());
    let summary = scene.resume(&[("once", Assumed::Failed)]).0.unwrap();
    assert_eq!(summary.end, RunEnd::Failed);
    assert_eq!(
        states(&summary),
        [("once".to_owned(), "failed"), ("b".to_owned(), "skipped")]
    );
    let error = scene.resume(&[]).0.unwrap_err();
    assert!(
        matches!(error, RunError::Ended { end: "failed", .. }),
        "{error}"
    );
}

#[test]
fn a_decision_may_come_with_the_resumption() {
    let scene = interrupted_once();
    let summary = scene.resume(&[("once", Assumed::Done)]).0.unwrap();
    assert_eq!(summary.end, RunEnd::Ok);
    assert_eq!(scene.performer.calls_of("once"), []);
    assert_eq!(scene.performer.calls_of("b").len(), 1);
}

#[test]
fn nothing_is_decided_that_is_not_asked() {
    let scene = interrupted_once();
    let rows = scene.journal.kinds();
    let error = scene.resume(&[("b", Assumed::Done)]).0.unwrap_err();
    let RunError::NotUnknown { path, unknown } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (path.as_str(), unknown.as_slice()),
        ("b", &["once".to_owned()][..])
    );
    assert_eq!(scene.journal.kinds(), rows);
}

#[test]
fn another_plan_is_not_resumed() {
    let mut scene = interrupted_once();
    let mut plan = (*scene.plan).clone();
    plan.digest = "e".repeat(64);
    scene.plan = plan.into();
    let error = scene.resume(&[]).0.unwrap_err();
    assert!(matches!(error, RunError::PlanChanged { .. }), "{error}");
}

#[test]
fn a_cancelled_run_starts_nothing_when_it_is_resumed() {
    let nodes = || {
        vec![
            step("a", Effect::Idempotent, &[]),
            step("b", Effect::Pure, &[0]),
        ]
    };
    let whole = Scene::new(nodes(), &[("a", Does::Waits)]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            whole.performer.wait_for("a");
            whole
                .cancelled
                .store(true, std::sync::atomic::Ordering::Relaxed);
        });
        whole.run().0.unwrap();
    });
    let kinds = whole.journal.kinds();
    let cancel = kinds.iter().position(|kind| *kind == "cancel").unwrap();
    for cut in cancel + 1..kinds.len() {
        let mut scene = Scene::new(nodes(), &[]);
        scene.journal = whole.journal.cut(cut);
        let summary = scene.resume(&[]).0.unwrap();
        assert_eq!(summary.end, RunEnd::Cancelled, "{cut}");
        assert!(scene.performer.calls.lock().unwrap().is_empty(), "{cut}");
    }
}

#[test]
fn rows_that_do_not_fit_are_told_by_their_number() {
    let scene = interrupted_once();
    scene.journal.rows.lock().unwrap()[2].body = "{".to_owned();
    let error = scene.resume(&[]).0.unwrap_err();
    assert!(error.to_string().contains("row 3 (intent)"), "{error}");
    let scene = interrupted_once();
    scene.journal.rows.lock().unwrap()[2].kind = RowKind::Outcome;
    let error = scene.resume(&[]).0.unwrap_err();
    assert!(error.to_string().contains("row 3 (outcome)"), "{error}");
}

#[test]
fn secrets_are_opened_again_before_anything_goes_on() {
    let nodes = || vec![secret("token"), step("next", Effect::Pure, &[0])];
    let whole = Scene::new(nodes(), &[]);
    whole.run().0.unwrap();
    // run_started, admitted, intent, outcome.
    let interrupted = |does| {
        let mut scene = Scene::new(nodes(), does);
        scene.journal = whole.journal.cut(4);
        scene
    };
    let scene = interrupted(&[]);
    assert_eq!(scene.resume(&[]).0.unwrap().end, RunEnd::Ok);
    let calls = scene.performer.calls.lock().unwrap();
    let paths: Vec<&str> = calls.iter().map(|call| call.0.as_str()).collect();
    assert_eq!(paths, ["token", "next"]);
    for does in [Does::Breaks, Does::Fails(1)] {
        let does: &'static [_] = Box::leak(Box::new([("token", does)]));
        let scene = interrupted(does);
        let rows = scene.journal.kinds();
        let error = scene.resume(&[]).0.unwrap_err();
        assert!(matches!(error, RunError::Secret { .. }), "{error}");
        assert_eq!(scene.journal.kinds(), rows);
    }
}

#[test]
fn a_resumed_run_tells_how_far_its_loops_are() {
    let nodes = || {
        vec![
            for_each("sweep", 20, &[]),
            inside(step("scan", Effect::Pure, &[]), 0),
        ]
    };
    let whole = Scene::new(nodes(), &[]);
    whole.run().0.unwrap();
    let kinds = whole.journal.kinds();
    // Behind each row of an item that ended.
    for cut in (1..kinds.len()).filter(|row| kinds[row - 1] == "settled") {
        let mut scene = Scene::new(nodes(), &[]);
        scene.journal = whole.journal.cut(cut);
        scene.sink = whole.sink.clone();
        let ended = kinds[..cut].iter().filter(|kind| **kind == "outcome");
        let ended = ended.count();
        let (_, events) = scene.resume(&[]);
        let settled = events.of("step_settled");
        let told: Vec<_> = settled
            .iter()
            .filter(|event| event.get("items").is_some())
            .collect();
        if ended < 20 {
            assert_eq!(told.len(), 1, "{cut}");
            assert_eq!(told[0]["items"], 20);
            assert_eq!(told[0]["items_ended"], ended, "{cut}");
        }
    }
}
