//! What a capsule asks for, and why it is not started.

use serde::Deserialize;
use tenzik_policy::{EffectCode, EffectRefusal, ExecRule};
use tenzik_process::StartError;

use crate::gate::{GateHalt, Refused};

/// The request of `exec_start`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The name of a rule, then the arguments.
    pub(crate) argv: Vec<String>,
}

impl Request {
    /// Reads the JSON of a request.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Request, String> {
        serde_json::from_slice(bytes).map_err(|error| {
            format!(
                "asked to start something that is not {{\"argv\": [TEXT, ...]}}: line {}, column {}",
                error.line(),
                error.column()
            )
        })
    }
}

/// Why nothing was started: what the rule forbids is a refusal, what the machine lacks a failure.
pub(super) fn start_halt(error: StartError, rule: &ExecRule) -> GateHalt {
    match error {
        StartError::Cancelled => GateHalt::Cancelled,
        error @ (StartError::NotAbsolute { .. }
        | StartError::Symlink { .. }
        | StartError::NotAFile { .. }
        | StartError::NotExecutable { .. }
        | StartError::Script { .. }
        | StartError::NotElf { .. }
        | StartError::PinDiffers { .. }
        | StartError::Changed { .. }
        | StartError::LayerMissing { .. }) => {
            let cited = format!("{} {}", rule.origin, rule.name);
            let refusal = EffectRefusal::new(EffectCode::Exec, vec![cited], error.to_string());
            GateHalt::Refused(Refused::from(refusal))
        }
        error => GateHalt::Machine(format!("rule {}: {error}", rule.name)),
    }
}
