//! Validation and policy decision together: everything that can be said before a run.

use tenzik_capsule::{
    Capsule, Finding, FindingCode, Location, RejectClass, Severity, Validation, validate,
};
use tenzik_evidence::TrustStore;
use tenzik_evidence::signature::{Place, SignatureError, SignatureReject, SignedModule};
use tenzik_policy::{Permit, Policy, Refusal, decide};

/// The verdict on a module under a policy.
#[derive(Clone, Debug)]
pub struct Examination {
    validation: Validation,
    findings: Vec<Finding>,
    permit: Option<Permit>,
}

/// What a module's signature must be.
#[derive(Clone, Copy, Debug)]
pub struct SignatureRule<'a> {
    /// The keys of which one must have signed the module.
    pub trusted: &'a TrustStore,
    /// The contents of the signature file that came with the module, if one did.
    pub detached: Option<&'a [u8]>,
}

impl Examination {
    /// Like [`Examination::of`], and rejects a module that no trusted key signed, inside the module
    /// or in the signature file. A module that is rejected for its size, its form or its imports
    /// already is not asked for signatures.
    pub fn of_signed(bytes: &[u8], policy: &Policy, rule: SignatureRule<'_>) -> Examination {
        let mut examination = Examination::of(bytes, policy);
        let graver = |finding: &Finding| finding.code.class() < RejectClass::Signature;
        if examination.first_error().is_some_and(graver) {
            return examination;
        }
        let signed = SignedModule::parse(bytes, rule.detached)
            .map_err(SignatureReject::from)
            .and_then(|module| module.check(rule.trusted));
        if let Err(reject) = signed {
            examination.permit = None;
            examination.findings.push(signature_finding(&reject));
            let class = |finding: &Finding| finding.code.class();
            examination.findings.sort_by_key(class);
        }
        examination
    }

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

/// What is wrong with the signatures of a module, as a finding.
pub fn signature_finding(reject: &SignatureReject) -> Finding {
    let (code, location) = match reject {
        SignatureReject::Unsigned => (FindingCode::SignatureMissing, Location::default()),
        SignatureReject::Malformed(SignatureError { place, error }) => {
            let location = match place {
                Place::Module => Location::at(error.offset),
                Place::Signature | Place::SshSignature => Location::default(),
            };
            (FindingCode::SignatureMalformed, location)
        }
        SignatureReject::ContentDiffers { .. } => {
            (FindingCode::SignatureContentDiffers, Location::default())
        }
        SignatureReject::False { .. } => (FindingCode::SignatureFalse, Location::default()),
        SignatureReject::Untrusted { .. } => (FindingCode::SignatureUntrusted, Location::default()),
    };
    Finding::error(code, location, reject.to_string())
}
