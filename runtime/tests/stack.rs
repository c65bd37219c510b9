//! The stack limit: it holds on any thread, and a large one is there when it is asked for.

use tenzik_runtime::{FaultCode, Input, Limits, Outcome, Policy, Status};

use crate::world::{run, wasm};

/// A capsule that calls itself `depth` times.
fn recursive(depth: u32) -> Vec<u8> {
    wasm(&format!(
        r#"(module (memory (export "memory") 1)
            (func $down (param $left i32) (result i32)
                (if (result i32) (local.get $left)
                    (then (i32.sub (call $down (i32.sub (local.get $left) (i32.const 1))) (i32.const 0)))
                    (else (i32.const 0))))
            (func (export "run") (result i32) (call $down (i32.const {depth}))))"#
    ))
}

fn with_stack(stack_bytes_max: u64) -> Policy {
    let policy = Policy::default();
    Policy {
        limits: Limits {
            stack_bytes_max,
            ..policy.limits
        },
        ..policy
    }
}

/// Runs on a thread with so many bytes of stack.
fn run_on_thread(stack_bytes: usize, module: &[u8], policy: &Policy) -> Outcome {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack_bytes);
        thread
            .spawn_scoped(scope, || run(module, policy, Input::empty()))
            .unwrap()
            .join()
            .unwrap()
    })
}

fn overflows(outcome: &Outcome) -> bool {
    matches!(&outcome.status, Status::Fault(fault) if fault.code == FaultCode::StackOverflow)
}

#[test]
fn a_larger_stack_takes_deeper_calls() {
    let depths: Vec<u32> = [16 << 10, 512 << 10, 8 << 20]
        .map(|stack| {
            // The deepest recursion that fits, by bisection.
            let (mut fits, mut too_deep) = (1, 2_000_000);
            while too_deep - fits > fits / 8 + 1 {
                let middle = fits + (too_deep - fits) / 2;
                if overflows(&run(&recursive(middle), &with_stack(stack), Input::empty())) {
                    too_deep = middle;
                } else {
                    fits = middle;
                }
            }
            fits
        })
        .into();
    assert!(depths.is_sorted(), "{depths:?}");
    assert!(
        depths[0] > 50 && depths[1] > 20 * depths[0] && depths[2] > 10 * depths[1],
        "{depths:?}"
    );
}

#[test]
fn a_large_stack_is_there_on_a_small_thread() {
    let policy = with_stack(8 << 20);
    assert_eq!(
        run_on_thread(1 << 20, &recursive(60_000), &policy).status,
        Status::Ok
    );
    assert!(overflows(&run_on_thread(
        1 << 20,
        &recursive(10_000_000),
        &policy
    )));
}

#[test]
fn the_smallest_stack_is_enough_for_a_host_call() {
    let module = wasm(
        r#"(module
            (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "[[[[1]]]]$..[?@..[?@]]")
            (func (export "run") (result i32)
                (i32.sub (call $json_path (i32.const 0) (i32.const 9) (i32.const 9) (i32.const 13)) (i32.const 1))))"#,
    );
    assert_eq!(
        run(&module, &with_stack(16 << 10), Input::empty()).status,
        Status::Ok
    );
}
