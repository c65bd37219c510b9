//! Faults of a native run, with the codes of the engine.

use std::string::String;

use tenzik_host_abi::Capability;

/// Why a native run ends before its entry function returns.
pub(crate) enum Halt {
    Failure {
        code: i32,
        message: std::vec::Vec<u8>,
    },
    Fault(&'static str, String),
    Refused(Capability),
    /// The test itself cannot go on: it panics.
    Broken(String),
}

impl Halt {
    pub(crate) fn fault(code: &'static str, message: String) -> Halt {
        Halt::Fault(code, message)
    }
}
