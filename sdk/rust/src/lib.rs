//! Write tenzik capsules in Rust.
//!
//! A capsule is a `no_std` library of type `cdylib` that hands its entry function to
//! [`capsule!`]. All it can do is call the functions of this crate; each is one named import that
//! a policy must grant. Nothing here allocates.
//!
//! ```
//! #![no_std]
//!
//! use tenzik_sdk::{Input, Output};
//!
//! /// Copies the input to the output in capital letters.
//! fn shout() {
//!     let mut input = Input::<1024>::new();
//!     let mut output = Output::<1024>::new();
//!     while let Some(byte) = input.next() {
//!         output.byte(byte.to_ascii_uppercase());
//!     }
//!     output.flush();
//! }
//!
//! tenzik_sdk::capsule!(shout);
//! # fn main() {}
//! ```
//!
//! On any other target than wasm32 the module `native` stands in for the host, so that a capsule
//! can be called in a unit test. A host function that is called outside of such a run panics.

#![no_std]

#[cfg(not(target_arch = "wasm32"))]
extern crate std;

mod capsule;
mod effect;
#[cfg(target_arch = "wasm32")]
mod guest;
mod host;
mod input;
mod output;

#[cfg(not(target_arch = "wasm32"))]
pub mod native;

pub use capsule::{Exit, Failure};
pub use effect::{
    ArtifactWriter, FileMode, FileWriter, Process, ProcessEnd, Secret, artifact_create, exec_start,
    file_create, file_read, file_undo, process_signal, secret_open,
};
pub use host::{
    HostResult, base64_decode, base64_encode, fail, hash_commit, hash_finish, hash_update,
    hash_verify, input_read, json_path, json_path_input, log, log_bytes, output_write,
    random_bytes, time_now_ms, trap,
};
pub use input::Input;
pub use output::Output;
pub use tenzik_host_abi::{Capability, LogLevel, Status};
