//! What a capsule may do, and how much of everything it may use.
//!
//! A [`Policy`] is limits and grants; a [`Profile`] is a named one. [`decide`] is pure and alone
//! makes a [`Permit`], without which the engine runs nothing.

mod decide;

mod limits;
mod policy;
mod profile;

pub use decide::{Denial, DenialReason, Permit, Refusal, decide};
pub use limits::{LIMIT_FIELDS, LimitError, LimitField, Limits, LimitsParseError};
pub use policy::{Policy, PolicyCommit};
pub use profile::{Profile, UnknownProfile};
