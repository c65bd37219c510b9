//! Structural limits: a module at each of them runs, one over it is rejected for nothing else.

use tenzik_runtime::{Input, Limits, Policy, Profile, STRUCTURE_LIMITS, Status};

use crate::world::{error_codes, pooled, run, wasm};

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const RUN: &str = r#"(func (export "run") (result i32) (i32.const 0))"#;

/// A module with exactly `count` of what a limit is about.
fn module_with(what: &str, count: u64) -> String {
    let many = |text: &str, count: u64| text.repeat(usize::try_from(count).unwrap());
    let numbered = |text: fn(u64) -> String, count: u64| (0..count).map(text).collect::<String>();
    match what {
        "types" => {
            let types = many("(type (func))", count - 1);
            format!(
                "(module (type $run (func (result i32))) {types} {MEMORY}
                (func (export \"run\") (type $run) (i32.const 0)))"
            )
        }
        "imports" => {
            let imports = many(
                r#"(import "tenzik" "log" (func (param i32 i32 i32)))"#,
                count,
            );
            format!("(module {imports} {MEMORY} {RUN})")
        }
        "functions" => format!("(module {MEMORY} {RUN} {})", many("(func)", count - 1)),
        "parameters of one function" => {
            let (parameters, arguments) = (many(" i32", count), many("(i32.const 1)", count));
            format!(
                "(module {MEMORY} (func $other (param{parameters}))
                (func (export \"run\") (result i32) {arguments} (call $other) (i32.const 0)))"
            )
        }
        "results of one function" => {
            let (results, values) = (many(" i32", count), many("(i32.const 0)", count));
            let sum = many("i32.add ", count - 1);
            format!(
                "(module {MEMORY} (func $other (result{results}) {values})
                (func (export \"run\") (result i32) (call $other) {sum}))"
            )
        }
        "locals of one function" => {
            let locals = many(" i64", count - 3);
            format!("(module {MEMORY} {RUN} (func (param i32 i32 i32) (local{locals})))")
        }
        "locals of all functions" => {
            let functions = many(
                &format!("(func (local{}))", many(" i64", 1_000)),
                count / 1_000,
            );
            let last = many(" i64", count % 1_000);
            format!("(module {MEMORY} {RUN} {functions} (func (local{last})))")
        }
        "globals" => format!(
            "(module {MEMORY} {RUN} {})",
            many("(global i64 (i64.const 0))", count)
        ),
        "exports" => {
            let exports = numbered(|n| format!("(export \"e{n}\" (func 0))"), count - 2);
            format!("(module {MEMORY} {RUN} {exports})")
        }
        "tables" => format!(
            "(module {MEMORY} {RUN} {})",
            many("(table 1 funcref)", count)
        ),
        "initial table elements" => format!(
            "(module {MEMORY} {RUN} (table {} funcref) (table 7 funcref))",
            count - 7
        ),
        "element segments" => format!("(module {MEMORY} {RUN} {})", many("(elem func 0)", count)),
        "data segments" => format!(
            "(module {MEMORY} {RUN} {})",
            many("(data (i32.const 9) \"a\")", count)
        ),
        "loops of one function" => {
            let loops = many("(loop)", count);
            format!("(module {MEMORY} {RUN} (func {loops}))")
        }
        "targets of one br_table" => {
            let targets = many(" 0", count);
            format!("(module {MEMORY} {RUN} (func (br_table{targets} (i32.const 0))))")
        }
        "nested blocks" => {
            let (open, close) = (many("block ", count), many("end ", count));
            format!("(module {MEMORY} {RUN} (func {open} {close}))")
        }
        "blocks and branch targets of one function" => {
            let branches = many("(br_if 0 (i32.const 0))", count - 1);
            format!("(module {MEMORY} {RUN} (func (block {branches})))")
        }
        "locals times branch targets and calls of one function" => {
            // One branch target less than the rest gives the limit itself: the block is one, too.
            let (locals, branches) = (
                many(" i64", 1_000),
                many("(br_if 0 (i32.const 0))", count.div_ceil(1_000) - 1),
            );
            format!("(module {MEMORY} {RUN} (func (local{locals}) (block {branches})))")
        }
        other => panic!("no module for the limit on {other}"),
    }
}

fn policy() -> Policy {
    let mut policy = Profile::Development.policy();
    policy.limits = Limits {
        module_bytes_max: 1 << 20,
        ..policy.limits
    };
    policy
}

#[test]
fn at_each_limit_a_module_runs() {
    for limit in STRUCTURE_LIMITS {
        let bytes = wasm(&module_with(limit.what, limit.max));
        let outcome = run(&bytes, &policy(), Input::empty());
        assert_eq!(outcome.status, Status::Ok, "{} {}", limit.max, limit.what);
    }
}

#[test]
fn over_each_limit_a_module_is_rejected_for_that() {
    for limit in STRUCTURE_LIMITS {
        let bytes = wasm(&module_with(limit.what, limit.max + 1));
        let examination = pooled().examine(&bytes, &policy());
        assert_eq!(
            error_codes(&examination),
            ["structure_limit"],
            "{} {}",
            limit.max + 1,
            limit.what
        );
        let named = |finding: &&tenzik_runtime::Finding| finding.message.contains(limit.what);
        let finding = examination.findings().iter().find(named);
        let message = &finding
            .unwrap_or_else(|| panic!("{}: {:?}", limit.what, examination.findings()))
            .message;
        assert!(
            message.contains(&format!("at most {} are accepted", limit.max)),
            "{message}"
        );
        assert_eq!(
            examination.findings().len(),
            1,
            "{:?}",
            examination.findings()
        );
    }
}

#[test]
fn a_loop_body_of_every_local_and_branch_is_bounded_in_a_default_capsule() {
    // 5 KB are enough for 2,000 branches; with 2,048 locals a compiler would carry four million values.
    let locals = " i64".repeat(2_048);
    let branches = "(br_if 0 (i32.const 0))".repeat(900);
    let text = format!("(module {MEMORY} {RUN} (func (local{locals}) (loop {branches})))");
    let bytes = wasm(&text);
    assert!(bytes.len() < 5_120);
    assert_eq!(
        error_codes(&pooled().examine(&bytes, &Policy::default())),
        ["structure_limit"]
    );
}

#[test]
fn a_flood_of_findings_does_not_hide_the_first_by_precedence() {
    let imports = r#"(import "env" "x" (func))"#.repeat(300);
    let examination = pooled().examine(&wasm(&format!("(module {imports})")), &policy());
    assert_eq!(
        error_codes(&examination),
        [
            "import_unknown",
            "memory_missing",
            "run_missing",
            "structure_limit"
        ]
    );
    assert_eq!(
        examination.first_error().unwrap().code.code(),
        "memory_missing"
    );
    assert!(
        examination.findings().len() < 500,
        "{}",
        examination.findings().len()
    );

    let functions = format!("(func (local{}))", " i64".repeat(2_049)).repeat(400);
    let examination = pooled().examine(
        &wasm(&format!("(module {MEMORY} {RUN} {functions})")),
        &policy(),
    );
    assert_eq!(error_codes(&examination), ["structure_limit"]);
    assert!(
        examination.findings().len() < 500,
        "{}",
        examination.findings().len()
    );
}
