//! The policy of a run.

use std::fmt;
use std::sync::Arc;

use tenzik_host_abi::CapabilitySet;

use crate::canonical;
use crate::limits::Limits;
use crate::profile::Profile;
use crate::rules::Rules;

/// Limits, grants and rules together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How much a run may use.
    pub limits: Limits,
    /// The capabilities a capsule may use.
    pub grants: CapabilitySet,
    /// What it grants of programs, files, processes, artifacts and secrets.
    pub rules: Arc<Rules>,
}

impl Default for Policy {
    /// The profile `default`.
    fn default() -> Policy {
        Profile::Default.policy()
    }
}

/// BLAKE3 commitment to a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PolicyCommit([u8; 32]);

impl PolicyCommit {
    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PolicyCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PolicyCommit({})",
            blake3::Hash::from_bytes(self.0).to_hex()
        )
    }
}

impl Policy {
    /// The digest of this policy: BLAKE3 of its [`canonical`](Policy::canonical) text.
    pub fn commit(&self) -> PolicyCommit {
        PolicyCommit(*blake3::hash(self.canonical().as_bytes()).as_bytes())
    }

    /// The text that the digest is of. Without rules three lines, each ended by a line feed:
    /// `tenzik policy v1`, the granted capabilities separated by commas, and the canonical limits. With
    /// rules the first line is `tenzik policy v2`, and a line for each fact of them follows, in the
    /// form of docs/formats.md. Where rules stand, and values of secrets, are no part of it.
    pub fn canonical(&self) -> String {
        let version = if self.rules.is_empty() { 1 } else { 2 };
        let mut text = format!(
            "tenzik policy v{version}\n{}\n{}\n",
            self.grants, self.limits
        );
        canonical::rules(&mut text, &self.rules);
        text
    }
}
