//! Validation and policy decision together: everything that can be said before a run.

use tenzik_capsule::{Capsule, Finding, Severity, Validation, validate};
use tenzik_policy::{Permit, Policy, Refusal, decide};

/// The verdict on a module under a policy.
#[derive(Clone, Debug)]
pub struct Examination {
    validation: Validation,
    findings: Vec<Finding>,
    permit: Option<Permit>,
}

impl Examination {
    /// Validates `bytes` and decides under `policy`.
    pub fn of(bytes: &[u8], policy: &Policy) -> Examination {
        Examination::from_validation(validate(bytes, &policy.limits.module_limits()), policy)
    }

    /// Decides over a verdict that exists already.
    pub fn from_validation(validation: Validation, policy: &Policy) -> Examination {
        let decision = match validation.capsule() {
            Some(capsule) => decide(capsule, policy),
            None => Err(Refusal::of_needs(validation.needs(), policy)),
        };
        let mut findings = validation.findings().to_vec();
        let permit = match decision {
            Ok(permit) => Some(permit),
            Err(refusal) => {
                findings.extend(refusal.denials.iter().map(tenzik_policy::Denial::finding));
                None
            }
        };
        findings.sort_by_key(|finding| finding.code.class());
        Examination {
            validation,
            findings,
            permit,
        }
    }

    /// The capsule and its permit, if it may run.
    pub fn admitted(&self) -> Option<(&Capsule, &Permit)> {
        Some((self.validation.capsule()?, self.permit.as_ref()?))
    }

    /// Everything found, in the order of precedence of the classes.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The first error: what decides the exit code. None if the capsule may run.
    pub fn first_error(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|finding| finding.severity == Severity::Error)
    }

    /// The verdict on the module alone.
    pub fn validation(&self) -> &Validation {
        &self.validation
    }
}
