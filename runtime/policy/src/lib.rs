//! What a capsule may do, and how much of everything it may use.
//!
//! A [`Policy`] is limits, grants and rules; a [`Profile`] is a named one without rules. [`decide`] is
//! pure and alone makes a [`Permit`], without which the engine runs nothing. What a running capsule
//! asks for of the world outside is decided by the pure functions `decide_*` over the [`Rules`].

mod canonical;
mod policy;
mod profile;

mod limits;

mod amount;
mod keys;
mod policy_file;

mod ceiling;
mod narrow;

mod learned;
mod to_toml;

mod decide;

mod rules;

mod hole;

mod decide_effect;
mod decide_exec;
mod decide_file;
mod effect_refusal;
mod fit;
mod hostname;
mod path;
mod value;

pub use amount::{duration, duration_us, size};
pub use canonical::PolicyTextError;
pub use ceiling::Ceiling;
pub use decide::{Denial, DenialReason, Permit, Refusal, decide};
pub use decide_effect::{
    ARTIFACT_NAME_BYTES_MAX, SIGNAL_NAMES, SignalDecision, SignalTarget, decide_artifact,
    decide_secret, decide_signal,
};
pub use decide_exec::{
    ARGUMENT_BYTES_MAX, ARGUMENTS_BYTES_MAX, ARGUMENTS_MAX, ExecDecision, decide_exec,
};
pub use decide_file::{FileAccess, FileDecision, decide_file};
pub use effect_refusal::{EffectCode, EffectRefusal};
pub use hole::{ArgumentPattern, Hole, HoleKind, PATTERN_BYTES_MAX, Template, TextPattern};
pub use keys::{AmountKey, KeyValue, POLICY_BYTES_MAX, POLICY_KEYS, PolicyKey, Unit};
pub use learned::{Observed, ObservedExec};
pub use limits::{LIMIT_FIELDS, LimitError, LimitField, Limits, LimitsParseError};
pub use narrow::{Effective, Narrowing};
pub use path::PATH_BYTES_MAX;
pub use policy::{Policy, PolicyCommit};
pub use policy_file::{PolicyError, PolicyFile};
pub use profile::{Profile, UnknownProfile};
pub use rules::{
    ArtifactGrant, EnvValue, ExecRule, FileTree, Layer, NetworkScope, Origin, Protocol, Rules,
    SecretGrant, SecretSource, SignalRule, TargetRange,
};
