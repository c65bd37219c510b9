//! What the policy says about a recorded call.

use tenzik_policy::{
    EffectRefusal, FileAccess, Rules, decide_artifact, decide_exec, decide_file, decide_secret,
};

use crate::exec::Request;
use crate::gate::GateCall;

/// The decision, where it takes nothing but the policy and the request.
pub(super) fn again(rules: &Rules, call: &GateCall<'_>) -> Option<Result<(), EffectRefusal>> {
    let decision = match (call.function, call.numbers, call.inputs) {
        ("exec_start", _, [request]) => {
            let request = Request::parse(request).ok()?;
            decide_exec(rules, &request.argv).map(drop)
        }
        ("file_read", _, [path]) => decide_file(rules, path, FileAccess::Read).map(drop),
        ("file_create", [mode], [path]) => {
            let access = match mode {
                0 | 1 => FileAccess::Write,
                2 => FileAccess::Append,
                _ => return None,
            };
            decide_file(rules, path, access).map(drop)
        }
        ("artifact_create", _, [name]) => decide_artifact(rules, name).map(drop),
        ("secret_open", _, [name]) => decide_secret(rules, name).map(drop),
        _ => return None,
    };
    Some(decision)
}
