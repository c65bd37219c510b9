//! Profiles: fuel by function adds up to the fuel of the run, whatever the capsule does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tenzik_runtime::{
    Examination, FuelProfile, Outcome, Policy, ProfileError, ProfileFrame, ProfileRequest,
    STACK_FRAMES_MAX, STACKS_MAX, Status,
};

use crate::fixture;
use crate::world::{NOW_MS, on_demand, wasm};

fn profile(
    bytes: &[u8],
    policy: &Policy,
    input: &[u8],
    (now_ms, seed): (i64, u64),
) -> Option<Result<FuelProfile, ProfileError>> {
    let examination = Examination::of(bytes, policy);
    let (capsule, permit) = examination.admitted()?;
    let request = ProfileRequest {
        input: Arc::from(input),
        now_ms,
        seed,
    };
    Some(on_demand().engine().profile(capsule, permit, request))
}

fn profiled(text: &str, input: &[u8]) -> FuelProfile {
    let policy = Policy::default();
    profile(&wasm(text), &policy, input, (NOW_MS, 7))
        .unwrap()
        .unwrap()
}

fn sum(profile: &FuelProfile) -> u64 {
    profile.stacks.iter().map(|stack| stack.fuel).sum()
}

/// Fuel by frame, whatever is below it.
fn by_frame(profile: &FuelProfile) -> Vec<(ProfileFrame, u64, u64)> {
    let mut frames = BTreeMap::new();
    for stack in &profile.stacks {
        let (_, fuel, calls) =
            frames
                .entry(format!("{:?}", stack.frame))
                .or_insert((stack.frame, 0, 0));
        *fuel += stack.fuel;
        *calls += stack.calls;
    }
    frames.into_values().collect()
}

fn check(name: &str, outcome: &Outcome, profile: &FuelProfile) {
    assert_eq!(sum(profile), outcome.usage.fuel, "{name}");
    assert!(profile.stacks.len() <= STACKS_MAX, "{name}");
    for (index, stack) in profile.stacks.iter().enumerate() {
        assert!(stack.below < index || index == 0, "{name}");
        let mut depth = 0;
        let mut at = index;
        while at != 0 {
            at = profile.stacks[at].below;
            depth += 1;
        }
        assert!(depth <= STACK_FRAMES_MAX + 1, "{name}");
    }
}

/// Every fixture that runs: the copy does the same, and no unit of fuel is lost or invented.
#[test]
fn the_fuel_of_all_stacks_is_the_fuel_of_the_run() {
    let (mut sums, mut bound) = (0, Vec::new());
    for fixture in fixture::all() {
        let Ok(bytes) = std::fs::read(&fixture.path).map_err(drop).and_then(|text| {
            let text = String::from_utf8(text).map_err(drop)?;
            tenzik_runtime::assemble(&text).map_err(drop)
        }) else {
            continue;
        };
        let world = (fixture.now_ms, fixture.seed);
        match profile(&bytes, &fixture.policy, &fixture.input, world) {
            Some(Ok(profile)) => {
                check(&fixture.name, &profile.outcome, &profile);
                sums += 1;
            }
            Some(Err(ProfileError::MachineBound { fault })) => {
                assert!(fault.machine_bound());
                bound.push(&fixture.name);
            }
            Some(Err(error)) => panic!("{}: {error}", fixture.name),
            None => {}
        }
    }
    assert!(sums > 70, "only {sums} fixtures were profiled");
    assert!(bound.len() >= 3 && bound.iter().all(|name| name.starts_with("hostile/")));
}

/// The capsules that come with tenzik, over inputs that are good and bad.
#[test]
fn first_party_capsules_are_profiled_exactly() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capsules");
    let mut inputs = Vec::new();
    for folder in ["nmap-parse/tests/ok", "nmap-parse/tests/bad"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        inputs.extend(paths.filter(|path| path.extension().is_some_and(|ext| ext == "xml")));
    }
    inputs.sort();
    let inputs: Vec<Vec<u8>> = inputs
        .iter()
        .step_by(4)
        .map(|path| std::fs::read(path).unwrap())
        .chain([b"$..name\n{\"name\":[1,2,3]}".to_vec(), Vec::new()])
        .collect();
    let mut policy = Policy::default();
    for capability in tenzik_runtime::Capability::PURE {
        policy.grants = policy.grants.with(capability);
    }
    for name in [
        "base64",
        "dice",
        "echo",
        "hash",
        "json-select",
        "nmap-parse",
    ] {
        let bytes = std::fs::read(root.join(format!("prebuilt/{name}.wasm"))).unwrap();
        let few = if name == "nmap-parse" { usize::MAX } else { 6 };
        for input in inputs.iter().rev().take(few) {
            let profile = profile(&bytes, &policy, input, (NOW_MS, 7))
                .unwrap()
                .unwrap();
            check(name, &profile.outcome, &profile);
        }
    }
}

/// Wherever a run runs out of fuel: what was used until then is attributed, to the last unit.
#[test]
fn a_profile_ends_where_the_fuel_does() {
    for name in [
        "ok/echo",
        "ok/json_path",
        "ok/recursion_within_the_stack",
        "ok/feature_bulk_memory",
    ] {
        let fixture = fixture::named(name);
        let bytes = wasm(&std::fs::read_to_string(&fixture.path).unwrap());
        let mut policy = fixture.policy.clone();
        let world = (fixture.now_ms, fixture.seed);
        let full = profile(&bytes, &policy, &fixture.input, world)
            .unwrap()
            .unwrap();
        let used = full.outcome.usage.fuel;
        policy.limits.fuel_per_input_byte = 0;
        let limits = (0..=used + 1).step_by(usize::try_from(used / 41).unwrap().max(1));
        for limit in limits.chain([used - 1, used, used + 1]) {
            policy.limits.fuel_base = limit;
            let profile = profile(&bytes, &policy, &fixture.input, world)
                .unwrap()
                .unwrap();
            check(&format!("{name} under {limit}"), &profile.outcome, &profile);
            assert!(sum(&profile) <= limit);
        }
    }
}

#[test]
fn each_function_is_charged_with_what_it_used() {
    // leaf: entry 1 + const 1 + call 4 of what it calls; the loop runs ten times.
    let text = r#"(module
        (import "tenzik" "time_now_ms" (func $now (result i64)))
        (import "tenzik" "output_write" (func $write (param i32 i32)))
        (memory (export "memory") 1)
        (type $unary (func (param i32 i64 f32) (result i32)))
        (table 4 funcref)
        (elem (i32.const 1) func $nothing $write $leaf)
        (func $nothing)
        (func $leaf (type $unary) (local.get 0))
        (func $middle (result i32)
            (call $write (i32.const 0) (i32.const 3))
            (call_indirect (type $unary) (i32.const 5) (i64.const 0) (f32.const 0) (i32.const 3)))
        (func (export "run") (result i32)
            (call_indirect (i32.const 1))
            (drop (call $middle))
            (call_indirect (param i32 i32) (i32.const 0) (i32.const 1) (i32.const 2))
            (i32.const 0)))"#;
    let profile = profiled(text, b"");
    assert_eq!(profile.outcome.status, Status::Ok);
    assert_eq!(profile.outcome.output.len(), 4);
    assert_eq!(profile.imports, ["time_now_ms", "output_write"]);
    let frame = |index| {
        let wanted = ProfileFrame::Function(index);
        let found = by_frame(&profile)
            .into_iter()
            .find(|(frame, ..)| *frame == wanted);
        found
            .map(|(_, fuel, calls)| (fuel, calls))
            .unwrap_or_default()
    };
    assert_eq!(frame(0), (0, 0), "time_now_ms is not called");
    assert_eq!(frame(1), (2 * 101, 2), "output_write");
    assert_eq!(frame(2), (1, 1), "nothing");
    assert_eq!(frame(3), (2, 1), "leaf");
    assert_eq!(frame(4), (1 + 2 + 4 + 4 + 8, 1), "middle");
    assert_eq!(frame(5), (1 + (1 + 8) + 4 + (3 + 8) + 1, 1), "run");
    check("by hand", &profile.outcome, &profile);
}

#[test]
fn functions_in_globals_and_tables_keep_their_places() {
    let text = r#"(module
        (import "tenzik" "output_write" (func $write (param i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "Abc")
        (global $first funcref (ref.func $one))
        (table $t 2 funcref)
        (elem (table $t) (i32.const 0) funcref (ref.func $one) (ref.null func))
        (elem declare func $two)
        (func $one (result i32) (i32.const 1))
        (func $two (result i32) (i32.const 2))
        (func (export "run") (result i32)
            (table.set $t (i32.const 1) (ref.func $two))
            (drop (call_indirect $t (result i32) (i32.const 0)))
            (i32.store8 offset=1 (i32.const 0)
                (i32.add (i32.const 48) (call_indirect $t (result i32) (i32.const 1))))
            (table.set $t (i32.const 0) (global.get $first))
            (i32.store8 offset=2 (i32.const 0)
                (i32.add (i32.const 48) (call_indirect $t (result i32) (i32.const 0))))
            (call $write (i32.const 0) (i32.const 3))
            (i32.const 0)))"#;
    let profile = profiled(text, b"");
    assert_eq!(profile.outcome.output, b"A21");
    check("globals and tables", &profile.outcome, &profile);
}

#[test]
fn deep_recursion_is_folded_into_one_frame() {
    let text = r#"(module (memory (export "memory") 1)
        (func $down (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (call $down (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 0))))
        (func (export "run") (result i32) (call $down (i32.const 3000))))"#;
    let profile = profiled(text, b"");
    assert_eq!(profile.outcome.status, Status::Ok);
    check("recursion", &profile.outcome, &profile);
    assert_eq!(profile.stacks.len(), 2 + STACK_FRAMES_MAX + 1);
    let deeper = profile.stacks.last().unwrap();
    assert_eq!(deeper.frame, ProfileFrame::Deeper);
    assert_eq!(deeper.calls, 3002 - STACK_FRAMES_MAX as u64);
}

/// As much stack as a run may use, in frames that are small beside those of the wrappers.
#[test]
fn a_run_that_fills_its_stack_is_profiled() {
    let many = "i64 ".repeat(32);
    let results = "i64 ".repeat(16);
    let zeros = "(i64.const 0) ".repeat(15);
    let gets: String = (1..32).map(|n| format!("(local.get {n}) ")).collect();
    let drops = "(drop) ".repeat(15);
    for (signature, call, depth) in [
        ("(param i64) (result i64)".to_owned(), String::new(), 5_000),
        (format!("(param {many}) (result {results})"), gets, 400),
    ] {
        let wide = !call.is_empty();
        let rest = if wide { zeros.as_str() } else { "" };
        let base = format!("(i64.const 7) {rest}");
        let text = format!(
            r#"(module (memory (export "memory") 1)
            (func $down {signature}
                (if (i64.eqz (local.get 0)) (then (return {base})))
                (call $down (i64.sub (local.get 0) (i64.const 1)) {call}))
            (func (export "run") (result i32)
                (call $down (i64.const {depth}) {})
                {} (i32.wrap_i64) (i32.sub (i32.const 7))))"#,
            if wide {
                "(i64.const 0) ".repeat(31)
            } else {
                String::new()
            },
            if wide { drops.as_str() } else { "" },
        );
        let profile = profiled(&text, b"");
        assert_eq!(profile.outcome.status, Status::Ok);
        check("stack", &profile.outcome, &profile);
    }
}

#[test]
fn a_run_that_the_machine_ends_has_no_profile() {
    let text = r#"(module (memory (export "memory") 1)
        (func $down (result i32) (i32.add (call $down) (i32.const 1)))
        (func (export "run") (result i32) (call $down)))"#;
    let mut policy = Policy::default();
    policy.limits.fuel_base = 1 << 40;
    let Some(Err(error)) = profile(&wasm(text), &policy, b"", (NOW_MS, 7)) else {
        panic!("a profile of a stack overflow");
    };
    assert!(
        matches!(error, ProfileError::MachineBound { .. }),
        "{error}"
    );
}

/// Modules with a bit flipped are still modules, of a kind that no compiler makes: those that are
/// accepted are profiled exactly too.
#[test]
fn mutants_are_profiled_exactly() {
    let mut policy = Policy::default();
    policy.limits.fuel_base = 50_000;
    policy.limits.memory_bytes_max = 1 << 20;
    let (mut exact, mut all) = (0, 0);
    for (name, step) in [
        ("ok/feature_reference_types", 5),
        ("ok/feature_bulk_memory", 7),
        ("ok/json_path", 9),
    ] {
        let text = std::fs::read_to_string(&fixture::named(name).path).unwrap();
        let bytes = wasm(&text);
        for bit in (0..bytes.len() * 8).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let what = format!("{name} with bit {bit} flipped");
            match profile(&flipped, &policy, b"{\"a\":[1,2,3]}", (NOW_MS, 7)) {
                Some(Ok(profile)) => {
                    check(&what, &profile.outcome, &profile);
                    exact += u32::from(profile.outcome.usage.fuel_exact);
                    all += 1;
                }
                None | Some(Err(ProfileError::MachineBound { .. })) => {}
                Some(Err(error)) => panic!("{what}: {error}"),
            }
        }
    }
    assert!(exact > 40 && all > exact, "{exact} of {all}");
}

/// Linkers pad indices to five bytes, so that they can be filled in later.
#[test]
fn padded_indices_are_read() {
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, FunctionSection, MemorySection, MemoryType, Module,
        TypeSection, ValType,
    };
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("run", ExportKind::Func, 1);
    let mut code = CodeSection::new();
    // No locals, i32.const 0, end; no locals, call 0 in five bytes, end.
    code.raw(&[0, 0x41, 0, 0x0b]);
    code.raw(&[0, 0x10, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b]);
    module
        .section(&types)
        .section(&functions)
        .section(&memories);
    module.section(&exports).section(&code);
    let bytes = module.finish();
    let profiled = profile(&bytes, &Policy::default(), b"", (NOW_MS, 7));
    let profiled = profiled.unwrap().unwrap();
    assert_eq!(profiled.outcome.status, Status::Ok);
    assert_eq!(
        by_frame(&profiled),
        [
            (ProfileFrame::Function(0), 2, 1),
            (ProfileFrame::Function(1), 5, 1)
        ]
        .into_iter()
        .chain([(ProfileFrame::Instance, 0, 0), (ProfileFrame::Others, 0, 0)])
        .collect::<Vec<_>>()
    );
}
