//! From source to capsule bytes: everything behind `tenzik new`, `tenzik build` and
//! `tenzik doctor`.
//!
//! ```text
//! crate ──build_rust──► wasm ──optimise──► smaller wasm ──append_manifest──► capsule bytes + report
//! ```
//!
//! [`build_capsule`] is the upper line in one call. Nothing here decides whether a capsule is
//! acceptable: the caller gives the bytes to tenzik's validator.
//!
//! A [`Host`] stands for the machine: the search path, the cache directory and the processes that
//! are started. Only its module reads the environment or spawns anything.

mod host;

mod rust;

mod binaryen;
mod prune;

mod optimise;

mod crate_metadata;

mod build_rust;
mod manifest;
mod sections;

mod build_capsule;
mod report;

mod doctor;
mod template;

pub use binaryen::WasmOpt;
pub use build_capsule::{BuildCapsuleError, BuiltCapsule, CapsuleOptions, build_capsule};
pub use build_rust::{BuildOptions, BuildRustError, Built, build_rust};
pub use doctor::{Check, CheckStatus, DoctorReport, doctor};
pub use host::{Host, ProcessError};
pub use manifest::{ManifestError, append_manifest, needs};
pub use optimise::{
    Candidate, FindOptimiserError, OptimiseError, Optimised, Optimiser, OptimiserChoice,
    find_optimiser, optimise,
};
pub use report::{BuildReport, ReportCandidate, ReportSection, toolchain_id};
pub use rust::{FindRustError, RustToolchain, RustWay, find_rust};
pub use sections::{Section, SectionsError, sections};
pub use template::{Created, NewCapsuleError, TemplateLanguage, new_capsule};
