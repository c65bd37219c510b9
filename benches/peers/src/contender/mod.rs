//! The competitors, one file each.

pub mod cosmwasm;
pub mod extism;
pub mod process;
pub mod tenzik;
pub mod wasmi;
pub mod wasmtime;
