//! What this machine has for building capsules, and how to get what is missing.

use serde::{Deserialize, Serialize};

use crate::binaryen::WasmOpt;
use crate::compile::{AssemblyScript, Clang, Zig};
use crate::host::Host;
use crate::rust::{Chosen, FindRustError, Survey, first_output};

/// The version of [`DoctorReport`]'s JSON.
const REPORT_VERSION: u32 = 1;

/// All checks, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoctorReport {
    /// Version of this format: 1.
    pub version: u32,
    /// The checks, in the order in which things are needed.
    pub checks: Vec<Check>,
}

/// Whether one thing is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What was looked for.
    pub name: String,
    /// Whether it is there.
    pub status: CheckStatus,
    /// What was found or what is wrong.
    pub detail: String,
    /// The command that brings it when it is not there.
    pub remedy: Option<String>,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// It is there.
    Ok,
    /// It is not there, and building a capsule needs it.
    Missing,
    /// It is not there, and only makes things better.
    Optional,
}

impl DoctorReport {
    /// Whether everything that is needed is there.
    pub fn is_ok(&self) -> bool {
        self.checks
            .iter()
            .all(|check| check.status != CheckStatus::Missing)
    }
}

/// Looks for everything that building capsules, and tenzik itself, takes. Changes nothing.
pub fn doctor(host: &Host) -> DoctorReport {
    let mut checks = Vec::from(rust_checks(host));
    checks.push(match WasmOpt::find(host) {
        Some(wasm_opt) => ok(
            "wasm-opt",
            format!(
                "binaryen {} ({})",
                wasm_opt.version(),
                wasm_opt.path().display()
            ),
        ),
        None => Check {
            name: "wasm-opt".to_owned(),
            status: CheckStatus::Optional,
            detail: "not on the search path; Binaryen makes capsules about 5 % smaller".to_owned(),
            remedy: Some("apt-get install binaryen".to_owned()),
        },
    });
    checks.push(c_compiler_check(host));
    checks.extend(language_checks(host));
    DoctorReport {
        version: REPORT_VERSION,
        checks,
    }
}

fn rust_checks(host: &Host) -> [Check; 3] {
    let survey = Survey::make(host);
    let cargo = match survey.cargo {
        Some(path) => {
            let version = first_output(host, &path, &["--version"]).unwrap_or_default();
            ok(
                "cargo",
                format!("{} ({})", version.trim_end(), path.display()),
            )
        }
        None => missing("cargo", &FindRustError::NoCargo),
    };
    let name = "rust compiler for wasm";
    let compiler = match &survey.compiler {
        Ok(Chosen {
            compiler,
            libraries,
        }) => {
            let mut detail = format!("{} ({})", compiler.name(), compiler.program().display());
            if let Some(libraries) = libraries {
                detail.push_str(&format!(", libraries in {}", libraries.display()));
            }
            ok(name, detail)
        }
        Err(error) => missing(name, error),
    };
    let linker = match survey.linker {
        Some((path, version)) => ok("wasm linker", format!("{version} ({})", path.display())),
        None => missing("wasm linker", &FindRustError::NoLinker),
    };
    [cargo, compiler, linker]
}

/// The compilers of the other languages. Nobody needs all of them.
fn language_checks(host: &Host) -> [Check; 3] {
    let clang = Clang::find(host).map(|clang| {
        let (path, linker) = (clang.path.display(), clang.linker.display());
        format!("{} ({path}), {} ({linker})", clang.name, clang.linker_name)
    });
    let asc = AssemblyScript::find(host, None)
        .map(|asc| format!("asc {} ({})", asc.version, asc.path.display()));
    let zig = Zig::find(host).map(|zig| format!("zig {} ({})", zig.version, zig.path.display()));
    [("c for wasm", clang), ("assemblyscript", asc), ("zig", zig)].map(
        |(name, found)| match found {
            Ok(detail) => ok(name, detail),
            Err(error) => Check {
                name: name.to_owned(),
                status: CheckStatus::Optional,
                detail: error.fact,
                remedy: Some(error.command),
            },
        },
    )
}

/// Some of tenzik's dependencies contain C code.
fn c_compiler_check(host: &Host) -> Check {
    let name = "c compiler";
    // CC may hold options after the program.
    let chosen = host
        .c_compiler()
        .and_then(|compiler| compiler.to_str()?.split_whitespace().next());
    let found = chosen
        .into_iter()
        .chain(["cc", "gcc", "clang"])
        .find_map(|program| host.which(program));
    match found {
        Some(path) => ok(name, path.display().to_string()),
        None => Check {
            name: name.to_owned(),
            status: CheckStatus::Optional,
            detail: "none of cc, gcc and clang is on the search path; only building tenzik itself needs one".to_owned(),
            remedy: Some("apt-get install gcc libc6-dev".to_owned()),
        },
    }
}

fn ok(name: &str, detail: String) -> Check {
    Check {
        name: name.to_owned(),
        status: CheckStatus::Ok,
        detail,
        remedy: None,
    }
}

fn missing(name: &str, error: &FindRustError) -> Check {
    Check {
        name: name.to_owned(),
        status: CheckStatus::Missing,
        detail: error.fact(),
        remedy: Some(error.command().to_owned()),
    }
}
