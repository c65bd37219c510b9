//! Generated modules: whatever they do, they stay within their limits and do it again.

use std::fmt::Write as _;
use std::sync::OnceLock;

use arbitrary::Unstructured;
use tenzik_runtime::{
    Capability, Examination, HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, Limits, Policy, assemble,
};
use wasm_smith::{Config, MemoryOffsetChoices, Module};

use crate::running::{PATIENT_US, Way, assert_same, run};
use crate::validator::{Agreement, agreement};

/// Limits under which a generated module ends soon, by itself or not.
pub const EXECUTE_LIMITS: Limits = Limits {
    fuel_base: 50_000,
    fuel_per_input_byte: 10,
    host_calls_base: 200,
    log_bytes_max: 1 << 10,
    memory_bytes_max: 1 << 20,
    module_bytes_max: 64 << 10,
    output_bytes_base: 4 << 10,
    stack_bytes_max: 64 << 10,
    wall_us_base: PATIENT_US,
    ..Limits::DEFAULT
};

/// Bytes of input that a module gets at most.
const INPUT_BYTES_MAX: usize = 256;

/// Makes a module and an input from `bytes`, and checks what must hold for running it.
///
/// # Panics
/// When it does not.
pub fn execute(bytes: &[u8]) {
    executed(bytes);
}

/// Like [`execute`]; whether there was a module that could be run.
///
/// # Panics
/// When what must hold does not.
pub fn executed(bytes: &[u8]) -> bool {
    let mut entropy = Unstructured::new(bytes);
    let Ok(references) = entropy.ratio(1, 4) else {
        return false;
    };
    let Ok(module) = Module::new(config(references), &mut entropy) else {
        return false;
    };
    let input = entropy.take_rest();
    let input = &input[..input.len().min(INPUT_BYTES_MAX)];
    check(&module.to_bytes(), input, bytes.len())
}

fn check(module: &[u8], input: &[u8], choice: usize) -> bool {
    let policy = Policy {
        limits: EXECUTE_LIMITS,
        ..Policy::default()
    };
    let examination = Examination::of(module, &policy);
    let agreement = agreement(module, examination.validation());
    if examination.admitted().is_none() {
        assert_ne!(agreement, Agreement::Accepted);
        return false;
    }
    let first = run(&examination, input, Way::Pooled);
    let other = Way::ALL[choice % Way::ALL.len()];
    assert_same(&first, &run(&examination, input, other));
    true
}

/// Modules that have the exports of a capsule and import nothing but host functions.
fn config(references: bool) -> Config {
    Config {
        available_imports: Some(imports().to_vec()),
        exports: Some(exports().to_vec()),
        allow_start_export: false,
        allow_invalid_funcs: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        // Besides the one that is exported.
        max_memories: 0,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 1_000,
        max_tables: 2,
        max_tags: 0,
        memory64_enabled: false,
        memory_offset_choices: MemoryOffsetChoices(90, 9, 1),
        // It would also make externref, which capsules may not use.
        reference_types_enabled: references,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// A module that imports every host function without an effect: no policy of the oracle grants one.
fn imports() -> &'static [u8] {
    static IMPORTS: OnceLock<Vec<u8>> = OnceLock::new();
    IMPORTS.get_or_init(|| {
        let mut text = String::from("(module");
        let pure = |row: &&HostFunction| row.needs.is_none_or(Capability::is_pure);
        for row in HOST_FUNCTIONS.iter().filter(pure) {
            write!(text, "(import \"{IMPORT_MODULE}\" \"{}\" (func", row.name).unwrap();
            for parameter in row.wasm_parameters {
                write!(text, " (param {})", parameter.name()).unwrap();
            }
            for result in row.wasm_results {
                write!(text, " (result {})", result.name()).unwrap();
            }
            text.push_str("))");
        }
        text.push(')');
        assemble(&text).unwrap()
    })
}

/// A module that exports what every capsule does.
fn exports() -> &'static [u8] {
    static EXPORTS: OnceLock<Vec<u8>> = OnceLock::new();
    EXPORTS.get_or_init(|| {
        let text = r#"(module (memory (export "memory") 1) (func (export "run") (result i32) unreachable))"#;
        assemble(text).unwrap()
    })
}
