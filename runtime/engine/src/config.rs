//! How wasmtime is set up.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tenzik_capsule::ACCEPTED_FEATURES;
use wasmtime::{Config, Inlining, OptLevel, RegallocAlgorithm, Strategy, WasmFeatures};

use crate::code_store::CodeStore;
use crate::cost::operator_cost;
use crate::memories::Memories;

/// Stack that the engine reserves for asynchronous runs by default.
const ASYNC_STACK_BYTES_MIN: usize = 2 << 20;

/// Frames of a trap that are kept for its message.
const BACKTRACE_FRAMES_MAX: usize = 16;

/// Options of an [`Engine`](crate::Engine).
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Instances that may live at the same time: a run waits for one, and uses the memory of a run
    /// before. Runs whose memory limit is over 64 MiB are not counted, and get a memory of their
    /// own. 0 is for a process that runs once: nothing is counted and no memory is kept. Default 64.
    pub pool_instances: u32,
    /// Compiled capsules that are kept. Default 100.
    pub cache_modules_max: usize,
    /// Microseconds that a capsule runs in all in quickly compiled code before a thread in the
    /// background compiles faster code for it; 0 compiles both at once, and without a value all code
    /// is compiled once, as good as for runs over a stream. Results and fuel are the same either
    /// way. Default 5,000.
    pub optimise_after_us: Option<u64>,
    /// Where compiled code is kept between processes. Default: nowhere.
    pub code_store: Option<Arc<CodeStore>>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            pool_instances: 64,
            cache_modules_max: 100,
            optimise_after_us: Some(5_000),
            code_store: None,
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
            code_store: None,
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
    /// Whether the run may use more memory than those that are used again have.
    pub(crate) large_memory: bool,
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

/// The configuration of one variant, with memories from `memories` unless it needs large ones.
pub(crate) fn config(variant: Variant, memories: &Memories) -> Config {
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
    // Data segments of a few kilobytes are copied faster than a memory is remapped.
    config.memory_init_cow(false);
    if !variant.large_memory {
        memories.configure(&mut config);
    }
    config
}
