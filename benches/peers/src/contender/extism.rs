//! Extism: a plugin made fresh for each run from compiled code, and one plugin used again and again.

use std::sync::Arc;

use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};

use crate::AnyError;

/// Compiled code; Extism's own cache of compiled code on disk is off.
pub fn compile(wasm: &[u8]) -> Result<CompiledPlugin, AnyError> {
    let manifest = Manifest::new([Wasm::data(wasm.to_vec())]);
    Ok(PluginBuilder::new(manifest)
        .with_cache_disabled()
        .compile()?)
}

/// Runs in a fresh plugin.
pub fn run_fresh(compiled: &CompiledPlugin, input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
    run(&mut Plugin::new_from_compiled(compiled)?, input)
}

/// Runs in this plugin, whose memory keeps what earlier runs left in it.
pub fn run(plugin: &mut Plugin, input: &Arc<[u8]>) -> Result<Vec<u8>, AnyError> {
    Ok(plugin.call::<&[u8], Vec<u8>>("call", input)?)
}
