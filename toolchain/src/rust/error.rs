//! Why no toolchain was found.

use super::TARGET;
use super::compiler::RELEASE_MIN;

/// Why no toolchain was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindRustError {
    /// `TENZIK_WASM_TOOLCHAIN` has another value than those of [`RustWay`](crate::RustWay).
    #[error("{}; run: {}", self.fact(), self.command())]
    UnknownWay {
        /// Its value.
        value: String,
    },
    /// There is no cargo.
    #[error("{}; run: {}", self.fact(), self.command())]
    NoCargo,
    /// There is no Rust compiler.
    #[error("{}; run: {}", self.fact(), self.command())]
    NoCompiler,
    /// The compiler cannot compile capsules at all.
    #[error("{}; run: {}", self.fact(), self.command())]
    TooOld {
        /// Its name for itself.
        compiler: String,
    },
    /// The compiler has no libraries for the target.
    #[error("{}; run: {}", self.fact(), self.command())]
    NoTarget {
        /// Its name for itself.
        compiler: String,
        /// Whether rustup can be asked for them.
        rustup: bool,
    },
    /// There is no linker for WebAssembly.
    #[error("{}; run: {}", self.fact(), self.command())]
    NoLinker,
}

impl FindRustError {
    /// What is wrong, without what to do about it.
    pub fn fact(&self) -> String {
        match self {
            FindRustError::UnknownWay { value } => {
                format!(
                    "TENZIK_WASM_TOOLCHAIN is {value:?}, which is none of auto, rustup and debian"
                )
            }
            FindRustError::NoCargo => "cargo is not on the search path".to_owned(),
            FindRustError::NoCompiler => "no rustc was found".to_owned(),
            FindRustError::TooOld { compiler } => {
                format!(
                    "{compiler} is older than {}.{}",
                    RELEASE_MIN.0, RELEASE_MIN.1
                )
            }
            FindRustError::NoTarget { compiler, .. } => {
                format!("{compiler} has no {TARGET} libraries")
            }
            FindRustError::NoLinker => "neither rust-lld nor wasm-ld was found".to_owned(),
        }
    }

    /// The one command that mends it. `scripts/setup-wasm` is in tenzik's sources.
    pub fn command(&self) -> &'static str {
        match self {
            FindRustError::UnknownWay { .. } => "unset TENZIK_WASM_TOOLCHAIN",
            FindRustError::NoCargo | FindRustError::NoCompiler => {
                "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
            }
            FindRustError::NoTarget { rustup: true, .. } => {
                "rustup target add wasm32-unknown-unknown"
            }
            FindRustError::TooOld { .. }
            | FindRustError::NoTarget { .. }
            | FindRustError::NoLinker => "scripts/setup-wasm",
        }
    }
}
