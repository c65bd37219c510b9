//! Names and paths, exit codes, output and usage: what scripts rely on.

use crate::world::World;

const ECHO: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32)
        (call $write (i32.const 0) (call $read (i32.const 0) (i32.const 65536)))
        (i32.const 0)))"#;

#[test]
fn what_is_neither_a_command_nor_a_capsule_is_127_and_runs_nothing() {
    let world = World::new();
    for word in ["ls", ".", "../../usr/bin/id", "Echo", "run ", ""] {
        let ended = world.tenzik([word]).exits(127);
        assert!(ended.stdout.is_empty(), "{word}");
    }
    world.write("mine", "not used");
    for name in ["mine", "no-such", "echo.wasmx", "..", "echo\u{1b}[31m"] {
        let ended = world.tenzik(["run", name]).exits(127);
        assert!(ended.stdout.is_empty(), "{name}");
        assert!(!ended.stderr.contains('\u{1b}'), "{name}");
    }
}

#[test]
fn a_name_is_only_a_name_and_a_path_only_a_path() {
    let world = World::new();
    // A file of the name of an embedded capsule is ignored.
    world.write("echo", "no module at all");
    assert_eq!(
        world
            .tenzik(["run", "echo", "--input-text", "x"])
            .exits(0)
            .stdout,
        b"x"
    );
    // A word that is a path is never looked up by name.
    for path in ["./echo2", "echo.wasm", "echo.wat", "dir/echo"] {
        world.tenzik(["run", path]).exits(1);
    }
    world.tenzik(["run", "./echo"]).exits(10);
    world.tenzik(["run", "/"]).exits(1);
}

#[test]
fn usage_errors_are_2() {
    let world = World::new();
    let cases: [&[&str]; 12] = [
        &[],
        &["run"],
        &["run", "echo", "--no-such-flag"],
        &["run", "echo", "--fuel", "many"],
        &["run", "echo", "--memory", "1 furlong"],
        &["run", "echo", "--stack", "1KiB"],
        &["run", "echo", "--stack", "9MiB"],
        &["run", "echo", "--profile", "careless"],
        &["run", "echo", "--grant", "everything"],
        &["run", "echo", "--now", "yesterday"],
        &["run", "echo", "--input", "a", "--input-text", "b"],
        &["validate"],
    ];
    for arguments in cases {
        assert!(
            world.tenzik(arguments).exits(2).stdout.is_empty(),
            "{arguments:?}"
        );
    }
    world.tenzik(["--help"]).exits(0);
    world.tenzik(["--version"]).exits(0);
}

#[test]
fn standard_output_is_the_output_and_nothing_else() {
    let world = World::new();
    let bytes: Vec<u8> = (0..=255).collect();
    world.write("input", &bytes);
    let ended = world.run_text(ECHO, &["--input", "input"]).exits(0);
    assert_eq!(ended.stdout, bytes);
    assert!(ended.stderr.starts_with("ok: fuel "), "{}", ended.stderr);
    for limited in [
        "memory",
        " ms",
        "host calls",
        "input 256",
        "output 256",
        "log 0",
    ] {
        assert!(
            ended.stderr.contains(limited),
            "{limited}: {}",
            ended.stderr
        );
    }
    let quiet = world
        .run_text(ECHO, &["--input", "input", "--quiet"])
        .exits(0);
    assert_eq!(quiet.stderr, "");
    assert_eq!(
        world
            .tenzik_fed(["run", "./case.wat", "--input", "-"], b"piped")
            .exits(0)
            .stdout,
        b"piped"
    );
    assert_eq!(world.tenzik(["run", "./case.wat"]).exits(0).stdout, b"");
}

#[test]
fn one_json_object() {
    let world = World::new();
    let object = world
        .run_text(ECHO, &["--input-text", "héllo", "--json"])
        .exits(0)
        .json();
    assert_eq!(object["status"], "ok");
    assert_eq!(object["exit"], 0);
    assert_eq!(object["output"], "héllo");
    assert_eq!(object["capsule_id"].as_str().unwrap().len(), 64);
    for number in [
        "fuel",
        "memory_bytes",
        "wall_us",
        "host_us",
        "host_calls",
        "input_bytes",
        "output_bytes",
        "log_bytes",
    ] {
        assert!(object["usage"][number].is_u64(), "{number}: {object}");
    }
    assert_eq!(object["usage"]["output_bytes"], 6);
    world.write("binary", [0xff, 0x00]);
    let object = world
        .run_text(ECHO, &["--input", "binary", "--json"])
        .exits(0)
        .json();
    assert_eq!(object["output_base64"], "/wA=");
    assert!(object.get("output").is_none());
}

#[test]
fn json_also_says_what_went_wrong() {
    let world = World::new();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["run", "nobody", "--json"], 127, "unknown_capsule"),
        (&["run", "./none.wasm", "--json"], 1, "machine_failure"),
        (
            &["run", "dice", "--deny", "time", "--json"],
            30,
            "capability_not_granted",
        ),
        (
            &["run", "echo", "--fuel", "1", "--json"],
            22,
            "fuel_exhausted",
        ),
        (
            &["run", "echo", "--input", "none", "--json"],
            1,
            "machine_failure",
        ),
    ];
    for (arguments, exit, code) in cases {
        let object = world.tenzik(arguments).exits(exit).json();
        assert_eq!(object["exit"], exit, "{arguments:?}");
        assert_eq!(object["error"]["code"], code, "{arguments:?}");
        assert!(!object["error"]["message"].as_str().unwrap().is_empty());
        assert!(!object["error"]["remedy"].as_str().unwrap().is_empty());
    }
}

#[test]
fn an_output_file_appears_whole_and_only_on_success() {
    let world = World::new();
    let failing = r#"(module
        (import "tenzik" "output_write" (func $write (param i32 i32)))
        (memory (export "memory") 1)
        (func (export "run") (result i32) (call $write (i32.const 0) (i32.const 10)) (i32.const 3)))"#;
    world.write("out", "before");
    world.run_text(failing, &["--output", "out"]).exits(20);
    assert_eq!(world.read("out"), b"before");
    let ended = world
        .run_text(ECHO, &["--output", "out", "--input-text", "after"])
        .exits(0);
    assert_eq!(world.read("out"), b"after");
    assert!(ended.stdout.is_empty());
    world
        .run_text(ECHO, &["--output", "no/such/directory/out"])
        .exits(1);
    world.run_text(ECHO, &["--output", "."]).exits(1);
    // Nothing is left behind.
    let left: Vec<_> = std::fs::read_dir(world.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with(".tenzik-")),
        "{left:?}"
    );
    // A device is not replaced.
    world
        .run_text(ECHO, &["--output", "/dev/null", "--input-text", "x"])
        .exits(0);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn what_a_failing_run_wrote_stays_on_standard_output() {
    let world = World::new();
    let text = r#"(module
        (import "tenzik" "output_write" (func $write (param i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "prefix")
        (func (export "run") (result i32) (call $write (i32.const 0) (i32.const 6)) unreachable))"#;
    let ended = world.run_text(text, &[]).exits(21);
    assert_eq!(ended.stdout, b"prefix");
    assert!(ended.stderr.contains("unreachable"), "{}", ended.stderr);
}

#[test]
fn messages_of_capsules_are_shown_escaped() {
    let world = World::new();
    let text = r#"(module
        (import "tenzik" "log" (func $log (param i32 i32 i32)))
        (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\1b[31mred\ff\n")
        (func (export "run") (result i32)
            (call $log (i32.const 1) (i32.const 0) (i32.const 10))
            (call $fail (i32.const 7) (i32.const 0) (i32.const 10))
            (i32.const 0)))"#;
    let ended = world.run_text(text, &[]).exits(20);
    assert!(
        ended.stderr.contains("[warning] \\x1b[31mred\\xff"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("failed with code 7: \\x1b[31mred\\xff"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .bytes()
            .all(|byte| byte == b'\n' || byte >= b' '),
        "{:?}",
        ended.stderr
    );
}

#[test]
fn explain_knows_every_code() {
    let world = World::new();
    let list = world
        .tenzik(["explain", "--list", "--json"])
        .exits(0)
        .json();
    let codes = list.as_array().unwrap();
    assert!(codes.len() > 50);
    for entry in codes {
        let code = entry["code"].as_str().unwrap();
        let page = world.tenzik(["explain", code]).exits(0);
        assert!(page.text().contains("remedy:"), "{code}");
    }
    assert!(
        world
            .tenzik(["explain", "22"])
            .exits(0)
            .text()
            .contains("fuel_exhausted")
    );
    assert!(
        world
            .tenzik(["explain", "host-functions"])
            .exits(0)
            .text()
            .contains("tenzik.json_path_input")
    );
    world.tenzik(["explain", "no_such_code"]).exits(2);
}

#[test]
fn completions_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = world.tenzik(["completions", shell]).exits(0);
        assert!(
            ended.text().contains("nmap") || ended.text().contains("validate"),
            "{shell}"
        );
    }
    world.tenzik(["completions", "tcl"]).exits(2);
}

#[test]
fn inspect_shows_what_a_module_is() {
    let world = World::new();
    let object = world.tenzik(["inspect", "dice", "--json"]).exits(0).json();
    assert_eq!(object["needs"], serde_json::json!(["random", "time"]));
    assert_eq!(object["manifest"]["name"], "dice");
    let sum: u64 = object["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, object["bytes"].as_u64().unwrap(), "{object}");
    let page = world.tenzik(["inspect", "nmap-parse"]).exits(0);
    assert!(page.text().contains("tenzik.input_read"), "{}", page.text());
    world.tenzik(["inspect", "nobody"]).exits(127);
}

#[test]
fn links_devices_and_keys_survive() {
    let world = World::new();
    world.write("target", "before");
    std::os::unix::fs::symlink("target", world.path("link")).unwrap();
    world
        .tenzik(["run", "echo", "--input-text", "x", "--output", "link"])
        .exits(0);
    assert!(world.path("link").is_symlink());
    assert_eq!(world.read("target"), b"x");
    world.tenzik(["keygen", "-o", "key.pem"]).exits(0);
    let key = world.read("key.pem");
    for other in ["--receipt", "--output"] {
        let mut arguments = vec!["run", "echo", "--key", "key.pem", "--receipt", "r.json"];
        if other == "--receipt" {
            arguments.pop();
            arguments.push("./key.pem");
        } else {
            arguments.extend([other, "key.pem"]);
        }
        world.tenzik(arguments).exits(2);
    }
    assert_eq!(world.read("key.pem"), key);
    let clash = ["run", "echo", "--output", "same", "--receipt", "./same"];
    world.tenzik(clash).exits(2);
    // A device takes the receipt and stays a device.
    world
        .tenzik(["run", "echo", "--key", "key.pem", "--receipt", "/dev/null"])
        .exits(0);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_lost_result_is_not_a_success() {
    let world = World::new();
    for arguments in [
        &["run", "echo", "--json"][..],
        &["inspect", "echo", "--json"],
        &["explain", "--list"],
        &["run", "echo", "--input-text", "x"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let status = world.command(arguments).stdout(full).status().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn a_named_pipe_that_nobody_uses_is_given_up() {
    let world = World::new();
    let pipe = world.path("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let pipe = pipe.to_str().unwrap();
    world
        .tenzik(["run", "echo", "--input", pipe, "--io-timeout", "100ms"])
        .exits(1);
    world
        .tenzik(["run", "echo", "--output", pipe, "--io-timeout", "100ms"])
        .exits(1);
}

#[test]
fn a_path_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new();
    let name = std::ffi::OsStr::from_bytes(b"./caps\xff.wat");
    std::fs::write(world.path("").join(name), ECHO).unwrap();
    let arguments = [std::ffi::OsStr::new("run"), name];
    world.tenzik(arguments).exits(0);
}

#[test]
fn results_replace_no_key_and_no_source() {
    let home = World::new();
    home.tenzik(["run", "echo", "--input-text", "x", "--receipt", "r.json"])
        .exits(0);
    let key = home.path("config/tenzik/node.pem");
    let before = std::fs::read(&key).unwrap();
    let key = key.to_str().unwrap();
    for flag in ["--output", "--receipt"] {
        home.tenzik(["run", "echo", "--input-text", "x", flag, key])
            .exits(2);
        assert_eq!(std::fs::read(key).unwrap(), before);
    }
    home.tenzik(["receipt", "export", "r.json", "--dsse", "-o", key])
        .exits(2);
    assert_eq!(std::fs::read(key).unwrap(), before);

    std::os::unix::fs::symlink("later", home.path("link")).unwrap();
    let words = ["run", "echo", "--output", "later", "--receipt", "link"];
    home.tenzik(words).exits(2);

    home.tenzik(["new", "c", "--lang", "wat"]).exits(0);
    let source = home.read("c/c.wat");
    for output in ["c/c.wat", "c/tenzik.toml", "-"] {
        home.tenzik(["build", "c", "-o", output]).exits(2);
    }
    assert_eq!(home.read("c/c.wat"), source);
    home.tenzik(["build", "c"]).exits(0);
    home.tenzik(["build", "c"]).exits(0);
}

#[test]
fn a_manifest_moves_no_cursor_and_makes_no_line() {
    let home = World::new();
    let manifest = "{\"abi\":1,\"\\u001b[2Jx\\n  accepted\u{9b}\u{202e}\":1}";
    let mut module = b"\0asm\x01\0\0\0\0".to_vec();
    module.push(u8::try_from(manifest.len() + 7).unwrap());
    module.extend_from_slice(b"\x06tenzik");
    module.extend_from_slice(manifest.as_bytes());
    home.write("m.wasm", module);
    for command in ["validate", "inspect", "run", "profile"] {
        let ended = home.tenzik([command, "./m.wasm"]);
        let shown = format!("{}{}", ended.text(), ended.stderr);
        if command == "validate" {
            assert!(
                shown.contains("manifest is not the expected JSON"),
                "{shown}"
            );
        }
        let is_loud = |character: char| character.is_control() && character != '\n';
        assert!(
            !shown.contains(is_loud) && !shown.contains('\u{202e}'),
            "{shown:?}"
        );
        assert!(!shown.contains("\n  accepted"), "{shown}");
    }
}
