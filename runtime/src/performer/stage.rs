//! One run of one capsule.

use std::sync::Arc;

use tenzik_engine::{CancelToken, EngineFailure, Input, LogTarget, Output, RunRequest};
use tenzik_evidence::Timestamp;
use tenzik_gate::{Gate, GateOptions, GateReport, LiveGate, Recorder, RunId};
use tenzik_scenario::driver::JobStart;
use tenzik_scenario::execute::{ArtifactSink, StageProvenance, StopFlag};
use tenzik_scenario::{CapsuleWork, Produced, Stage, WorkEnding, WorkInput, WorkUsage};

use super::capsules::{Admitted, NotAdmitted};
use super::ending::{REFUSED_EXIT, stopped};
use super::input::NoInput;
use super::output::{Log, StoredOutput};
use super::{EnginePerformer, input, provenance};

/// Outputs up to this size are kept in memory until they are whole, where the limits allow no more.
const KEPT_BYTES_MAX: u64 = 1 << 20;

/// The code of a step that may not read its input.
const INPUT_REFUSED: &str = "input_refused";

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
    pub(super) stage: Option<Box<StageProvenance>>,
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
    pub(super) fn name(&self, name: &str, ending: &str) -> String {
        match self.index {
            0 => format!("{name}{ending}"),
            index => format!("{name}-{}{ending}", index + 1),
        }
    }
}

/// Where an output goes.
pub(super) enum Target {
    Kept,
    Stored(StoredOutput),
}

/// A stage under way.
pub(super) struct Running<'a> {
    pub(super) admitted: &'a Admitted,
    pub(super) started: Timestamp,
    pub(super) seed: u64,
    pub(super) provenance: StageProvenance,
    pub(super) target: Target,
    pub(super) log: Log,
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
        let opened = match input::open(input, &stage.policy, &self.forbidden(), place.sink) {
            Ok(opened) => opened,
            Err(NoInput::Refused(message)) => {
                let ending = WorkEnding::failed(INPUT_REFUSED, REFUSED_EXIT, message);
                return Ok(ended_before(stage, ending));
            }
            Err(NoInput::Unreadable(message)) => return Err(StageFailed::before(message)),
        };
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
        self.check_gate_directory().map_err(StageFailed::before)?;
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
            artifact_directory: Some(self.gate_directory(place)),
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
