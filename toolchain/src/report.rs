//! What a build did, for people, scripts and lock files.

use serde::{Deserialize, Serialize};

use crate::compiled::Compiled;
use crate::optimise::{Candidate, Optimised, Optimiser};
use crate::sections::{Section, SectionsError, sections};
use crate::sidecar::Coverage;

/// The version of [`BuildReport`]'s JSON.
const REPORT_VERSION: u32 = 1;

/// How a capsule was built, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildReport {
    /// Version of this format: 1.
    pub version: u32,
    /// BLAKE3 of the capsule's bytes, hexadecimal.
    pub capsule_id: String,
    /// Name of the capsule.
    pub name: String,
    /// Version of the capsule.
    pub capsule_version: String,
    /// Size of the capsule in bytes.
    pub size: u64,
    /// The largest size that was allowed, if one was checked.
    pub size_limit: Option<u64>,
    /// Where the capsule was written.
    pub output: Option<String>,
    /// What it is written in: a name of `tenzik new --lang`.
    pub language: String,
    /// The compiler's name for itself.
    pub compiler: String,
    /// The linker's name for itself; `None` where it is a part of the compiler.
    pub linker: Option<String>,
    /// Options of the compiler and linker that every build in this language has.
    pub flags: Vec<String>,
    /// BLAKE3 of the `Cargo.lock` or `package-lock.json`, hexadecimal.
    pub lock_hash: Option<String>,
    /// The optimiser that won, with its version and options.
    pub optimiser: String,
    /// All optimisers that were tried.
    pub candidates: Vec<ReportCandidate>,
    /// The sidecar with names and source lines, when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<ReportSidecar>,
    /// What the bytes are spent on; the sizes sum to `size`.
    pub sections: Vec<ReportSection>,
    /// Compiler, linker and optimisers: builds of one source with equal ids make equal bytes.
    pub toolchain_id: String,
}

/// A section of the capsule.
pub type ReportSection = Section;

/// An optimiser that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCandidate {
    /// The optimiser, with its version and options.
    pub optimiser: String,
    /// What came of it: `{"bytes": n}` or `{"problem": "…"}`.
    pub result: Candidate,
}

/// A sidecar, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSidecar {
    /// Where it was written.
    pub output: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// How much it knows.
    pub coverage: Option<Coverage>,
    /// Why there is none.
    pub problem: Option<String>,
}

impl ReportSidecar {
    pub(crate) fn new(made: &Result<(Vec<u8>, Coverage), String>) -> ReportSidecar {
        let (size, coverage) = made
            .as_ref()
            .map(|(sidecar, coverage)| (sidecar.len() as u64, coverage.clone()))
            .ok()
            .unzip();
        ReportSidecar {
            output: None,
            size,
            coverage,
            problem: made.as_ref().err().cloned(),
        }
    }
}

impl BuildReport {
    /// Describes the capsule `bytes`, made from `compiled` and `optimised`. The caller fills in
    /// `size_limit` and `output`.
    ///
    /// # Errors
    /// [`SectionsError`] when `bytes` are not a module.
    pub fn new(
        compiled: &Compiled,
        optimiser: &Optimiser,
        optimised: &Optimised,
        bytes: &[u8],
    ) -> Result<BuildReport, SectionsError> {
        let candidates = optimised.candidates.iter().cloned();
        Ok(BuildReport {
            version: REPORT_VERSION,
            capsule_id: blake3::hash(bytes).to_hex().to_string(),
            name: compiled.name.clone(),
            capsule_version: compiled.version.clone(),
            size: bytes.len() as u64,
            size_limit: None,
            output: None,
            language: compiled.language.name().to_owned(),
            compiler: compiled.compiler.clone(),
            linker: compiled.linker.clone(),
            flags: compiled.flags.clone(),
            lock_hash: compiled.lock_hash.clone(),
            optimiser: optimised.name.clone(),
            candidates: candidates
                .map(|(optimiser, result)| ReportCandidate { optimiser, result })
                .collect(),
            sidecar: None,
            sections: sections(bytes)?,
            toolchain_id: toolchain_id(&compiled.compiler, compiled.linker.as_deref(), optimiser),
        })
    }
}

/// Names everything that turns a source into bytes: builds of one source with equal ids make
/// equal bytes.
fn toolchain_id(compiler: &str, linker: Option<&str>, optimiser: &Optimiser) -> String {
    match linker {
        Some(linker) => format!("{compiler}; {linker}; {optimiser}"),
        None => format!("{compiler}; {optimiser}"),
    }
}
