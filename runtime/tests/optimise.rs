//! Code in two steps: the faster code comes in the background, and nobody can tell but by the time.

use tenzik_runtime::{EngineOptions, FaultCode, Input, Policy, PreparedCapsule, Runtime, Status};

use crate::world::{on_demand, optimised, request, wasm};

/// Runs after which faster code has to be there: it takes milliseconds, and a run microseconds.
const RUNS_MAX: usize = 1_000_000;

/// Calls of small functions over and over, as capsules built for size make them; the first input byte
/// says after how many rounds it traps in the smallest one, if at all.
const CALLS: &str = r#"(module
    (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $output_write (param i32 i32)))
    (memory (export "memory") 1)
    (func $divide (param $left i32) (param $right i32) (result i32)
        (i32.div_u (local.get $left) (local.get $right)))
    (func $step (param $round i32) (result i32)
        (i32.add
            (call $divide (i32.const 1000) (i32.sub (i32.load8_u (i32.const 0)) (local.get $round)))
            (local.get $round)))
    (func (export "run") (result i32)
        (local $round i32) (local $sum i32)
        (drop (call $input_read (i32.const 0) (i32.const 1)))
        (loop $again
            (local.set $sum (i32.add (local.get $sum) (call $step (local.get $round))))
            (local.set $round (i32.add (local.get $round) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $round) (i32.const 100))))
        (i32.store (i32.const 0) (local.get $sum))
        (call $output_write (i32.const 0) (i32.const 4))
        (i32.const 0)))"#;

fn prepared(runtime: &Runtime) -> (PreparedCapsule, tenzik_runtime::Permit) {
    let examination = runtime.examine(&wasm(CALLS), &Policy::default());
    let (capsule, permit) = examination.admitted().unwrap();
    (runtime.prepare(capsule).unwrap(), permit.clone())
}

#[test]
fn a_capsule_that_runs_much_is_optimised_in_the_background() {
    let runtime = Runtime::new(&EngineOptions::default()).unwrap();
    let (prepared, permit) = prepared(&runtime);
    let run = || {
        let request = request(Input::from([200].as_slice()));
        runtime.execute(&prepared, &permit, request).unwrap()
    };
    let first = run();
    assert!(!runtime.engine().is_optimised(&prepared));
    let faster = (0..RUNS_MAX).any(|_| {
        run();
        runtime.engine().is_optimised(&prepared)
    });
    assert!(faster);
    let last = run();
    assert_eq!(first.status, Status::Ok);
    assert_eq!(
        (first.status, first.output, first.usage.fuel),
        (last.status, last.output, last.usage.fuel)
    );
}

#[test]
fn a_fault_says_where_it_is_in_the_capsule_and_not_in_merged_code() {
    let (plain, permit) = prepared(on_demand());
    let (fast, _) = prepared(optimised());
    assert!(optimised().engine().is_optimised(&fast));
    assert!(!on_demand().engine().is_optimised(&plain));
    for round in [0, 1, 50, 99] {
        let input = || request(Input::from([round].as_slice()));
        let expected = on_demand().execute(&plain, &permit, input()).unwrap();
        let actual = optimised().execute(&fast, &permit, input()).unwrap();
        let Status::Fault(fault) = &actual.status else {
            panic!("{:?}", actual.status);
        };
        assert_eq!(fault.code, FaultCode::DivisionByZero);
        assert!(fault.message.contains("in function 2 "), "{fault}");
        assert_eq!(expected.status, actual.status);
        assert_eq!(expected.usage.fuel, actual.usage.fuel);
        assert_eq!(expected.usage.host_calls, actual.usage.host_calls);
    }
}

#[test]
fn fuel_runs_out_at_the_same_unit() {
    let (plain, permit) = prepared(on_demand());
    let (fast, _) = prepared(optimised());
    let whole = on_demand()
        .execute(&plain, &permit, request(Input::from([200].as_slice())))
        .unwrap();
    let mut policy = Policy::default();
    policy.limits.fuel_per_input_byte = 0;
    for missing in [0, 1, 2, 3, 10, 100, 1_000] {
        policy.limits.fuel_base = whole.usage.fuel - missing;
        let examination = on_demand().examine(&wasm(CALLS), &policy);
        let (_, permit) = examination.admitted().unwrap();
        let input = || request(Input::from([200].as_slice()));
        let expected = on_demand().execute(&plain, permit, input()).unwrap();
        let actual = optimised().execute(&fast, permit, input()).unwrap();
        assert_eq!(expected.status, actual.status, "{missing}");
        assert_eq!(expected.usage.fuel, actual.usage.fuel, "{missing}");
    }
}

#[test]
fn a_process_that_runs_once_compiles_once() {
    let runtime = Runtime::new(&EngineOptions::one_shot()).unwrap();
    let (prepared, permit) = prepared(&runtime);
    for _ in 0..2_000 {
        let request = request(Input::from([200].as_slice()));
        runtime.execute(&prepared, &permit, request).unwrap();
    }
    assert!(!runtime.engine().is_optimised(&prepared));
}

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

#[test]
fn quick_code_takes_no_capsule_its_stack() {
    let runtime = Runtime::new(&EngineOptions::default()).unwrap();
    let fails = |runtime: &Runtime, depth| {
        let examination = runtime.examine(&recursive(depth), &Policy::default());
        let (capsule, permit) = examination.admitted().unwrap();
        let prepared = runtime.prepare(capsule).unwrap();
        let outcome = runtime.execute(&prepared, permit, request(Input::empty()));
        outcome.unwrap().status != Status::Ok
    };
    // The deepest recursion that plain code has room for, by bisection.
    let (mut fits, mut too_deep) = (1, 1_000_000);
    while too_deep - fits > 1 {
        let middle = fits + (too_deep - fits) / 2;
        if fails(on_demand(), middle) {
            too_deep = middle;
        } else {
            fits = middle;
        }
    }
    assert!(!fails(&runtime, fits), "{fits}");
}

/// Every function calls the one before it twice: as many calls as a module that is merged can have.
#[test]
fn merging_is_bounded() {
    const FUNCTIONS: usize = 256;
    let calls = |index: usize| format!("(call $f{index})").repeat(2);
    let functions = (1..FUNCTIONS).map(|index| format!("(func $f{index} {})", calls(index - 1)));
    let module = wasm(&format!(
        r#"(module (memory (export "memory") 1)
            (global $count (mut i32) (i32.const 0))
            (func $f0 (global.set $count (i32.add (global.get $count) (i32.const 1))))
            {}
            (func (export "run") (result i32) (call $f3) (global.get $count)))"#,
        functions.take(FUNCTIONS - 2).collect::<String>()
    ));
    let examination = optimised().examine(&module, &Policy::default());
    let (capsule, permit) = examination.admitted().unwrap();
    let start = std::time::Instant::now();
    let prepared = optimised().prepare(capsule).unwrap();
    println!("{} bytes: {} ms", module.len(), start.elapsed().as_millis());
    assert!(optimised().engine().is_optimised(&prepared));
    let outcome = optimised().execute(&prepared, permit, request(Input::empty()));
    let code = Status::Failure {
        code: 8,
        message: Vec::new(),
    };
    assert_eq!(outcome.unwrap().status, code);
}
