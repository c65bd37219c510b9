//! Capsules of a scenario: each is read and examined once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tenzik_capsule::Capsule;
use tenzik_engine::{EngineFailure, Input, PreparedCapsule};
use tenzik_policy::{Permit, Policy};
use tenzik_scenario::{Stage, WorkEnding};

use crate::attest::Attester;
use crate::examination::Examination;
use crate::load::{Loaded, load_module};
use crate::runtime::Runtime;

use super::ending::reject_exit;
use super::options::EmbeddedCapsules;

/// Capsules and policies that are remembered together; a plan has no more steps.
const KNOWN_MAX: usize = 16_384;

/// The code of a capsule that is another one than was planned.
const CAPSULE_CHANGED: &str = "capsule_changed";

/// A capsule that may run.
pub(super) struct Admitted {
    pub(super) capsule: Capsule,
    pub(super) permit: Permit,
    pub(super) attester: Attester,
    /// Held so that its address names no other one.
    _policy: Arc<Policy>,
    prepared: OnceLock<PreparedCapsule>,
}

impl Admitted {
    /// Whether it can have no effect.
    pub(super) fn is_pure(&self) -> bool {
        let mut grants = self.permit.grants().iter();
        grants.all(|capability| capability.is_pure())
    }

    /// Its code, compiled for a run over `input` if that is the first one.
    pub(super) fn prepared(
        &self,
        runtime: &Runtime,
        input: &Input,
    ) -> Result<PreparedCapsule, EngineFailure> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared.clone());
        }
        let prepared = runtime.prepare_for(&self.capsule, self.permit.limits(), input)?;
        Ok(self.prepared.get_or_init(|| prepared).clone())
    }
}

/// Why no capsule is there to run.
pub(super) enum NotAdmitted {
    /// It is rejected, refused, or another one.
    Ending(WorkEnding),
    /// tenzik or the machine failed.
    Machine(String),
}

type Slot = Arc<OnceLock<Arc<Admitted>>>;

/// The capsules that were examined so far.
#[derive(Default)]
pub(super) struct Capsules {
    /// By digest, and address of the policy.
    known: Mutex<HashMap<(String, usize), Slot>>,
    /// Read bytes by digest.
    bytes: Mutex<HashMap<String, Arc<[u8]>>>,
}

impl Capsules {
    /// The capsule of `stage` under its policy.
    pub(super) fn admitted(
        &self,
        stage: &Stage,
        embedded: &EmbeddedCapsules,
    ) -> Result<Arc<Admitted>, NotAdmitted> {
        let key = (stage.capsule_id.clone(), Arc::as_ptr(&stage.policy).addr());
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= KNOWN_MAX {
                known.clear();
            }
            Arc::clone(known.entry(key).or_default())
        };
        if let Some(admitted) = slot.get() {
            return Ok(Arc::clone(admitted));
        }
        let admitted = Arc::new(examine(stage, &self.bytes_of(stage, embedded)?)?);
        Ok(Arc::clone(slot.get_or_init(|| admitted)))
    }

    /// The bytes of the capsule that was planned.
    fn bytes_of(
        &self,
        stage: &Stage,
        embedded: &EmbeddedCapsules,
    ) -> Result<Arc<[u8]>, NotAdmitted> {
        let bytes = || self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = bytes().get(&stage.capsule_id) {
            return Ok(Arc::clone(known));
        }
        let read: Arc<[u8]> = Arc::from(read(stage, embedded)?);
        let found = blake3::hash(&read).to_hex();
        if *found != *stage.capsule_id {
            let message = format!(
                "the capsule {:?} changed after it was planned: its digest was {} and is {found}; plan again, or put the old one back",
                stage.capsule, stage.capsule_id
            );
            return Err(failed(CAPSULE_CHANGED, 1, message));
        }
        let mut bytes = bytes();
        if bytes.len() >= KNOWN_MAX {
            bytes.clear();
        }
        bytes.insert(stage.capsule_id.clone(), Arc::clone(&read));
        Ok(read)
    }
}

fn read(stage: &Stage, embedded: &EmbeddedCapsules) -> Result<Vec<u8>, NotAdmitted> {
    let name = &stage.capsule;
    if !name.starts_with('/') {
        let message = || {
            format!(
                "the capsule {name:?} is not in this tenzik; name a file, or use the tenzik that planned it"
            )
        };
        return match embedded(name) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Err(failed("unknown_capsule", 127, message())),
        };
    }
    let limits = stage.policy.limits.module_limits();
    match load_module(Path::new(name), &limits) {
        Ok(Loaded::Bytes(bytes)) => Ok(bytes),
        Ok(Loaded::Rejected(validation)) => Err(rejected(&Examination::from_validation(
            *validation,
            &stage.policy,
        ))),
        Err(error) => Err(NotAdmitted::Machine(error.to_string())),
    }
}

fn examine(stage: &Stage, bytes: &[u8]) -> Result<Admitted, NotAdmitted> {
    let examination = Examination::of(bytes, &stage.policy);
    let Some((capsule, permit)) = examination.admitted() else {
        return Err(rejected(&examination));
    };
    let attester =
        Attester::new(&stage.policy).map_err(|error| NotAdmitted::Machine(error.to_string()))?;
    Ok(Admitted {
        capsule: capsule.clone(),
        permit: permit.clone(),
        attester,
        _policy: Arc::clone(&stage.policy),
        prepared: OnceLock::new(),
    })
}

fn rejected(examination: &Examination) -> NotAdmitted {
    match examination.first_error() {
        Some(finding) => failed(
            finding.code.code(),
            reject_exit(finding.code.class()),
            format!("{}; {}", finding.message, finding.remedy),
        ),
        None => NotAdmitted::Machine(
            "the capsule is neither admitted nor rejected; please report it".to_owned(),
        ),
    }
}

fn failed(code: &str, exit: u8, message: String) -> NotAdmitted {
    NotAdmitted::Ending(WorkEnding::Failed {
        code: code.to_owned(),
        exit,
        message,
    })
}
