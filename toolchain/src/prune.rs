//! The built-in optimiser: drops what no host uses and encodes the rest anew.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use walrus::{ExportId, ModuleConfig};

use crate::sections::{SectionsError, section_ranges};

/// The exports that a host uses. All others only keep functions and globals alive.
const EXPORTS_USED: [&str; 2] = ["memory", "run"];

/// Pairs of new and old offset.
type Pairs = Vec<(usize, usize)>;

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

/// The same, with function names kept, and pairs of new and old offset of instructions.
pub(crate) fn prune_traced(wasm: &[u8]) -> Result<(Vec<u8>, Pairs), PruneError> {
    let traced = || {
        let mut config = ModuleConfig::new();
        config
            .generate_producers_section(false)
            .preserve_code_transform(true);
        let mut module = pruned(&mut config, wasm)?;
        let moves = Arc::new(Mutex::new(Vec::new()));
        module.customs.add(Moves(Arc::clone(&moves)));
        let wasm = module.emit_wasm();
        let moves = std::mem::take(&mut *moves.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((wasm, moves))
    };
    catch_unwind(AssertUnwindSafe(traced)).map_err(|_| PruneError::Panicked)?
}

/// Learns where instructions went; as a section it is empty.
#[derive(Debug)]
struct Moves(Arc<Mutex<Pairs>>);

impl walrus::CustomSection for Moves {
    fn name(&self) -> &str {
        "moves"
    }

    fn data(&self, _: &walrus::IdsToIndices) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn apply_code_transform(&mut self, transform: &walrus::CodeTransform) {
        let moves = transform.instruction_map.iter();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moves
            .map(|(from, to)| (*to, from.data() as usize))
            .collect();
    }
}

fn prune_with_walrus(wasm: &[u8]) -> Result<Vec<u8>, PruneError> {
    let mut config = ModuleConfig::new();
    config
        .generate_name_section(false)
        .generate_producers_section(false);
    Ok(pruned(&mut config, wasm)?.emit_wasm())
}

fn pruned(config: &mut ModuleConfig, wasm: &[u8]) -> Result<walrus::Module, PruneError> {
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
    Ok(module)
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
