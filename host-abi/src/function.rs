//! The table as data: what validators, linkers and renderers read.

use crate::{Capability, for_each_host_function};

/// The module name under which all host functions are imported.
pub const IMPORT_MODULE: &str = "tenzik";

/// The version of the table: the highest `since` of its rows.
pub const ABI_VERSION: u32 = 1;

/// A WebAssembly value type that host functions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
}

impl WasmType {
    /// Its name in the WebAssembly text format.
    pub const fn name(self) -> &'static str {
        match self {
            WasmType::I32 => "i32",
            WasmType::I64 => "i64",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct HostFunction {
    /// Import name.
    pub name: &'static str,
    /// Documentation, lines separated by a newline.
    pub doc: &'static str,
    /// ABI version that introduced the function.
    pub since: u32,
    /// The capability a policy must grant; `None` when every capsule has it.
    pub needs: Option<Capability>,
    /// Fuel for a call.
    pub cost_base: u64,
    /// Fuel for every begun `cost_bytes` bytes that the call moves between guest and host.
    pub cost_units: u64,
    /// Bytes that `cost_units` is charged for; at least 1.
    pub cost_bytes: u64,
    /// Parameter names and the words of their types, in order.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The word of the result type.
    pub result: &'static str,
    /// WebAssembly types of the parameters.
    pub wasm_parameters: &'static [WasmType],
    /// WebAssembly types of the results.
    pub wasm_results: &'static [WasmType],
}

impl HostFunction {
    /// The row with this import name.
    pub fn find(name: &str) -> Option<&'static HostFunction> {
        HOST_FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Fuel of a call that moves `bytes` bytes.
    pub const fn cost(&self, bytes: u64) -> u64 {
        self.cost_base.saturating_add(self.cost_of_bytes(bytes))
    }

    /// Fuel of `bytes` bytes without the price of a call.
    pub const fn cost_of_bytes(&self, bytes: u64) -> u64 {
        self.cost_units
            .saturating_mul(bytes.div_ceil(self.cost_bytes))
    }
}

macro_rules! needs {
    (Always) => {
        None
    };
    ($capability:ident) => {
        Some(Capability::$capability)
    };
}

macro_rules! parameter_type {
    (in_ptr) => {
        WasmType::I32
    };
    (out_ptr) => {
        WasmType::I32
    };
    (len) => {
        WasmType::I32
    };
    (number) => {
        WasmType::I32
    };
    (handle) => {
        WasmType::I32
    };
}

macro_rules! result_types {
    (nothing) => {
        &[]
    };
    (count) => {
        &[WasmType::I32]
    };
    (status) => {
        &[WasmType::I32]
    };
    (handle) => {
        &[WasmType::I32]
    };
    (millis) => {
        &[WasmType::I64]
    };
}

macro_rules! expand_data {
    ($(
        $(#[doc = $doc:literal])+
        [since $since:literal, needs $needs:ident, cost($base:literal, $units:literal / $bytes:literal)]
        fn $name:ident($($parameter:ident: $word:ident),*) -> $result:ident;
    )*) => {
        /// Every row of the table, in table order.
        pub static HOST_FUNCTIONS: &[HostFunction] = &[$(
            HostFunction {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),+),
                since: $since,
                needs: needs!($needs),
                cost_base: $base,
                cost_units: $units,
                cost_bytes: $bytes,
                parameters: &[$((stringify!($parameter), stringify!($word))),*],
                result: stringify!($result),
                wasm_parameters: &[$(parameter_type!($word)),*],
                wasm_results: result_types!($result),
            },
        )*];
    };
}

for_each_host_function!(expand_data);
