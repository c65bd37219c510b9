//! Failures: what goes wrong with tenzik or the machine, and says nothing about a capsule.

use std::io;

use tenzik_gate::GateReport;

/// tenzik or the machine failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineFailure {
    /// wasmtime could not be set up.
    #[error("the engine cannot be set up: {0}")]
    Setup(String),
    /// A validated capsule did not compile.
    #[error("a validated capsule does not compile: {0}; please report it")]
    Compile(String),
    /// A validated and compiled capsule could not be instantiated.
    #[error("the capsule cannot be instantiated: {0}")]
    Instantiate(String),
    /// The permit is for another capsule.
    #[error("the permit is for the capsule {permit}, not for {capsule}")]
    Permit {
        /// Id that the permit names.
        permit: String,
        /// Id of the capsule.
        capsule: String,
    },
    /// Reading the input failed.
    #[error("the input cannot be read after {offset} bytes: {source}")]
    Input {
        /// Bytes read before.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// Writing the output failed.
    #[error("the output cannot be written after {offset} bytes: {source}")]
    Output {
        /// Bytes written before.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A thread with the stack that the run needs could not be started.
    #[error("a thread with {bytes} bytes of stack cannot be started: {source}")]
    Thread {
        /// Stack size.
        bytes: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The gate failed: the system did not do what an effect needs.
    #[error("{0}")]
    Gate(String),
    /// A replayed run asked for another effect than the recorded one.
    #[error("the record has {expected}; the capsule asked for {got}")]
    Differs {
        /// What the record has next.
        expected: String,
        /// What the capsule asked for.
        got: String,
    },
    /// The run ended so in its middle, when it had had effects already.
    #[error("{failure}")]
    AfterEffects {
        /// What failed.
        failure: Box<EngineFailure>,
        /// What was done before.
        effects: Box<GateReport>,
    },
    /// The thread of the run died.
    #[error("the thread of the run died; please report it")]
    Died,
    /// All instances stayed in use.
    #[error(
        "no instance became free in {waited_ms} ms; run fewer capsules at once or raise pool_instances"
    )]
    Busy {
        /// Milliseconds waited.
        waited_ms: u64,
    },
}

impl EngineFailure {
    /// The failure with what `report` says was done before it, if anything was. A replay names no run:
    /// nothing is done in it.
    pub(crate) fn after(self, report: GateReport) -> EngineFailure {
        let did_nothing = report.calls == 0 && report.processes.is_empty();
        if report.run_id.is_none() || (did_nothing && report.files_changed == 0) {
            return self;
        }
        EngineFailure::AfterEffects {
            failure: Box::new(self),
            effects: Box::new(report),
        }
    }
}
