//! The contract between a capsule and its host.
//!
//! [`for_each_host_function!`] is the one list of host functions. The validator, the linker, the
//! fuel model and the guest SDKs are all expanded from it, so that none of them can disagree.
//! This crate has no dependencies and needs no standard library: a guest links the same table.

#![no_std]

mod table;

mod capability;
mod function;
mod guest;
mod log_level;
mod status;

pub use capability::{Capability, CapabilitySet, UnknownCapability};
pub use function::{ABI_VERSION, HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, WasmType};
pub use log_level::LogLevel;
pub use status::Status;
