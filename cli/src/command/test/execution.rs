//! Runs one case and compares what came of it with what is expected.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tenzik_runtime::{
    Examination, Input, ModuleLimits, Output, OutputStream, Policy, RunRequest, Runtime, Status,
    Usage, Validation,
};

use crate::failure::{Failure, file, shown};
use crate::printer::grouped;
use crate::run_output::write_whole;
use crate::subject::without_effects;

use super::case::{CONTENT_BYTES_MAX, Case, read_bounded};
use super::difference::difference;
use super::ending::Ending;

/// The module that the cases are about.
pub(super) enum Module {
    Bytes(Vec<u8>),
    /// What could not even be read as one: the same under every policy.
    Rejected(Box<Validation>),
}

/// The limits under which a module is read. Each case examines it again under its own policy.
pub(super) fn reading_limits(policy: &Policy) -> ModuleLimits {
    let mut limits = policy.limits.module_limits();
    limits.module_bytes_max = limits.module_bytes_max.max(tenzik_runtime::TEXT_BYTES_MAX);
    limits
}

impl Module {
    fn examine(&self, policy: &Policy) -> Examination {
        match self {
            Module::Bytes(bytes) => Examination::of(bytes, policy),
            Module::Rejected(validation) => {
                Examination::from_validation(Validation::clone(validation), policy)
            }
        }
    }
}

/// Something that is not as it is expected.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) field: &'static str,
    pub(super) expected: String,
    pub(super) got: String,
    /// Byte and line of the first difference of an output.
    pub(super) place: Option<(usize, Option<usize>)>,
    /// What people read.
    pub(super) lines: Vec<String>,
}

impl Mismatch {
    fn new(field: &'static str, expected: String, got: String) -> Mismatch {
        Mismatch {
            lines: vec![format!("{field}: expected {expected}, got {got}")],
            field,
            expected,
            got,
            place: None,
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut object = json!({ "field": self.field, "expected": self.expected, "got": self.got });
        if let Some((offset, line)) = self.place {
            object["offset"] = json!(offset);
            object["line"] = json!(line);
        }
        object
    }
}

/// What came of a case.
#[derive(Debug)]
pub(super) struct Report {
    /// What is not as expected; nothing in a case that passed.
    pub(super) mismatches: Vec<Mismatch>,
    /// Files that were written so that the case passes.
    pub(super) blessed: Vec<PathBuf>,
    pub(super) usage: Usage,
}

/// A run, or the reason why there is none.
struct Actual {
    ending: Ending,
    /// Whether another machine might end the run in another way.
    machine_bound: bool,
    output: Vec<u8>,
    usage: Usage,
}

/// Runs `case`. With `bless` its expected output and ending are written anew where they differ.
pub(super) fn run_case(
    runtime: &Runtime,
    module: &Module,
    case: &Case,
    bless: bool,
) -> Result<Report, Failure> {
    let expected = match case.has_output {
        true => Some(read_bounded(&case.output, CONTENT_BYTES_MAX)?),
        false => None,
    };
    let actual = execute(runtime, module, case)?;
    let mut mismatches = compare(case, expected.as_deref(), &actual);
    let mut blessed = Vec::new();
    if bless && !mismatches.is_empty() {
        if let Some(obstacle) = obstacle(case, &actual) {
            mismatches.push(Mismatch {
                lines: vec![format!("not blessed: {obstacle}")],
                ..Mismatch::new("bless", "a result to keep".to_owned(), obstacle)
            });
        } else {
            blessed = write_expectations(case, expected.as_deref(), &actual)?;
            mismatches.retain(|mismatch| mismatch.field.ends_with("_max"));
        }
    }
    Ok(Report {
        mismatches,
        blessed,
        usage: actual.usage,
    })
}

fn execute(runtime: &Runtime, module: &Module, case: &Case) -> Result<Actual, Failure> {
    let examination = module.examine(&case.settings.policy);
    let Some((capsule, permit)) = examination.admitted() else {
        let ending = examination.first_error().map(Ending::of_finding);
        return Ok(Actual {
            ending: ending.ok_or_else(|| {
                Failure::machine(
                    "the capsule is neither admitted nor rejected",
                    "please report it",
                )
            })?,
            machine_bound: false,
            output: Vec::new(),
            usage: Usage::default(),
        });
    };
    without_effects(capsule)?;
    let input = match &case.input {
        Some(path) => Input::Bytes(read_bounded(path, CONTENT_BYTES_MAX)?.into()),
        None => Input::empty(),
    };
    let failed = |error: tenzik_runtime::EngineFailure| {
        Failure::machine(
            format!("case {}: {error}", shown(Path::new(&case.name))),
            "see the message",
        )
    };
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &input)
        .map_err(failed)?;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mut request = RunRequest::new(input, case.settings.now_ms, case.settings.seed);
    request.output = Output::Stream(Box::new(Kept(Arc::clone(&kept))));
    let outcome = runtime
        .execute(&prepared, permit, request)
        .map_err(failed)?;
    Ok(Actual {
        ending: Ending::of_run(&outcome.status),
        machine_bound: matches!(&outcome.status, Status::Fault(fault) if fault.machine_bound()),
        output: std::mem::take(&mut kept.lock().unwrap_or_else(PoisonError::into_inner)),
        usage: outcome.usage,
    })
}

/// Keeps the output as far as a case can expect it, and one byte more: whatever its limits are, a
/// case takes no more memory than that.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl OutputStream for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = (CONTENT_BYTES_MAX as usize + 1).saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        Ok(())
    }
}

fn compare(case: &Case, expected_output: Option<&[u8]>, actual: &Actual) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    if case.ending.is_none() && expected_output.is_none() {
        let nothing = "a .output or .status file".to_owned();
        mismatches.push(Mismatch {
            lines: vec![format!(
                "nothing is expected of it: write {0}.output or {0}.status, or run with --bless; it ended as {1}",
                shown(Path::new(&case.name)),
                actual.ending.shown()
            )],
            ..Mismatch::new("expectation", nothing, "neither".to_owned())
        });
    } else {
        let ending = case.ending.as_ref().unwrap_or(&Ending::Ok);
        if !ending.accepts(&actual.ending) {
            mismatches.push(Mismatch::new(
                "ending",
                ending.shown(),
                actual.ending.shown(),
            ));
        }
    }
    if let Some(expected) = expected_output
        && let Some(difference) = difference(expected, &actual.output)
    {
        let bytes = |output: &[u8]| format!("{} bytes", grouped(output.len() as u64));
        mismatches.push(Mismatch {
            place: Some((difference.offset, difference.line)),
            lines: difference.lines,
            ..Mismatch::new("output", bytes(expected), bytes(&actual.output))
        });
    }
    for (field, bound, used) in case.settings.bounds.exceeded(&actual.usage) {
        let at_most = format!("at most {}", grouped(bound));
        mismatches.push(Mismatch::new(field, at_most, grouped(used)));
    }
    mismatches
}

/// Why the result cannot be what is expected of a case.
fn obstacle(case: &Case, actual: &Actual) -> Option<String> {
    // Who made the folder chose the target of a link; it is no file of the case.
    let is_link = |path: &&PathBuf| {
        path.symlink_metadata()
            .is_ok_and(|there| there.is_symlink())
    };
    if let Some(link) = [&case.output, &case.status].into_iter().find(is_link) {
        return Some(format!("{} is a link; put a file there", shown(link)));
    }
    if actual.machine_bound {
        let ending = actual.ending.line();
        return Some(format!(
            "whether a run ends as {ending} depends on the machine"
        ));
    }
    (actual.output.len() as u64 > CONTENT_BYTES_MAX).then(|| {
        let max = grouped(CONTENT_BYTES_MAX);
        format!("the output has more than {max} bytes; make the case smaller")
    })
}

/// Writes what is expected of the case anew: the files that it has, where they differ, or the one
/// that it needs.
fn write_expectations(
    case: &Case,
    expected_output: Option<&[u8]>,
    actual: &Actual,
) -> Result<Vec<PathBuf>, Failure> {
    let mut written = Vec::new();
    let mut write = |path: &PathBuf, bytes: &[u8]| {
        write_whole(path, bytes).map_err(|error| file("cannot write", path, &error))?;
        written.push(path.clone());
        Ok::<(), Failure>(())
    };
    let ending_fits = match &case.ending {
        Some(ending) => ending.accepts(&actual.ending),
        None => actual.ending == Ending::Ok,
    };
    if !ending_fits {
        write(&case.status, &actual.ending.render())?;
    }
    let output_fits = match expected_output {
        Some(expected) => expected == actual.output,
        None => case.ending.is_some() || actual.ending != Ending::Ok,
    };
    if !output_fits {
        write(&case.output, &actual.output)?;
    }
    Ok(written)
}
