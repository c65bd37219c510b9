//! The gate that performs effects on this machine.

mod signalling;
mod storage;

use std::path::PathBuf;
use std::sync::Arc;

use tenzik_evidence::TranscriptCommitment;
use tenzik_policy::Rules;
use tenzik_process::ProcessAdapter;

use crate::exec::{Environment, Processes};
use crate::gate::{Gate, GateCall, GateHalt, GateReply};
use crate::report::{ArtifactReport, GateReport};
use crate::run_id::RunId;
use storage::Storage;

/// What the effects of one run need of the world.
pub struct GateOptions {
    /// What the policy admits.
    pub rules: Arc<Rules>,
    /// Starts processes.
    pub adapter: Arc<dyn ProcessAdapter>,
    /// Looks up variables of tenzik's own environment, for rules that pass some on.
    pub environment: Box<dyn Fn(&str) -> Option<Vec<u8>> + Send>,
    /// Says whether the run was cancelled; asked at least every 20 ms while a process is waited for.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Names the run.
    pub run_id: RunId,
    /// Where backups of changed files go.
    pub state_directory: PathBuf,
    /// Where artifacts go; without one there can be none.
    pub artifact_directory: Option<PathBuf>,
}

/// Decides and performs each effect of one run.
pub struct LiveGate {
    rules: Arc<Rules>,
    processes: Processes,
    storage: Storage,
    run_id: RunId,
}

impl LiveGate {
    /// The gate of one run.
    pub fn new(options: GateOptions) -> LiveGate {
        let environment = Environment::new(options.environment);
        LiveGate {
            storage: Storage::new(
                Arc::clone(&options.rules),
                options.run_id.clone(),
                options.state_directory,
                options.artifact_directory,
            ),
            rules: Arc::clone(&options.rules),
            processes: Processes::new(
                options.rules,
                options.adapter,
                environment,
                options.cancelled,
            ),
            run_id: options.run_id,
        }
    }
}

impl Gate for LiveGate {
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        match (call.function, call.numbers, call.inputs) {
            ("exec_start", [], [request]) => {
                let mut secret = |name: &str| Err(format!("secret {name} cannot be had"));
                self.processes.start(request, &mut secret)
            }
            ("exec_write", [process], [bytes]) => self.processes.write(*process, bytes),
            ("exec_close", [process], []) => self.processes.close(*process),
            ("exec_read", [process, stream], []) => self.processes.read(*process, *stream, buffer),
            ("exec_wait", [process], []) => self.processes.wait(*process),
            ("file_read", [], [path]) => self.storage.read_file(path),
            ("result_read", [file], []) => self.storage.read(*file, buffer),
            ("file_create", [mode], [path]) => self.storage.create_file(path, *mode),
            ("file_write", [file], [bytes]) => self.storage.write_file(*file, bytes),
            ("file_commit", [file], []) => self.storage.commit_file(*file),
            ("file_undo", [], [run_id]) => self.storage.undo(run_id),
            ("artifact_create", [], [name]) => self.storage.create_artifact(name),
            ("artifact_write", [artifact], [bytes]) => {
                self.storage.write_artifact(*artifact, bytes)
            }
            ("artifact_commit", [artifact], []) => self.storage.commit_artifact(*artifact),
            ("process_signal", [], [request]) => signalling::send(&self.rules, request),
            (function, ..) => Err(GateHalt::Machine(format!("nobody performs {function}"))),
        }
    }

    fn finish(&mut self) -> GateReport {
        let processes = self.processes.finish();
        let (artifacts, problem) = self.storage.finish();
        GateReport {
            run_id: Some(self.run_id.to_string()),
            transcript: TranscriptCommitment::new().commit(),
            calls: 0,
            processes,
            artifacts: artifacts.iter().map(ArtifactReport::of).collect(),
            problems: problem.into_iter().collect(),
        }
    }
}
