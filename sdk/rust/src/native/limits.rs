//! The limits that a native run has.

/// How much a native run may use; the limits of `tenzik run` that do not depend on compiled code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Input bytes that may be read. Default 4 GiB.
    pub input_bytes_max: u64,
    /// Output bytes at the start of the run. Default 16 MiB.
    pub output_bytes_base: u64,
    /// Output bytes added for each input byte read. Default 1.
    pub output_bytes_per_input_byte: u64,
    /// Bytes that may be logged. Default 64 KiB.
    pub log_bytes_max: u64,
    /// Host calls at the start of the run. Default 10,000.
    pub host_calls_base: u64,
    /// Input bytes that add one more host call; 0 adds none. Default 512.
    pub host_call_input_bytes: u64,
    /// Bytes that one argument may have: no capsule has more memory. Default 32 MiB.
    pub memory_bytes_max: u64,
}

impl Default for Limits {
    /// Those of the profile `default`.
    fn default() -> Limits {
        Limits {
            input_bytes_max: 4 << 30,
            output_bytes_base: 16 << 20,
            output_bytes_per_input_byte: 1,
            log_bytes_max: 64 << 10,
            host_calls_base: 10_000,
            host_call_input_bytes: 512,
            memory_bytes_max: 32 << 20,
        }
    }
}

impl Limits {
    /// Output bytes of a run that has read `input_bytes`.
    pub(crate) fn output_bytes(&self, input_bytes: u64) -> u64 {
        self.output_bytes_base
            .saturating_add(self.output_bytes_per_input_byte.saturating_mul(input_bytes))
    }

    /// Host calls of a run that has read `input_bytes`.
    pub(crate) fn host_calls(&self, input_bytes: u64) -> u64 {
        let scaled = input_bytes
            .checked_div(self.host_call_input_bytes)
            .unwrap_or(0);
        self.host_calls_base.saturating_add(scaled)
    }
}
