//! Where results come from.

use serde::{Deserialize, Serialize};

/// Where the result of a job comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The capsules that ran, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageProvenance>,
    /// What could not be cleaned up, and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// One run of one capsule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageProvenance {
    /// Its name or path.
    pub capsule: String,
    /// Its BLAKE3 digest.
    pub capsule_id: String,
    /// The commitment to its policy.
    pub policy_commit: String,
    /// BLAKE3 digest of its receipt in the artifact store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Names its effects: `tenzik undo` takes it. None for a capsule without effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects_id: Option<String>,
    /// Files that it committed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_changed: u64,
    /// Whether secrets were replaced in its output: the receipt commits to the output as it was.
    #[serde(default, skip_serializing_if = "is_false")]
    pub output_masked: bool,
    /// Its processes, in the order of their starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessProvenance>,
}

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessProvenance {
    /// The rule that admitted it.
    pub rule: String,
    /// Its executable.
    pub program: String,
    /// Its arguments, the name first.
    pub argv: Vec<String>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<VariableProvenance>,
    /// How it ended: `exit 0`, `signal 9`, `timed out`.
    pub ending: String,
    /// Microseconds from its start to its end.
    pub wall_us: u64,
}

/// A variable of an environment. Values are not written down, only a digest that tells whether two
/// values are the same: a plain digest of a short value is as good as the value to whoever tries all
/// of them, so that it is keyed with random bytes that nobody keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableProvenance {
    /// Its name.
    pub name: String,
    /// 32 hexadecimal digits of BLAKE3, keyed for this run of tenzik; `secret` for secrets.
    pub value: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(truth: &bool) -> bool {
    !truth
}
