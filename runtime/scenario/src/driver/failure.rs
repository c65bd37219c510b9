//! Why a step fails, with stable codes.

use crate::place::Problem;
use crate::work::WorkEnding;

use super::limits;

/// Why an attempt, or a block, failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub code: String,
    pub exit: u8,
    pub message: String,
}

/// The exit code of a run that took too long.
const EXIT_TIME: u8 = 23;

impl Failure {
    /// One of the driver's own.
    pub fn new(code: &str, message: impl Into<String>) -> Failure {
        Failure {
            code: code.to_owned(),
            exit: 0,
            message: message.into(),
        }
    }

    /// An expression that has no value, or one of the wrong type.
    pub fn expression(message: impl Into<String>) -> Failure {
        Failure::new("expression_failed", message)
    }

    /// A value over the limit of one output.
    pub fn output_too_large(bytes: u64) -> Failure {
        Failure::new(
            "output_too_large",
            format!(
                "the output is {bytes} bytes of JSON, over the limit of {}; \
                 collect less, or take output: bytes and pass the artifact on",
                limits::OUTPUT_BYTES_MAX
            ),
        )
    }

    /// A value over what is left of the limit of all outputs.
    pub fn outputs_too_large(bytes: u64, kept: u64) -> Failure {
        Failure::new(
            "outputs_too_large",
            format!(
                "the output takes {bytes} bytes of memory and {kept} are taken, over the limit of {} \
                 for all outputs of a run; take output: bytes and pass the artifact on",
                limits::OUTPUTS_BYTES_MAX
            ),
        )
    }

    /// How an attempt ended, if that is a failure.
    pub fn of(ending: WorkEnding) -> Option<Failure> {
        match ending {
            WorkEnding::Ok => None,
            WorkEnding::Failed {
                code,
                exit,
                message,
            } => Some(Failure {
                code,
                exit,
                message,
            }),
            WorkEnding::TimedOut { timeout_ms } => Some(Failure {
                code: "timeout".to_owned(),
                exit: EXIT_TIME,
                message: format!(
                    "it was ended after its timeout of {timeout_ms} ms; raise timeout or give it less to do"
                ),
            }),
            WorkEnding::Cancelled => Some(Failure::new(
                "cancelled",
                "it was ended although the run was not cancelled",
            )),
        }
    }

    /// The same failure as that of the step around.
    pub fn within(&self, path: &str) -> Failure {
        Failure {
            code: self.code.clone(),
            exit: self.exit,
            message: format!("step {path}: {}", self.message),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let message = match problem.remedy.as_str() {
            "" => problem.to_string(),
            remedy => format!("{problem}; {remedy}"),
        };
        Failure::expression(message)
    }
}
