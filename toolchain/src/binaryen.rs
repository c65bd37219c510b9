//! Binaryen's `wasm-opt`, when the machine has it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::{Call, Host, ProcessError};
use crate::rust::first_output;

/// The features a capsule may use, as far as the optimiser must know them. A stripped module does
/// not say what it uses. `--all-features` would also let the optimiser use what tenzik refuses.
const FEATURES: [&str; 4] = [
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
];

/// Ways to run it: what the report calls them, and the options. Which is smaller depends on the
/// module. Options that assume that traps never happen (`-tnh`) change what a capsule does and
/// are not used.
pub(crate) const STRATEGIES: [(&str, &[&str]); 2] = [
    ("-Oz", &["-Oz"]),
    (
        "--flatten --rereloop -Oz -Oz",
        &["--flatten", "--rereloop", "-Oz", "-Oz"],
    ),
];

/// An installed `wasm-opt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasmOpt {
    path: PathBuf,
    version: String,
}

/// Why a run of `wasm-opt` gave no candidate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WasmOptError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("wasm-opt failed: {message}")]
    Failed { message: String },
    #[error("cannot exchange files with wasm-opt: {0}")]
    Files(#[from] std::io::Error),
}

impl WasmOpt {
    /// The `wasm-opt` on the search path, if it answers.
    pub(crate) fn find(host: &Host) -> Option<WasmOpt> {
        let path = host.which("wasm-opt")?;
        let text = first_output(host, &path, &["--version"])?;
        let version = text
            .strip_prefix("wasm-opt version ")?
            .split_whitespace()
            .next()?
            .to_owned();
        Some(WasmOpt { path, version })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its version: Binaryen's versions are plain numbers.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs one strategy. `None` when the result is larger than the input.
    pub(crate) fn run(
        &self,
        host: &Host,
        options: &[&str],
        wasm: &[u8],
        timeout: Duration,
    ) -> Result<Option<Vec<u8>>, WasmOptError> {
        let directory = tempfile::tempdir()?;
        let files = Files::write(directory.path(), wasm)?;
        let call = self
            .call(&files, options, timeout)
            .arguments(["--strip-debug"]);
        finish(host, call)?;
        if std::fs::metadata(&files.output)?.len() > wasm.len() as u64 {
            return Ok(None);
        }
        Ok(Some(std::fs::read(&files.output)?))
    }

    /// Runs one strategy on a module with names and a source map, and keeps both.
    pub(crate) fn run_traced(
        &self,
        host: &Host,
        options: &[&str],
        wasm: &[u8],
        source_map: &[u8],
        timeout: Duration,
    ) -> Result<Traced, WasmOptError> {
        let directory = tempfile::tempdir()?;
        let files = Files::write(directory.path(), wasm)?;
        let map = |name: &str| directory.path().join(name);
        let (before, after) = (map("in.map"), map("out.map"));
        std::fs::write(&before, source_map)?;
        let call = self
            .call(&files, options, timeout)
            .arguments([
                "--debuginfo".as_ref(),
                "--input-source-map".as_ref(),
                before.as_os_str(),
            ])
            .arguments(["--output-source-map".as_ref(), after.as_os_str()]);
        finish(host, call)?;
        Ok(Traced {
            wasm: std::fs::read(&files.output)?,
            source_map: std::fs::read(&after)?,
        })
    }

    fn call<'a>(&'a self, files: &'a Files<'_>, options: &[&str], timeout: Duration) -> Call<'a> {
        Call::new(&self.path, timeout)
            .directory(files.directory)
            .arguments(FEATURES)
            .arguments(options)
            .arguments(["--strip-producers", "--strip-target-features"])
            .arguments([
                files.input.as_os_str(),
                "-o".as_ref(),
                files.output.as_os_str(),
            ])
    }
}

/// A module that was followed through `wasm-opt`.
pub(crate) struct Traced {
    pub(crate) wasm: Vec<u8>,
    pub(crate) source_map: Vec<u8>,
}

/// Input and output of one run.
struct Files<'a> {
    directory: &'a Path,
    input: PathBuf,
    output: PathBuf,
}

impl Files<'_> {
    fn write<'a>(directory: &'a Path, wasm: &[u8]) -> std::io::Result<Files<'a>> {
        let files = Files {
            directory,
            input: directory.join("in.wasm"),
            output: directory.join("out.wasm"),
        };
        std::fs::write(&files.input, wasm)?;
        Ok(files)
    }
}

fn finish(host: &Host, call: Call<'_>) -> Result<(), WasmOptError> {
    let finished = host.run(call, &mut |_| {})?;
    if finished.status.success() {
        return Ok(());
    }
    let message = finished
        .last_lines
        .into_iter()
        .find(|line| !line.is_empty());
    let message = message.unwrap_or_else(|| finished.status.to_string());
    Err(WasmOptError::Failed { message })
}
