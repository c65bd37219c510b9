//! The one set of WebAssembly features, given to validator and engine alike.

use wasmparser::WasmFeatures;

/// The features a capsule may use: what rustc and clang emit today by default.
///
/// `externref` stays out (no `GC_TYPES`): a capsule has nothing that it could refer to.
pub const ACCEPTED_FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::EXTENDED_CONST);

/// A feature that is refused, and how to make compilers leave it out.
#[derive(Clone, Copy, Debug)]
pub struct FeatureRemedy {
    /// Name of the proposal.
    pub name: &'static str,
    /// Its flag in wasmparser.
    pub feature: WasmFeatures,
    /// The compiler flags to change.
    pub remedy: &'static str,
}

macro_rules! feature_table {
    ($($feature:ident, $name:literal, $remedy:literal;)*) => {
        const REMEDIES: &[FeatureRemedy] = &[$(
            FeatureRemedy { name: $name, feature: WasmFeatures::$feature, remedy: $remedy },
        )*];
    };
}

feature_table! {
    SIMD, "simd", "rustc: remove -C target-feature=+simd128; clang: remove -msimd128";
    RELAXED_SIMD, "relaxed-simd", "rustc: remove -C target-feature=+relaxed-simd; clang: remove -mrelaxed-simd";
    THREADS, "threads", "rustc: remove -C target-feature=+atomics; clang: remove -matomics -pthread";
    SHARED_EVERYTHING_THREADS, "shared-everything-threads", "build without threads";
    TAIL_CALL, "tail-call", "rustc: remove -C target-feature=+tail-call; clang: remove -mtail-call";
    MULTI_MEMORY, "multi-memory", "rustc: remove -C target-feature=+multimemory; clang: remove -mmultimemory";
    EXCEPTIONS, "exception-handling", "rustc: build with -C panic=abort; clang: remove -fwasm-exceptions";
    LEGACY_EXCEPTIONS, "legacy-exceptions", "rustc: build with -C panic=abort; clang: remove -fwasm-exceptions";
    MEMORY64, "memory64", "build for wasm32 instead of wasm64";
    FUNCTION_REFERENCES, "function-references", "clang: remove -mgc and typed function references";
    GC, "gc", "clang: remove -mgc; build with a compiler that does not target WasmGC";
    GC_TYPES, "reference types other than funcref", "rustc: add -C target-feature=-reference-types; clang: add -mno-reference-types; do not use externref";
    MEMORY_CONTROL, "memory-control", "do not use memory.discard";
    CUSTOM_PAGE_SIZES, "custom-page-sizes", "link without --page-size";
    STACK_SWITCHING, "stack-switching", "do not use continuations";
    WIDE_ARITHMETIC, "wide-arithmetic", "rustc: remove -C target-feature=+wide-arithmetic; clang: remove -mwide-arithmetic";
    CUSTOM_DESCRIPTORS, "custom-descriptors", "do not use custom descriptors";
    COMPACT_IMPORTS, "compact-imports", "encode every import on its own";
}

/// Every refused feature with the flags that leave it out.
pub fn feature_remedies() -> &'static [FeatureRemedy] {
    REMEDIES
}

/// The refused features, all of them switched on besides the accepted ones: what tells a module
/// that uses a refused feature from a broken one.
pub(crate) fn all_features() -> WasmFeatures {
    REMEDIES.iter().fold(ACCEPTED_FEATURES, |features, remedy| {
        features.union(remedy.feature)
    })
}

/// The row of the refused feature with this flag.
pub(crate) fn remedy_of(feature: WasmFeatures) -> Option<&'static FeatureRemedy> {
    REMEDIES.iter().find(|remedy| remedy.feature == feature)
}

macro_rules! proposal_feature {
    (mvp) => {
        None
    };
    (sign_extension) => {
        None
    };
    (saturating_float_to_int) => {
        None
    };
    (bulk_memory) => {
        None
    };
    (reference_types) => {
        None
    };
    (exceptions) => {
        Some(WasmFeatures::EXCEPTIONS)
    };
    (legacy_exceptions) => {
        Some(WasmFeatures::LEGACY_EXCEPTIONS)
    };
    (tail_call) => {
        Some(WasmFeatures::TAIL_CALL)
    };
    (memory_control) => {
        Some(WasmFeatures::MEMORY_CONTROL)
    };
    (gc) => {
        Some(WasmFeatures::GC)
    };
    (threads) => {
        Some(WasmFeatures::THREADS)
    };
    (shared_everything_threads) => {
        Some(WasmFeatures::SHARED_EVERYTHING_THREADS)
    };
    (simd) => {
        Some(WasmFeatures::SIMD)
    };
    (relaxed_simd) => {
        Some(WasmFeatures::RELAXED_SIMD)
    };
    (function_references) => {
        Some(WasmFeatures::FUNCTION_REFERENCES)
    };
    (stack_switching) => {
        Some(WasmFeatures::STACK_SWITCHING)
    };
    (wide_arithmetic) => {
        Some(WasmFeatures::WIDE_ARITHMETIC)
    };
    (custom_descriptors) => {
        Some(WasmFeatures::CUSTOM_DESCRIPTORS)
    };
}

macro_rules! define_feature_of {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The refused feature that introduced `operator`, if it is one.
        pub(crate) fn refused_feature_of(operator: &wasmparser::Operator<'_>) -> Option<WasmFeatures> {
            match operator {
                $(wasmparser::Operator::$op { .. } => proposal_feature!($proposal),)*
                _ => None,
            }
        }
    };
}

wasmparser::for_each_operator!(define_feature_of);
