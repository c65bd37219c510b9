//! Why a crate was not compiled.

use std::io;

use crate::host::ProcessError;

/// Why a crate was not compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildRustError {
    /// There is no crate.
    #[error("{directory} has no Cargo.toml; `tenzik new` makes a capsule's directory")]
    NoManifest {
        /// Where it was looked for.
        directory: String,
    },
    /// The manifest is that of a workspace without a package.
    #[error("{manifest} describes no package; give the directory of one capsule")]
    NoPackage {
        /// The manifest.
        manifest: String,
    },
    /// The crate is not one that makes a module.
    #[error(
        "crate {name} is not a cdylib; add crate-type = [\"cdylib\"] to [lib] in its Cargo.toml"
    )]
    NotCdylib {
        /// The crate.
        name: String,
    },
    /// cargo did not run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// cargo failed.
    #[error("cargo {command} failed: {message}{}", hint(last_lines))]
    Cargo {
        /// Its subcommand.
        command: &'static str,
        /// The first error, or the exit status.
        message: String,
        /// The newest lines it wrote.
        last_lines: Vec<String>,
    },
    /// cargo said something that this version of tenzik does not understand.
    #[error("cannot read the output of cargo {command}: {source}")]
    CargoOutput {
        /// Its subcommand.
        command: &'static str,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// cargo did not make exactly one module.
    #[error("cargo made {count} modules from crate {name}; expected one")]
    Modules {
        /// The crate.
        name: String,
        /// How many.
        count: usize,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The module is absurdly large.
    #[error("{path} has more than {limit} bytes; a capsule has a few thousand")]
    TooLarge {
        /// The module.
        path: String,
        /// The limit.
        limit: u64,
    },
}

/// What to do about failures that come from the way cargo is called here.
fn hint(last_lines: &[String]) -> &'static str {
    let says = |text: &str| last_lines.iter().any(|line| line.contains(text));
    if says("--locked") {
        "; Cargo.lock is out of date: run `cargo update --workspace` in the crate"
    } else if says("--offline") {
        "; a dependency is not on this machine: run `cargo fetch` in the crate"
    } else if says("can't find crate for `std`") {
        "; capsules are `no_std`: add #![no_std] or a crate without std"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_follow_from_what_cargo_says() {
        let error = BuildRustError::Cargo {
            command: "build",
            message: "x".into(),
            last_lines: vec!["remove the --locked flag".into()],
        };
        assert_eq!(
            error.to_string(),
            "cargo build failed: x; Cargo.lock is out of date: run `cargo update --workspace` in the crate"
        );
    }
}
