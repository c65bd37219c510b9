//! Every way in which a run can end is recorded, and ends a replay.

use serde_json::json as value;

use super::{EXEC, REQUEST, json, policy, record, world};
use crate::world::World;

/// Writes what the seed and the clock of the run give, and its input.
pub(super) const DICE: &str = r#"(module
    (import "tenzik" "random_bytes" (func $random (param i32 i32)))
    (import "tenzik" "time_now_ms" (func $now (result i64)))
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32)
        (call $random (i32.const 0) (i32.const 16))
        (i64.store (i32.const 16) (call $now))
        (call $write (i32.const 0) (i32.add (i32.const 24) (call $read (i32.const 24) (i32.const 99))))
        (i32.const 0)))"#;

/// Copies the first four bytes of its input and reads no further.
pub(super) const HEAD: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32)
        (call $write (i32.const 0) (call $read (i32.const 0) (i32.const 4)))
        (i32.const 0)))"#;

/// Records `capsule`, and replays it twice: to the same exit code, and to an agreeing receipt.
#[track_caller]
fn ends(home: &World, capsule: &str, input: &str, exit: i32, code: &str) {
    home.write("c.wat", capsule);
    record(home, exit, input);
    let replayed = json(home.tenzik(["run", "--replay", "b", "--json"]), exit);
    let expected = match code {
        "" => value!(null),
        code => value!(code),
    };
    assert_eq!(replayed["error"]["code"], expected, "{replayed}");
    let verify = ["receipt", "verify", "r.json", "--replay", "b", "--json"];
    let verified = json(home.tenzik(verify), 0);
    assert_eq!(verified["reexecution"]["agrees"], true, "{verified}");
    assert_eq!(verified["receipt"]["error_code"], expected);
    home.tenzik(["bundle", "inspect", "b", "--transcript"])
        .exits(0);
}

#[test]
fn a_run_that_succeeds_or_fails() {
    let home = world();
    ends(&home, EXEC, REQUEST, 0, "");
    // A program that fails: the capsule returns its exit code.
    let real = std::fs::canonicalize("/bin/false").unwrap();
    std::fs::copy(real, home.path("tool/false")).unwrap();
    home.write("p.toml", policy(&home, "false", "tool/false", ""));
    ends(
        &home,
        EXEC,
        r#"{"argv":["false","1"]}"#,
        20,
        "capsule_failure",
    );
}

#[test]
fn a_run_that_misbehaves_behind_an_effect() {
    let home = world();
    let trap = EXEC.replace("(call $wait (local.get $process))", "(unreachable)");
    ends(&home, &trap, REQUEST, 21, "trap_unreachable");
    let far = EXEC.replace(
        "(call $wait (local.get $process))",
        "(i32.load (i32.const 65536))",
    );
    ends(&home, &far, REQUEST, 21, "trap_memory_out_of_bounds");
    let endless = EXEC.replace(
        "(call $wait (local.get $process))",
        "(loop $on (br $on)) (i32.const 0)",
    );
    ends(&home, &endless, REQUEST, 22, "fuel_exhausted");
    let handle = EXEC.replace(
        "(call $wait (local.get $process))",
        "(call $wait (i32.const 9))",
    );
    ends(&home, &handle, REQUEST, 21, "bad_handle");
    ends(
        &home,
        EXEC,
        r#"{"argv":["echo"],"shell":true}"#,
        21,
        "bad_argument",
    );
    // The limits grow with what was read from the program, in the replay too.
    let chatty = EXEC.replace(
        "(call $wait (local.get $process))",
        "(loop $on (call $output (i32.const 0) (i32.const 65536)) (br $on)) (i32.const 0)",
    );
    ends(&home, &chatty, REQUEST, 25, "output_exceeded");
}

#[test]
fn a_run_that_the_policy_ends() {
    let home = world();
    ends(&home, EXEC, r#"{"argv":["echo","-n"]}"#, 30, "exec_refused");
    ends(
        &home,
        EXEC,
        r#"{"argv":["sh","-c","id"]}"#,
        30,
        "exec_refused",
    );
    // Here the policy admits the request; it is the machine that has no such program.
    let pin = format!("blake3 = \"{}\"", "0".repeat(64));
    home.write("p.toml", policy(&home, "echo", "tool/echo", &pin));
    ends(&home, EXEC, REQUEST, 30, "exec_refused");
    std::fs::remove_file(home.path("tool/echo")).unwrap();
    json(home.tenzik(["run", "--replay", "b", "--json"]), 30);
}

#[test]
fn a_module_that_may_not_run() {
    let home = world();
    home.write("p.toml", "version = 1\n");
    ends(&home, EXEC, REQUEST, 30, "capability_not_granted");
    let unknown = EXEC.replace("exec_start", "exec_shell");
    ends(&home, &unknown, REQUEST, 11, "import_unknown");
    // Of a module that is not read the bundle has the receipt alone.
    home.write("c.wat", "(module");
    record(&home, 10, REQUEST);
    let object = json(home.tenzik(["bundle", "inspect", "b", "--json"]), 0);
    assert_eq!(object["parts"][0]["bytes"], 0);
    home.tenzik(["run", "--replay", "b"]).exits(2);
    home.tenzik(["receipt", "verify", "--replay", "b", "--capsule", "./c.wat"])
        .exits(0);
}
