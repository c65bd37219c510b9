//! The third question: does the same run again end in the same way?

use std::sync::Arc;

use tenzik_runtime::evidence::{
    Comparison, Difference, Note, Run, Statement, Verdict, compare_reexecution,
};
use tenzik_runtime::gate::{Gate, Recorder, Replay, ReplayProgress};
use tenzik_runtime::{
    Capability, CapabilitySet, Capsule, EngineFailure, EngineOptions, FaultCode, FindingCode,
    Input, Limits, LogTarget, Output, Permit, Policy, RejectClass, RunRecord, RunRequest, Runtime,
    attest, attest_rejection,
};

use crate::bundle_file::BundleFile;
use crate::capsule_source::CapsuleSource;
use crate::failure::Failure;

use super::given_input::GivenInput;

/// How much longer a re-execution may take than the run, since the auditor's machine may be slower.
const WALL_TIMES: u64 = 10;

/// Microseconds that a re-execution may take at least.
const WALL_US_MIN: u64 = 60_000_000;

/// What came of the third question.
pub(super) enum Reexecution {
    /// It was not asked.
    NotAsked,
    /// It makes no sense, and why.
    NotDone(&'static str),
    /// This machine, or this version of tenzik, cannot run it.
    Failed(Failure),
    /// It ran, or was examined again.
    Done(Reproduction),
}

/// A re-execution beside the receipt.
pub(super) struct Reproduction {
    pub(super) comparison: Comparison,
    pub(super) conclusion: Conclusion,
}

/// What a re-execution proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// It ended in the same way.
    Reproduced,
    /// It contradicts the receipt.
    Differs,
    /// The receipt itself says that its fault is bound to the machine: nobody can confirm or refute
    /// it, so nothing speaks against the receipt either.
    BoundToItsMachine,
    /// The receipt states what every machine repeats, but this machine's clock or stack ended the
    /// re-execution. This must not pass for a success: a run that never ends can be given any output.
    StoppedHere,
}

/// The policy that the receipt's limits and grants make up, with the rules of the bundle.
pub(super) fn rebuilt_policy(
    statement: &Statement,
    bundle: Option<&BundleFile>,
) -> Result<Policy, Failure> {
    let of_another_version = |what: String| {
        let remedy = "replay with the version of tenzik that made the receipt";
        Failure::machine(
            format!("the receipt was made by another version of tenzik: {what}"),
            remedy,
        )
    };
    let limits = Limits::parse_canonical(statement.limits.as_str())
        .map_err(|error| of_another_version(error.to_string()))?;
    let capability = |name: &str| {
        name.parse::<Capability>()
            .map_err(|_| of_another_version(format!("there is no capability {name} here")))
    };
    let grants = statement
        .grants
        .iter()
        .try_fold(CapabilitySet::EMPTY, |grants, name| {
            Ok(grants.with(capability(name)?))
        })?;
    let rules = match bundle {
        Some(bundle) => bundle.policy()?.rules,
        None => Arc::default(),
    };
    Ok(Policy {
        limits,
        grants,
        rules,
    })
}

/// Refuses to repeat a run without the rules of its policy.
pub(super) fn check_rules(statement: &Statement, has_bundle: bool) -> Result<(), Failure> {
    let has_rules = statement.grants.iter().any(|name| {
        let capability: Option<Capability> = name.parse().ok();
        capability.is_some_and(|capability| !capability.is_pure())
    });
    match has_rules && !has_bundle {
        false => Ok(()),
        true => Err(Failure::usage(
            "the policy of the receipt has rules, which a receipt does not hold",
            "pass --replay BUNDLE, the file that tenzik run --record wrote",
        )),
    }
}

/// All that a re-execution takes besides the receipt.
pub(super) struct Again<'a> {
    pub(super) policy: &'a Policy,
    pub(super) capsule: &'a CapsuleSource,
    pub(super) input: Option<GivenInput>,
    /// Answers the effects.
    pub(super) bundle: Option<&'a BundleFile>,
}

/// Examines the capsule again and, where the receipt is about a run, runs it again. Limits that only
/// a stranger vouches for do not decide how long that may take.
pub(super) fn reexecute(
    statement: &Statement,
    again: Again<'_>,
    is_trusted: bool,
) -> Result<Reproduction, Failure> {
    let policy = again.policy;
    let recorded = &statement.verdict;
    if rejects_signature(recorded) {
        return Err(Failure::machine(
            "the receipt says that the module's signature was rejected, which depends on the keys that were trusted",
            "see tenzik verify with the module, its signature and those keys",
        ));
    }
    if let Some(difference) = wrongly_machine_bound(recorded) {
        return Ok(Reproduction {
            comparison: Comparison {
                differences: vec![difference],
                notes: Vec::new(),
            },
            conclusion: Conclusion::Differs,
        });
    }
    let patient = Policy {
        limits: patient_limits(&policy.limits, recorded, is_trusted),
        ..policy.clone()
    };
    let examination = again.capsule.examine(&patient)?;
    let comparison = match (examination.admitted(), recorded.run()) {
        (Some((capsule, permit)), Some(run)) => {
            let input = again.input.unwrap_or(GivenInput::Text(String::new()));
            let replay = again
                .bundle
                .filter(|_| {
                    !permit
                        .grants()
                        .iter()
                        .all(|capability| capability.is_pure())
                })
                .map(|bundle| Replay::new(&bundle.bundle, Arc::clone(permit.rules())));
            let progress = replay.as_ref().map(Replay::progress);
            let ended = run_again(
                (statement, run),
                &patient,
                (capsule, permit),
                input.for_run()?,
                replay,
            )?;
            match ended {
                Ended::With(verdict) => {
                    check_same_input(run, &verdict)?;
                    compare_reexecution(recorded, &verdict)
                }
                Ended::Differing(difference) => differing(recorded, difference, progress.as_ref()),
            }
        }
        (Some(_), None) => admitted_now(recorded),
        (None, _) => {
            let again =
                attest_rejection(&examination, policy, statement.nonce, statement.timestamp);
            compare_reexecution(recorded, &again.map_err(|error| machine(&error))?.verdict)
        }
    };
    let conclusion = conclusion(&comparison, recorded);
    Ok(Reproduction {
        comparison,
        conclusion,
    })
}

/// Whether a signature was required, and the module rejected for it. Receipts do not say which keys
/// were trusted.
fn rejects_signature(recorded: &Verdict) -> bool {
    let Verdict::Reject { error_code, .. } = recorded else {
        return false;
    };
    FindingCode::ALL
        .iter()
        .filter(|code| code.class() == RejectClass::Signature)
        .any(|code| code.code() == error_code.as_str())
}

/// A fault that is said to depend on the machine, but does not: nobody is excused by it.
fn wrongly_machine_bound(recorded: &Verdict) -> Option<Difference> {
    let Verdict::Fault { error_code, .. } = recorded else {
        return None;
    };
    let bound = FaultCode::ALL
        .iter()
        .filter(|code| code.is_machine_bound())
        .any(|code| code.code() == error_code.as_str());
    (recorded.is_machine_bound() && !bound).then(|| Difference {
        field: "machine_bound",
        recorded: "true".to_owned(),
        reexecuted: format!("{} does not depend on the machine", error_code.as_str()),
    })
}

/// The limits of the run, with time for a slower machine. A fault by the wall clock gets the time
/// that it had.
fn patient_limits(limits: &Limits, recorded: &Verdict, is_trusted: bool) -> Limits {
    if !is_trusted {
        return Limits {
            wall_us_base: WALL_US_MIN,
            wall_us_per_input_mib: Limits::DEFAULT.wall_us_per_input_mib,
            ..limits.clone()
        };
    }
    if recorded.is_machine_bound() {
        return limits.clone();
    }
    Limits {
        wall_us_base: limits
            .wall_us_base
            .saturating_mul(WALL_TIMES)
            .max(WALL_US_MIN),
        wall_us_per_input_mib: limits.wall_us_per_input_mib.saturating_mul(WALL_TIMES),
        ..limits.clone()
    }
}

/// How a re-execution ended.
enum Ended {
    /// As runs do.
    With(Box<Verdict>),
    /// By a call that the record does not have.
    Differing(Difference),
}

/// What a call that the record does not have says about the receipt. The record of a run that the
/// machine ended is shorter than the run of a faster one.
fn differing(
    recorded: &Verdict,
    difference: Difference,
    progress: Option<&ReplayProgress>,
) -> Comparison {
    let is_used_up = progress.is_some_and(|progress| progress.left() == 0);
    if recorded.is_machine_bound() && is_used_up {
        let note = Note::MachineBound {
            recorded: recorded.status(),
            reexecuted: recorded.status(),
        };
        return Comparison {
            differences: Vec::new(),
            notes: vec![note],
        };
    }
    Comparison {
        differences: vec![difference],
        notes: Vec::new(),
    }
}

fn run_again(
    (statement, recorded): (&Statement, &Run),
    policy: &Policy,
    (capsule, permit): (&Capsule, &Permit),
    input: Input,
    replay: Option<Replay>,
) -> Result<Ended, Failure> {
    let failed = |error: EngineFailure| machine(&error);
    let runtime = Runtime::new(&EngineOptions::one_shot()).map_err(failed)?;
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &input)
        .map_err(failed)?;
    let now_ms = i64::try_from(recorded.now.unix_millis()).unwrap_or(i64::MAX);
    let mut request = RunRequest::new(input, now_ms, recorded.seed);
    request.output = Output::Discard;
    request.log = LogTarget::Sink(Box::new(|_, _| {}));
    request.commit = true;
    request.commit_whole_input = recorded.input_complete;
    request.gate = replay.map(|replay| Box::new(Recorder::new(replay, None)) as Box<dyn Gate>);
    let outcome = match runtime.execute(&prepared, permit, request) {
        Ok(outcome) => outcome,
        Err(EngineFailure::Differs { expected, got }) => {
            return Ok(Ended::Differing(Difference {
                field: "transcript",
                recorded: expected,
                reexecuted: got,
            }));
        }
        Err(error) => return Err(failed(error)),
    };
    let record = RunRecord {
        capsule,
        permit,
        outcome: &outcome,
        now: recorded.now,
        seed: recorded.seed,
    };
    let again = attest(&record, policy, statement.nonce, statement.timestamp);
    let verdict = again.map_err(|error| machine(&error))?.verdict;
    Ok(Ended::With(Box::new(verdict)))
}

/// The input was compared before the run; a file that somebody changed in between proves nothing.
fn check_same_input(recorded: &Run, again: &Verdict) -> Result<(), Failure> {
    match again.run() {
        Some(run) if recorded.input_complete && run.input_commit != recorded.input_commit => {
            Err(Failure::machine(
                "the input changed while it was verified",
                "verify again when nobody writes to it",
            ))
        }
        _ => Ok(()),
    }
}

/// The receipt says that the module may not run, but it may: there is nothing to run it for.
fn admitted_now(recorded: &Verdict) -> Comparison {
    let difference = Difference {
        field: "status",
        recorded: recorded.status().to_string(),
        reexecuted: "admitted, nothing forbids it to run".to_owned(),
    };
    Comparison {
        differences: vec![difference],
        notes: Vec::new(),
    }
}

fn conclusion(comparison: &Comparison, recorded: &Verdict) -> Conclusion {
    if !comparison.agrees() {
        Conclusion::Differs
    } else if comparison.is_conclusive() {
        Conclusion::Reproduced
    } else if recorded.is_machine_bound() {
        Conclusion::BoundToItsMachine
    } else {
        Conclusion::StoppedHere
    }
}

fn machine(error: &dyn std::error::Error) -> Failure {
    Failure::machine(
        format!("cannot run the capsule again: {error}"),
        "see the message",
    )
}
