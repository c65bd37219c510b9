//! Every limit as a flag, each reached by a capsule that asks for too much.

use crate::world::World;

fn module(body: &str) -> String {
    format!(
        r#"(module
        (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
        (import "tenzik" "output_write" (func $write (param i32 i32)))
        (import "tenzik" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 1)
        (func $deep (param i64) (result i64) (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
        (func (export "run") (result i32) {body} (i32.const 0)))"#
    )
}

#[track_caller]
fn faults(body: &str, arguments: &[&str], exit: i32, code: &str) {
    let world = World::new();
    let mut all = arguments.to_vec();
    all.push("--json");
    let object = world.run_text(&module(body), &all).exits(exit).json();
    assert_eq!(object["status"], "fault");
    assert_eq!(object["error"]["code"], code);
}

const LOOP: &str = "(loop (br 0))";

#[test]
fn fuel() {
    faults(LOOP, &[], 22, "fuel_exhausted");
    faults(LOOP, &["--fuel", "1000"], 22, "fuel_exhausted");
}

#[test]
fn time() {
    faults(
        LOOP,
        &["--fuel", "1000000000000", "--time", "50ms"],
        23,
        "time_exceeded",
    );
    // Host calls count too: each reads nothing.
    let calls = "(loop (drop (call $read (i32.const 0) (i32.const 0))) (br 0))";
    faults(
        calls,
        &[
            "--fuel",
            "1000000000000",
            "--max-host-calls",
            "1000000000",
            "--time",
            "50ms",
        ],
        23,
        "time_exceeded",
    );
}

#[test]
fn memory() {
    let grow = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    faults(grow, &[], 24, "memory_exceeded");
    faults(grow, &["--memory", "128KiB"], 24, "memory_exceeded");
    let world = World::new();
    world.run_text(&module(""), &["--memory", "64KiB"]).exits(0);
    // A module that could never start is rejected before it does.
    world
        .run_text(&module(""), &["--memory", "65535B"])
        .exits(24);
}

#[test]
fn traffic() {
    let write = "(loop (call $write (i32.const 0) (i32.const 65536)) (br 0))";
    faults(write, &[], 25, "output_exceeded");
    faults(write, &["--max-output", "100"], 25, "output_exceeded");
    let log = "(loop (call $log (i32.const 0) (i32.const 0) (i32.const 100)) (br 0))";
    faults(log, &["--max-log", "1KiB"], 25, "log_exceeded");
    let calls = "(loop (drop (call $read (i32.const 0) (i32.const 0))) (br 0))";
    faults(calls, &[], 25, "host_calls_exceeded");
    faults(calls, &["--max-host-calls", "5"], 25, "host_calls_exceeded");
    let read = "(drop (call $read (i32.const 0) (i32.const 10)))";
    faults(
        read,
        &["--input-text", "0123456789", "--max-input", "9"],
        25,
        "input_exceeded",
    );
}

#[test]
fn stack() {
    let deep = "(drop (call $deep (i64.const 0)))";
    faults(deep, &[], 21, "trap_stack_overflow");
    faults(deep, &["--stack", "16KiB"], 21, "trap_stack_overflow");
    faults(
        deep,
        &["--stack", "8MiB", "--fuel", "1000000000"],
        21,
        "trap_stack_overflow",
    );
}

#[test]
fn limits_grow_with_the_bytes_read() {
    let world = World::new();
    world.write("input", vec![b'x'; 1 << 20]);
    let burn = module(
        "(local i32) (drop (call $read (i32.const 0) (i32.const 65536)))
         (local.set 0 (i32.const 6000000)) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
    );
    world.run_text(&burn, &["--fuel", "10000"]).exits(22);
    world
        .run_text(&burn, &["--fuel", "10000", "--input", "input"])
        .exits(0);
    world
        .run_text(
            &burn,
            &[
                "--fuel",
                "10000",
                "--fuel-per-byte",
                "1",
                "--input",
                "input",
            ],
        )
        .exits(22);
}

#[test]
fn waiting_for_input_is_not_charged_but_bounded() {
    let world = World::new();
    let read = module("(drop (call $read (i32.const 0) (i32.const 10)))");
    world.write("case.wat", read);
    // Nobody ever writes to this pipe, and the test holds it open.
    let mut child = world
        .command([
            "run",
            "./case.wat",
            "--input",
            "-",
            "--io-timeout",
            "200ms",
            "--time",
            "50ms",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take();
    let ended = crate::world::ended(child.wait_with_output().unwrap());
    drop(stdin);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("no input came for 200ms"),
        "{}",
        ended.stderr
    );
}

/// The command in a process that may map so many KiB.
#[cfg(target_os = "linux")]
fn with_address_space(world: &World, kib: u64, arguments: &[&str]) -> crate::world::Ended {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &format!("ulimit -v {kib} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_tenzik"))
        .args(arguments)
        .current_dir(world.path("."))
        .env("XDG_CONFIG_HOME", world.path("config"))
        .stdin(std::process::Stdio::null());
    crate::world::ended(command.output().unwrap())
}

/// From less than one memory could address, to less than all memories could.
#[cfg(target_os = "linux")]
#[test]
fn address_space() {
    let world = World::new();
    let body =
        "(drop (memory.grow (i32.const 500))) (i32.store (i32.const 32000000) (i32.const 1))";
    world.write("grows.wat", module(body));
    let behind = module("(drop (i32.load (i32.const 65533)))");
    world.write("behind.wat", behind);
    for kib in [1 << 20, 6 << 20, 100 << 20] {
        let echo = ["run", "echo", "--input-text", "hello"];
        let ended = with_address_space(&world, kib, &echo).exits(0);
        assert_eq!(ended.text(), "hello");
        with_address_space(&world, kib, &["run", "./grows.wat"]).exits(0);
        with_address_space(&world, kib, &["run", "./behind.wat"]).exits(21);
        let bench = [
            "bench",
            "echo",
            "--input-text",
            "hello",
            "--duration",
            "60ms",
        ];
        with_address_space(&world, kib, &[&bench[..], &["--threads", "1,2"]].concat()).exits(0);
        with_address_space(&world, kib, &["profile", "./grows.wat"]).exits(0);
    }
}
