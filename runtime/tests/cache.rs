//! The cache of compiled capsules: bounded, and shared by all who prepare the same bytes.

use tenzik_runtime::{EngineOptions, Input, Limits, Outcome, Policy, Runtime, Status};

use crate::world::{request, wasm};

/// A capsule that fails with `code`: another module for each.
fn capsule(code: i32) -> Vec<u8> {
    wasm(&format!(
        r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const {code})))"#
    ))
}

fn runtime(cache_modules_max: usize) -> Runtime {
    Runtime::new(&EngineOptions {
        pool_instances: 4,
        cache_modules_max,
        optimise_after_us: None,
        code_store: None,
    })
    .unwrap()
}

fn run(runtime: &Runtime, bytes: &[u8], policy: &Policy) -> Outcome {
    let examination = runtime.examine(bytes, policy);
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = runtime.prepare(capsule).unwrap();
    runtime
        .execute(&prepared, permit, request(Input::empty()))
        .unwrap()
}

#[test]
fn the_same_bytes_are_kept_once() {
    let runtime = runtime(10);
    for _ in 0..5 {
        run(&runtime, &capsule(0), &Policy::default());
    }
    assert_eq!(runtime.engine().cached_modules(), 1);
    run(&runtime, &capsule(1), &Policy::default());
    assert_eq!(runtime.engine().cached_modules(), 2);
}

#[test]
fn no_more_are_kept_than_allowed_and_all_still_run() {
    let runtime = runtime(3);
    let prepared: Vec<_> = (1..=10)
        .map(|code| {
            let examination = runtime.examine(&capsule(code), &Policy::default());
            let (capsule, permit) = examination.admitted().unwrap();
            (code, runtime.prepare(capsule).unwrap(), permit.clone())
        })
        .collect();
    assert_eq!(runtime.engine().cached_modules(), 3);
    for (code, prepared, permit) in &prepared {
        let outcome = runtime
            .execute(prepared, permit, request(Input::empty()))
            .unwrap();
        assert_eq!(
            outcome.status,
            Status::Failure {
                code: *code,
                message: Vec::new()
            }
        );
    }
    assert_eq!(runtime.engine().cached_modules(), 3);
}

#[test]
fn nothing_need_be_kept() {
    let runtime = runtime(0);
    assert_eq!(
        run(&runtime, &capsule(0), &Policy::default()).status,
        Status::Ok
    );
    assert_eq!(runtime.engine().cached_modules(), 0);
}

#[test]
fn each_stack_size_is_compiled_code_of_its_own() {
    let runtime = Runtime::new(&EngineOptions {
        cache_modules_max: 5,
        ..EngineOptions::default()
    })
    .unwrap();
    let policy = |stack_bytes_max| {
        let policy = Policy::default();
        Policy {
            limits: Limits {
                stack_bytes_max,
                ..policy.limits
            },
            ..policy
        }
    };
    // More pools than the address space has room for, were they kept; with the clock looked at and
    // without.
    for round in 0..600 {
        let mut policy = policy(16_384 + round * 64);
        if round % 8 != 0 {
            policy.limits.fuel_base = 1 << 60;
        }
        assert_eq!(
            run(&runtime, &capsule(0), &policy).status,
            Status::Ok,
            "{round}"
        );
        assert!(runtime.engine().cached_modules() <= 5);
    }
}
