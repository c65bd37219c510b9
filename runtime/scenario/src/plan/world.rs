//! What the planner asks about the machine. It spawns nothing and writes nothing.

use std::path::{Path, PathBuf};

use tenzik_host_abi::CapabilitySet;
use tenzik_policy::Policy;

/// Something that the planner asked for and cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Stable code, such as `policy_malformed` or `tool_missing`.
    pub code: &'static str,
    /// What and why.
    pub message: String,
    /// What to change.
    pub remedy: String,
}

/// A capsule that may run under a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapsuleFacts {
    /// Its name, or its absolute path.
    pub word: String,
    /// BLAKE3 digest in hexadecimal.
    pub id: String,
    /// What its imports need.
    pub needs: CapabilitySet,
    /// Its size.
    pub bytes: u64,
}

/// A program that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Where it is, links resolved.
    pub path: PathBuf,
    /// BLAKE3 digest in hexadecimal.
    pub digest: String,
    /// Package and version, where a package manager's records name the file.
    pub version: Option<String>,
}

/// The machine, as far as a plan depends on it.
pub trait PlanWorld {
    /// The policy in a file, under all ceilings. `path` is relative to the scenario's directory.
    ///
    /// # Errors
    /// [`Missing`] if it cannot be read or is malformed.
    fn policy(&self, path: &str) -> Result<Policy, Missing>;

    /// The policy of steps that name none, under all ceilings.
    fn default_policy(&self) -> Policy;

    /// A policy with changed limits, under all ceilings again.
    fn bounded(&self, policy: Policy) -> Policy;

    /// A capsule, by name or path (relative to the scenario's directory), if it may run under `policy`.
    ///
    /// # Errors
    /// [`Missing`] with the first finding otherwise.
    fn capsule(&self, word: &str, policy: &Policy) -> Result<CapsuleFacts, Missing>;

    /// The program at an absolute path.
    ///
    /// # Errors
    /// [`Missing`] if there is none, or it is not executable.
    fn program(&self, path: &Path) -> Result<ProgramFacts, Missing>;

    /// The adapters that run processes.
    fn adapters(&self) -> &[&str] {
        &["local"]
    }
}
