//! What a run left: its output, its log, its artifacts and its receipt.

use tenzik_engine::{EngineFailure, Outcome};
use tenzik_evidence::Nonce;
use tenzik_gate::GateReport;
use tenzik_scenario::WorkEnding;

use super::ending::ending;
use super::output::masked_bytes;
use super::stage::{Place, Running, StageDone, StageFailed, Target};
use super::{EnginePerformer, usage};
use crate::attest::RunRecord;

impl EnginePerformer {
    /// Stores what the run left, and states it.
    pub(super) fn finish(
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
                stage: Some(Box::new(done.provenance)),
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
        if outcome.effects.is_some() {
            done.problems.extend(self.discard_gate_files(place));
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

    fn problems(&self, report: &GateReport) -> Vec<String> {
        let problems = report.problems.iter();
        problems
            .map(|problem| self.masked.masked(problem).into_owned())
            .collect()
    }

    /// A failure in the middle of a run, with what was done before.
    pub(super) fn failed_after(
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
            stage: Some(Box::new(running.provenance)),
            problems,
        }
    }
}
