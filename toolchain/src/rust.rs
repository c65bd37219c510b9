//! Finds a Rust compiler that can emit WebAssembly.
//!
//! Two kinds are usable: a compiler that has the target's libraries in its own sysroot (rustup,
//! and distributions that package them), and any compiler for which `scripts/setup-wasm` has
//! compiled them into tenzik's cache (Debian's `rustc-web`).

mod compiler;
mod error;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use compiler::Compiler;
pub use error::FindRustError;

use crate::host::{Call, Host, ProcessError};

/// The target that capsules are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Where Debian's packages put their compiler; rustup's comes earlier on most search paths.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// For questions like `--version`.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// Which compilers [`find_rust`] may take: the environment variable `TENZIK_WASM_TOOLCHAIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RustWay {
    /// `auto`, the default: any, preferring one that has the target itself.
    Auto,
    /// `rustup`: only one that has the target itself.
    Rustup,
    /// `debian`: only one whose libraries are in tenzik's cache.
    Debian,
}

/// A Rust compiler for capsules, with its cargo and linker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RustToolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    compiler: String,
    sysroot: Option<PathBuf>,
    linker: PathBuf,
    linker_version: String,
}

impl RustToolchain {
    /// The compiler's name for itself, e.g. `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub fn compiler(&self) -> &str {
        &self.compiler
    }

    /// The linker's name for itself, e.g. `LLD 22.1.2`.
    pub fn linker_version(&self) -> &str {
        &self.linker_version
    }

    /// Path of cargo.
    pub fn cargo(&self) -> &Path {
        &self.cargo
    }

    /// Path of the compiler.
    pub fn rustc(&self) -> &Path {
        &self.rustc
    }

    /// Path of the linker.
    pub fn linker(&self) -> &Path {
        &self.linker
    }

    /// Directory of the target's libraries when they are not the compiler's own.
    pub fn sysroot(&self) -> Option<&Path> {
        self.sysroot.as_deref()
    }
}

/// Finds the toolchain that capsules are compiled with.
///
/// # Errors
/// [`FindRustError`] names what is missing and the command that adds it.
pub fn find_rust(host: &Host) -> Result<RustToolchain, FindRustError> {
    let survey = Survey::make(host);
    let Chosen {
        compiler,
        libraries,
    } = survey.compiler?;
    let (linker, linker_version) = survey.linker.ok_or(FindRustError::NoLinker)?;
    Ok(RustToolchain {
        cargo: survey.cargo.ok_or(FindRustError::NoCargo)?,
        rustc: compiler.program(),
        compiler: compiler.name().to_owned(),
        sysroot: libraries,
        linker,
        linker_version,
    })
}

/// Each part of a toolchain by itself.
pub(crate) struct Survey {
    pub(crate) compiler: Result<Chosen, FindRustError>,
    /// Path and version.
    pub(crate) linker: Option<(PathBuf, String)>,
    pub(crate) cargo: Option<PathBuf>,
}

impl Survey {
    pub(crate) fn make(host: &Host) -> Survey {
        let on_path = host
            .which("rustc")
            .and_then(|path| Compiler::ask(host, path));
        let debian = Some(PathBuf::from(DEBIAN_RUSTC)).filter(|path| path.is_file());
        let debian = debian.and_then(|path| Compiler::ask(host, path));
        let compiler =
            rust_way(host).and_then(|way| choose(host, way, on_path.as_ref(), debian.as_ref()));
        // The compiler's own linker and cargo come first, then those of the others.
        let own = compiler.as_ref().ok().map(|chosen| &chosen.compiler);
        let compilers = own.into_iter().chain(&on_path).chain(&debian);
        let sysroots: Vec<&Path> = compilers
            .map(|compiler| compiler.sysroot.as_path())
            .collect();
        let (linker, cargo) = (find_linker(host, &sysroots), find_cargo(host, &sysroots));
        Survey {
            compiler,
            linker,
            cargo,
        }
    }
}

fn rust_way(host: &Host) -> Result<RustWay, FindRustError> {
    match host.rust_way() {
        None => Ok(RustWay::Auto),
        Some(value) => match value.to_str() {
            Some("auto") => Ok(RustWay::Auto),
            Some("rustup") => Ok(RustWay::Rustup),
            Some("debian") => Ok(RustWay::Debian),
            _ => Err(FindRustError::UnknownWay {
                value: value.to_string_lossy().into_owned(),
            }),
        },
    }
}

/// A compiler that can be used, and where its target libraries are if not in its own sysroot.
pub(crate) struct Chosen {
    pub(crate) compiler: Compiler,
    pub(crate) libraries: Option<PathBuf>,
}

fn choose(
    host: &Host,
    way: RustWay,
    on_path: Option<&Compiler>,
    debian: Option<&Compiler>,
) -> Result<Chosen, FindRustError> {
    let found = || {
        on_path
            .into_iter()
            .chain(debian)
            .filter(|compiler| compiler.is_new_enough())
    };
    if way != RustWay::Debian
        && let Some(compiler) = found().find(|compiler| compiler.has_target())
    {
        return Ok(Chosen {
            compiler: compiler.clone(),
            libraries: None,
        });
    }
    if way != RustWay::Rustup {
        for compiler in debian
            .into_iter()
            .chain(on_path)
            .filter(|compiler| compiler.is_new_enough())
        {
            if let Some(libraries) = compiler.cached_libraries(host) {
                return Ok(Chosen {
                    compiler: compiler.clone(),
                    libraries: Some(libraries),
                });
            }
        }
    }
    let expected = if way == RustWay::Debian {
        debian.or(on_path)
    } else {
        on_path.or(debian)
    };
    let expected = expected.ok_or(FindRustError::NoCompiler)?;
    let compiler = expected.name().to_owned();
    if !expected.is_new_enough() {
        return Err(FindRustError::TooOld { compiler });
    }
    let rustup = way != RustWay::Debian && host.which("rustup").is_some();
    Err(FindRustError::NoTarget { compiler, rustup })
}

/// rustc recognises `rust-lld` by its name and tells it to be a WebAssembly linker.
fn find_linker(host: &Host, sysroots: &[&Path]) -> Option<(PathBuf, String)> {
    let lld = format!("rust-lld{}", std::env::consts::EXE_SUFFIX);
    let bundled = sysroots.iter().flat_map(|sysroot| {
        let rustlib = sysroot.join("lib/rustlib");
        let hosts: Vec<String> = file_names(&rustlib).collect();
        hosts
            .into_iter()
            .map(move |host| rustlib.join(host).join("bin"))
    });
    let bundled = bundled
        .map(|bin| bin.join(&lld))
        .filter(|path| path.is_file());
    let installed = host
        .which("wasm-ld")
        .into_iter()
        .chain(host.numbered_programs("wasm-ld-"));
    bundled.chain(installed).find_map(|linker| {
        let flavor: &[&str] = if linker.ends_with(&lld) {
            &["-flavor", "wasm"]
        } else {
            &[]
        };
        let version = first_output(host, &linker, &[flavor, &["--version"]].concat())?;
        Some((
            linker,
            // Some builds add where LLVM's sources were.
            version.lines().next()?.split(" (").next()?.to_owned(),
        ))
    })
}

fn find_cargo(host: &Host, sysroots: &[&Path]) -> Option<PathBuf> {
    let own = sysroots
        .iter()
        .find_map(|sysroot| own_program(sysroot, "cargo"));
    own.or_else(|| host.which("cargo"))
}

fn own_program(sysroot: &Path, name: &str) -> Option<PathBuf> {
    let path = sysroot
        .join("bin")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    path.is_file().then_some(path)
}

fn file_names(directory: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// What a program prints, if it succeeds.
pub(crate) fn first_output(host: &Host, program: &Path, arguments: &[&str]) -> Option<String> {
    let call = Call::new(program, PROBE_TIMEOUT).arguments(arguments);
    let finished: Result<_, ProcessError> = host.run(call, &mut |_| {});
    let finished = finished.ok().filter(|finished| finished.status.success())?;
    String::from_utf8(finished.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_is_missing_and_the_command() {
        let host = Host::default();
        let error = choose(&host, RustWay::Auto, None, None).err().unwrap();
        assert_eq!(
            error.to_string(),
            "no rustc was found; run: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
        );
        let error = choose(
            &host,
            RustWay::Auto,
            Some(&Compiler::example("1.63.0")),
            None,
        )
        .err()
        .unwrap();
        assert_eq!(
            error.to_string(),
            "rustc 1.63.0 (abc) is older than 1.85; run: scripts/setup-wasm"
        );
        let error = choose(
            &host,
            RustWay::Debian,
            None,
            Some(&Compiler::example("1.96.0")),
        )
        .err()
        .unwrap();
        assert_eq!(
            error.to_string(),
            "rustc 1.96.0 (abc) has no wasm32-unknown-unknown libraries; run: scripts/setup-wasm"
        );
        let error = find_rust(&host.with_rust_way("brew")).err().unwrap();
        assert_eq!(
            error.to_string(),
            "TENZIK_WASM_TOOLCHAIN is \"brew\", which is none of auto, rustup and debian; run: unset TENZIK_WASM_TOOLCHAIN"
        );
    }
}
