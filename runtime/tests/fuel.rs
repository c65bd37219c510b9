//! Fuel: the same on every machine and in every later version.

use std::fmt::Write as _;
use std::path::Path;

use tenzik_runtime::{COST_MODEL, Examination, FaultCode, Input, Limits, Outcome, Policy, Status};

use crate::fixture::{self, Fixture, pattern};
use crate::world::{Unsized, pooled, request, run, wasm};

const GOLDEN: &str = "tests/golden/fuel.txt";

fn run_fixture(fixture: &Fixture, fuel: Option<u64>, input: Input) -> Outcome {
    let text = std::fs::read_to_string(&fixture.path).unwrap();
    let mut policy = fixture.policy.clone();
    if let Some(fuel) = fuel {
        policy.limits.fuel_base = fuel;
        policy.limits.fuel_per_input_byte = 0;
    }
    run(&wasm(&text), &policy, input)
}

fn bytes_of(fixture: &Fixture) -> Input {
    Input::from(fixture.input.as_slice())
}

/// Receipts of other machines are re-executed: these numbers change only with the id of the cost
/// model. `UPDATE=1` rewrites the file; a new line with only a name is filled in.
#[test]
fn golden_numbers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    let golden = std::fs::read_to_string(&path).unwrap();
    let mut actual = format!("{COST_MODEL}\n");
    for name in golden
        .lines()
        .skip(1)
        .map(|line| line.split(' ').next().unwrap())
    {
        let fixture = fixture::named(name);
        let usage = run_fixture(fixture, None, bytes_of(fixture)).usage;
        let with_clock_checks = run_fixture(fixture, None, Unsized::input(&fixture.input)).usage;
        assert_eq!(usage.fuel, with_clock_checks.fuel, "{name}");
        let bound = if usage.fuel_exact {
            "exact"
        } else {
            "at_least"
        };
        writeln!(actual, "{name} {} {bound}", usage.fuel).unwrap();
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, actual).unwrap();
    } else {
        assert_eq!(
            actual, golden,
            "the cost model changed; give it a new id and run UPDATE=1 cargo test"
        );
    }
}

/// With one unit more than a run uses it ends the same; with less it ends the same or runs out.
#[test]
fn a_run_ends_the_same_under_any_limit_that_is_enough() {
    let names = [
        "ok/echo",
        "ok/json_path",
        "ok/random_bytes",
        "ok/feature_bulk_memory",
        "ok/recursion_within_the_stack",
    ];
    for fixture in names.map(fixture::named) {
        let full = run_fixture(fixture, None, bytes_of(fixture));
        let used = full.usage.fuel;
        let mut enough = false;
        for limit in (0..=used + 1)
            .step_by(usize::try_from(used / 97).unwrap().max(1))
            .chain([used + 1, used * 2])
        {
            let outcome = run_fixture(fixture, Some(limit), bytes_of(fixture));
            assert!(outcome.usage.fuel <= limit);
            if outcome.status == full.status {
                assert_eq!(
                    outcome.output, full.output,
                    "{} under {limit}",
                    fixture.name
                );
                enough = true;
            } else {
                let Status::Fault(fault) = &outcome.status else {
                    panic!("{:?}", outcome.status)
                };
                assert_eq!(fault.code, FaultCode::FuelExhausted);
                assert!(
                    !enough && limit <= used,
                    "{} ran out of {limit}, uses {used}",
                    fixture.name
                );
                assert_eq!(
                    (outcome.usage.fuel, outcome.usage.fuel_exact),
                    (limit, true)
                );
            }
        }
        assert_eq!(
            run_fixture(fixture, Some(used + 1), bytes_of(fixture))
                .usage
                .fuel,
            used
        );
    }
}

/// The bound after a trap is what the same run uses up to there.
#[test]
fn a_trap_keeps_the_fuel_of_the_loop_before_it() {
    let module = |end: &str| {
        wasm(&format!(
            r#"(module (memory (export "memory") 1)
                (func (export "run") (result i32) (local $count i32)
                    (loop $again
                        (local.set $count (i32.add (local.get $count) (i32.const 3)))
                        (br_if $again (i32.lt_u (local.get $count) (i32.const 100000))))
                    {end}))"#
        ))
    };
    let policy = Policy::default();
    let whole = run(&module("(i32.const 0)"), &policy, Input::empty()).usage;
    assert!(whole.fuel_exact);
    for trap in [
        "(i32.load (i32.const -1))",
        "(i32.div_u (local.get $count) (i32.const 0))",
        "(memory.copy (i32.const -1) (i32.const 0) (i32.const 1)) (i32.const 0)",
        "(memory.grow (i32.const 60000))",
    ] {
        for input in [Input::empty(), Unsized::input(b"")] {
            let usage = run(&module(trap), &policy, input).usage;
            assert!(!usage.fuel_exact, "{trap}");
            assert!(
                usage.fuel <= whole.fuel + 1_000_000,
                "{trap}: {} of {}",
                usage.fuel,
                whole.fuel
            );
            assert!(
                usage.fuel + 20 >= whole.fuel,
                "{trap}: {} of {}",
                usage.fuel,
                whole.fuel
            );
        }
    }
}

#[test]
fn without_a_search_the_count_is_said_to_be_a_bound() {
    let fixture = fixture::named("hostile/trap_after_a_loop");
    let text = std::fs::read_to_string(&fixture.path).unwrap();
    let examination = Examination::of(&wasm(&text), &fixture.policy);
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = pooled().prepare(capsule).unwrap();
    let mut request = request(Input::empty());
    request.bound_fuel = false;
    let usage = pooled().execute(&prepared, permit, request).unwrap().usage;
    assert!(!usage.fuel_exact);
    assert!(usage.fuel < 500_000, "{}", usage.fuel);
}

/// Reading grants, reading the end does not; what is granted is what the receipt's limits say.
#[test]
fn limits_grow_with_the_bytes_that_were_read() {
    let echo = wasm(&std::fs::read_to_string(&fixture::named("ok/echo").path).unwrap());
    let base = Policy::default();
    let limits = Limits {
        fuel_base: 200_000,
        fuel_per_input_byte: 10,
        output_bytes_base: 0,
        output_bytes_per_input_byte: 1,
        host_calls_base: 10,
        host_call_input_bytes: 10_000,
        ..base.limits.clone()
    };
    let policy = Policy { limits, ..base };
    for size in [0, 1, 65_536, 300_000, 2_000_000] {
        let bytes = pattern(size);
        for input in [Input::from(bytes.as_slice()), Unsized::input(&bytes)] {
            let outcome = run(&echo, &policy, input);
            assert_eq!(outcome.status, Status::Ok);
            assert!(outcome.output == bytes);
            assert_eq!(outcome.usage.fuel_granted, policy.limits.fuel(size as u64));
        }
    }
    let tight = Policy {
        limits: Limits {
            output_bytes_per_input_byte: 0,
            ..policy.limits.clone()
        },
        ..policy.clone()
    };
    let outcome = run(&echo, &tight, Input::from(b"a".as_slice()));
    assert!(
        matches!(outcome.status, Status::Fault(fault) if fault.code == FaultCode::OutputExceeded)
    );
    let calls = Limits {
        host_calls_base: 3,
        host_call_input_bytes: 0,
        ..policy.limits.clone()
    };
    let outcome = run(
        &echo,
        &Policy {
            limits: calls,
            ..policy
        },
        Input::from(pattern(300_000).as_slice()),
    );
    assert!(
        matches!(outcome.status, Status::Fault(fault) if fault.code == FaultCode::HostCallsExceeded)
    );
}

/// A capsule whose registers are hard to assign is compiled by another allocator. One function that
/// is never called makes it so; what the others do and cost stays the same.
#[test]
fn hard_to_compile_capsules_cost_the_same() {
    let carried: String = (0..150)
        .map(|n| format!("(local.set {n} (i64.add (local.get {n}) (i64.const 1)))"))
        .collect();
    let loops = "(loop (br_if 0 (i32.const 0)))".repeat(30);
    let locals = " i64".repeat(150);
    let hard = format!("(func (local{locals}) (loop {loops} {carried} (br_if 0 (i32.const 0)))))");
    for name in [
        "ok/echo",
        "ok/json_path",
        "ok/feature_reference_types",
        "ok/nan_canonical",
        "hostile/infinite_loop",
    ] {
        let fixture = fixture::named(name);
        let text = std::fs::read_to_string(&fixture.path).unwrap();
        let (without_end, _) = text.rsplit_once(')').unwrap();
        let bytes = wasm(&format!("{without_end} {hard}"));
        let examination = Examination::of(&bytes, &fixture.policy);
        assert!(examination.admitted().unwrap().0.register_effort() > 10_000_000);
        let plain = run_fixture(fixture, None, bytes_of(fixture));
        for input in [bytes_of(fixture), Unsized::input(&fixture.input)] {
            let outcome = run(&bytes, &fixture.policy, input);
            assert_eq!(outcome.output, plain.output, "{name}");
            assert_eq!(outcome.usage.fuel, plain.usage.fuel, "{name}");
            assert_eq!(
                crate::world::status_text(&outcome.status),
                crate::world::status_text(&plain.status),
                "{name}"
            );
        }
    }
}
