//! What the effects of a run were.

use tenzik_evidence::Digest;
use tenzik_process::{Layer, LayerState};

use crate::artifacts::Artifact;

/// The effects of one run, for usage and receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateReport {
    /// Names the run in the undo store and in artifacts.
    pub run_id: Option<String>,
    /// Commitment to the transcript.
    pub transcript: Digest,
    /// Calls in the transcript.
    pub calls: u64,
    /// The processes, in the order of their starts.
    pub processes: Vec<ProcessReport>,
    /// The artifacts that were committed, in that order.
    pub artifacts: Vec<ArtifactReport>,
    /// Files that were committed, each time anew.
    pub files_changed: u64,
    /// The signals that were sent, in that order.
    pub signals: Vec<SignalReport>,
    /// What could not be cleaned up.
    pub problems: Vec<String>,
}

/// One signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalReport {
    /// Index of the rule that admitted it.
    pub rule: usize,
    /// The process.
    pub pid: i32,
    /// Its name.
    pub signal: String,
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactReport {
    /// Its name.
    pub name: String,
    /// BLAKE3 of its content.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

impl ArtifactReport {
    pub(crate) fn of(artifact: &Artifact) -> ArtifactReport {
        ArtifactReport {
            name: artifact.name.as_str().to_owned(),
            digest: artifact.digest.into(),
            bytes: artifact.bytes,
        }
    }
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessReport {
    /// The rule that admitted it.
    pub rule: String,
    /// Its arguments, the program first; values of secrets never stand in arguments.
    pub arguments: Vec<String>,
    /// How it ended: `exit 0`, `signal 9`, `timed out`, `exceeded`.
    pub ending: String,
    /// The layers of isolation, and for each that is missing why.
    pub layers: Vec<(Layer, LayerState)>,
    /// Which helper isolated it: `beside` tenzik, or tenzik its`self`.
    pub helper: &'static str,
    /// Milliseconds that its rule allows.
    pub deadline_ms: u64,
    /// Microseconds from its start to its end.
    pub wall_us: u64,
    /// Microseconds of processor time of its tree.
    pub cpu_us: u64,
    /// Largest resident set of one of its processes, in bytes.
    pub memory_bytes: u64,
    /// Bytes read from its output.
    pub stdout_bytes: u64,
    /// Bytes read from its standard error.
    pub stderr_bytes: u64,
    /// Connections and datagrams that the broker let through.
    pub network_granted: u64,
    /// Connections and datagrams that the broker refused.
    pub network_refused: u64,
}
