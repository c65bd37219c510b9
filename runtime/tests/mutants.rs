//! Damaged modules: every truncation and every single flipped bit of some that work.

use tenzik_capsule::ACCEPTED_FEATURES;
use tenzik_runtime::{
    EngineOptions, Examination, FindingCode, Input, Limits, Policy, Runtime, assemble,
};
use wasmparser::Validator;

use crate::fixture;
use crate::world::request;

/// Little of everything: most mutants that are accepted do something else than before.
fn small_limits() -> Policy {
    let policy = Policy::default();
    let limits = Limits {
        fuel_base: 100_000,
        memory_bytes_max: 1 << 20,
        ..policy.limits
    };
    Policy { limits, ..policy }
}

fn check_mutants_of(name: &str) {
    let text = std::fs::read_to_string(&fixture::named(name).path).unwrap();
    let bytes = assemble(&text).unwrap();
    let runtime = Runtime::new(&EngineOptions::one_shot()).unwrap();
    let mut accepted = 0;
    for cut in 0..bytes.len() {
        accepted += u32::from(check(
            &runtime,
            &bytes[..cut],
            &format!("{name} cut at {cut}"),
        ));
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        accepted += u32::from(check(
            &runtime,
            &flipped,
            &format!("{name} with bit {bit} flipped"),
        ));
    }
    assert!(
        accepted > 10,
        "hardly a mutant of {name} is accepted; the test does not look at enough"
    );
}

/// Whether the mutant is accepted, which it is exactly when wasmparser and the own rules accept it.
fn check(runtime: &Runtime, bytes: &[u8], what: &str) -> bool {
    let examination = Examination::of(bytes, &small_limits());
    let valid = Validator::new_with_features(ACCEPTED_FEATURES)
        .validate_all(bytes)
        .is_ok();
    let is_of_wasmparser = |code| {
        matches!(
            code,
            FindingCode::ModuleInvalid | FindingCode::FeatureDisabled
        )
    };
    let Some((capsule, permit)) = examination.admitted() else {
        let own = examination
            .findings()
            .iter()
            .any(|finding| !is_of_wasmparser(finding.code));
        assert!(
            examination.first_error().is_some(),
            "{what} is rejected without a reason"
        );
        assert!(
            !valid || own,
            "{what} is valid, and rejected as {:?}",
            examination.findings()
        );
        return false;
    };
    assert!(valid, "{what} is accepted, but not valid");
    let input = Input::from(b"{\"a\":[1,2,3]}".as_slice());
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &input)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let outcome = runtime.execute(&prepared, permit, request(input));
    outcome.unwrap_or_else(|error| panic!("{what} ended as a failure of the engine: {error}"));
    true
}

#[test]
fn echo() {
    check_mutants_of("ok/echo");
}

#[test]
fn json_path() {
    check_mutants_of("ok/json_path");
}

#[test]
fn reference_types() {
    check_mutants_of("ok/feature_reference_types");
}

#[test]
fn bulk_memory_and_manifest() {
    check_mutants_of("ok/feature_bulk_memory");
    check_mutants_of("ok/manifest");
}
