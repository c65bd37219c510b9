//! The gate that performs effects on this machine.

mod signalling;
mod storage;

use std::path::PathBuf;
use std::sync::Arc;

use tenzik_evidence::TranscriptCommitment;
use tenzik_policy::{Rules, decide_secret};
use tenzik_process::ProcessAdapter;

use crate::exec::{self, Processes};
use crate::gate::{Gate, GateCall, GateHalt, GateReply, Refused};
use crate::report::{ArtifactReport, GateReport, SignalReport};
use crate::run_id::RunId;
use crate::secrets::{Environment, MaskedValues, Secrets};
use storage::Storage;

/// What the effects of one run need of the world.
pub struct GateOptions {
    /// What the policy admits.
    pub rules: Arc<Rules>,
    /// Starts processes.
    pub adapter: Arc<dyn ProcessAdapter>,
    /// Looks up variables of tenzik's own environment, for rules that pass some on.
    pub environment: Environment,
    /// Says whether the run was cancelled; asked at least every 20 ms while a process is waited for.
    pub cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Names the run.
    pub run_id: RunId,
    /// Where backups of changed files go.
    pub state_directory: PathBuf,
    /// Directories and files of tenzik's own that no program gets and no capsule reads or writes, such
    /// as the directory of its key.
    pub protected: Vec<PathBuf>,
    /// Where artifacts go; without one there can be none.
    pub artifact_directory: Option<PathBuf>,
}

/// Decides and performs each effect of one run.
pub struct LiveGate {
    rules: Arc<Rules>,
    processes: Processes,
    storage: Storage,
    secrets: Arc<Secrets>,
    signals: Vec<SignalReport>,
    cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Names of the secrets behind the handles of the capsule.
    handed_out: Vec<String>,
    run_id: RunId,
}

impl LiveGate {
    /// The gate of one run.
    pub fn new(options: GateOptions) -> LiveGate {
        LiveGate::masking(options, &MaskedValues::default())
    }

    /// The gate of a run whose secrets are masked together with `masked`.
    pub fn masking(options: GateOptions, masked: &MaskedValues) -> LiveGate {
        let mut protected = options.protected;
        protected.push(options.state_directory.clone());
        protected.extend(options.artifact_directory.clone());
        let secrets = Secrets::new(&options.rules.secrets, Arc::clone(&options.environment));
        let secrets = Arc::new(secrets.masked_with(masked));
        LiveGate {
            storage: Storage::new(
                Arc::clone(&options.rules),
                Arc::clone(&secrets),
                options.run_id.clone(),
                options.state_directory,
                protected.clone(),
                options.artifact_directory,
            ),
            rules: Arc::clone(&options.rules),
            signals: Vec::new(),
            cancelled: Arc::clone(&options.cancelled),
            handed_out: Vec::new(),
            processes: Processes::new(
                options.rules,
                options.adapter,
                exec::Environment(options.environment),
                Arc::clone(&secrets),
                protected,
                options.cancelled,
            ),
            secrets,
            run_id: options.run_id,
        }
    }

    /// A handle for the secret `name`, whose value is fetched now.
    fn open_secret(&mut self, name: &[u8]) -> Result<GateReply, GateHalt> {
        let grant = decide_secret(&self.rules, name).map_err(Refused::from)?;
        if let Err(error) = self.secrets.resolve(&grant.name) {
            return Err(GateHalt::Machine(error.to_string()));
        }
        let known = self.handed_out.iter().position(|open| *open == grant.name);
        let index = known.unwrap_or(self.handed_out.len());
        if known.is_none() {
            self.handed_out.push(grant.name.clone());
        }
        let handle = i32::try_from(index + 1).unwrap_or(i32::MAX);
        Ok(GateReply::number(handle))
    }

    /// Writes the value of a secret to the standard input of a process.
    fn write_secret(&mut self, process: i32, secret: i32) -> Result<GateReply, GateHalt> {
        let index = usize::try_from(secret).ok().and_then(|n| n.checked_sub(1));
        let Some(name) = index.and_then(|index| self.handed_out.get(index)) else {
            let count = self.handed_out.len();
            let message = format!("named the secret {secret}; {count} were opened");
            return Err(GateHalt::BadHandle(message));
        };
        let value = self
            .secrets
            .resolve(name)
            .map_err(|error| GateHalt::Machine(error.to_string()))?;
        self.processes.write(process, value.expose())
    }

    fn perform(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        match (call.function, call.numbers, call.inputs) {
            ("exec_start", [], [request]) => self.processes.start(request),
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
            ("process_signal", [], [request]) => {
                let (reply, sent) = signalling::send(&self.rules, request)?;
                self.signals.extend(sent);
                Ok(reply)
            }
            ("secret_open", [], [name]) => self.open_secret(name),
            ("exec_write_secret", [process, secret], []) => self.write_secret(*process, *secret),
            (function, ..) => Err(GateHalt::Machine(format!("nobody performs {function}"))),
        }
    }

    /// The halt without any secret in its text.
    fn masked(&self, halt: GateHalt) -> GateHalt {
        match halt {
            GateHalt::Machine(message) => GateHalt::Machine(self.secrets.masked(&message)),
            GateHalt::BadArgument(message) => GateHalt::BadArgument(self.secrets.masked(&message)),
            GateHalt::Refused(refused) => GateHalt::Refused(Refused {
                message: self.secrets.masked(&refused.message),
                ..refused
            }),
            halt => halt,
        }
    }
}

impl Gate for LiveGate {
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        // The record of a cancelled run ends with the call that was not performed any more.
        if (self.cancelled)() {
            return Err(GateHalt::Cancelled);
        }
        self.perform(call, buffer).map_err(|halt| self.masked(halt))
    }

    fn finish(&mut self) -> GateReport {
        let processes = self.processes.finish();
        let files_changed = self.storage.files_changed();
        let (artifacts, problem) = self.storage.finish();
        GateReport {
            run_id: Some(self.run_id.to_string()),
            transcript: TranscriptCommitment::new().commit(),
            calls: 0,
            processes,
            artifacts: artifacts.iter().map(ArtifactReport::of).collect(),
            files_changed,
            signals: std::mem::take(&mut self.signals),
            problems: problem.into_iter().chain(self.secrets.warnings()).collect(),
        }
    }
}
