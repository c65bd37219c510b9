//! The memory limit: the sum over every memory and table of a run.

use wasmtime::{ResourceLimiter, Result};

use crate::fault::{Fault, FaultCode};

/// Bytes that a table element counts for.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Counts memories and tables together against one limit.
pub(crate) struct MemoryLimiter {
    bytes: u64,
    peak_bytes: u64,
    bytes_max: u64,
    pub(crate) fault: Option<Fault>,
}

/// The growth is over the limit; the fault is in the limiter.
#[derive(Debug)]
pub(crate) struct MemoryLimitReached;

impl std::fmt::Display for MemoryLimitReached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("memory limit reached")
    }
}

impl std::error::Error for MemoryLimitReached {}

impl MemoryLimiter {
    pub(crate) fn new(bytes_max: u64) -> MemoryLimiter {
        MemoryLimiter {
            bytes: 0,
            peak_bytes: 0,
            bytes_max,
            fault: None,
        }
    }

    /// The largest sum so far.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    fn grow(
        &mut self,
        what: &str,
        current: u64,
        desired: u64,
        own_max: Option<u64>,
    ) -> Result<bool> {
        // Where a module declares no maximum, the engine gives the size of the address space or of the
        // pool: what the limit does not let anybody reach is not what refuses.
        if own_max.is_some_and(|max| max < self.bytes_max && desired > max) {
            return Ok(false);
        }
        let bytes = self.bytes.saturating_add(desired.saturating_sub(current));
        if bytes > self.bytes_max {
            let message = format!(
                "asked {what} for {bytes} bytes of memories and tables together; the limit is {}",
                self.bytes_max
            );
            self.fault = Some(Fault::new(FaultCode::MemoryExceeded, message));
            return Err(wasmtime::Error::new(MemoryLimitReached));
        }
        self.bytes = bytes;
        self.peak_bytes = self.peak_bytes.max(bytes);
        Ok(true)
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        self.grow(
            "memory.grow",
            current as u64,
            desired as u64,
            maximum.map(|max| max as u64),
        )
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let bytes = |elements: usize| (elements as u64).saturating_mul(TABLE_ELEMENT_BYTES);
        self.grow(
            "table.grow",
            bytes(current),
            bytes(desired),
            maximum.map(bytes),
        )
    }
}
