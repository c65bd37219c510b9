//! What users of the crate and strangers with other tools see.

#![expect(clippy::disallowed_methods, reason = "tests drive real programs")]
#![cfg(test)]

mod acceptance;
mod batch;
mod bundles;
mod commitments;
mod hostile_receipts;
mod key_files;
mod keys;
mod peers;
mod receipts;
mod reexecution;
mod sample;
mod signatures;
mod transcript;
mod trust;
