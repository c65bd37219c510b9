//! What a job does, with every expression evaluated, and what came of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use tenzik_policy::Policy;

use crate::input_file::InputFile;
use crate::scenario::{OutputFormat, ReportColumn, ReportFormat};

/// What a job does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Runs a capsule, or one after the other.
    Capsule(CapsuleWork),
    /// Opens a secret and masks it from then on.
    Secret {
        /// Its name in the policy.
        name: String,
        /// The policy.
        policy: Arc<Policy>,
    },
    /// Writes a report.
    Report(ReportWork),
}

/// Runs capsules, each over the output of the one before.
#[derive(Clone, Debug)]
pub struct CapsuleWork {
    /// One stage, or two: a program's and its parser's.
    pub stages: Vec<Stage>,
    /// The input of the first one.
    pub input: WorkInput,
    /// What the output of the last one becomes.
    pub output: OutputFormat,
    /// The seed of random bytes.
    pub seed: u64,
    /// The adapter that runs processes.
    pub adapter: String,
}

/// One run of one capsule.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, or its absolute path.
    pub capsule: String,
    /// Its BLAKE3 digest when it was planned; another one is refused.
    pub capsule_id: String,
    /// The policy, under all ceilings and with the step's own limits.
    pub policy: Arc<Policy>,
    /// Whether the capsule needs nothing but pure capabilities.
    pub is_pure: bool,
}

/// Where input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkInput {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file.
    File(InputFile),
    /// An artifact, by its BLAKE3 digest in hexadecimal.
    Artifact(String),
}

/// Writes a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportWork {
    /// The title.
    pub title: String,
    /// The forms.
    pub formats: Vec<ReportFormat>,
    /// Maps, one for each row.
    pub rows: Vec<Value>,
    /// The columns, never none unless there are no rows.
    pub columns: Vec<ReportColumn>,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkResult {
    /// How it ended.
    pub ending: WorkEnding,
    /// Its output as a value; `null` unless it succeeded.
    pub output: Value,
    /// What it produced, the output itself first.
    pub artifacts: Vec<Produced>,
    /// What it used.
    pub usage: WorkUsage,
    /// Whether it was taken from an earlier run.
    pub reused: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkEnding {
    /// It succeeded.
    Ok,
    /// It did not.
    Failed {
        /// Stable code, such as `capsule_failure`, `fuel_exhausted` or `exec_refused`.
        code: String,
        /// The exit code that `tenzik run` would have had.
        exit: u8,
        /// What happened, for people.
        message: String,
    },
    /// It was ended at its timeout.
    TimedOut {
        /// Milliseconds that it might take.
        timeout_ms: u64,
    },
    /// It was ended since the run was cancelled.
    Cancelled,
}

impl WorkEnding {
    /// A failure.
    pub fn failed(code: &str, exit: u8, message: impl Into<String>) -> WorkEnding {
        WorkEnding::Failed {
            code: code.to_owned(),
            exit,
            message: message.into(),
        }
    }
}

/// Something that a job produced, in the artifact store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// `output`, `receipt.json`, `stderr`, the name of a report's form, or what a capsule named it.
    pub name: String,
    /// BLAKE3 digest in hexadecimal.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
}

/// What a job used itself, added up over its stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkUsage {
    /// Fuel.
    pub fuel: u64,
    /// Host calls.
    pub host_calls: u64,
    /// Microseconds of processor time of the thread.
    pub thread_cpu_us: u64,
    /// Microseconds of processor time of its processes.
    pub process_cpu_us: u64,
    /// Largest memory of a capsule in bytes.
    pub memory_bytes: u64,
    /// Largest resident set of one of its processes in bytes.
    pub process_memory_bytes: u64,
    /// Processes that were started.
    pub processes: u64,
    /// Microseconds from its start to its end.
    pub wall_us: u64,
    /// Bytes of its output.
    pub output_bytes: u64,
}
