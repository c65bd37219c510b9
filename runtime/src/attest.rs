//! From outcomes to the statements that receipts sign.

use tenzik_capsule::{Capsule, FindingCode, RejectClass};
use tenzik_engine::{COST_MODEL, Engine, Outcome, Status};
use tenzik_evidence::{
    Digest, Effects, ErrorCode, GrantList, Label, LimitList, Nonce, Run, Statement, TextError,
    Timestamp, TimestampError, Transcript, Verdict,
};
use tenzik_gate::{GateReport, ProcessReport};
use tenzik_policy::{Permit, Policy};
use tenzik_process::{Layer, LayerState};

use crate::examination::Examination;

/// The error code of a failure that the capsule reported itself.
pub const CAPSULE_FAILURE: &str = "capsule_failure";

/// A run and everything it depended on.
#[derive(Clone, Copy, Debug)]
pub struct RunRecord<'a> {
    /// The capsule.
    pub capsule: &'a Capsule,
    /// The permit it ran under.
    pub permit: &'a Permit,
    /// What came of it; its request must have asked for commitments.
    pub outcome: &'a Outcome,
    /// The time that the capsule was told.
    pub now: Timestamp,
    /// The seed of its random bytes.
    pub seed: u64,
}

/// A run that cannot be stated.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The run was not asked for commitments.
    #[error("the run made no commitments; set RunRequest::commit")]
    NoCommitments,
    /// There is nothing to attest: the module may run.
    #[error("the module is not rejected")]
    NotRejected,
    /// A name has no place in a receipt.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A time has no place in a receipt.
    #[error(transparent)]
    Time(#[from] TimestampError),
}

/// States what came of a run. For many runs under one policy, [`Attester`] is faster.
///
/// # Errors
/// [`AttestError::NoCommitments`].
pub fn attest(
    record: &RunRecord<'_>,
    policy: &Policy,
    nonce: Nonce,
    timestamp: Timestamp,
) -> Result<Statement, AttestError> {
    Attester::new(policy)?.attest(record, nonce, timestamp)
}

/// What all statements under one policy have in common, written once.
#[derive(Clone, Debug)]
pub struct Attester {
    grants: GrantList,
    limits: LimitList,
    policy_commit: Digest,
}

impl Attester {
    /// For statements under `policy`.
    ///
    /// # Errors
    /// [`AttestError::Text`] if a name of the policy has no place in a receipt.
    pub fn new(policy: &Policy) -> Result<Attester, AttestError> {
        Ok(Attester {
            grants: GrantList::new(policy.grants.iter().map(tenzik_host_abi::Capability::name))?,
            limits: LimitList::new(policy.limits.values())?,
            policy_commit: Digest::from_bytes(*policy.commit().as_bytes()),
        })
    }

    /// States what came of a run.
    ///
    /// # Errors
    /// [`AttestError::NoCommitments`].
    pub fn attest(
        &self,
        record: &RunRecord<'_>,
        nonce: Nonce,
        timestamp: Timestamp,
    ) -> Result<Statement, AttestError> {
        let capsule_bytes = record.capsule.bytes().len() as u64;
        Ok(self.statement(capsule_bytes, verdict_of(record)?, nonce, timestamp))
    }

    fn statement(
        &self,
        capsule_bytes: u64,
        verdict: Verdict,
        nonce: Nonce,
        timestamp: Timestamp,
    ) -> Statement {
        Statement {
            capsule_bytes,
            grants: self.grants.clone(),
            limits: self.limits.clone(),
            nonce,
            policy_commit: self.policy_commit,
            timestamp,
            verdict,
        }
    }
}

fn verdict_of(record: &RunRecord<'_>) -> Result<Verdict, AttestError> {
    let run = run_of(record)?;
    Ok(match &record.outcome.status {
        Status::Ok => Verdict::Ok(run),
        Status::Failure { code, .. } => Verdict::Failure {
            run,
            error_code: CAPSULE_FAILURE.parse()?,
            failure_code: *code,
        },
        Status::Fault(fault) => Verdict::Fault {
            run,
            error_code: fault.code.code().parse()?,
            machine_bound: fault.machine_bound(),
        },
        Status::Refused(refused) => Verdict::RefusedEffect {
            run,
            error_code: refused.code.parse()?,
            refused_by: label(&refused.rules)?,
        },
    })
}

/// States why a module may not run: rejected, or refused by the policy.
///
/// # Errors
/// [`AttestError::NotRejected`] if it may.
pub fn attest_rejection(
    examination: &Examination,
    policy: &Policy,
    nonce: Nonce,
    timestamp: Timestamp,
) -> Result<Statement, AttestError> {
    let finding = examination.first_error().ok_or(AttestError::NotRejected)?;
    let validation = examination.validation();
    let capsule_id = validation.id().map(|id| Digest::from_bytes(*id.as_bytes()));
    let error_code = error_code(finding.code)?;
    let verdict = match (finding.code.class(), capsule_id) {
        (RejectClass::Policy, Some(capsule_id)) => Verdict::Refused {
            error_code,
            capsule_id,
        },
        _ => Verdict::Reject {
            error_code,
            capsule_id,
        },
    };
    Ok(Attester::new(policy)?.statement(validation.bytes(), verdict, nonce, timestamp))
}

fn error_code(code: FindingCode) -> Result<ErrorCode, TextError> {
    code.code().parse()
}

fn run_of(record: &RunRecord<'_>) -> Result<Run, AttestError> {
    let outcome = record.outcome;
    let commitments = outcome
        .commitments
        .as_ref()
        .ok_or(AttestError::NoCommitments)?;
    Ok(Run {
        capsule_id: Digest::from_bytes(*record.capsule.id().as_bytes()),
        cost_model: COST_MODEL.parse()?,
        engine: Engine::identity().parse()?,
        fuel_exact: outcome.usage.fuel_exact,
        fuel_used: outcome.usage.fuel,
        host_calls: outcome.usage.host_calls,
        input_bytes: commitments.input_bytes,
        input_commit: Digest::from_bytes(commitments.input),
        input_complete: commitments.input_complete,
        memory_bytes: outcome.usage.memory_bytes,
        effects: outcome.effects.as_ref().map(effects_of).transpose()?,
        now: record.now,
        output_bytes: outcome.usage.output_bytes,
        output_commit: Digest::from_bytes(commitments.output),
        seed: record.seed,
        transcript_commit: match &outcome.effects {
            Some(effects) => effects.transcript,
            None => Transcript::new().commit(),
        },
    })
}

/// Bytes of the names of rules that a receipt repeats.
const RULES_BYTES_MAX: usize = 120;

/// Text of a policy as a label: what has no place in one becomes `?`, what is too long is cut.
fn label(text: &str) -> Result<Label, TextError> {
    let plain = |symbol: char| match symbol {
        '"' | '\\' => '?',
        ' '..='~' => symbol,
        _ => '?',
    };
    let text: String = text.chars().map(plain).take(RULES_BYTES_MAX).collect();
    if text.is_empty() {
        return "no rule".parse();
    }
    text.parse()
}

fn effects_of(report: &GateReport) -> Result<Effects, TextError> {
    let layers = || report.processes.iter().flat_map(|process| &process.layers);
    let missing: Vec<Layer> = layers()
        .filter(|(_, state)| matches!(state, LayerState::Unavailable(_)))
        .map(|(layer, _)| *layer)
        .collect();
    let enforced = |layer: &&Layer| {
        let with = |process: &ProcessReport| {
            let mut layers = process.layers.iter();
            layers.any(|(held, state)| held == *layer && matches!(state, LayerState::Enforced(_)))
        };
        !report.processes.is_empty() && report.processes.iter().all(with)
    };
    let deadlines = report.processes.iter().map(|process| process.deadline_ms);
    Ok(Effects {
        isolation: GrantList::new(Layer::ALL.iter().filter(enforced).map(|layer| layer.name()))?,
        isolation_missing: GrantList::new(missing.iter().map(|layer| layer.name()))?,
        process_deadline_ms: deadlines.max().unwrap_or(0),
        processes: report.processes.len() as u64,
        run_id: label(report.run_id.as_deref().unwrap_or("none"))?,
    })
}
