//! What must hold for every input, whoever makes it.
//!
//! An oracle takes any bytes, gives them to one part of tenzik and panics if a promise is broken.
//! The fuzz targets in `fuzz/targets` are one line each around an oracle; the tests of this crate
//! run the same oracles over seeded inputs, so that an ordinary `cargo test` exercises them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "an oracle reports a broken promise by a panic"
)]

mod dice;
mod seed;
mod seed_evidence;

mod manifest;
mod policy;
mod receipt;
mod signature;
mod validator;

mod running;

mod execute;
mod json_path;
mod nmap;

pub use dice::Dice;
pub use execute::{EXECUTE_LIMITS, execute, executed};
pub use json_path::json_path;
pub use manifest::manifest;
pub use nmap::nmap;
pub use policy::policy;
pub use receipt::receipt;
pub use running::{assert_same, assert_within};
pub use seed::{executable_seed, mutated, seeds};
pub use signature::signature;
pub use validator::{Agreement, agreement, validator};

/// A part of tenzik and what is promised of it.
#[derive(Clone, Copy)]
pub struct Oracle {
    /// Its name, also of the fuzz target and the folders of its inputs.
    pub name: &'static str,
    /// Panics if a promise is broken for these bytes.
    pub check: fn(&[u8]),
}

/// Every oracle.
pub const ORACLES: &[Oracle] = &[
    Oracle {
        name: "validator",
        check: validator,
    },
    Oracle {
        name: "manifest",
        check: manifest,
    },
    Oracle {
        name: "policy",
        check: policy,
    },
    Oracle {
        name: "receipt",
        check: receipt,
    },
    Oracle {
        name: "signature",
        check: signature,
    },
    Oracle {
        name: "nmap",
        check: nmap,
    },
    Oracle {
        name: "json_path",
        check: json_path,
    },
    Oracle {
        name: "execute",
        check: execute,
    },
];
