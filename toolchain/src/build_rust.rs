//! Compiles a capsule's crate with cargo.

mod error;
mod module;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

pub use error::BuildRustError;
use module::{modules_made, read_module};

use crate::crate_metadata::{CrateMetadata, Package};
use crate::host::{Call, Finished, Host};
use crate::rust::{RustToolchain, TARGET};
use crate::sidecar::DebugModule;

/// A profile of its own, so that authors need no settings and theirs do not change the result.
const PROFILE: [&str; 9] = [
    "profile.tenzik.inherits='release'",
    "profile.tenzik.codegen-units=1",
    "profile.tenzik.debug=false",
    "profile.tenzik.debug-assertions=false",
    "profile.tenzik.incremental=false",
    "profile.tenzik.lto='fat'",
    "profile.tenzik.opt-level='z'",
    "profile.tenzik.panic='abort'",
    "profile.tenzik.strip='symbols'",
];

/// 16 KiB of stack, so that a small capsule fits one page of memory, and the shortest encoding of
/// addresses.
const RUSTFLAGS: [&str; 2] = [
    "-Clink-arg=-zstack-size=16384",
    "-Clink-arg=--compress-relocations",
];

/// For a second build that only tells where code comes from. `--compress-relocations` does not go
/// together with debug information. These are no settings of the profile: cargo would derive other
/// symbol names from it, and the linker other code.
const DEBUG_RUSTFLAGS: [&str; 3] = [
    "-Clink-arg=-zstack-size=16384",
    "-Cdebuginfo=line-tables-only",
    "-Cstrip=none",
];

/// Where the second build is kept, below the target directory, so that neither discards the other.
const DEBUG_DIRECTORY: &str = "tenzik-debug";

/// Variables that would change the result. `CARGO_ENCODED_RUSTFLAGS` wins over every other source
/// of compiler flags, so those need not be named.
const UNSET: [&str; 5] = [
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "RUSTC_BOOTSTRAP",
];

/// How to compile.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// Where cargo puts what it makes. Default: `CARGO_TARGET_DIR`, else the workspace's `target`.
    pub target_dir: Option<PathBuf>,
    /// When cargo is killed. Default: 10 minutes.
    pub timeout: Duration,
}

impl Default for BuildOptions {
    fn default() -> BuildOptions {
        BuildOptions {
            target_dir: None,
            timeout: Duration::from_secs(600),
        }
    }
}

/// A compiled crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The module as the linker made it.
    pub bytes: Vec<u8>,
    /// The crate's name.
    pub name: String,
    /// The crate's version.
    pub version: String,
    /// The settings that every build has, in the form of cargo and rustc options.
    pub flags: Vec<String>,
    /// BLAKE3 of the `Cargo.lock` that was used, hexadecimal.
    pub lock_hash: Option<String>,
}

/// Compiles the crate in `directory` to a module that exports `memory` and what the crate exports.
/// Two builds with one toolchain make the same bytes, wherever the crate is.
///
/// With a `Cargo.lock` the build is offline and follows it exactly; without one cargo writes it.
/// The crate's build scripts and procedural macros run with the rights of this process. Lines
/// that cargo and the compiler write go to `on_line` as they come.
///
/// # Errors
/// [`BuildRustError`]; compiler errors were given to `on_line`.
pub fn build_rust(
    host: &Host,
    rust: &RustToolchain,
    directory: &Path,
    options: &BuildOptions,
    on_line: &mut dyn FnMut(&str),
) -> Result<Built, BuildRustError> {
    let cargo = Cargo::begin(host, rust, directory, options)?;
    let metadata = cargo.metadata()?;
    let package = cargo.package(&metadata)?;
    let module = cargo.build(package, &metadata, None, on_line)?;
    let lock = std::fs::read(metadata.workspace_root.join("Cargo.lock")).ok();
    Ok(Built {
        bytes: read_module(&module)?,
        name: package.name.clone(),
        version: package.version.clone(),
        flags: PROFILE
            .into_iter()
            .chain(RUSTFLAGS)
            .map(str::to_owned)
            .collect(),
        lock_hash: lock.map(|lock| blake3::hash(&lock).to_hex().to_string()),
    })
}

/// Compiles the crate once more, with names and source lines, into a directory of its own. Its code
/// is that of [`build_rust`] in other bytes, unless the compiler does something else because of the
/// debug information: whoever uses it has to compare.
///
/// # Errors
/// [`BuildRustError`].
pub fn build_rust_debug(
    host: &Host,
    rust: &RustToolchain,
    directory: &Path,
    options: &BuildOptions,
    on_line: &mut dyn FnMut(&str),
) -> Result<DebugModule, BuildRustError> {
    let cargo = Cargo::begin(host, rust, directory, options)?;
    let metadata = cargo.metadata()?;
    let package = cargo.package(&metadata)?;
    let target = metadata.target_directory().join(DEBUG_DIRECTORY);
    let module = cargo.build(package, &metadata, Some(&target), on_line)?;
    let names = metadata.path_names().into_iter();
    Ok(DebugModule {
        wasm: read_module(&module)?,
        source_map: None,
        path_names: names
            .map(|(directory, name)| (directory.to_string_lossy().into_owned(), name))
            .collect(),
    })
}

/// The calls of cargo for one crate.
struct Cargo<'a> {
    host: &'a Host,
    rust: &'a RustToolchain,
    directory: PathBuf,
    manifest: PathBuf,
    options: &'a BuildOptions,
    deadline: Instant,
    /// Whether there is a lock file to follow.
    locked: bool,
}

impl<'a> Cargo<'a> {
    fn begin(
        host: &'a Host,
        rust: &'a RustToolchain,
        directory: &Path,
        options: &'a BuildOptions,
    ) -> Result<Cargo<'a>, BuildRustError> {
        let no_manifest = || BuildRustError::NoManifest {
            directory: directory.display().to_string(),
        };
        // cargo resolves links in the paths it reports, so the manifest is found by its real path.
        let directory = directory.canonicalize().map_err(|_| no_manifest())?;
        let manifest = directory.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(no_manifest());
        }
        let mut cargo = Cargo {
            host,
            rust,
            directory,
            manifest,
            options,
            deadline: Instant::now() + options.timeout,
            locked: false,
        };
        cargo.locked = cargo.workspace_root()?.join("Cargo.lock").is_file();
        Ok(cargo)
    }

    fn package<'m>(&self, metadata: &'m CrateMetadata) -> Result<&'m Package, BuildRustError> {
        let package =
            metadata
                .package(&self.manifest)
                .ok_or_else(|| BuildRustError::NoPackage {
                    manifest: self.manifest.display().to_string(),
                })?;
        if !package.has_cdylib() {
            return Err(BuildRustError::NotCdylib {
                name: package.name.clone(),
            });
        }
        Ok(package)
    }

    fn workspace_root(&self) -> Result<PathBuf, BuildRustError> {
        let command = "locate-project";
        let call = self.call(command).arguments(["--workspace"]);
        let finished = self.finish(command, call, &mut |_| {})?;
        let project: Project = serde_json::from_slice(&finished.stdout)
            .map_err(|source| BuildRustError::CargoOutput { command, source })?;
        Ok(project.root.parent().unwrap_or(&self.directory).to_owned())
    }

    fn metadata(&self) -> Result<CrateMetadata, BuildRustError> {
        let call =
            self.call("metadata")
                .arguments(["--format-version", "1", "--filter-platform", TARGET]);
        let finished = self.finish("metadata", call, &mut |_| {})?;
        serde_json::from_slice(&finished.stdout).map_err(|source| BuildRustError::CargoOutput {
            command: "metadata",
            source,
        })
    }

    /// Returns the path of the module. With `debug`, the build has debug information and is kept
    /// there.
    fn build(
        &self,
        package: &Package,
        metadata: &CrateMetadata,
        debug: Option<&Path>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<PathBuf, BuildRustError> {
        let mut call = self
            .call("build")
            .arguments(["--lib", "--profile", "tenzik", "--target", TARGET])
            .arguments(["--message-format", "json-render-diagnostics"])
            .set("CARGO_ENCODED_RUSTFLAGS", self.rustflags(metadata, debug));
        if let Some(target) = debug {
            call = call.set("CARGO_TARGET_DIR", target);
        }
        for setting in PROFILE {
            call = call.arguments(["--config", setting]);
        }
        if self.rust.sysroot().is_some() {
            // This compiler is not the one that belongs to cargo, and may be a little older.
            call = call.arguments(["--ignore-rust-version"]);
        }
        let finished = self.finish("build", call, on_line)?;
        let mut modules = modules_made(&finished.stdout, &package.manifest_path)?;
        match (modules.pop(), modules.len()) {
            (Some(module), 0) => Ok(module),
            (module, rest) => {
                let count = rest + usize::from(module.is_some());
                Err(BuildRustError::Modules {
                    name: package.name.clone(),
                    count,
                })
            }
        }
    }

    fn call(&self, command: &str) -> Call<'_> {
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        let mut call = Call::new(self.rust.cargo(), timeout)
            .arguments([command, "--manifest-path"])
            .arguments([&self.manifest])
            .directory(&self.directory)
            .unset(&UNSET)
            .set("RUSTC", self.rust.rustc())
            .set(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
                self.rust.linker(),
            )
            .set("CARGO_TERM_COLOR", "never");
        if let Some(target_dir) = &self.options.target_dir {
            call = call.set("CARGO_TARGET_DIR", target_dir);
        }
        if self.locked {
            call = call.arguments(["--locked", "--offline"]);
        }
        call
    }

    fn finish(
        &self,
        command: &'static str,
        call: Call<'_>,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<Finished, BuildRustError> {
        let finished = self.host.run(call, on_line)?;
        if finished.status.success() {
            return Ok(finished);
        }
        let error = finished
            .last_lines
            .iter()
            .find_map(|line| line.strip_prefix("error"));
        let message = match error {
            Some(error) => error.trim_start_matches(": ").to_owned(),
            None => finished.status.to_string(),
        };
        Err(BuildRustError::Cargo {
            command,
            message,
            last_lines: finished.last_lines,
        })
    }

    /// The compiler flags in cargo's encoding: separated by the byte 0x1f.
    fn rustflags(&self, metadata: &CrateMetadata, debug: Option<&Path>) -> OsString {
        let mut flags = OsString::from(match debug {
            None => RUSTFLAGS.join("\x1f"),
            Some(_) => DEBUG_RUSTFLAGS.join("\x1f"),
        });
        let target = debug.map(|target| (target, "target".to_owned()));
        for (directory, name) in metadata.path_names().into_iter().chain(target) {
            flags.push("\x1f--remap-path-prefix=");
            flags.push(directory);
            flags.push("=");
            flags.push(name);
        }
        if let Some(sysroot) = self.rust.sysroot() {
            flags.push("\x1f--sysroot=");
            flags.push(sysroot);
        }
        flags
    }
}

/// What `cargo locate-project` prints.
#[derive(Deserialize)]
struct Project {
    root: PathBuf,
}
