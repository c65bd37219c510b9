//! The gate that performs effects on this machine.

use std::sync::Arc;

use tenzik_evidence::TranscriptCommitment;
use tenzik_policy::Rules;
use tenzik_process::ProcessAdapter;

use crate::exec::{Environment, Processes};
use crate::gate::{Gate, GateCall, GateHalt, GateReply};
use crate::report::GateReport;

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
    pub run_id: String,
}

/// Decides and performs each effect of one run.
pub struct LiveGate {
    processes: Processes,
    run_id: String,
}

impl LiveGate {
    /// The gate of one run.
    pub fn new(options: GateOptions) -> LiveGate {
        let environment = Environment::new(options.environment);
        LiveGate {
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
            (function, ..) => Err(GateHalt::Machine(format!("nobody performs {function}"))),
        }
    }

    fn finish(&mut self) -> GateReport {
        GateReport {
            run_id: Some(self.run_id.clone()),
            transcript: TranscriptCommitment::new().commit(),
            calls: 0,
            processes: self.processes.finish(),
            problems: Vec::new(),
        }
    }
}
