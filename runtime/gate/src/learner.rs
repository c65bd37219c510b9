//! Watches what a run is granted, so that the least policy for it can be written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tenzik_policy::{FileAccess, Observed, ObservedExec, Rules, decide_exec};

use crate::gate::{Gate, GateCall, GateHalt, GateReply};
use crate::report::GateReport;

/// What was granted, in the order in which it was asked for. Complete when the gate has finished.
pub type Observations = Arc<Mutex<Vec<Observed>>>;

/// Passes every call on, and notes those that were granted.
pub struct Learner<G> {
    inner: G,
    rules: Arc<Rules>,
    observations: Observations,
    /// Where in the observations processes, files and artifacts are, by their handles.
    processes: BTreeMap<i32, usize>,
    running: BTreeMap<i32, usize>,
    files: BTreeMap<i32, usize>,
}

#[derive(Deserialize)]
struct Request {
    argv: Vec<String>,
}

impl<G: Gate> Learner<G> {
    /// Watches `inner`, which decides by `rules`.
    pub fn new(inner: G, rules: Arc<Rules>) -> (Learner<G>, Observations) {
        let observations = Observations::default();
        let learner = Learner {
            inner,
            rules,
            observations: Arc::clone(&observations),
            processes: BTreeMap::new(),
            running: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        (learner, observations)
    }

    /// Notes one observation and returns its place.
    fn note(&self, observed: Observed) -> usize {
        let mut all = self
            .observations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.push(observed);
        all.len() - 1
    }

    /// Changes the observation at `place`.
    fn change(&self, place: Option<&usize>, change: impl FnOnce(&mut Observed)) {
        let mut all = self
            .observations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(observed) = place.and_then(|place| all.get_mut(*place)) {
            change(observed);
        }
    }

    fn started(&mut self, handle: i32, request: &[u8]) {
        // It was read and admitted a moment ago.
        let Ok(Request { argv }) = serde_json::from_slice(request) else {
            return;
        };
        let Ok(decision) = decide_exec(&self.rules, &argv) else {
            return;
        };
        let rule = decision.index;
        self.running.insert(handle, rule);
        let running = self.running.values().filter(|running| **running == rule);
        let place = self.note(Observed::Exec(ObservedExec {
            rule,
            argv,
            keep_limits: true,
            concurrent: u32::try_from(running.count()).unwrap_or(u32::MAX),
            ..ObservedExec::default()
        }));
        self.processes.insert(handle, place);
    }

    fn file(&mut self, handle: i32, path: &[u8], mode: i32) {
        let access = match mode {
            2 => FileAccess::Append,
            _ => FileAccess::Write,
        };
        let place = self.note(Observed::File {
            path: path_of(path),
            access,
            bytes: 0,
        });
        self.files.insert(handle, place);
    }

    /// Notes a call that was granted.
    fn granted(&mut self, call: &GateCall<'_>, number: i32) {
        match (call.function, call.numbers, call.inputs) {
            ("exec_start", [], [request]) => self.started(number, request),
            ("exec_write", [process], [bytes]) => {
                self.change(self.processes.get(process), |observed| {
                    if let Observed::Exec(exec) = observed {
                        exec.stdin = true;
                        exec.stdin_bytes = exec.stdin_bytes.saturating_add(bytes.len() as u64);
                    }
                });
            }
            ("exec_write_secret", [process, _], []) => {
                self.change(self.processes.get(process), |observed| {
                    if let Observed::Exec(exec) = observed {
                        exec.stdin = true;
                    }
                });
            }
            ("exec_wait", [process], []) => {
                self.running.remove(process);
            }
            ("file_read", [], [path]) => {
                self.note(Observed::File {
                    path: path_of(path),
                    access: FileAccess::Read,
                    bytes: 0,
                });
            }
            ("file_create", [mode], [path]) => self.file(number, path, *mode),
            ("artifact_create", [], [_]) => {
                let place = self.note(Observed::Artifact { bytes: 0 });
                self.files.insert(number, place);
            }
            ("file_write" | "artifact_write", [handle], [more]) => {
                self.change(self.files.get(handle), |observed| {
                    if let Observed::File { bytes, .. } | Observed::Artifact { bytes } = observed {
                        *bytes = bytes.saturating_add(more.len() as u64);
                    }
                });
            }
            ("secret_open", [], [name]) => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.note(Observed::Secret { name });
            }
            _ => {}
        }
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

impl<G: Gate> Gate for Learner<G> {
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        let reply = self.inner.call(call, buffer)?;
        // A status below 0 is an answer too, but what was asked for has to be granted for it all the same.
        if reply.number >= 0 || matches!(call.function, "exec_wait" | "file_read") {
            self.granted(call, reply.number);
        }
        Ok(reply)
    }

    fn finish(&mut self) -> GateReport {
        let report = self.inner.finish();
        for (place, process) in self.processes.values().zip(&report.processes) {
            self.change(Some(place), |observed| {
                if let Observed::Exec(exec) = observed {
                    exec.stdout_bytes = process.stdout_bytes;
                    exec.stderr_bytes = process.stderr_bytes;
                    exec.wall_ms = process.wall_us.div_ceil(1_000);
                }
            });
        }
        for signal in &report.signals {
            self.note(Observed::Signal {
                rule: signal.rule,
                signal: signal.signal.clone(),
            });
        }
        report
    }
}
