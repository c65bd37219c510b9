//! wasmtime itself: the floor of `tenzik-benches`, also cold and from compiled code.

use tenzik_benches::{Bare, Floor};
use wasmtime::Module;

use crate::AnyError;

/// A bare engine.
pub struct Code(Bare);

impl Code {
    pub fn new() -> Result<Code, AnyError> {
        Ok(Code(Bare::new().map_err(text)?))
    }

    /// An engine that merges functions into their callers.
    pub fn merging() -> Result<Code, AnyError> {
        Ok(Code(Bare::merging().map_err(text)?))
    }

    pub fn compile(&self, wasm: &[u8]) -> Result<Floor, AnyError> {
        self.0.compile(wasm).map_err(text)
    }

    /// The compiled code as bytes.
    pub fn precompile(&self, wasm: &[u8]) -> Result<Vec<u8>, AnyError> {
        Ok(self.0.engine().precompile_module(wasm)?)
    }

    /// Code from the bytes that [`precompile`](Code::precompile) returned, unchecked.
    pub fn load(&self, code: &[u8]) -> Result<Floor, AnyError> {
        // SAFETY: the bytes are those that the same engine just made; nobody touched them.
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        let module = unsafe { Module::deserialize(self.0.engine(), code)? };
        self.0.link(&module).map_err(text)
    }
}

/// An error of the floor as one that may cross threads.
pub fn text(error: Box<dyn std::error::Error>) -> AnyError {
    error.to_string().into()
}
