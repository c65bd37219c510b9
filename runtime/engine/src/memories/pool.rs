//! Memories of the pool of wasmtime, on systems where they are not recycled.

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::{KEEP_RESIDENT_BYTES, REUSED_BYTES_MAX};

/// Tables of one capsule; the structural limits of validation accept no more.
const TABLES_MAX: u32 = 10;

/// Elements of one pooled table: as many as fit into the pooled memory limit at 8 bytes each.
const TABLE_ELEMENTS_MAX: usize = (REUSED_BYTES_MAX / 8) as usize;

/// A pool of so many instances for each variant of compiled code.
pub(crate) struct Reused(u32);

impl Reused {
    /// Not known before there is a pool: an engine without one takes its place where it fails.
    pub(super) fn has_address_space(_instances: u32) -> bool {
        true
    }

    pub(super) fn new(instances: u32) -> Reused {
        Reused(instances)
    }

    pub(super) fn configure(&self, config: &mut Config) {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(self.0)
            .total_memories(self.0)
            .total_tables(self.0.saturating_mul(TABLES_MAX))
            .max_memories_per_module(1)
            .max_tables_per_module(TABLES_MAX)
            .table_elements(TABLE_ELEMENTS_MAX)
            .max_memory_size(usize::try_from(REUSED_BYTES_MAX).unwrap_or(usize::MAX))
            .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
            .table_keep_resident(KEEP_RESIDENT_BYTES)
            // The slot used last is the one whose memory is still in the processor's cache.
            .max_unused_warm_slots(1)
            .pagemap_scan(Enabled::No);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
}
