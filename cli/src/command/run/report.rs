//! What `tenzik run` tells of a run: its end, its use, and the JSON object of all of it.

use std::path::PathBuf;

use base64::Engine as _;
use serde_json::{Value, json};

use tenzik_runtime::gate::GateReport;
use tenzik_runtime::{CAPSULE_FAILURE, Capsule, Limits, Outcome, Status};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::json;
use crate::printer::{self, grouped};
use crate::sidecar_file::Found;

use super::RunArguments;
use super::effects;
use super::trace::Trace;

/// What was written about a run, and what it was replayed from.
#[derive(Default)]
pub(super) struct Written {
    pub(super) receipt: Option<PathBuf>,
    pub(super) record: Option<PathBuf>,
    pub(super) replayed: Option<Value>,
}

/// What ended a run that did not succeed.
pub(crate) struct Ending {
    pub(crate) exit: ExitCode,
    pub(crate) status: &'static str,
    /// Code, message and remedy.
    pub(crate) error: Option<(&'static str, String, String)>,
}

/// How a run ended, as the command says it.
pub(crate) fn ending(outcome: &Outcome) -> Ending {
    match &outcome.status {
        Status::Ok => Ending {
            exit: ExitCode::Ok,
            status: "ok",
            error: None,
        },
        Status::Failure { code, message } => {
            let said = if message.is_empty() {
                String::new()
            } else {
                format!(": {}", message_shown(message))
            };
            let remedy = "see the capsule's documentation for its codes".to_owned();
            let error = (
                CAPSULE_FAILURE,
                format!("the capsule failed with code {code}{said}"),
                remedy,
            );
            Ending {
                exit: ExitCode::Failure,
                status: "failure",
                error: Some(error),
            }
        }
        Status::Fault(fault) => {
            let error = (
                fault.code.code(),
                format!("the capsule {}", fault.message),
                fault.code.remedy().to_owned(),
            );
            Ending {
                exit: ExitCode::from(fault.code.class()),
                status: "fault",
                error: Some(error),
            }
        }
        Status::Refused(refused) => Ending {
            exit: ExitCode::Policy,
            status: "refused",
            error: Some((
                refused.code,
                refused.message.clone(),
                refused.remedy.clone(),
            )),
        },
    }
}

pub(super) fn report(
    arguments: &RunArguments,
    capsule: &Capsule,
    (outcome, limits): (&Outcome, &Limits),
    found: &Found,
    written: &Written,
) -> ExitCode {
    let mut ending = ending(outcome);
    let trace = Trace::new(&outcome.frames, found);
    if let Some((_, message, remedy)) = &mut ending.error {
        message.extend(trace.headline());
        printer::error(message, remedy);
        // Refusals and failures of its own are no trap: where the capsule was says nothing.
        if !outcome.frames.is_empty() && matches!(outcome.status, Status::Fault(_)) {
            print_trace(&trace, found);
        }
    }
    if !arguments.quiet {
        if let Some(report) = &outcome.effects {
            effects::print(report);
        }
        printer::note(&usage_line(ending.status, outcome, limits));
    }
    if arguments.json {
        let mut object = object(arguments, capsule, outcome, &ending, written);
        if !outcome.frames.is_empty() {
            object["trap"] = trace.json();
        }
        if let Some(report) = &outcome.effects {
            object["effects"] = effects::json(report);
        }
        if let Some(path) = found.path() {
            object["sidecar"] = json!(path.to_string_lossy());
        }
        printer::json(&object);
    }
    ending.exit
}

/// What was done before tenzik or the machine failed in the middle of the run, or with its output. There is no receipt and no
/// bundle of such a run: it states nothing about the capsule.
pub(super) fn report_after_effects(
    arguments: &RunArguments,
    failure: Failure,
    done: &GateReport,
) -> ExitCode {
    if !arguments.quiet {
        effects::print(done);
    }
    failure.report_with(arguments.json, |object| {
        object["effects"] = effects::json(done);
    })
}

/// Where the run ended, below the message, or how to learn it.
fn print_trace(trace: &Trace<'_>, found: &Found) {
    match found {
        Found::Sidecar(_, _) => {
            trace.lines().iter().for_each(|line| printer::note(line));
            if trace.headline().is_none() {
                printer::note(
                    "  the optimiser left no line of your own: tenzik build --optimiser builtin keeps more",
                );
            }
        }
        Found::None => printer::note(
            "  source lines: for a capsule in Rust, tenzik build writes them beside it, as NAME.debug.wasm; or pass --sidecar",
        ),
        Found::Useless(why) => printer::note(&format!("  source lines: {why}")),
    }
}

fn object(
    arguments: &RunArguments,
    capsule: &Capsule,
    outcome: &Outcome,
    ending: &Ending,
    written: &Written,
) -> Value {
    let mut object = json!({
        "status": ending.status,
        "exit": ending.exit.number(),
        "capsule_id": capsule.id().to_string(),
        "usage": json::usage(&outcome.usage),
    });
    if arguments.output.is_none() {
        match std::str::from_utf8(&outcome.output) {
            Ok(text) => object["output"] = json!(text),
            Err(_) => {
                object["output_base64"] =
                    json!(base64::engine::general_purpose::STANDARD.encode(&outcome.output));
            }
        }
    }
    if let Some((code, message, remedy)) = &ending.error {
        object["error"] = json!({ "code": code, "message": message, "remedy": remedy });
    }
    if let Status::Failure { code, .. } = &outcome.status {
        object["failure_code"] = json!(code);
    }
    add_written(&mut object, written);
    object
}

pub(super) fn add_written(object: &mut Value, written: &Written) {
    let files = [("receipt", &written.receipt), ("record", &written.record)];
    for (name, path) in files {
        if let Some(path) = path {
            object[name] = json!(path.to_string_lossy());
        }
    }
    if let Some(replayed) = &written.replayed {
        object["replayed"] = replayed.clone();
    }
}

/// One line with the use of every limited thing beside its limit.
fn usage_line(status: &str, outcome: &Outcome, limits: &Limits) -> String {
    let usage = &outcome.usage;
    let read = usage.read_bytes();
    let at_least = if usage.fuel_exact { "" } else { "at least " };
    let milliseconds = |us: u64| format!("{}.{:03}", grouped(us / 1_000), us % 1_000);
    format!(
        "{status}: fuel {at_least}{} of {} · memory {} of {} B · {} of {} ms (host {}, waiting {}) · {} of {} host calls · input {} of {} B · output {} of {} B · log {} of {} B",
        grouped(usage.fuel),
        grouped(limits.fuel(read)),
        grouped(usage.memory_bytes),
        grouped(limits.memory_bytes_max),
        milliseconds(usage.wall_us),
        grouped(limits.wall_us(read) / 1_000),
        milliseconds(usage.host_us),
        milliseconds(usage.io_wait_us),
        grouped(usage.host_calls),
        grouped(limits.host_calls(read)),
        grouped(usage.input_bytes),
        grouped(limits.input_bytes_max),
        grouped(usage.output_bytes),
        grouped(limits.output_bytes(read)),
        grouped(usage.log_bytes),
        grouped(limits.log_bytes_max),
    )
}

/// Bytes of a capsule for people's eyes: printable ASCII as it is, the rest escaped.
pub(crate) fn message_shown(message: &[u8]) -> String {
    if message.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return String::from_utf8_lossy(message).into_owned();
    }
    message.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::message_shown;

    #[test]
    fn messages_of_capsules_cannot_move_the_cursor() {
        assert_eq!(message_shown(b"plain text"), "plain text");
        assert_eq!(message_shown(b"\x1b[31mred\xff"), "\\x1b[31mred\\xff");
    }
}
