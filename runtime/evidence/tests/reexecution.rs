//! Comparing a receipt with another execution.

use tenzik_evidence::{Comparison, Digest, Note, Run, Status, Verdict, compare_reexecution};

use crate::sample::{code, fault, run, verdicts};

fn compare(change: impl FnOnce(&mut Run)) -> Comparison {
    let mut reexecuted = run();
    change(&mut reexecuted);
    compare_reexecution(&Verdict::Ok(run()), &Verdict::Ok(reexecuted))
}

fn fields(comparison: &Comparison) -> Vec<&'static str> {
    comparison
        .differences
        .iter()
        .map(|difference| difference.field)
        .collect()
}

#[test]
fn the_same_verdict_agrees() {
    for (name, verdict) in verdicts() {
        let comparison = compare_reexecution(&verdict, &verdict);
        assert!(comparison.agrees(), "{name}");
        assert_eq!(comparison.is_conclusive(), name != "fault-machine-bound");
        assert_eq!(comparison.notes.is_empty(), name != "fault-machine-bound");
    }
}

#[test]
fn every_compared_fact_can_differ() {
    assert_eq!(
        fields(&compare(|run| run.capsule_id = Digest::of(b""))),
        ["capsule_id"]
    );
    assert_eq!(
        fields(&compare(|run| run.output_bytes += 1)),
        ["output_bytes"]
    );
    assert_eq!(
        fields(&compare(|run| run.output_commit = Digest::of(b""))),
        ["output_commit"]
    );
    assert_eq!(fields(&compare(|run| run.host_calls += 1)), ["host_calls"]);
    assert_eq!(
        fields(&compare(|run| run.transcript_commit = Digest::of(b""))),
        ["transcript_commit"]
    );
    let fuel = compare(|run| run.fuel_used -= 1);
    assert_eq!(
        fuel.differences[0].to_string(),
        "fuel_used differs: the receipt has 18446744073709551615, \
         the re-execution 18446744073709551614"
    );
}

#[test]
fn another_ending_differs() {
    let failure = |failure_code, error: &str| Verdict::Failure {
        run: run(),
        error_code: code(error),
        failure_code,
    };
    let comparison = compare_reexecution(&Verdict::Ok(run()), &failure(1, "capsule_failure"));
    assert_eq!(
        fields(&comparison),
        ["status", "error_code", "failure_code"]
    );
    assert_eq!(comparison.differences[2].recorded, "none");
    assert_eq!(comparison.differences[2].reexecuted, "1");
    let comparison = compare_reexecution(
        &failure(1, "capsule_failure"),
        &failure(2, "capsule_failure"),
    );
    assert_eq!(fields(&comparison), ["failure_code"]);
    let comparison = compare_reexecution(&fault("out_of_fuel", false), &fault("trap", false));
    assert_eq!(fields(&comparison), ["error_code"]);
    let reject = Verdict::Reject {
        error_code: code("start_section"),
        capsule_id: None,
    };
    let comparison = compare_reexecution(&reject, &Verdict::Ok(run()));
    assert_eq!(fields(&comparison), ["capsule_id", "status", "error_code"]);
}

#[test]
fn faults_of_the_machine_need_not_repeat() {
    let bound = fault("out_of_time", true);
    for (recorded, reexecuted) in [
        (bound.clone(), Verdict::Ok(run())),
        (Verdict::Ok(run()), bound),
    ] {
        let comparison = compare_reexecution(&recorded, &reexecuted);
        assert!(comparison.agrees());
        assert!(!comparison.is_conclusive());
        let (recorded, reexecuted) = (recorded.status(), reexecuted.status());
        assert_ne!(recorded, reexecuted);
        assert_eq!(
            comparison.notes,
            [Note::MachineBound {
                recorded,
                reexecuted
            }]
        );
    }
}

#[test]
fn faults_of_the_machine_do_not_hide_another_capsule() {
    let mut other = run();
    other.capsule_id = Digest::of(b"");
    let comparison = compare_reexecution(&fault("out_of_time", true), &Verdict::Ok(other));
    assert_eq!(fields(&comparison), ["capsule_id"]);
    assert_eq!(
        comparison.notes,
        [Note::MachineBound {
            recorded: Status::Fault,
            reexecuted: Status::Ok
        }]
    );
}

#[test]
fn fuel_of_another_cost_model_or_engine_is_not_comparable() {
    let changes: [fn(&mut Run); 2] = [
        |run| run.cost_model = "tenzik-2".parse().unwrap(),
        |run| run.engine = "wasmi 2.0".parse().unwrap(),
    ];
    for change in changes {
        let comparison = compare(|run| {
            run.fuel_used = 1;
            change(run);
        });
        assert!(comparison.agrees() && comparison.is_conclusive());
        assert!(matches!(
            comparison.notes[..],
            [Note::FuelNotComparable { .. }]
        ));
    }
    let comparison = compare(|run| {
        run.engine = "wasmi 2.0".parse().unwrap();
        run.output_commit = Digest::of(b"");
    });
    assert_eq!(fields(&comparison), ["output_commit"]);
}

#[test]
fn a_lower_bound_is_contradicted_only_from_below() {
    let compare = |recorded: (u64, bool), reexecuted: (u64, bool)| {
        let with = |(fuel_used, fuel_exact)| {
            Verdict::Ok(Run {
                fuel_used,
                fuel_exact,
                ..run()
            })
        };
        compare_reexecution(&with(recorded), &with(reexecuted))
    };
    for (recorded, reexecuted) in [
        ((10, false), (11, true)),
        ((10, false), (10, true)),
        ((11, true), (10, false)),
        ((10, false), (12, false)),
    ] {
        let comparison = compare(recorded, reexecuted);
        assert!(comparison.agrees());
        assert!(matches!(
            comparison.notes[..],
            [Note::FuelLowerBound { .. }]
        ));
    }
    assert_eq!(compare((10, false), (10, false)), Comparison::default());
    let comparison = compare((10, false), (9, true));
    assert_eq!(comparison.differences[0].recorded, "at least 10");
    assert_eq!(comparison.differences[0].reexecuted, "9");
    assert_eq!(fields(&compare((9, true), (10, false))), ["fuel_used"]);
    assert_eq!(fields(&compare((9, true), (10, true))), ["fuel_used"]);
}
