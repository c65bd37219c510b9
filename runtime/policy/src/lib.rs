//! What a capsule may do, and how much of everything it may use.
//!
//! A [`Policy`] is limits and grants; a [`Profile`] is a named one. [`decide`] is pure and alone
//! makes a [`Permit`], without which the engine runs nothing.

mod decide;

mod hole;
mod limits;
mod policy;
mod profile;
mod rules;

pub use decide::{Denial, DenialReason, Permit, Refusal, decide};
pub use hole::{ArgumentPattern, Hole, HoleKind};
pub use limits::{LIMIT_FIELDS, LimitError, LimitField, Limits, LimitsParseError};
pub use policy::{Policy, PolicyCommit};
pub use profile::{Profile, UnknownProfile};
pub use rules::{
    ArtifactGrant, EnvValue, ExecRule, FileTree, Layer, NetworkScope, Origin, Protocol, Rules,
    SecretGrant, SecretSource, SignalRule, TargetRange,
};
