//! How runs end, as jobs do: with the code and the exit code of `tenzik run`.

use tenzik_capsule::RejectClass;
use tenzik_engine::{FaultClass, FaultCode, Outcome, Status};
use tenzik_scenario::WorkEnding;
use tenzik_scenario::driver::JobStart;
use tenzik_scenario::execute::StopCause;

use crate::attest::CAPSULE_FAILURE;

/// The exit code of `tenzik run` where the capsule reports a failure.
const FAILURE_EXIT: u8 = 20;
/// Where the policy refuses an effect.
pub(super) const REFUSED_EXIT: u8 = 30;

/// The exit code of `tenzik run` for a fault of this class.
pub const fn fault_exit(class: FaultClass) -> u8 {
    match class {
        FaultClass::Trap => 21,
        FaultClass::Fuel => 22,
        FaultClass::Time => 23,
        FaultClass::Memory => 24,
        FaultClass::Traffic => 25,
    }
}

/// The exit code of `tenzik run` for a capsule that is rejected or refused for a finding of this
/// class.
pub const fn reject_exit(class: RejectClass) -> u8 {
    match class {
        RejectClass::Invalid => 10,
        RejectClass::Import => 11,
        RejectClass::Signature => 12,
        RejectClass::Size => 13,
        RejectClass::Memory => 24,
        RejectClass::Policy => 30,
    }
}

/// How a run ended that was told to stop for `cause`, if it was.
pub(super) fn ending(outcome: &Outcome, job: &JobStart, cause: Option<StopCause>) -> WorkEnding {
    match (&outcome.status, cause) {
        (Status::Ok, _) => WorkEnding::Ok,
        (Status::Fault(fault), Some(cause)) if fault.code == FaultCode::Cancelled => {
            stopped(job, cause)
        }
        (Status::Fault(fault), _) => WorkEnding::Failed {
            code: fault.code.code().to_owned(),
            exit: fault_exit(fault.code.class()),
            message: format!("the capsule {}; {}", fault.message, fault.code.remedy()),
        },
        (Status::Failure { code, message }, _) => {
            let said = match message.is_empty() {
                true => String::new(),
                false => format!(": {}", shown(message)),
            };
            WorkEnding::Failed {
                code: CAPSULE_FAILURE.to_owned(),
                exit: FAILURE_EXIT,
                message: format!("the capsule failed with code {code}{said}"),
            }
        }
        (Status::Refused(refused), _) => WorkEnding::Failed {
            code: refused.code.to_owned(),
            exit: REFUSED_EXIT,
            message: format!("{}; {}", refused.message, refused.remedy),
        },
    }
}

/// How a job ends that was told to.
pub(super) fn stopped(job: &JobStart, cause: StopCause) -> WorkEnding {
    match cause {
        StopCause::Cancelled => WorkEnding::Cancelled,
        StopCause::TimedOut => WorkEnding::TimedOut {
            timeout_ms: job.timeout_ms.unwrap_or_default(),
        },
    }
}

/// Bytes of capsules for people: printable ASCII as it is, the rest escaped.
pub(super) fn shown(bytes: &[u8]) -> String {
    match bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        true => String::from_utf8_lossy(bytes).into_owned(),
        false => bytes.escape_ascii().to_string(),
    }
}
