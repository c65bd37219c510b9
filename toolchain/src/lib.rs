//! From source to capsule bytes: everything behind `tenzik new`, `tenzik build` and
//! `tenzik doctor`.
//!
//! ```text
//! crate ──build_rust──┐
//! project ──compile───┴► wasm ──optimise──► smaller wasm ──append_manifest──► capsule bytes + report
//! ```
//!
//! [`build_capsule`] is this in one call for a crate, [`build_project`] for a directory with a
//! `tenzik.toml`. Nothing here decides whether a capsule is
//! acceptable: the caller gives the bytes to tenzik's validator.
//!
//! A [`Host`] stands for the machine: the search path, the cache directory and the processes that
//! are started. Only its module reads the environment or spawns anything.

mod host;

mod language;
mod printable;
mod project;

mod rust;

mod binaryen;
mod prune;

mod optimise;

mod crate_metadata;

mod build_rust;
mod compile;
mod compiled;
mod manifest;
mod producers;
mod sections;
mod shown;

pub mod sidecar;
pub mod size;

mod build_capsule;
mod report;

mod doctor;
mod snapshot;
mod template;

pub use binaryen::WasmOpt;
pub use build_capsule::{
    BuildCapsuleError, BuiltCapsule, CapsuleOptions, build_capsule, build_project,
};
pub use build_rust::{BuildOptions, BuildRustError, Built, build_rust, build_rust_debug};
pub use compile::{CompileError, FindCompilerError, compile};
pub use compiled::Compiled;
pub use doctor::{Check, CheckStatus, DoctorReport, doctor};
pub use host::{Host, ProcessError};
pub use language::Language;
pub use manifest::{ManifestError, append_manifest, needs};
pub use optimise::{
    Candidate, FindOptimiserError, OptimiseError, Optimised, Optimiser, OptimiserChoice,
    find_optimiser, optimise,
};
pub use project::{PROJECT_FILE, Project, ProjectError};
pub use report::{BuildReport, ReportCandidate, ReportSection, ReportSidecar};
pub use rust::{FindRustError, RustToolchain, RustWay, find_rust};
pub use sections::{Section, SectionsError, sections};
pub use shown::shown;
pub use snapshot::{Snapshot, SnapshotError};
pub use template::{Created, NewCapsuleError, new_capsule};
