//! The built-in optimiser: drops what no host uses and encodes the rest anew.

use std::panic::{AssertUnwindSafe, catch_unwind};

use walrus::{ExportId, ModuleConfig};

use crate::sections::{SectionsError, section_ranges};

/// The exports that a host uses. All others only keep functions and globals alive.
const EXPORTS_USED: [&str; 2] = ["memory", "run"];

/// walrus gave up on a valid module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PruneError {
    #[error("{0}")]
    Walrus(String),
    #[error("the encoder panicked")]
    Panicked,
}

/// Drops every export but `memory` and `run`, everything that cannot be reached from them, and
/// all custom sections. `wasm` must be valid.
pub(crate) fn prune(wasm: &[u8]) -> Result<Vec<u8>, PruneError> {
    // walrus is written for compiler output. A panic in it must not end the whole program; it
    // works on its own copy, so nothing is left half done.
    catch_unwind(AssertUnwindSafe(|| prune_with_walrus(wasm))).map_err(|_| PruneError::Panicked)?
}

fn prune_with_walrus(wasm: &[u8]) -> Result<Vec<u8>, PruneError> {
    let mut config = ModuleConfig::new();
    config
        .generate_name_section(false)
        .generate_producers_section(false);
    let mut module = config
        .parse(wasm)
        .map_err(|error| PruneError::Walrus(format!("{error:#}")))?;

    let unused = module
        .exports
        .iter()
        .filter(|export| !EXPORTS_USED.contains(&export.name.as_str()));
    let unused: Vec<ExportId> = unused.map(|export| export.id()).collect();
    for export in unused {
        module.exports.delete(export);
    }
    let customs: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for custom in customs {
        module.customs.delete(custom);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// The module without its custom sections; all other bytes stay as they are.
pub(crate) fn strip(wasm: &[u8]) -> Result<Vec<u8>, SectionsError> {
    let mut stripped = Vec::with_capacity(wasm.len());
    for section in section_ranges(wasm)? {
        if section.custom_name.is_none() {
            stripped.extend_from_slice(wasm.get(section.range).unwrap_or_default());
        }
    }
    Ok(stripped)
}
