//! The whole way from a source to a capsule.

use std::path::Path;
use std::time::Duration;

use crate::build_rust::{BuildOptions, BuildRustError, build_rust, build_rust_debug};
use crate::compile::{CompileError, compile};
use crate::compiled::Compiled;
use crate::host::Host;
use crate::manifest::{ManifestError, append_manifest};
use crate::optimise::{OptimiseError, Optimised, Optimiser, optimise};
use crate::producers::append_producers;
use crate::project::Project;
use crate::report::{BuildReport, ReportSidecar};
use crate::rust::RustToolchain;
use crate::sections::SectionsError;
use crate::sidecar::{Making, make_sidecar};

/// How to build a capsule.
#[derive(Clone, Debug)]
pub struct CapsuleOptions {
    /// How to compile it.
    pub build: BuildOptions,
    /// When a run of an external optimiser is killed. Default: 60 s.
    pub optimiser_timeout: Duration,
    /// Whether to compile once more for names and source lines. Default: yes.
    pub sidecar: bool,
}

impl Default for CapsuleOptions {
    fn default() -> CapsuleOptions {
        CapsuleOptions {
            build: BuildOptions::default(),
            optimiser_timeout: Duration::from_secs(60),
            sidecar: true,
        }
    }
}

/// A capsule in memory. It has not been validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltCapsule {
    /// The module with its manifest.
    pub bytes: Vec<u8>,
    /// The capsule's [sidecar](crate::sidecar), if there is one; the report says why not.
    pub sidecar: Option<Vec<u8>>,
    /// How it came about.
    pub report: BuildReport,
}

/// Why there is no capsule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildCapsuleError {
    /// The crate did not compile.
    #[error(transparent)]
    Build(#[from] BuildRustError),
    /// The project did not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The compiler made something that is not a module.
    #[error(transparent)]
    Optimise(#[from] OptimiseError),
    /// The manifest does not fit.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The result cannot be described.
    #[error(transparent)]
    Sections(#[from] SectionsError),
}

/// Compiles the crate in `directory`, makes it small and appends its manifest. Nothing is written
/// except cargo's target directory and, if there is none, `Cargo.lock`.
///
/// # Errors
/// [`BuildCapsuleError`]; compiler errors were given to `on_line`.
pub fn build_capsule(
    host: &Host,
    rust: &RustToolchain,
    optimiser: &Optimiser,
    directory: &Path,
    options: &CapsuleOptions,
    on_line: &mut dyn FnMut(&str),
) -> Result<BuiltCapsule, BuildCapsuleError> {
    let built = build_rust(host, rust, directory, &options.build, on_line)?;
    let compiled = Compiled::of_crate(rust, built);
    let (mut capsule, optimised) = finish(host, optimiser, &compiled, options)?;
    if options.sidecar {
        // Whatever goes wrong here, the capsule is there already and stays as it is. The compiler
        // has said what it has to say.
        let made = build_rust_debug(host, rust, directory, &options.build, &mut |_| {})
            .map_err(|error| error.to_string())
            .and_then(|debug| {
                let making = Making {
                    compiled: &compiled.bytes,
                    debug: &debug,
                    optimised: &optimised,
                    capsule: &capsule.bytes,
                };
                make_sidecar(host, optimiser, &making, options.optimiser_timeout)
                    .map_err(|error| error.to_string())
            });
        capsule.report.sidecar = Some(ReportSidecar::new(&made));
        capsule.sidecar = made.ok().map(|(sidecar, _)| sidecar);
    }
    Ok(capsule)
}

/// Compiles a capsule that has a `tenzik.toml`, makes it small, names its compiler and appends its
/// manifest. The project's directory is not written to. There is no sidecar.
///
/// # Errors
/// [`BuildCapsuleError`]; compiler errors were given to `on_line`.
pub fn build_project(
    host: &Host,
    optimiser: &Optimiser,
    project: &Project,
    options: &CapsuleOptions,
    on_line: &mut dyn FnMut(&str),
) -> Result<BuiltCapsule, BuildCapsuleError> {
    let compiled = compile(host, project, options.build.timeout, on_line)?;
    finish(host, optimiser, &compiled, options).map(|(capsule, _)| capsule)
}

/// The capsule without a sidecar, and how it was made small.
fn finish(
    host: &Host,
    optimiser: &Optimiser,
    compiled: &Compiled,
    options: &CapsuleOptions,
) -> Result<(BuiltCapsule, Optimised), BuildCapsuleError> {
    let optimised = optimise(host, optimiser, &compiled.bytes, options.optimiser_timeout)?;
    let named = append_producers(optimised.bytes.clone(), compiled);
    let bytes = append_manifest(&named, &compiled.name, &compiled.version)?;
    let report = BuildReport::new(compiled, optimiser, &optimised, &bytes)?;
    let capsule = BuiltCapsule {
        bytes,
        sidecar: None,
        report,
    };
    Ok((capsule, optimised))
}
