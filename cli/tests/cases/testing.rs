//! `tenzik test`: cases in a folder, their verdicts, `--bless`, and what is refused.

use std::path::PathBuf;

use crate::world::{World, not_tested, repository};

const FIRST_PARTY: [&str; 7] = [
    "base64",
    "dice",
    "echo",
    "gobuster-parse",
    "hash",
    "json-select",
    "nmap-parse",
];

/// A capsule that writes its input, 64 KiB of it at most, and fails with code 3 where the first byte
/// is an x.
const TEXT: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
    (import "tenzik" "time_now_ms" (func $now (result i64)))
    (memory (export "memory") 2)
    (data (i32.const 65536) "x comes first")
    (func (export "run") (result i32)
        (local $count i32)
        (local.set $count (call $read (i32.const 0) (i32.const 65536)))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 0x78))
            (then (call $fail (i32.const 3) (i32.const 65536) (i32.const 13))))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 0x74))
            (then
                (i64.store (i32.const 0) (call $now))
                (local.set $count (i32.const 8))))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 0x6c))
            (then (loop $forever (br $forever))))
        (call $write (i32.const 0) (local.get $count))
        (i32.const 0)))"#;

/// A world with the capsule `c` and these files in its folder of cases.
fn world(files: &[(&str, &[u8])]) -> World {
    let world = World::new();
    std::fs::create_dir_all(world.path("c/tests")).unwrap();
    world.write("c/c.wat", TEXT);
    for (name, bytes) in files {
        world.write(&format!("c/tests/{name}"), bytes);
    }
    world
}

fn names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(world.path("c/tests"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn first_party_capsules_pass_their_cases() {
    let world = World::new();
    for name in FIRST_PARTY {
        let capsule = repository().join(format!("capsules/prebuilt/{name}.wasm"));
        let directory = repository().join("capsules").join(name);
        let (capsule, directory) = (capsule.to_str().unwrap(), directory.to_str().unwrap());
        let arguments = ["test", "--capsule", capsule, directory, "--json"];
        let object = world.tenzik(arguments).exits(0).json();
        assert!(object["summary"]["passed"].as_u64() >= Some(3), "{object}");
        // The same bytes by their name.
        world
            .tenzik(["test", "--capsule", name, directory])
            .exits(0);
    }
}

#[test]
fn a_first_party_capsule_passes_its_cases_when_it_is_built_anew() {
    let world = World::new();
    if world.tenzik(["doctor"]).code != 0 {
        not_tested("this machine cannot compile capsules; scripts/setup-wasm repairs it");
        return;
    }
    let directory = repository().join("capsules/echo");
    let ended = world.tenzik(["test", directory.to_str().unwrap()]).exits(0);
    assert!(
        ended.text().contains("test every-byte ... ok\n"),
        "{ended:?}"
    );
}

#[test]
fn cases_pass_fail_and_are_counted() {
    let world = world(&[
        ("b.input", b"same\n"),
        ("b.output", b"same\n"),
        ("a.output", b""),
        ("wrong.input", b"one\ntwo\nthree\n"),
        ("wrong.output", b"one\n2\nthree\n"),
        ("x.input", b"x"),
        ("x.status", b"failure 3\nx comes first\n"),
        ("x-any-message.input", b"x"),
        ("x-any-message.status", b"failure 3\n"),
        ("x-code.input", b"x"),
        ("x-code.status", b"failure 4\n"),
        ("x-ok.input", b"x"),
        ("x-ok.output", b""),
        ("nothing-expected.input", b""),
    ]);
    let ended = world.tenzik(["test", "c"]).exits(61);
    let text = ended.text();
    let tests: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("test "))
        .collect();
    let [verdicts @ .., summary] = tests.as_slice() else {
        panic!("{text}");
    };
    assert_eq!(
        verdicts,
        [
            "test a ... ok",
            "test b ... ok",
            "test nothing-expected ... FAILED",
            "test wrong ... FAILED",
            "test x ... ok",
            "test x-any-message ... ok",
            "test x-code ... FAILED",
            "test x-ok ... FAILED",
        ]
    );
    let counts = "test result: FAILED. 4 passed; 4 failed; 0 filtered out; finished in ";
    assert!(summary.starts_with(counts), "{summary}");
    for line in [
        "output differs in line 2",
        "-    2 | 2\\n",
        "+    2 | two\\n",
        "ending: expected failure 4, got failure 3: x comes first",
        "ending: expected ok, got failure 3: x comes first",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    // The order and the verdicts do not depend on how many run at a time.
    let without_time = |text: &str| text.split("finished").next().unwrap().to_owned();
    for jobs in ["1", "7", "1000000"] {
        let again = world.tenzik(["test", "c", "--jobs", jobs]).exits(61);
        assert_eq!(without_time(again.text()), without_time(text), "{jobs}");
    }
    world.tenzik(["test", "c", "--jobs", "0"]).exits(2);
}

#[test]
fn json_says_the_same() {
    let world = world(&[
        ("good.output", b""),
        ("wrong.input", b"one\ntwo"),
        ("wrong.output", b"one\nTwo"),
    ]);
    let object = world.tenzik(["test", "c", "--json"]).exits(61).json();
    assert_eq!(object["status"], "failed");
    assert_eq!(object["exit"], 61);
    let summary = serde_json::json!({ "passed": 1, "failed": 1, "blessed": 0, "filtered": 0 });
    assert_eq!(object["summary"], summary);
    let cases = &object["capsules"][0]["cases"];
    assert_eq!(cases[0]["name"], "good");
    assert_eq!(cases[0]["status"], "passed");
    assert_eq!(cases[0]["differences"], serde_json::json!([]));
    assert!(cases[0]["usage"]["fuel"].as_u64() > Some(0));
    assert_eq!(
        cases[1]["differences"],
        serde_json::json!([{ "field": "output", "expected": "7 bytes", "got": "7 bytes",
                             "offset": 4, "line": 2 }])
    );
}

#[test]
fn filters_and_lists() {
    let world = world(&[
        ("one.output", b""),
        ("two.output", b""),
        ("three.output", b""),
    ]);
    // Nothing is built for a list.
    std::fs::remove_file(world.path("c/c.wat")).unwrap();
    let ended = world.tenzik(["test", "c", "--list"]).exits(0);
    assert_eq!(ended.text(), "one\nthree\ntwo\n");
    let ended = world
        .tenzik(["test", "c", "--list", "--filter", "t", "--json"])
        .exits(0);
    let names = &ended.json()["capsules"][0]["cases"];
    assert_eq!(*names, serde_json::json!(["three", "two"]));
    world.write("c/c.wat", TEXT);
    let ended = world.tenzik(["test", "c", "--filter", "one"]).exits(0);
    assert!(ended.text().contains("1 passed; 0 failed; 2 filtered out"));
    let ended = world.tenzik(["test", "c", "--filter", "four"]).exits(2);
    assert!(ended.stderr.contains("no name of a case contains \"four\""));
}

#[test]
fn where_there_are_no_cases_there_is_an_error() {
    let world = world(&[]);
    let ended = world.tenzik(["test", "c"]).exits(2);
    assert!(ended.stderr.contains("c/tests has no cases"), "{ended:?}");
    std::fs::remove_dir(world.path("c/tests")).unwrap();
    let ended = world.tenzik(["test", "c", "--json"]).exits(2);
    assert!(ended.stderr.contains("there is no folder c/tests"));
    assert_eq!(ended.json()["error"]["code"], "usage");
    world.tenzik(["test"]).exits(2);
    world
        .tenzik(["test", "--capsule", "echo", "c", "d"])
        .exits(2);
    world.tenzik(["test", "--list", "--bless", "c"]).exits(2);
}

#[test]
fn settings_hold_for_the_run() {
    let now = 1_767_225_600_000_u64.to_le_bytes();
    let then = 1_000_u64.to_le_bytes();
    let world = world(&[
        ("fuel.toml", b"[limits]\nfuel = 1\nfuel_per_byte = 0"),
        ("fuel.status", b"fault fuel_exhausted\n"),
        ("default-time.input", b"t"),
        ("default-time.output", &now),
        ("time.input", b"t"),
        ("time.toml", b"now = \"1970-01-01T00:00:01Z\""),
        ("time.output", &then),
        ("production.toml", b"profile = \"production\""),
        ("production.status", b"refused capability_not_granted\n"),
        ("denied.toml", b"deny = [\"time\"]"),
        ("denied.status", b"refused capability_not_granted\n"),
        ("size.toml", b"[limits]\nmodule_bytes = 40"),
        ("size.status", b"reject module_too_large\n"),
        ("memory.toml", b"[limits]\nmemory_bytes = 65536"),
        ("memory.status", b"reject memory_minimum\n"),
    ]);
    world.tenzik(["test", "c"]).exits(0);
    // A bound is an expectation and no limit of the run.
    world.write(
        "c/tests/time.toml",
        "now = \"1970-01-01T00:00:01Z\"\n[expect]\nfuel_max = 7",
    );
    let ended = world.tenzik(["test", "c", "--filter", "time"]).exits(61);
    assert!(ended.text().contains("fuel_max: expected at most 7, got "));
    // Policy on the command line is where a case begins.
    let arguments = ["test", "c", "--filter", "default-time", "--deny", "time"];
    world.tenzik(arguments).exits(61);
}

#[test]
fn wrong_files_are_refused_before_anything_runs() {
    for (name, content, message) in [
        ("a.toml", "seed = 1\nfule = 2\n", "c/tests/a.toml:2:1: "),
        ("a.toml", "\x1b]0;x = 1", "c/tests/a.toml:1:2: "),
        (
            "a.toml",
            "[limits]\nfule = 2",
            "c/tests/a.toml:2:1: unknown limit \"fule\"",
        ),
        (
            "a.status",
            "failed 3\n",
            "c/tests/a.status:1: expected ok, failure NUMBER",
        ),
        ("a.status", "ok\nmore", "c/tests/a.status:2: only a failure"),
        ("a.status", "fault \x1b[2J", "is no error code of a fault"),
    ] {
        let world = world(&[("good.output", b""), (name, content.as_bytes())]);
        let ended = world.tenzik(["test", "c"]).exits(2);
        assert!(
            ended.stderr.contains(message),
            "{message}: {}",
            ended.stderr
        );
        assert!(!ended.stderr.contains('\x1b'), "{:?}", ended.stderr);
        assert_eq!(ended.stdout, b"");
    }
}

#[test]
fn other_kinds_of_files_are_refused_and_not_waited_for() {
    let world = world(&[("a.output", b"")]);
    std::fs::create_dir(world.path("c/tests/b.output")).unwrap();
    let ended = world.tenzik(["test", "c"]).exits(2);
    assert!(
        ended.stderr.contains("b.output is not a regular file"),
        "{ended:?}"
    );
    std::fs::remove_dir(world.path("c/tests/b.output")).unwrap();
    let pipe = world.path("c/tests/a.input");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let ended = world.tenzik(["test", "c"]).exits(2);
    assert!(
        ended.stderr.contains("a.input is not a regular file"),
        "{ended:?}"
    );
    std::fs::remove_file(&pipe).unwrap();
    // Larger than any case may be; the file has no bytes on disk.
    let large = std::fs::File::create(&pipe).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    let ended = world.tenzik(["test", "c"]).exits(2);
    assert!(
        ended.stderr.contains("more than 67,108,864 bytes"),
        "{ended:?}"
    );
    std::fs::remove_file(&pipe).unwrap();
    let large = std::fs::File::create(world.path("c/tests/a.status")).unwrap();
    large.set_len(1 << 40).unwrap();
    let ended = world.tenzik(["test", "c"]).exits(2);
    assert!(ended.stderr.contains("more than 65,536 bytes"), "{ended:?}");
}

#[test]
fn other_files_are_named_and_folders_are_not() {
    let world = world(&[("a.output", b""), ("a.ouput", b""), ("README", b"")]);
    std::fs::create_dir(world.path("c/tests/ok")).unwrap();
    let ended = world.tenzik(["test", "c"]).exits(0);
    assert!(
        ended.stderr.contains("part of no case: README, a.ouput\n"),
        "{ended:?}"
    );
}

#[test]
fn names_are_shown_escaped() {
    let world = world(&[("a\x1b[31m.input", b"x")]);
    let ended = world.tenzik(["test", "c"]).exits(61);
    assert!(!ended.text().contains('\x1b'), "{ended:?}");
    let ended = world.tenzik(["test", "c", "--list"]).exits(0);
    assert!(!ended.text().contains('\x1b'), "{ended:?}");
}

#[test]
fn bless_writes_what_differs_and_nothing_else() {
    let world = world(&[
        ("same.input", b"same"),
        ("same.output", b"same"),
        ("new.input", b"new"),
        ("changed.input", b"after"),
        ("changed.output", b"before"),
        ("failing.input", b"x"),
        ("now-ok.input", b"fine"),
        ("now-ok.status", b"failure 3\n"),
        ("any-message.input", b"x"),
        ("any-message.status", b"failure 3\n"),
    ]);
    let same = world.path("c/tests/same.output");
    let untouched = std::fs::metadata(&same).unwrap().modified().unwrap();
    let ended = world.tenzik(["test", "c", "--bless"]).exits(0);
    let text = ended.text();
    for line in [
        "test changed ... blessed\n  wrote c/tests/changed.output\n",
        "test failing ... blessed\n  wrote c/tests/failing.status\n",
        "test new ... blessed\n  wrote c/tests/new.output\n",
        "test now-ok ... blessed\n  wrote c/tests/now-ok.status\n",
        "test any-message ... ok\n",
        "test same ... ok\n",
        "2 passed; 0 failed; 4 blessed; ",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    assert_eq!(world.read("c/tests/changed.output"), b"after");
    assert_eq!(
        world.read("c/tests/failing.status"),
        b"failure 3\nx comes first\n"
    );
    assert_eq!(world.read("c/tests/now-ok.status"), b"ok\n");
    assert_eq!(world.read("c/tests/any-message.status"), b"failure 3\n");
    assert_eq!(world.read("c/tests/changed.input"), b"after");
    assert_eq!(
        std::fs::metadata(&same).unwrap().modified().unwrap(),
        untouched
    );
    let before = names(&world);
    let again = world.tenzik(["test", "c", "--bless"]).exits(0);
    assert!(
        again.text().contains("6 passed; 0 failed; 0 filtered"),
        "{again:?}"
    );
    assert_eq!(names(&world), before);
}

#[test]
fn bless_refuses_what_depends_on_the_machine() {
    let slow = b"[limits]\nwall_us = 1000\nfuel = 1000000000000";
    let world = world(&[
        ("slow.input", b"loop"),
        ("slow.toml", slow),
        ("bound.input", b"ok"),
        ("bound.output", b"no"),
        ("bound.toml", b"[expect]\nfuel_max = 1"),
    ]);
    let ended = world.tenzik(["test", "c", "--bless"]).exits(61);
    assert!(ended.text().contains("not blessed: "), "{ended:?}");
    assert!(ended.text().contains("fault time_exceeded"), "{ended:?}");
    assert!(!names(&world).contains(&"slow.status".to_owned()));
    // A bound that is exceeded stays a failure; the output is written all the same.
    assert!(
        ended.text().contains("fuel_max: expected at most 1"),
        "{ended:?}"
    );
    assert_eq!(world.read("c/tests/bound.output"), b"ok");
}

#[test]
fn bless_does_not_write_through_links() {
    let world = world(&[("a.input", b"evil"), ("b.input", b"x")]);
    world.write("precious", "");
    world.write("settings", "ok\n");
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(world.path(target), world.path(&format!("c/tests/{name}")))
    };
    link("precious", "a.output").unwrap();
    link("settings", "b.status").unwrap();
    let ended = world.tenzik(["test", "c", "--bless"]).exits(61);
    for name in ["a.output", "b.status"] {
        let message = format!("not blessed: c/tests/{name} is a link");
        assert!(ended.text().contains(&message), "{ended:?}");
    }
    assert_eq!(world.read("precious"), b"");
    assert_eq!(world.read("settings"), b"ok\n");
}

#[test]
fn too_many_cases_are_refused() {
    let world = world(&[]);
    for index in 0..10_001 {
        world.write(&format!("c/tests/{index}.input"), "");
    }
    let ended = world.tenzik(["test", "c", "--list"]).exits(2);
    assert!(ended.stderr.contains("more than 10,000 cases"), "{ended:?}");
}

#[test]
fn an_output_without_end_takes_bounded_memory_and_is_not_blessed() {
    let endless = TEXT.replace(
        "(call $write (i32.const 0) (local.get $count))",
        "(loop $again (call $write (i32.const 0) (i32.const 65536)) (br $again))",
    );
    let toml =
        b"[limits]\noutput_bytes = 1_000_000_000_000\nfuel = 10_000_000\nwall_us = 60_000_000";
    let world = world(&[("a.toml", toml), ("a.output", b"\0\0\0")]);
    world.write("c/c.wat", endless);
    // 10 M units of fuel write 155 MB.
    let ended = world.tenzik(["test", "c", "--json"]).exits(61).json();
    let case = &ended["capsules"][0]["cases"][0];
    assert!(
        case["usage"]["output_bytes"].as_u64() > Some(100 << 20),
        "{case}"
    );
    assert_eq!(case["differences"][1]["got"], "67,108,865 bytes");
    let ended = world.tenzik(["test", "c", "--bless"]).exits(61);
    assert!(
        ended
            .text()
            .contains("not blessed: the output has more than"),
        "{ended:?}"
    );
    assert_eq!(names(&world), ["a.output", "a.toml"]);
}

#[test]
fn a_capsule_that_does_not_build_has_no_verdict() {
    let world = world(&[("a.output", b"")]);
    world.write("c/c.wat", "(module");
    let ended = world.tenzik(["test", "c"]).exits(10);
    assert_eq!(ended.stdout, b"");
    // What is read but not acceptable can be expected.
    world.write("c/c.wat", r#"(module (import "x" "y" (func)) (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))"#);
    world.write("c/tests/a.status", "reject import_unknown\n");
    std::fs::remove_file(world.path("c/tests/a.output")).unwrap();
    world.tenzik(["test", "c"]).exits(0);
    world
        .tenzik(["test", "--capsule", "./nosuch.wasm", "c"])
        .exits(1);
    world
        .tenzik(["test", "--capsule", "nosuch", "c"])
        .exits(127);
    let large: PathBuf = world.path("large.wasm");
    std::fs::File::create(&large)
        .unwrap()
        .set_len(4 << 30)
        .unwrap();
    world.write("c/tests/a.status", "reject module_too_large\n");
    world
        .tenzik(["test", "--capsule", "./large.wasm", "c"])
        .exits(0);
}
