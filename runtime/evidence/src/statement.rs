//! What a receipt states about one run.

use std::fmt;

use crate::{Digest, ErrorCode, GrantList, Label, LimitList, Nonce, Timestamp};

/// Everything a receipt states, except who signs it. Every value of this type can be signed and
/// read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Size of the assembled capsule in bytes; of the file, when it was too large to be read.
    pub capsule_bytes: u64,
    /// The capabilities that were granted.
    pub grants: GrantList,
    /// The limits that applied.
    pub limits: LimitList,
    /// Random, or the challenge of whoever asked for the run.
    pub nonce: Nonce,
    /// Digest of the policy in its canonical form.
    pub policy_commit: Digest,
    /// When the run started or was refused, by the clock of the machine.
    pub timestamp: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
}

/// How a run ended, with what only that ending has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The capsule returned success.
    Ok(Run),
    /// The capsule reported a failure of its own.
    Failure {
        /// What ran.
        run: Run,
        /// Its code in tenzik's list.
        error_code: ErrorCode,
        /// The code that the capsule chose.
        failure_code: i32,
    },
    /// The capsule misbehaved and was stopped.
    Fault {
        /// What ran, up to the fault.
        run: Run,
        /// Which fault.
        error_code: ErrorCode,
        /// The fault depends on this machine (wall clock, native stack): another machine, or the
        /// same at another time, need not repeat it.
        machine_bound: bool,
    },
    /// The module is not acceptable; nothing ran.
    Reject {
        /// Why.
        error_code: ErrorCode,
        /// Digest of the assembled module; `None` when it was not read, or not assembled.
        capsule_id: Option<Digest>,
    },
    /// The policy does not allow it: nothing ran.
    Refused {
        /// Why.
        error_code: ErrorCode,
        /// Digest of the assembled module.
        capsule_id: Digest,
    },
    /// The policy does not allow an effect that the capsule asked for: it ran until then.
    RefusedEffect {
        /// What ran, up to the refusal.
        run: Run,
        /// Why.
        error_code: ErrorCode,
        /// The rules that were looked at.
        refused_by: Label,
    },
}

/// The facts of one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Digest of the assembled module.
    pub capsule_id: Digest,
    /// Which prices `fuel_used` was counted with.
    pub cost_model: Label,
    /// Which engine ran it.
    pub engine: Label,
    /// Whether `fuel_used` is the exact count; otherwise it is a lower bound.
    pub fuel_exact: bool,
    /// Fuel used.
    pub fuel_used: u64,
    /// Host calls made.
    pub host_calls: u64,
    /// Input bytes that `input_commit` covers: all of a file, else those that the capsule consumed.
    pub input_bytes: u64,
    /// Digest of the whole input, or of the consumed bytes when `input_complete` is false.
    pub input_commit: Digest,
    /// Whether `input_commit` covers the whole input.
    pub input_complete: bool,
    /// Largest memory of the capsule in bytes.
    pub memory_bytes: u64,
    /// Its effects; `None` for a run that could not have any.
    pub effects: Option<Effects>,
    /// The time that the capsule saw.
    pub now: Timestamp,
    /// Output bytes written.
    pub output_bytes: u64,
    /// Digest of the output bytes written.
    pub output_commit: Digest,
    /// The seed of the capsule's random bytes.
    pub seed: u64,
    /// Digest of the [`Transcript`](crate::Transcript) of its effects.
    pub transcript_commit: Digest,
}

/// What a run did outside of itself, besides what its transcript commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects {
    /// The layers of isolation that held for each of its processes.
    pub isolation: GrantList,
    /// The layers that its rules asked for and the machine did not have, for some of its processes.
    pub isolation_missing: GrantList,
    /// Largest deadline of its processes in milliseconds; 0 without one. While a process runs, this
    /// bounds the waiting instead of the wall limit.
    pub process_deadline_ms: u64,
    /// Processes started.
    pub processes: u64,
    /// Names the run where its changes can be undone.
    pub run_id: Label,
}

/// The word for how a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `ok`
    Ok,
    /// `failure`
    Failure,
    /// `fault`
    Fault,
    /// `reject`
    Reject,
    /// `refused`
    Refused,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] = [
        Status::Ok,
        Status::Failure,
        Status::Fault,
        Status::Reject,
        Status::Refused,
    ];

    /// Its name in a receipt.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failure => "failure",
            Status::Fault => "fault",
            Status::Reject => "reject",
            Status::Refused => "refused",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Verdict {
    /// The word for it.
    pub fn status(&self) -> Status {
        match self {
            Verdict::Ok(_) => Status::Ok,
            Verdict::Failure { .. } => Status::Failure,
            Verdict::Fault { .. } => Status::Fault,
            Verdict::Reject { .. } => Status::Reject,
            Verdict::Refused { .. } | Verdict::RefusedEffect { .. } => Status::Refused,
        }
    }

    /// What ran; `None` when nothing did.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Verdict::Ok(run)
            | Verdict::Failure { run, .. }
            | Verdict::Fault { run, .. }
            | Verdict::RefusedEffect { run, .. } => Some(run),
            Verdict::Reject { .. } | Verdict::Refused { .. } => None,
        }
    }

    /// Digest of the capsule, when it is known.
    pub fn capsule_id(&self) -> Option<Digest> {
        match self {
            Verdict::Ok(run)
            | Verdict::Failure { run, .. }
            | Verdict::Fault { run, .. }
            | Verdict::RefusedEffect { run, .. } => Some(run.capsule_id),
            Verdict::Reject { capsule_id, .. } => *capsule_id,
            Verdict::Refused { capsule_id, .. } => Some(*capsule_id),
        }
    }

    /// Its error code, unless the run succeeded.
    pub fn error_code(&self) -> Option<&ErrorCode> {
        match self {
            Verdict::Ok(_) => None,
            Verdict::Failure { error_code, .. }
            | Verdict::Fault { error_code, .. }
            | Verdict::Reject { error_code, .. }
            | Verdict::Refused { error_code, .. }
            | Verdict::RefusedEffect { error_code, .. } => Some(error_code),
        }
    }

    /// The capsule's own failure code, when it reported a failure.
    pub fn failure_code(&self) -> Option<i32> {
        match self {
            Verdict::Failure { failure_code, .. } => Some(*failure_code),
            _ => None,
        }
    }

    /// The rules that refused an effect, when that is how the run ended.
    pub fn refused_by(&self) -> Option<&Label> {
        match self {
            Verdict::RefusedEffect { refused_by, .. } => Some(refused_by),
            _ => None,
        }
    }

    /// Whether it is a fault that another machine need not repeat.
    pub fn is_machine_bound(&self) -> bool {
        matches!(
            self,
            Verdict::Fault {
                machine_bound: true,
                ..
            }
        )
    }
}
