//! A run again, from its bundle: nothing happens outside.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use tenzik_runtime::evidence::Statement;
use tenzik_runtime::gate::{Gate, Recorder, Replay, ReplayProgress};
use tenzik_runtime::{EngineFailure, Outcome, Permit, Policy, Status, Timestamp};

use crate::bundle_file::BundleFile;
use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer::grouped;
use crate::run_input::OpenedInput;

/// The bundle of a run that is replayed.
pub(super) struct Replayed {
    file: BundleFile,
    statement: Statement,
}

impl Replayed {
    pub(super) fn open(path: &Path) -> Result<Replayed, Failure> {
        let file = BundleFile::open(path)?;
        let statement = file.receipt()?.body().statement().clone();
        Ok(Replayed { file, statement })
    }

    /// The capsule that was named, or that of the bundle.
    pub(super) fn capsule(&self, named: Option<&OsStr>) -> Result<CapsuleSource, Failure> {
        match named {
            Some(word) => CapsuleSource::of(word),
            None => self.file.capsule(),
        }
    }

    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        self.file.policy()
    }

    /// The seed of the run, if there was one.
    pub(super) fn seed(&self) -> Option<u64> {
        self.statement.verdict.run().map(|run| run.seed)
    }

    /// What the capsule was told to be the time.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.statement.verdict.run().map(|run| run.now)
    }

    pub(super) fn input(&self) -> OpenedInput {
        OpenedInput {
            input: self.file.input(),
            whole: false,
        }
    }

    /// The gate, for a capsule that may have effects, and how far it gets.
    pub(super) fn gate(&self, permit: &Permit) -> (Option<Box<dyn Gate>>, ReplayProgress) {
        let gate = Replay::new(&self.file.bundle, Arc::clone(permit.rules()));
        let progress = gate.progress();
        let is_pure = permit
            .grants()
            .iter()
            .all(|capability| capability.is_pure());
        let gate: Option<Box<dyn Gate>> = match is_pure {
            true => None,
            false => Some(Box::new(Recorder::new(gate, None))),
        };
        (gate, progress)
    }
}

impl Replayed {
    /// What people are told of a run that was replayed.
    pub(super) fn note(&self, progress: &ReplayProgress) -> String {
        let calls = grouped(progress.done());
        let bundle = shown(&self.file.path);
        format!("replayed: {calls} calls answered from {bundle}, nothing was done outside")
    }

    /// The same for programs.
    pub(super) fn json(&self, progress: &ReplayProgress) -> Value {
        json!({ "bundle": self.file.path.to_string_lossy(), "calls": progress.done() })
    }
}

/// What went wrong while a run was replayed, or any other.
pub(super) fn failed(error: EngineFailure) -> Failure {
    match error {
        EngineFailure::Differs { .. } => differs(error.to_string()),
        error => Failure::machine(error.to_string(), "see the message"),
    }
}

/// Whether the run made all the calls of the record. One that the clock or the stack of this machine
/// ended need not.
pub(super) fn check_complete(outcome: &Outcome, progress: &ReplayProgress) -> Result<(), Failure> {
    let is_bound = matches!(&outcome.status, Status::Fault(fault) if fault.machine_bound());
    match (progress.left(), is_bound) {
        (0, _) | (_, true) => Ok(()),
        (left, false) => Err(differs(format!(
            "the record has {left} more calls than the capsule made: it ended after call {}",
            progress.done()
        ))),
    }
}

fn differs(message: String) -> Failure {
    let remedy = "replay the capsule, input and policy of the record; tenzik bundle inspect --transcript shows its calls";
    Failure::new(ExitCode::Reexecution, "replay_differs", message, remedy)
}
