//! Mutants of the first-party capsules, made by wasm-mutate.
//!
//! Any mutant is validated like any module, and one that is accepted stays within its limits. A
//! mutant whose meaning wasm-mutate preserves also gives the same output.

use std::path::Path;

use tenzik_oracles::{Agreement, agreement, assert_within};
use tenzik_runtime::{
    EngineOptions, Examination, Input, Limits, Outcome, Policy, RunRequest, Runtime, Status,
};
use wasm_mutate::WasmMutate;
use wasmparser::{Operator, Parser, Payload};

/// Steps that wasm-mutate may take for one mutant.
const MUTATION_FUEL: u64 = 200;

/// Attempts for each capsule.
const ROUNDS: u64 = 60;

/// Each capsule with an input that it reads to its end.
const CAPSULES: &[(&str, &str)] = &[
    ("base64", "some text"),
    ("dice", ""),
    ("echo", "some text"),
    ("hash", "some text"),
    ("json-select", "$..a\n{\"a\":[1,{\"a\":2.50}]}"),
    (
        "nmap-parse",
        include_str!("../../../docs/examples/scan.xml"),
    ),
];

/// The usual limits, for modules that mutation made larger.
fn policy() -> Policy {
    let policy = Policy::default();
    let limits = Limits {
        module_bytes_max: 64 << 10,
        ..policy.limits
    };
    Policy { limits, ..policy }
}

/// Little of everything: a mutant may run for ever.
fn small() -> Policy {
    let policy = policy();
    let limits = Limits {
        fuel_base: 200_000,
        fuel_per_input_byte: 100,
        memory_bytes_max: 2 << 20,
        ..policy.limits
    };
    Policy { limits, ..policy }
}

fn capsule(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../capsules/prebuilt");
    std::fs::read(folder.join(name).with_extension("wasm")).unwrap()
}

/// Up to one mutant for each seed; other seeds for each module.
fn mutants(module: &[u8], preserve: bool) -> Vec<Vec<u8>> {
    let one = |round| {
        let seed = round * 1_000_003 + module.len() as u64;
        let mut mutate = WasmMutate::default();
        mutate
            .seed(seed)
            .fuel(MUTATION_FUEL)
            .preserve_semantics(preserve);
        let mut made = mutate.run(module).ok()?;
        made.next()?.ok()
    };
    (0..ROUNDS).filter_map(one).collect()
}

/// What comes of a module over `input`, if it may run.
fn run(runtime: &Runtime, module: &[u8], policy: &Policy, input: &str) -> Option<Outcome> {
    let examination = Examination::of(module, policy);
    let verdict = agreement(module, examination.validation());
    let (capsule, permit) = examination.admitted()?;
    assert_eq!(verdict, Agreement::Accepted);
    let input = Input::from(input.as_bytes());
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &input)
        .unwrap();
    let request = RunRequest::new(input, 1_763_596_800_000, 7);
    let outcome = runtime.execute(&prepared, permit, request).unwrap();
    assert_within(permit.limits(), &outcome);
    Some(outcome)
}

/// How many operators have both a value and an effect. wasm-mutate takes any operand for a mere value:
/// from `x` it makes `x & x`, also where `x` is a call or sets a local, which does not mean the same.
fn effects(module: &[u8]) -> usize {
    let payloads = Parser::new(0).parse_all(module);
    let bodies = payloads.filter_map(|payload| match payload {
        Ok(Payload::CodeSectionEntry(body)) => body.get_operators_reader().ok(),
        _ => None,
    });
    bodies
        .flatten()
        .filter(|operator| {
            matches!(
                operator,
                Ok(Operator::Call { .. }
                    | Operator::CallIndirect { .. }
                    | Operator::LocalTee { .. }
                    | Operator::MemoryGrow { .. })
            )
        })
        .count()
}

#[test]
fn any_mutant_stays_within_its_limits() {
    let runtime = Runtime::new(&EngineOptions::one_shot()).unwrap();
    for (name, input) in CAPSULES {
        let mutants = mutants(&capsule(name), false);
        let ran = mutants
            .iter()
            .filter_map(|mutant| run(&runtime, mutant, &small(), input));
        let ran = ran.count();
        println!("{name}: {} mutants, {ran} accepted", mutants.len());
        assert!(ran > 5, "{name}: hardly a mutant is accepted");
    }
}

#[test]
fn mutants_that_mean_the_same_do_the_same() {
    let runtime = Runtime::new(&EngineOptions::one_shot()).unwrap();
    for (name, input) in CAPSULES {
        let module = capsule(name);
        let original = run(&runtime, &module, &policy(), input).unwrap();
        assert_eq!(original.status, Status::Ok, "{name}");
        let mutants = mutants(&module, true);
        let mut compared = 0;
        let effects_of_original = effects(&module);
        for mutant in mutants.iter().filter(|mutant| **mutant != module) {
            if effects(mutant) != effects_of_original {
                continue;
            }
            let Some(outcome) = run(&runtime, mutant, &policy(), input) else {
                continue;
            };
            compared += 1;
            assert_eq!(outcome.status, original.status, "{name}");
            assert_eq!(outcome.output, original.output, "{name}");
            assert_eq!(outcome.log, original.log, "{name}");
            assert_eq!(
                outcome.usage.host_calls_by_function, original.usage.host_calls_by_function,
                "{name}"
            );
        }
        println!("{name}: {} mutants, {compared} compared", mutants.len());
        assert!(compared > 5, "{name}: hardly a mutant is compared");
    }
}
