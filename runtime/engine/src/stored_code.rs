//! The one place that makes code of bytes from a file.

use wasmtime::{Engine, Module};

use crate::code_store::CodeStore;

/// The module of this name, if it was kept and fits the engine.
pub(crate) fn find(engine: &Engine, store: &CodeStore, name: &str) -> Option<Module> {
    let code = store.find(name)?;
    // SAFETY: `CodeStore::find` returns only bytes that carry a MAC made with the store's key over this
    // very name and all of them: they are what `Module::serialize` gave under this name, which has the
    // engine's compatibility hash in it. They are in our memory, where nobody changes them any more.
    let module = unsafe { Module::deserialize(engine, code) };
    module.ok()
}

/// Keeps the code of a module.
pub(crate) fn keep(module: &Module, store: &CodeStore, name: &str) {
    if let Ok(code) = module.serialize() {
        store.keep(name, &code);
    }
}
