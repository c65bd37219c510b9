//! How wasmtime is set up.

use std::num::NonZeroUsize;

use tenzik_capsule::ACCEPTED_FEATURES;
use wasmtime::{
    Config, Enabled, Inlining, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    RegallocAlgorithm, Strategy, WasmFeatures,
};

use crate::cost::operator_cost;

/// Memory a run may use and still take a slot of the pool; above it memory is allocated for the run.
pub(crate) const POOLED_MEMORY_BYTES_MAX: u64 = 64 << 20;

/// Bytes of a memory that are cleared instead of given back to the system when a slot is reused.
const KEEP_RESIDENT_BYTES: usize = 1 << 20;

/// Tables of one capsule; the structural limits of validation accept no more.
const TABLES_MAX: u32 = 10;

/// Elements of one pooled table: as many as fit into the pooled memory limit at 8 bytes each.
const TABLE_ELEMENTS_MAX: usize = (POOLED_MEMORY_BYTES_MAX / 8) as usize;

/// Stack that the engine reserves for asynchronous runs by default.
const ASYNC_STACK_BYTES_MIN: usize = 2 << 20;

/// Frames of a trap that are kept for its message.
const BACKTRACE_FRAMES_MAX: usize = 16;

/// Options of an [`Engine`](crate::Engine).
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Instances that may live at the same time in the pool; 0 allocates each run on its own, which
    /// starts a process faster that runs once. Default 64.
    pub pool_instances: u32,
    /// Compiled capsules that are kept. Default 100.
    pub cache_modules_max: usize,
    /// Microseconds that a capsule runs in all in quickly compiled code before a thread in the
    /// background compiles faster code for it; 0 compiles both at once, and without a value all code
    /// is compiled once, as good as for runs over a stream. Results and fuel are the same either
    /// way. Default 5,000.
    pub optimise_after_us: Option<u64>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            pool_instances: 64,
            cache_modules_max: 100,
            optimise_after_us: Some(5_000),
        }
    }
}

impl EngineOptions {
    /// For a process that runs one capsule once.
    pub fn one_shot() -> EngineOptions {
        EngineOptions {
            pool_instances: 0,
            cache_modules_max: 1,
            optimise_after_us: None,
        }
    }
}

/// What compiled code depends on: one wasmtime engine each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Variant {
    /// Whether compiled code looks at the clock at loop headers and function entries.
    pub(crate) epoch: bool,
    /// Bytes of stack for compiled code.
    pub(crate) stack_bytes: u64,
    /// Instances in the pool, 0 without one.
    pub(crate) pool_instances: u32,
    /// How much work is put into the code.
    pub(crate) tier: Tier,
}

/// How much work is put into code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tier {
    /// Nothing is optimised and registers are assigned in one pass: code that is half as fast, in
    /// half the time and in time that is linear.
    Quick,
    /// Each function is optimised.
    Plain,
    /// Functions are merged into their callers, then optimised.
    Merged,
}

impl Variant {
    /// The same variant, compiled quickly.
    pub(crate) fn quick(self) -> Variant {
        Variant {
            tier: Tier::Quick,
            ..self
        }
    }
}

/// The configuration of one variant.
pub(crate) fn config(variant: Variant) -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift);
    config.wasm_features(WasmFeatures::all(), false);
    config.wasm_features(ACCEPTED_FEATURES, true);
    match variant.tier {
        Tier::Quick => config
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass),
        Tier::Plain => config.cranelift_opt_level(OptLevel::Speed),
        Tier::Merged => config
            .cranelift_opt_level(OptLevel::Speed)
            .compiler_inlining(Inlining::Yes),
    };
    // Nobody but wasmtime walks the stack, and wasmtime needs no tables for it.
    #[cfg(not(windows))]
    config.native_unwind_info(false);
    config.cranelift_nan_canonicalization(true);
    config.consume_fuel(true);
    config.operator_cost(operator_cost());
    config.epoch_interruption(variant.epoch);
    let stack_bytes = usize::try_from(variant.stack_bytes).unwrap_or(usize::MAX);
    config.max_wasm_stack(stack_bytes);
    // No run is asynchronous, but the engine accepts no smaller stack for those that would be.
    config.async_stack_size(stack_bytes.max(ASYNC_STACK_BYTES_MIN));
    config.wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX));
    // Data segments of a few kilobytes are copied faster than a slot is remapped.
    config.memory_init_cow(false);
    if variant.pool_instances > 0 {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(
            variant.pool_instances,
        )));
    }
    config
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances.saturating_mul(TABLES_MAX))
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(usize::try_from(POOLED_MEMORY_BYTES_MAX).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        // The slot used last is the one whose memory is still in the processor's cache.
        .max_unused_warm_slots(1)
        .pagemap_scan(Enabled::No);
    pool
}
