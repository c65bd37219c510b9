//! One run of one capsule.

use std::sync::Arc;

use tenzik_engine::{CancelToken, EngineFailure, Input, LogTarget, Outcome, Output, RunRequest};
use tenzik_evidence::{Nonce, Timestamp};
use tenzik_gate::{Gate, GateOptions, GateReport, LiveGate, Recorder, RunId};
use tenzik_scenario::driver::JobStart;
use tenzik_scenario::execute::{ArtifactSink, StageProvenance, StopFlag};
use tenzik_scenario::{CapsuleWork, Produced, Stage, WorkEnding, WorkInput, WorkUsage};

use super::capsules::{Admitted, NotAdmitted};
use super::ending::{ending, stopped};
use super::output::{Log, StoredOutput, masked_bytes};
use super::{EnginePerformer, input, provenance, usage};
use crate::attest::RunRecord;

/// Outputs up to this size are kept in memory until they are whole, where the limits allow no more.
const KEPT_BYTES_MAX: u64 = 1 << 20;

/// The job that a stage belongs to, and its world.
pub(super) struct Place<'a> {
    pub(super) job: &'a JobStart,
    /// Names its effects.
    pub(super) id: String,
    /// Of the stages, from 0.
    pub(super) index: usize,
    pub(super) stop: &'a StopFlag,
    pub(super) cancel: CancelToken,
    pub(super) sink: &'a dyn ArtifactSink,
}

/// What came of a stage.
pub(super) struct StageDone {
    pub(super) ending: WorkEnding,
    /// Where it succeeded.
    pub(super) output: Option<Produced>,
    /// Everything else that it produced.
    pub(super) artifacts: Vec<Produced>,
    pub(super) usage: WorkUsage,
    pub(super) provenance: StageProvenance,
    pub(super) problems: Vec<String>,
    /// BLAKE3 of the whole input, where that is known.
    pub(super) input_digest: Option<[u8; 32]>,
    /// The output itself, where it is short.
    pub(super) kept: Option<Vec<u8>>,
}

/// tenzik or the machine failed.
pub(super) struct StageFailed {
    pub(super) message: String,
    pub(super) stage: Option<StageProvenance>,
    pub(super) problems: Vec<String>,
}

impl StageFailed {
    fn before(message: impl ToString) -> StageFailed {
        StageFailed {
            message: message.to_string(),
            stage: None,
            problems: Vec::new(),
        }
    }
}

impl<'a> Place<'a> {
    /// The same for another stage: effects of each have a name of their own.
    pub(super) fn of_stage(&self, index: usize) -> Place<'a> {
        let id = match index {
            0 => self.id.clone(),
            index => format!("{}-{index}", self.id),
        };
        Place {
            id,
            index,
            cancel: self.cancel.clone(),
            ..*self
        }
    }

    /// The name of an artifact of this stage.
    fn name(&self, name: &str, ending: &str) -> String {
        match self.index {
            0 => format!("{name}{ending}"),
            index => format!("{name}-{}{ending}", index + 1),
        }
    }
}

/// Where an output goes.
enum Target {
    Kept,
    Stored(StoredOutput),
}

/// A stage under way.
struct Running<'a> {
    admitted: &'a Admitted,
    started: Timestamp,
    seed: u64,
    provenance: StageProvenance,
    target: Target,
    log: Log,
}

impl EnginePerformer {
    /// Runs one stage.
    pub(super) fn stage(
        &self,
        stage: &Stage,
        work: &CapsuleWork,
        input: &WorkInput,
        place: &Place<'_>,
    ) -> Result<StageDone, StageFailed> {
        if let Some(cause) = place.stop.cause() {
            return Ok(ended_before(stage, stopped(place.job, cause)));
        }
        let admitted = match self.capsules.admitted(stage, &self.options.embedded) {
            Ok(admitted) => admitted,
            Err(NotAdmitted::Ending(ending)) => return Ok(ended_before(stage, ending)),
            Err(NotAdmitted::Machine(message)) => return Err(StageFailed::before(message)),
        };
        let opened = input::open(input, place.sink).map_err(StageFailed::before)?;
        let known_digest = match &opened {
            Input::Bytes(bytes) => Some(*blake3::hash(bytes).as_bytes()),
            Input::Stream(_) => None,
        };
        let prepared = admitted
            .prepared(&self.runtime, &opened)
            .map_err(StageFailed::before)?;
        let started =
            Timestamp::from_unix_millis((self.options.now_ms)()).map_err(StageFailed::before)?;
        let mut running = Running {
            started,
            seed: work.seed,
            provenance: provenance::of_stage(stage, &admitted),
            target: self.target(&admitted, &opened, place)?,
            log: Log::default(),
            admitted: &admitted,
        };
        let request = self.request(&running, opened, &work.adapter, place)?;
        let outcome = match self.runtime.execute(&prepared, &admitted.permit, request) {
            Ok(outcome) => outcome,
            Err(EngineFailure::AfterEffects { failure, effects }) => {
                self.add_effects(&mut running, &effects);
                return Err(self.failed_after(running, &effects, *failure, place));
            }
            Err(failure) => return Err(StageFailed::before(failure)),
        };
        if let Some(effects) = &outcome.effects {
            self.add_effects(&mut running, effects);
        }
        let whole = outcome.commitments.filter(|found| found.input_complete);
        let digest = known_digest.or(whole.map(|found| found.input));
        self.finish(running, outcome, digest, place)
    }

    /// Where the output goes: what may be long goes into the store while the run goes on.
    fn target(
        &self,
        admitted: &Admitted,
        input: &Input,
        place: &Place<'_>,
    ) -> Result<Target, StageFailed> {
        if let Input::Bytes(bytes) = input {
            let limit = admitted.permit.limits().output_bytes(bytes.len() as u64);
            if admitted.is_pure() && limit <= KEPT_BYTES_MAX {
                return Ok(Target::Kept);
            }
        }
        let writer = place.sink.create();
        let writer = writer.map_err(|error| {
            StageFailed::before(format!("the output cannot be stored: {error}"))
        })?;
        Ok(Target::Stored(StoredOutput::new(writer, &self.masked)))
    }

    fn request(
        &self,
        running: &Running<'_>,
        input: Input,
        adapter: &str,
        place: &Place<'_>,
    ) -> Result<RunRequest, StageFailed> {
        let is_stream = matches!(input, Input::Stream(_));
        let now_ms = i64::try_from(running.started.unix_millis()).unwrap_or(i64::MAX);
        let mut request = RunRequest::new(input, now_ms, running.seed);
        let is_pure = running.admitted.is_pure();
        request.commit = is_stream || self.options.key_for(is_pure).is_some();
        request.commit_whole_input = true;
        request.cancel = Some(place.cancel.clone());
        if let Target::Stored(output) = &running.target {
            request.output = Output::Stream(Box::new(output.clone()));
            let log = running.log.clone();
            let push = move |level, message: &[u8]| log.push(level, message);
            request.log = LogTarget::Sink(Box::new(push));
        }
        if !is_pure {
            request.gate = Some(self.gate(running.admitted, adapter, place)?);
        }
        Ok(request)
    }

    fn gate(
        &self,
        admitted: &Admitted,
        adapter: &str,
        place: &Place<'_>,
    ) -> Result<Box<dyn Gate>, StageFailed> {
        let adapters = &self.options.adapters;
        let known = adapters.get(adapter).ok_or_else(|| {
            let names: Vec<&str> = adapters.keys().map(String::as_str).collect();
            let names = names.join(", ");
            StageFailed::before(format!(
                "there is no adapter {adapter:?}; known are {names}"
            ))
        })?;
        let run_id: RunId = place.id.parse().map_err(StageFailed::before)?;
        let cancel = place.cancel.clone();
        let options = GateOptions {
            rules: Arc::clone(admitted.permit.rules()),
            adapter: Arc::clone(known),
            environment: Arc::clone(&self.options.environment),
            cancelled: Arc::new(move || cancel.is_cancelled()),
            run_id,
            state_directory: self.options.state_directory.clone(),
            protected: self.options.protected.clone(),
            artifact_directory: Some(self.options.artifact_directory.clone()),
        };
        let gate = LiveGate::masking(options, &self.masked);
        Ok(Box::new(Recorder::new(gate, None)))
    }

    fn add_effects(&self, running: &mut Running<'_>, report: &GateReport) {
        let rules = running.admitted.permit.rules();
        provenance::add_effects(
            &mut running.provenance,
            report,
            rules,
            &self.options,
            &self.masked,
        );
    }

    /// A failure in the middle of a run, with what was done before.
    fn failed_after(
        &self,
        running: Running<'_>,
        report: &GateReport,
        failure: EngineFailure,
        place: &Place<'_>,
    ) -> StageFailed {
        let mut problems = self.problems(report);
        let named = report.artifacts.iter().map(|artifact| &artifact.name);
        problems.extend(named.map(|name| {
            format!(
                "the artifact {name} was written before; tenzik undo {} names its run",
                place.id
            )
        }));
        StageFailed {
            message: failure.to_string(),
            stage: Some(running.provenance),
            problems,
        }
    }

    fn problems(&self, report: &GateReport) -> Vec<String> {
        let problems = report.problems.iter();
        problems
            .map(|problem| self.masked.masked(problem).into_owned())
            .collect()
    }

    /// Stores what the run left, and states it.
    fn finish(
        &self,
        running: Running<'_>,
        mut outcome: Outcome,
        input_digest: Option<[u8; 32]>,
        place: &Place<'_>,
    ) -> Result<StageDone, StageFailed> {
        let ending = self.masked_ending(ending(&outcome, place.job, place.stop.cause()));
        let problems = match &outcome.effects {
            Some(report) => self.problems(report),
            None => Vec::new(),
        };
        let mut done = StageDone {
            usage: usage::of(&outcome),
            ending,
            output: None,
            artifacts: Vec::new(),
            provenance: running.provenance.clone(),
            problems,
            input_digest,
            kept: None,
        };
        running.log.extend(&std::mem::take(&mut outcome.log));
        let stored = self
            .store_output(&running, &mut outcome, &mut done, place)
            .and_then(|()| self.store_beside(&running, &outcome, &mut done, place));
        match stored {
            Ok(()) => Ok(done),
            Err(message) => Err(StageFailed {
                message,
                stage: Some(done.provenance),
                problems: done.problems,
            }),
        }
    }

    fn store_output(
        &self,
        running: &Running<'_>,
        outcome: &mut Outcome,
        done: &mut StageDone,
        place: &Place<'_>,
    ) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("the output cannot be stored: {error}");
        let stored = match &running.target {
            Target::Kept => {
                let plain = std::mem::take(&mut outcome.output);
                let bytes = masked_bytes(plain.clone(), &self.masked);
                done.provenance.output_masked = bytes != plain;
                let stored = place.sink.put(&bytes, place.durability());
                done.kept = Some(bytes);
                stored.map_err(failed)?
            }
            Target::Stored(output) => {
                let ended = output.commit(place.durability()).map_err(failed)?;
                let plain = blake3::Hash::from_bytes(ended.plain).to_hex();
                done.provenance.output_masked = *plain != *ended.stored.digest;
                ended.stored
            }
        };
        match &done.ending {
            WorkEnding::Ok => done.output = Some(stored.named("output")),
            _ if stored.bytes > 0 => {
                let name = place.name("output", ".partial");
                done.artifacts.push(stored.named(name));
            }
            _ => {}
        }
        Ok(())
    }

    /// The log, the artifacts that the capsule made, and the receipt.
    fn store_beside(
        &self,
        running: &Running<'_>,
        outcome: &Outcome,
        done: &mut StageDone,
        place: &Place<'_>,
    ) -> Result<(), String> {
        if let Some(text) = running.log.text() {
            let text = self.masked.masked(&text);
            let stored = place.sink.put(text.as_bytes(), place.durability());
            let stored = stored.map_err(|error| format!("the log cannot be stored: {error}"))?;
            done.artifacts.push(stored.named(place.name("stderr", "")));
        }
        for artifact in outcome.effects.iter().flat_map(|report| &report.artifacts) {
            let stored = self.import(artifact, place)?;
            done.artifacts.push(stored);
        }
        if let Some(text) = self.receipt(running, outcome)? {
            let stored = place.sink.put(text.as_bytes(), place.durability());
            let stored =
                stored.map_err(|error| format!("the receipt cannot be stored: {error}"))?;
            done.provenance.receipt = Some(stored.digest.clone());
            let name = place.name("receipt", ".json");
            done.artifacts.push(stored.named(name));
        }
        Ok(())
    }

    fn receipt(&self, running: &Running<'_>, outcome: &Outcome) -> Result<Option<String>, String> {
        let admitted = running.admitted;
        let Some(key) = self.options.key_for(admitted.is_pure()) else {
            return Ok(None);
        };
        let failed = |error: &dyn std::fmt::Display| format!("no receipt can be made: {error}");
        let nonce = Nonce::fresh().map_err(|error| failed(&error))?;
        let record = RunRecord {
            capsule: &admitted.capsule,
            permit: &admitted.permit,
            outcome,
            now: running.started,
            seed: running.seed,
        };
        let statement = admitted.attester.attest(&record, nonce, running.started);
        let statement = statement.map_err(|error| failed(&error))?;
        Ok(Some(key.sign(statement).to_json() + "\n"))
    }

    fn masked_ending(&self, ending: WorkEnding) -> WorkEnding {
        match ending {
            WorkEnding::Failed {
                code,
                exit,
                message,
            } => WorkEnding::Failed {
                code,
                exit,
                message: self.masked.masked(&message).into_owned(),
            },
            ending => ending,
        }
    }
}

/// A stage of which nothing ran.
fn ended_before(stage: &Stage, ending: WorkEnding) -> StageDone {
    StageDone {
        ending,
        output: None,
        artifacts: Vec::new(),
        usage: WorkUsage::default(),
        provenance: StageProvenance {
            capsule: stage.capsule.clone(),
            capsule_id: stage.capsule_id.clone(),
            ..StageProvenance::default()
        },
        problems: Vec::new(),
        input_digest: None,
        kept: None,
    }
}
