//! Signals to processes that the policy admits.

use serde::Deserialize;
use tenzik_policy::{EffectRefusal, Rules, SignalTarget, decide_signal};

use super::storage::status_or_refusal;
use crate::gate::{GateHalt, GateReply, Refused};
use crate::report::SignalReport;
use crate::signals::{ProcessIdentity, ProcessRequest, SignalError, signal};

/// The request of `process_signal`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    pid: i32,
    start: String,
    signal: String,
}

/// Sends the signal that `request` asks for.
pub(super) fn send(
    rules: &Rules,
    request: &[u8],
) -> Result<(GateReply, Option<SignalReport>), GateHalt> {
    let malformed = |why: String| {
        GateHalt::BadArgument(format!(
            "asked for a signal with something that is not {{\"pid\": NUMBER, \"start\": TEXT, \"signal\": TEXT}}: {why}"
        ))
    };
    let request: Request = serde_json::from_slice(request)
        .map_err(|error| malformed(format!("line {}, column {}", error.line(), error.column())))?;
    let digits = request.start.bytes().all(|byte| byte.is_ascii_digit());
    let start: u64 = match request.start.parse() {
        Ok(start) if digits => start,
        _ => {
            return Err(malformed(
                "start is no decimal number below 2^64".to_owned(),
            ));
        }
    };
    let mut rule = 0;
    let decide = |identity: &ProcessIdentity| -> Result<(), EffectRefusal> {
        decide_signal(
            rules,
            &SignalTarget {
                program: &identity.program,
                uid: identity.uid,
                pid: identity.pid,
                start: identity.start,
                signal: &request.signal,
            },
        )
        .map(|decision| rule = decision.index)
    };
    let pid = request.pid;
    match signal(ProcessRequest { pid, start }, &request.signal, decide) {
        Ok(_) => {
            let signal = request.signal.clone();
            let sent = SignalReport { rule, pid, signal };
            Ok((GateReply::number(0), Some(sent)))
        }
        Err(SignalError::Refused(refusal)) => Err(GateHalt::Refused(Refused::from(refusal))),
        Err(error) => {
            let kind = error.kind();
            let reply = status_or_refusal(kind, "signal_refused", || error.to_string())?;
            Ok((reply, None))
        }
    }
}
