//! Each limit at one less than a run needs, at just what it needs, and at one more.

use tenzik_runtime::{Input, Limits, Outcome, Policy, Status};

use crate::world::{error_codes, pooled, run, status_text, wasm};

/// What a run needs of one limit.
struct Need {
    limit: &'static str,
    capsule: &'static str,
    input_bytes: usize,
    /// How much; what a run with plenty uses where that is not in the text.
    amount: fn(&Outcome) -> u64,
    set: fn(&mut Limits, u64),
    /// The fault of one less.
    fault: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        limit: "fuel_base, with nothing after the last look at the count",
        capsule: r#"(module (memory (export "memory") 1) (func (export "run") (result i32)
            (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 2))
            (i32.const 0)))"#,
        input_bytes: 0,
        amount: |outcome| outcome.usage.fuel,
        set: |limits, fuel| limits.fuel_base = fuel,
        fault: "fuel_exhausted",
    },
    Need {
        limit: "fuel_base",
        capsule: r#"(module (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (call $fail (i32.const 1) (i32.const 0) (i32.const 10)) (i32.const 0)))"#,
        input_bytes: 0,
        amount: |outcome| outcome.usage.fuel,
        set: |limits, fuel| limits.fuel_base = fuel,
        fault: "fuel_exhausted",
    },
    Need {
        limit: "fuel_per_input_byte",
        capsule: r#"(module
            (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
            (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (drop (call $read (i32.const 0) (i32.const 1)))
            (call $fail (i32.const 1) (i32.const 0) (i32.const 1000)) (i32.const 0)))"#,
        input_bytes: 1,
        // Reading is paid before there is anything from the byte.
        amount: |outcome| outcome.usage.fuel - 1_000,
        set: |limits, fuel| {
            limits.fuel_base = 1_000;
            limits.fuel_per_input_byte = fuel;
        },
        fault: "fuel_exhausted",
    },
    Need {
        limit: "host_calls_base",
        capsule: r#"(module (import "tenzik" "time_now_ms" (func $now (result i64)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (drop (call $now)) (drop (call $now)) (drop (call $now)) (i32.const 0)))"#,
        input_bytes: 0,
        amount: |_| 3,
        set: |limits, calls| limits.host_calls_base = calls,
        fault: "host_calls_exceeded",
    },
    Need {
        limit: "input_bytes_max",
        capsule: r#"(module (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (drop (call $read (i32.const 0) (i32.const 65536))) (i32.const 0)))"#,
        input_bytes: 1_000,
        amount: |_| 1_000,
        set: |limits, bytes| limits.input_bytes_max = bytes,
        fault: "input_exceeded",
    },
    Need {
        limit: "log_bytes_max",
        capsule: r#"(module (import "tenzik" "log" (func $log (param i32 i32 i32)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (call $log (i32.const 2) (i32.const 0) (i32.const 50))
            (call $log (i32.const 2) (i32.const 0) (i32.const 0)) (i32.const 0)))"#,
        input_bytes: 0,
        amount: |outcome| outcome.usage.log_bytes,
        set: |limits, bytes| limits.log_bytes_max = bytes,
        fault: "log_exceeded",
    },
    Need {
        limit: "memory_bytes_max, memory",
        capsule: r#"(module (memory (export "memory") 1) (func (export "run") (result i32)
            (drop (memory.grow (i32.const 2))) (i32.const 0)))"#,
        input_bytes: 0,
        amount: |_| 3 * 65_536,
        set: |limits, bytes| limits.memory_bytes_max = bytes,
        fault: "memory_exceeded",
    },
    Need {
        limit: "memory_bytes_max, memory and table",
        capsule: r#"(module (table $table 1 funcref) (memory (export "memory") 1)
            (func (export "run") (result i32)
            (drop (table.grow $table (ref.null func) (i32.const 9))) (i32.const 0)))"#,
        input_bytes: 0,
        amount: |_| 65_536 + 10 * 8,
        set: |limits, bytes| limits.memory_bytes_max = bytes,
        fault: "memory_exceeded",
    },
    Need {
        limit: "output_bytes_base",
        capsule: r#"(module (import "tenzik" "output_write" (func $write (param i32 i32)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (call $write (i32.const 0) (i32.const 99)) (call $write (i32.const 0) (i32.const 1))
            (i32.const 0)))"#,
        input_bytes: 0,
        amount: |_| 100,
        set: |limits, bytes| limits.output_bytes_base = bytes,
        fault: "output_exceeded",
    },
    Need {
        limit: "output_bytes_per_input_byte",
        capsule: r#"(module (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
            (import "tenzik" "output_write" (func $write (param i32 i32)))
            (memory (export "memory") 1) (func (export "run") (result i32)
            (drop (call $read (i32.const 0) (i32.const 10)))
            (call $write (i32.const 0) (i32.const 70)) (i32.const 0)))"#,
        input_bytes: 10,
        amount: |_| 7,
        set: |limits, bytes| {
            limits.output_bytes_base = 0;
            limits.output_bytes_per_input_byte = bytes;
        },
        fault: "output_exceeded",
    },
];

fn with(need: &Need, amount: u64) -> Outcome {
    let mut policy = Policy::default();
    (need.set)(&mut policy.limits, amount);
    let input = Input::from(vec![b'x'; need.input_bytes].as_slice());
    run(&wasm(need.capsule), &policy, input)
}

#[test]
fn a_run_needs_just_what_it_uses() {
    for need in NEEDS {
        let input = Input::from(vec![b'x'; need.input_bytes].as_slice());
        let plenty = run(&wasm(need.capsule), &Policy::default(), input);
        assert!(!matches!(plenty.status, Status::Fault(_)), "{}", need.limit);
        let amount = (need.amount)(&plenty);
        for enough in [amount, amount + 1] {
            let outcome = with(need, enough);
            assert_eq!(outcome.status, plenty.status, "{} of {enough}", need.limit);
        }
        let less = status_text(&with(need, amount - 1).status);
        assert_eq!(
            less,
            format!("fault {}", need.fault),
            "{} of {}",
            need.limit,
            amount - 1
        );
    }
}

#[test]
fn a_module_needs_just_its_size() {
    let bytes = wasm(
        r#"(module (memory (export "memory") 2) (func (export "run") (result i32) (i32.const 0)))"#,
    );
    let size = bytes.len() as u64;
    let codes = |module_bytes_max, memory_bytes_max| {
        let policy = Policy::default();
        let limits = Limits {
            module_bytes_max,
            memory_bytes_max,
            ..policy.limits
        };
        error_codes(&pooled().examine(&bytes, &Policy { limits, ..policy }))
    };
    let memory = 2 * 65_536;
    assert_eq!(codes(size - 1, memory), ["module_too_large"]);
    assert_eq!(codes(size, memory - 1), ["memory_minimum"]);
    for (size, memory) in [(size, memory), (size + 1, memory + 1)] {
        assert!(codes(size, memory).is_empty());
    }
}
