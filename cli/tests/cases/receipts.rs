//! Receipts: shown, verified, tampered with, and run again; and the keys that sign them.

mod acceptance;
mod export;
mod keys;
mod reexecution;
mod sample;
mod verification;

use serde_json::Value;

use crate::world::World;

/// Copies its input to its output.
const ECHO: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (local $count i32)
        (loop $more
            (local.set $count (call $read (i32.const 0) (i32.const 4096)))
            (call $write (i32.const 0) (local.get $count))
            (br_if $more (local.get $count)))
        (i32.const 0)))"#;

/// Copies the first four bytes of its input and reads no further.
const HEAD: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32)
        (call $write (i32.const 0) (call $read (i32.const 0) (i32.const 4)))
        (i32.const 0)))"#;

/// Writes what the seed and the clock of the run give.
const DICE: &str = r#"(module
    (import "tenzik" "random_bytes" (func $random (param i32 i32)))
    (import "tenzik" "time_now_ms" (func $now (result i64)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32)
        (call $random (i32.const 0) (i32.const 16))
        (i64.store (i32.const 16) (call $now))
        (call $write (i32.const 0) (i32.const 24))
        (i32.const 0)))"#;

/// Runs the capsule `source` with a receipt `r.json`; the object that `run` printed.
fn run(home: &World, source: &str, exit: i32, arguments: &[&str]) -> Value {
    home.write("c.wat", source);
    json(
        home,
        exit,
        &[&["run", "./c.wat", "--receipt", "r.json"], arguments].concat(),
    )
}

const VERIFY: [&str; 3] = ["receipt", "verify", "r.json"];
const REPLAY: [&str; 6] = [
    "receipt",
    "verify",
    "r.json",
    "--replay",
    "--capsule",
    "./c.wat",
];

fn verify(home: &World, exit: i32, how: &[&str], arguments: &[&str]) -> Value {
    json(home, exit, &[how, arguments].concat())
}

/// Runs the command with `--json`, checks its exit code and hands back the object.
fn json(home: &World, exit: i32, arguments: &[&str]) -> Value {
    home.tenzik([arguments, &["--json"]].concat())
        .exits(exit)
        .json()
}
