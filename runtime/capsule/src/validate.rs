//! One pass over a module that finds everything there is to say about it.
//!
//! A valid module is walked once: wasmparser's validator and the rules of tenzik see each section
//! and each operator together. Only a module that fails is walked again, to say as much as possible
//! about it (see `diagnose`).

use std::sync::Arc;

use tenzik_host_abi::CapabilitySet;

use crate::capsule::{Capsule, CapsuleId, SectionSize};
use crate::diagnose;
use crate::features::ACCEPTED_FEATURES;
use crate::finding::{Finding, FindingCode, Location, Severity};
use crate::limits::ModuleLimits;
use crate::names;
use crate::walk::Walk;

/// The verdict on a module.
#[derive(Clone, Debug)]
pub struct Validation {
    findings: Vec<Finding>,
    capsule: Option<Capsule>,
    id: Option<CapsuleId>,
    needs: CapabilitySet,
    sections: Vec<SectionSize>,
    bytes: u64,
}

impl Validation {
    /// The verdict on a module that is too large to be looked at: nothing but its size is known.
    pub fn too_large(bytes: u64, limits: &ModuleLimits) -> Validation {
        let message = format!(
            "has {bytes} bytes; at most {} are accepted",
            limits.module_bytes_max
        );
        Validation::rejected(
            bytes,
            Finding::error(FindingCode::ModuleTooLarge, Location::default(), message),
        )
    }

    /// The verdict on bytes that never became a module, such as text that does not assemble.
    pub fn rejected(bytes: u64, finding: Finding) -> Validation {
        Validation {
            findings: vec![finding],
            capsule: None,
            id: None,
            needs: CapabilitySet::EMPTY,
            sections: Vec::new(),
            bytes,
        }
    }

    /// Everything found, in the order of precedence of the classes, then by place.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The capsule, if there is no error among the findings.
    pub fn capsule(&self) -> Option<&Capsule> {
        self.capsule.as_ref()
    }

    /// Digest of the bytes; absent when they were not read.
    pub fn id(&self) -> Option<CapsuleId> {
        self.id
    }

    /// The capabilities that the known imports need, also of a rejected module.
    pub fn needs(&self) -> CapabilitySet {
        self.needs
    }

    /// The parts of the module as far as it could be parsed.
    pub fn sections(&self) -> &[SectionSize] {
        &self.sections
    }

    /// Size of the module in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The first error by precedence: what decides the exit code.
    pub fn first_error(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .find(|finding| finding.severity == Severity::Error)
    }
}

/// Validates the assembled bytes of a module.
///
/// The size is checked before anything else; a module over the limit is neither parsed nor hashed.
pub fn validate(bytes: &[u8], limits: &ModuleLimits) -> Validation {
    let size = bytes.len() as u64;
    if size > limits.module_bytes_max {
        return Validation::too_large(size, limits);
    }
    let id = CapsuleId::of(bytes);
    if let Some(finding) = not_a_module(bytes) {
        return Validation {
            id: Some(id),
            ..Validation::rejected(size, finding)
        };
    }
    let mut walk = Walk::new(ACCEPTED_FEATURES);
    if let Err(first_error) = walk.run(bytes) {
        walk = diagnose::diagnose(bytes, first_error);
    }
    walk.finish(limits, size);
    let mut findings = walk.findings;
    findings.sort_by_key(|finding| (finding.code.class(), finding.location.offset));
    let rejected = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    names::resolve(bytes, &mut findings);
    let capsule = (!rejected).then(|| Capsule {
        bytes: Arc::from(bytes),
        id,
        imports: walk.imports,
        needs: walk.needs,
        manifest: walk.manifest,
        memory_pages_min: walk.memory_pages_min,
        memory_pages_max: walk.memory_pages_max,
        register_effort: walk.body_checks.register_effort,
        functions: walk.bodies,
    });
    Validation {
        findings,
        capsule,
        id: Some(id),
        needs: walk.needs,
        sections: walk.sections,
        bytes: size,
    }
}

fn not_a_module(bytes: &[u8]) -> Option<Finding> {
    if bytes.is_empty() {
        let finding = Finding::error(
            FindingCode::NotWasm,
            Location::at(0),
            "the file is empty".to_owned(),
        );
        return Some(finding.with_remedy("build it again; nothing was written"));
    }
    if !bytes.starts_with(b"\0asm") {
        let head: Vec<String> = bytes
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let message = format!(
            "begins with the bytes {} instead of 00 61 73 6d",
            head.join(" ")
        );
        return Some(Finding::error(
            FindingCode::NotWasm,
            Location::at(0),
            message,
        ));
    }
    // The version field of a component has a layer number in its upper half.
    if let Some([_, _, 1, 0]) = bytes.get(4..8) {
        let message = "is a component, not a core module".to_owned();
        return Some(Finding::error(
            FindingCode::Component,
            Location::at(4),
            message,
        ));
    }
    None
}
