//! Memories that are used again: whatever a run did to one, the next run finds zeros, and a fault
//! behind its end.

use tenzik_runtime::{
    EngineFailure, EngineOptions, Examination, FaultCode, Input, Outcome, Policy, Runtime, Status,
};

use crate::world::{request, wasm};

pub const PAGE: u64 = 65_536;

/// Pages of a memory of which only a part stays resident between two runs.
pub const MANY_PAGES: u64 = 40;

/// Engines whose runs use memories again: with plain code, and with the fastest.
pub fn runtimes() -> [Runtime; 2] {
    [None, Some(0)].map(|optimise_after_us| {
        Runtime::new(&EngineOptions {
            pool_instances: 2,
            cache_modules_max: 100,
            optimise_after_us,
            code_store: None,
        })
        .unwrap()
    })
}

pub fn try_run(runtime: &Runtime, text: &str) -> Result<Outcome, EngineFailure> {
    let policy = Policy::default();
    let examination: Examination = runtime.examine(&wasm(text), &policy);
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = runtime.prepare(capsule).unwrap();
    runtime.execute(&prepared, permit, request(Input::empty()))
}

pub fn run(runtime: &Runtime, text: &str) -> Status {
    try_run(runtime, text).unwrap().status
}

/// A capsule with a memory of `pages`, and one of `pages` and `grown` when `body` is reached.
pub fn capsule(pages: u64, grown: u64, body: &str) -> String {
    format!(
        r#"(module
            (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
            (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
            (memory (export "memory") {pages})
            (func $deep (param i64) (result i64)
                (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
            (func (export "run") (result i32) (local $at i32) (local $found i64)
                (if (i32.ne (memory.grow (i32.const {grown})) (i32.const {pages}))
                    (then (return (i32.const 1))))
                {body}
                (i32.const 0)))"#
    )
}

/// Fills every byte of a memory, then does `ending`.
pub fn filler(pages: u64, grown: u64, ending: &str) -> String {
    let bytes = (pages + grown) * PAGE;
    let fill = format!("(memory.fill (i32.const 0) (i32.const 255) (i32.const {bytes}))");
    capsule(pages, grown, &(fill + ending))
}

/// Writes the last byte of a memory.
pub fn last(pages: u64, grown: u64) -> String {
    let at = (pages + grown) * PAGE - 1;
    let store = format!("(i32.store8 (i32.const {at}) (i32.const 1))");
    capsule(pages, grown, &store)
}

/// Fails if any byte of a memory is not zero.
pub fn reader(pages: u64, grown: u64) -> String {
    let bytes = (pages + grown) * PAGE;
    capsule(
        pages,
        grown,
        &format!(
            "(loop $next
                (local.set $found (i64.or (local.get $found) (i64.load (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const {bytes}))))
            (if (i64.ne (local.get $found) (i64.const 0)) (then (return (i32.const 2))))"
        ),
    )
}

#[track_caller]
pub fn all_zero(runtime: &Runtime) {
    for (pages, grown) in [(1, 0), (MANY_PAGES, 0), (1, MANY_PAGES), (17, 1), (2, 0)] {
        let status = run(runtime, &reader(pages, grown));
        assert_eq!(status, Status::Ok, "{pages} and {grown} pages");
    }
}

pub fn fault(code: FaultCode) -> impl Fn(&Status) -> bool {
    move |status| matches!(status, Status::Fault(fault) if fault.code == code)
}

#[test]
fn the_next_run_finds_zeros_however_a_run_ends() {
    type Expected = Box<dyn Fn(&Status) -> bool>;
    let endings: [(&str, Expected); 9] = [
        ("", Box::new(|status| *status == Status::Ok)),
        (
            "(return (i32.const 7))",
            Box::new(|status| matches!(status, Status::Failure { .. })),
        ),
        (
            "(call $fail (i32.const 9) (i32.const 0) (i32.const 4))",
            Box::new(|status| matches!(status, Status::Failure { .. })),
        ),
        ("(unreachable)", Box::new(fault(FaultCode::Unreachable))),
        (
            "(drop (i64.load (i32.const -8)))",
            Box::new(fault(FaultCode::MemoryOutOfBounds)),
        ),
        (
            "(drop (call $read (i32.const -8) (i32.const 8)))",
            Box::new(fault(FaultCode::BadPointer)),
        ),
        (
            "(drop (call $deep (i64.const 1)))",
            Box::new(fault(FaultCode::StackOverflow)),
        ),
        ("(loop (br 0))", Box::new(fault(FaultCode::FuelExhausted))),
        (
            "(drop (memory.grow (i32.const 1000)))",
            Box::new(fault(FaultCode::MemoryExceeded)),
        ),
    ];
    for runtime in runtimes() {
        for (ending, expected) in &endings {
            for (pages, grown) in [(1, 0), (MANY_PAGES, 0), (1, MANY_PAGES), (3, 14)] {
                let status = run(&runtime, &filler(pages, grown, ending));
                assert!(expected(&status), "{ending}: {status:?}");
                all_zero(&runtime);
            }
        }
    }
}

#[test]
fn behind_the_end_is_a_fault_also_where_a_memory_was_longer() {
    for runtime in runtimes() {
        for (pages, grown) in [(1, 0), (MANY_PAGES, 0), (1, 1), (16, 1), (0, 3), (1, 0)] {
            let status = run(&runtime, &filler(MANY_PAGES, 60, ""));
            assert_eq!(status, Status::Ok);
            let end = (pages + grown) * PAGE;
            let status = run(&runtime, &last(pages, grown));
            assert_eq!(status, Status::Ok, "{pages} and {grown} pages");
            for index in [
                end,
                end + 4_095,
                end + 60 * PAGE,
                (1 << 31) - 1,
                (1 << 32) - 1,
            ] {
                let index = index as u32 as i32;
                for access in [
                    format!("(drop (i32.load8_u (i32.const {index})))"),
                    format!("(i32.store8 (i32.const {index}) (i32.const 1))"),
                    format!("(drop (i64.load offset=33554431 (i32.const {index})))"),
                    format!("(i64.store offset=4294967295 (i32.const {index}) (i64.const 1))"),
                ] {
                    let status = run(&runtime, &capsule(pages, grown, &access));
                    let is_fault = fault(FaultCode::MemoryOutOfBounds)(&status);
                    assert!(is_fault, "{pages} and {grown} pages, {access}: {status:?}");
                }
            }
        }
        all_zero(&runtime);
    }
}

/// Many threads, so that memories go from shelf to shelf and some find none.
#[test]
fn threads_find_zeros_too() {
    let runtime = Runtime::new(&EngineOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..20 {
            let runtime = &runtime;
            scope.spawn(move || {
                for round in 0..6 {
                    let pages = [1, 2, MANY_PAGES][(thread + round) % 3];
                    assert_eq!(run(runtime, &reader(pages, 1)), Status::Ok);
                    assert_eq!(run(runtime, &filler(pages, 1, "")), Status::Ok);
                }
            });
        }
    });
}
