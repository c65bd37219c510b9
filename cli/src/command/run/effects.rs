//! The effects of a run: the gate that performs them and what people and programs are told of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use tenzik_runtime::gate::{
    Gate, GateOptions, GateReport, LayerState, Learner, LiveGate, LocalAdapter, Observations,
    ProcessReport, Recorder, RunId, Tape,
};
use tenzik_runtime::{Permit, escaped};

use crate::failure::Failure;
use crate::printer::{self, grouped};
use crate::stop_signal::StopSignal;
use crate::user_directories;
use crate::world;

/// Bytes of arguments that a line for people shows.
const ARGUMENTS_SHOWN_MAX: usize = 200;

/// The gate of a run, and the signals that end what is behind it.
pub(super) struct Effects {
    pub(super) gate: Option<Box<dyn Gate>>,
    /// What was granted, where it is watched.
    pub(super) observations: Option<Observations>,
    stop: Option<StopSignal>,
}

impl Effects {
    /// What the permit needs: nothing for a capsule without effects.
    pub(super) fn of(
        permit: &Permit,
        artifacts: Option<&Path>,
        tape: Option<Box<dyn Tape>>,
        learn: bool,
    ) -> Result<Effects, Failure> {
        if permit
            .grants()
            .iter()
            .all(|capability| capability.is_pure())
        {
            return Ok(Effects {
                gate: None,
                observations: None,
                stop: None,
            });
        }
        let stop = StopSignal::catch()?;
        let stopped = stop.flag();
        let executable = world::executable().map_err(|error| {
            Failure::machine(
                format!("cannot tell where tenzik lies: {error}"),
                "start it by its path",
            )
        })?;
        let unnamed =
            |error: String| Failure::machine(format!("no name for the run: {error}"), "try again");
        let run_id: RunId = world::run_id()
            .map_err(|error| unnamed(error.to_string()))?
            .parse()
            .map_err(|error: tenzik_runtime::gate::RunIdError| unnamed(error.to_string()))?;
        let artifacts = match artifacts {
            Some(directory) => directory.to_owned(),
            None => user_directories::state()?.join("artifacts"),
        };
        let gate = LiveGate::new(GateOptions {
            rules: Arc::clone(permit.rules()),
            adapter: Arc::new(LocalAdapter::beside(&executable)),
            environment: Arc::new(world::variable),
            cancelled: Arc::new(move || stopped.load(Ordering::Relaxed)),
            run_id,
            state_directory: user_directories::state()?,
            protected: user_directories::own().collect(),
            artifact_directory: Some(artifacts),
        });
        let (gate, observations): (Box<dyn Gate>, _) = if learn {
            let (learner, observations) = Learner::new(gate, Arc::clone(permit.rules()));
            (Box::new(Recorder::new(learner, tape)), Some(observations))
        } else {
            (Box::new(Recorder::new(gate, tape)), None)
        };
        Ok(Effects {
            gate: Some(gate),
            observations,
            stop: Some(stop),
        })
    }

    /// Behind a gate that performs nothing.
    pub(super) fn none(gate: Option<Box<dyn Gate>>) -> Effects {
        Effects {
            gate,
            observations: None,
            stop: None,
        }
    }

    /// Ends this process as the signal would have that ended the run.
    pub(super) fn obey_signal(&self) {
        if let Some(stop) = &self.stop {
            stop.obey();
        }
    }
}

/// One line for each process, and what could not be cleaned up.
pub(super) fn print(report: &GateReport) {
    for process in &report.processes {
        printer::note(&line(process));
    }
    for artifact in &report.artifacts {
        printer::note(&format!(
            "artifact {}: {} B · {}",
            artifact.name,
            grouped(artifact.bytes),
            artifact.digest
        ));
    }
    if let (1.., Some(run)) = (report.files_changed, &report.run_id) {
        let files = grouped(report.files_changed);
        printer::note(&format!(
            "files committed: {files} · undo: tenzik undo {run}"
        ));
    }
    for problem in &report.problems {
        printer::note(&format!("warning: {problem}"));
    }
}

fn line(process: &ProcessReport) -> String {
    let arguments = escaped(&process.arguments.join(" "));
    let shown: String = arguments.chars().take(ARGUMENTS_SHOWN_MAX).collect();
    let more = if shown.len() < arguments.len() {
        "…"
    } else {
        ""
    };
    let layers = |wanted: fn(&LayerState) -> bool| {
        let found = process.layers.iter().filter(|(_, state)| wanted(state));
        found.map(|(layer, _)| layer.name()).collect::<Vec<_>>()
    };
    let enforced = layers(|state| matches!(state, LayerState::Enforced(_)));
    let unavailable = layers(|state| matches!(state, LayerState::Unavailable(_)));
    let missing = if unavailable.is_empty() {
        String::new()
    } else {
        format!(" · not available: {}", unavailable.join(" "))
    };
    let refused = match process.network_refused {
        0 => String::new(),
        count => format!(" · {} connections refused", grouped(count)),
    };
    format!(
        "process {shown}{more}: {} · {}.{:03} of {} ms · {} B out · {} B err{refused} · isolated by {} (helper: {}){missing}",
        process.ending,
        grouped(process.wall_us / 1_000),
        process.wall_us % 1_000,
        grouped(process.deadline_ms),
        grouped(process.stdout_bytes),
        grouped(process.stderr_bytes),
        enforced.join(" "),
        process.helper,
    )
}

/// `{"run_id", "calls", "transcript_commit", "processes": [...], "problems": [...]}`.
pub(super) fn json(report: &GateReport) -> Value {
    let artifacts = report.artifacts.iter().map(|artifact| {
        json!({
            "name": artifact.name,
            "digest": artifact.digest.to_string(),
            "bytes": artifact.bytes,
        })
    });
    json!({
        "run_id": report.run_id,
        "files_changed": report.files_changed,
        "calls": report.calls,
        "transcript_commit": report.transcript.to_string(),
        "processes": report.processes.iter().map(process_json).collect::<Vec<_>>(),
        "artifacts": artifacts.collect::<Vec<_>>(),
        "problems": report.problems,
    })
}

fn process_json(process: &ProcessReport) -> Value {
    let layers: serde_json::Map<String, Value> = process
        .layers
        .iter()
        .map(|(layer, state)| {
            let object = match state.detail() {
                "" => json!({ "state": state.name() }),
                detail => json!({ "state": state.name(), "detail": detail }),
            };
            (layer.name().to_owned(), object)
        })
        .collect();
    json!({
        "rule": process.rule,
        "arguments": process.arguments,
        "ending": process.ending,
        "helper": process.helper,
        "layers": layers,
        "deadline_ms": process.deadline_ms,
        "wall_us": process.wall_us,
        "cpu_us": process.cpu_us,
        "memory_bytes": process.memory_bytes,
        "stdout_bytes": process.stdout_bytes,
        "stderr_bytes": process.stderr_bytes,
        "network_granted": process.network_granted,
        "network_refused": process.network_refused,
    })
}
