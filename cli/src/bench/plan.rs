//! What is measured for how long.

use std::time::Duration;

use clap::ValueEnum;
use tenzik_runtime::evidence::{NodeKey, Nonce};
use tenzik_runtime::{
    Capsule, Input, Outcome, Permit, Policy, PreparedCapsule, RunRecord, RunRequest, Runtime,
    Status, Timestamp, attest,
};

use crate::command::run::ending;
use crate::failure::Failure;
use crate::subject::Subject;

/// Which runs have receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReceiptsWanted {
    /// None.
    None,
    /// Each run has its own signed receipt.
    Each,
    /// Both, in turns.
    Both,
}

/// What is done about the receipt of a run. Another way to make receipts is another variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipts {
    /// Nothing.
    None,
    /// It is made and signed, with a key of its own for the benchmark.
    Each,
}

impl ReceiptsWanted {
    /// What is measured in turns.
    pub(crate) fn modes(self) -> &'static [Receipts] {
        match self {
            ReceiptsWanted::None => &[Receipts::None],
            ReceiptsWanted::Each => &[Receipts::Each],
            ReceiptsWanted::Both => &[Receipts::None, Receipts::Each],
        }
    }
}

impl Receipts {
    /// The word for it in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Receipts::None => "none",
            Receipts::Each => "each",
        }
    }
}

/// What is measured, and for how long in all.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) duration: Duration,
    pub(crate) threads: Vec<usize>,
    pub(crate) receipts: ReceiptsWanted,
}

/// A capsule that is run again and again.
pub(crate) struct Bench<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) prepared: &'a PreparedCapsule,
    pub(crate) subject: &'a Subject,
    pub(crate) capsule: &'a Capsule,
    pub(crate) permit: &'a Permit,
    pub(crate) key: &'a NodeKey,
}

impl Bench<'_> {
    /// One run. Anything but success is a failure: its time would say nothing.
    pub(crate) fn run(&self, receipts: Receipts) -> Result<Outcome, Failure> {
        let subject = self.subject;
        let mut request = request(subject);
        request.commit = receipts == Receipts::Each;
        let outcome = execute(self.runtime, self.prepared, self.permit, request)?;
        if receipts == Receipts::Each {
            let record = RunRecord {
                capsule: self.capsule,
                permit: self.permit,
                outcome: &outcome,
                now: subject.now,
                seed: subject.seed,
            };
            std::hint::black_box(receipt(&record, &subject.policy, subject.now, self.key)?);
        }
        Ok(outcome)
    }
}

/// What each run is asked for.
pub(crate) fn request(subject: &Subject) -> RunRequest {
    let input = Input::Bytes(std::sync::Arc::clone(&subject.input));
    RunRequest::new(input, subject.now_ms(), subject.seed)
}

/// Runs once and insists on success.
pub(crate) fn execute(
    runtime: &Runtime,
    prepared: &PreparedCapsule,
    permit: &Permit,
    request: RunRequest,
) -> Result<Outcome, Failure> {
    let outcome = runtime
        .execute(prepared, permit, request)
        .map_err(machine)?;
    if outcome.status == Status::Ok {
        return Ok(outcome);
    }
    let ending = ending(&outcome);
    let (code, message, remedy) = ending.error.unwrap_or_default();
    Err(Failure::new(
        ending.exit,
        code,
        format!("{message}; only runs that succeed are measured"),
        remedy,
    ))
}

fn receipt(
    record: &RunRecord<'_>,
    policy: &Policy,
    started: Timestamp,
    key: &NodeKey,
) -> Result<String, Failure> {
    let nonce = Nonce::fresh().map_err(machine)?;
    let statement = attest(record, policy, nonce, started).map_err(machine)?;
    Ok(key.sign(statement).to_json())
}

/// tenzik or the machine failed.
pub(crate) fn machine(error: impl std::fmt::Display) -> Failure {
    Failure::machine(error.to_string(), "see the message")
}
