//! The module that cargo made.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::BuildRustError;
use crate::crate_metadata::is_cdylib;

/// A larger module is not read.
const MODULE_BYTES_MAX: u64 = 64 << 20;

/// One line of `--message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<MessageTarget>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct MessageTarget {
    crate_types: Vec<String>,
}

/// The modules that were made from the crate with this manifest.
pub(super) fn modules_made(stdout: &[u8], manifest: &Path) -> Result<Vec<PathBuf>, BuildRustError> {
    let mut modules = Vec::new();
    // A build script may print to the same stream; cargo's own lines are objects.
    for line in stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"{"))
    {
        let message: Message =
            serde_json::from_slice(line).map_err(|source| BuildRustError::CargoOutput {
                command: "build",
                source,
            })?;
        let is_cdylib = message
            .target
            .is_some_and(|target| is_cdylib(&target.crate_types));
        if message.reason == "compiler-artifact"
            && message.manifest_path.as_deref() == Some(manifest)
            && is_cdylib
        {
            modules.extend(
                message
                    .filenames
                    .into_iter()
                    .filter(|file| file.extension() == Some("wasm".as_ref())),
            );
        }
    }
    Ok(modules)
}

/// Reads a module, up to a limit.
pub(super) fn read_module(path: &Path) -> Result<Vec<u8>, BuildRustError> {
    let name = || path.display().to_string();
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MODULE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|source| BuildRustError::Read {
            path: name(),
            source,
        })?;
    if bytes.len() as u64 > MODULE_BYTES_MAX {
        return Err(BuildRustError::TooLarge {
            path: name(),
            limit: MODULE_BYTES_MAX,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_modules_of_the_crate_itself_count() {
        let stdout = br#"{"reason":"compiler-artifact","manifest_path":"/w/dep/Cargo.toml","target":{"crate_types":["cdylib"]},"filenames":["/w/dep.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","target":{"crate_types":["cdylib","rlib"]},"filenames":["/w/a.rlib","/w/a.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml","target":{"crate_types":["bin"]},"filenames":["/w/build-script.wasm"]}
not json
{"reason":"build-finished","success":true}
"#;
        let modules = modules_made(stdout, Path::new("/w/a/Cargo.toml")).unwrap();
        assert_eq!(modules, [PathBuf::from("/w/a.wasm")]);
    }
}
