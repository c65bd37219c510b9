//! The decision whether a capsule may run under a policy.

use std::fmt;
use std::sync::Arc;

use tenzik_capsule::{Capsule, CapsuleId, Finding, FindingCode, Location, Manifest};
use tenzik_host_abi::{Capability, CapabilitySet};

use crate::limits::Limits;
use crate::policy::{Policy, PolicyCommit};
use crate::rules::Rules;

/// The right to run one capsule under one policy. Only [`decide`] makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    capsule_id: CapsuleId,
    limits: Limits,
    grants: CapabilitySet,
    rules: Arc<Rules>,
    policy_commit: PolicyCommit,
}

impl Permit {
    /// The capsule it is for.
    pub fn capsule_id(&self) -> CapsuleId {
        self.capsule_id
    }

    /// The limits of the run.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The capabilities that the run may use.
    pub fn grants(&self) -> CapabilitySet {
        self.grants
    }

    /// What the run may do to the world outside, as far as [`grants`](Permit::grants) lets it ask.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The policy behind the decision.
    pub fn policy_commit(&self) -> PolicyCommit {
        self.policy_commit
    }
}

/// Why a capability is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// The policy does not grant it.
    NotGranted,
    /// The capsule's own manifest does not claim it.
    NotClaimed,
}

/// One denied capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The capability that the imports need.
    pub capability: Capability,
    /// Why it is denied.
    pub reason: DenialReason,
}

/// The capsule may not run under this policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Every denied capability, in alphabetical order.
    pub denials: Vec<Denial>,
}

impl Denial {
    /// The denial as a finding of validation.
    pub fn finding(&self) -> Finding {
        let name = self.capability.name();
        match self.reason {
            DenialReason::NotGranted => Finding::error(
                FindingCode::CapabilityNotGranted,
                Location::default(),
                format!("needs the capability {name}, which this policy does not grant"),
            )
            .with_remedy(match self.capability.is_pure() {
                true => format!("add --grant {name}, choose a profile that grants it, or drop the imports that need it"),
                false => "write a policy that names what it may do (tenzik policy init shows how) and pass it with --policy; tenzik policy explain shows what grants and what limits it".to_owned(),
            }),
            DenialReason::NotClaimed => Finding::error(
                FindingCode::CapabilityNotClaimed,
                Location::default(),
                format!("needs the capability {name}, which its own manifest does not claim"),
            ),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, denial) in self.denials.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&denial.finding().message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Decides whether `capsule` may run under `policy`: every capability that its imports need must be
/// granted, and a manifest can only narrow what is granted.
///
/// # Errors
/// [`Refusal`] with every denied capability.
pub fn decide(capsule: &Capsule, policy: &Policy) -> Result<Permit, Refusal> {
    let denials = denials(capsule.needs(), capsule.manifest(), policy.grants);
    if !denials.is_empty() {
        return Err(Refusal { denials });
    }
    Ok(Permit {
        capsule_id: capsule.id(),
        limits: policy.limits.clone(),
        grants: capsule.needs(),
        rules: Arc::clone(&policy.rules),
        policy_commit: policy.commit(),
    })
}

fn denials(
    needs: CapabilitySet,
    manifest: Option<&Manifest>,
    grants: CapabilitySet,
) -> Vec<Denial> {
    needs
        .iter()
        .filter_map(|capability| {
            let reason = if !grants.contains(capability) {
                DenialReason::NotGranted
            } else if manifest.is_some_and(|manifest| !manifest.needs().contains(capability)) {
                DenialReason::NotClaimed
            } else {
                return None;
            };
            Some(Denial { capability, reason })
        })
        .collect()
}

/// The denials of a module that may have been rejected for other reasons: what `validate` reports in
/// the same pass.
impl Refusal {
    /// Every capability out of `needs` that `policy` does not grant.
    pub fn of_needs(needs: CapabilitySet, policy: &Policy) -> Refusal {
        Refusal {
            denials: denials(needs, None, policy.grants),
        }
    }
}
