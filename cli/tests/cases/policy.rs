//! Policies and ceilings on the command line.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::world::{World, documented, ended, not_tested};

/// Asks for a program and for JSON.
const ASKS: &str = r#"(module
    (import "tenzik" "exec_start" (func (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (i32.const 0)))"#;

const POLICY: &str = r#"version = 1
grants = ["json", "hash", "base64"]
[[exec]]
name = "true"
program = "/bin/true"
deadline = "9s"
"#;

fn world() -> World {
    let world = World::new();
    world.write("asks.wat", ASKS);
    world.write("p.toml", POLICY);
    world
}

#[test]
fn a_capsule_is_accepted_under_the_policy_that_init_writes_and_may_do_nothing() {
    let world = world();
    world.tenzik(["validate", "asks.wat"]).exits(30);
    let text = world.tenzik(["policy", "init", "./asks.wat"]).exits(0);
    world.write("init.toml", &text.stdout);
    world
        .tenzik(["validate", "asks.wat", "--policy", "init.toml"])
        .exits(0);
    let shown = world
        .tenzik(["policy", "init", "./asks.wat", "-o", "new.toml", "--json"])
        .exits(0)
        .json();
    documented("policy init", &shown);
    assert_eq!(world.read("new.toml"), text.stdout);
    let again = world
        .tenzik(["policy", "init", "./asks.wat", "-o", "new.toml"])
        .exits(2);
    assert!(again.stderr.contains("new.toml exists"), "{}", again.stderr);
    world.tenzik(["policy", "init", "./none.wasm"]).exits(1);
    world.tenzik(["policy", "init", "nosuch"]).exits(127);
    world.write("bad.wasm", "nothing");
    world.tenzik(["policy", "init", "./bad.wasm"]).exits(10);
}

#[test]
fn every_command_with_a_policy_takes_the_file() {
    let world = world();
    world.write("none.toml", "version = 1\n");
    for command in ["validate", "inspect"] {
        world
            .tenzik([command, "./asks.wat", "--policy", "p.toml"])
            .exits(0);
        let refused = world
            .tenzik([command, "./asks.wat", "--policy", "none.toml"])
            .exits(30);
        assert!(!refused.stdout.is_empty());
    }
    world
        .tenzik(["run", "hash", "--policy", "p.toml", "--input-text", "x"])
        .exits(0);
    let refused = world
        .tenzik(["run", "hash", "--policy", "none.toml", "--input-text", "x"])
        .exits(30);
    assert!(
        refused.stderr.contains("needs the capability hash"),
        "{}",
        refused.stderr
    );
    for command in ["bench", "profile"] {
        world
            .tenzik([
                command,
                "hash",
                "--policy",
                "none.toml",
                "--input-text",
                "x",
            ])
            .exits(30);
    }
    let object = world
        .tenzik(["validate", "./asks.wat", "--policy", "p.toml", "--json"])
        .exits(0)
        .json();
    assert_eq!(object["policy"], "p.toml");
    documented("validate", &object);
    // Flags change what the file says.
    world
        .tenzik(["run", "hash", "--policy", "none.toml", "--grant", "hash"])
        .exits(0);
    world
        .tenzik(["run", "hash", "--policy", "p.toml", "--deny", "hash"])
        .exits(30);
    world
        .tenzik(["run", "hash", "--policy", "p.toml", "--fuel", "0"])
        .exits(22);
}

#[test]
fn what_does_not_go_together_or_cannot_be_used_is_refused_before_anything_runs() {
    let world = world();
    world.write("bad.toml", "version = 1\nsurprise = 1\n");
    world.write("latin.toml", b"version = 1\n# \xe9\n");
    world.write("long.toml", "#".repeat((256 << 10) + 1));
    world
        .tenzik(["run", "hash", "--policy", "p.toml", "--profile", "default"])
        .exits(2);
    let effect = world.tenzik(["run", "hash", "--grant", "exec"]).exits(2);
    assert!(
        effect.stderr.contains("tenzik policy init"),
        "{}",
        effect.stderr
    );
    for flag in ["--policy", "--ceiling"] {
        let bad = world
            .tenzik(["run", "hash", flag, "bad.toml", "--json"])
            .exits(2);
        let error = &bad.json()["error"];
        assert_eq!(error["code"], "policy_malformed");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .starts_with("bad.toml:2:1: unknown key `surprise`"),
            "{error}"
        );
        let latin = world.tenzik(["run", "hash", flag, "latin.toml"]).exits(2);
        assert!(
            latin
                .stderr
                .contains("latin.toml:2: these bytes are not UTF-8"),
            "{}",
            latin.stderr
        );
        let long = world.tenzik(["run", "hash", flag, "long.toml"]).exits(2);
        assert!(long.stderr.contains("262144 bytes"), "{}", long.stderr);
        world.tenzik(["run", "hash", flag, "absent.toml"]).exits(1);
        world.tenzik(["run", "hash", flag, "/"]).exits(1);
        world.tenzik(["run", "hash", flag, "/dev/zero"]).exits(1);
    }
    world
        .tenzik(["run", "hash", "--policy", "p.toml", "--output", "p.toml"])
        .exits(2);
    world
        .tenzik([
            "run",
            "hash",
            "--ceiling",
            "p.toml",
            "--receipt",
            "./p.toml",
        ])
        .exits(2);
    assert_eq!(world.read("p.toml"), POLICY.as_bytes());
}

#[test]
fn ceilings_bound_policies_profiles_flags_and_cases() {
    let world = world();
    world.write(
        "c.toml",
        "version = 1\ngrants = [\"hash\"]\n[limits]\nfuel = 1\nfuel_per_byte = 0\n",
    );
    world
        .tenzik(["run", "hash", "--ceiling", "c.toml"])
        .exits(22);
    world
        .tenzik(["run", "hash", "--ceiling", "c.toml", "--fuel", "1000000"])
        .exits(22);
    world
        .tenzik(["run", "base64", "--ceiling", "c.toml", "--grant", "base64"])
        .exits(30);
    world
        .tenzik([
            "validate",
            "asks.wat",
            "--policy",
            "p.toml",
            "--ceiling",
            "c.toml",
        ])
        .exits(30);
    // What a case sets itself is under the ceiling too.
    std::fs::create_dir_all(world.path("capsule/tests")).unwrap();
    world.write("capsule/tests/a.input", "x");
    world.write("capsule/tests/a.toml", "profile = \"development\"\n");
    world.write("capsule/tests/a.status", "fault fuel_exhausted\n");
    world
        .tenzik([
            "test",
            "capsule",
            "--capsule",
            "hash",
            "--ceiling",
            "c.toml",
        ])
        .exits(0);
    world
        .tenzik(["test", "capsule", "--capsule", "hash"])
        .exits(61);
}

/// The ceiling of the user applies without being asked for, and is never left out.
#[test]
fn the_ceiling_of_the_user_applies_always() {
    let world = world();
    let file = world.path("config/tenzik/ceiling.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    world.tenzik(["run", "hash"]).exits(0);
    std::fs::write(&file, "version = 1\ngrants = []\n").unwrap();
    world.tenzik(["run", "hash"]).exits(30);
    world
        .tenzik(["validate", "asks.wat", "--policy", "p.toml"])
        .exits(30);
    // Without XDG_CONFIG_HOME it is below HOME.
    let home = world.path("home");
    std::fs::create_dir_all(home.join(".config/tenzik")).unwrap();
    std::fs::copy(&file, home.join(".config/tenzik/ceiling.toml")).unwrap();
    let mut command = world.command(["run", "hash"]);
    ended(
        command
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", &home)
            .output()
            .unwrap(),
    )
    .exits(30);
    std::fs::write(&file, "version = 1\ngrants = [\n").unwrap();
    let malformed = world.tenzik(["run", "hash"]).exits(2);
    assert!(
        malformed.stderr.contains("ceiling.toml:"),
        "{}",
        malformed.stderr
    );
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    world.tenzik(["run", "hash"]).exits(1);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    world.tenzik(["run", "hash"]).exits(1);
    std::fs::remove_dir(&file).unwrap();
    // A directory in which it cannot be looked for.
    let directory = world.path("config/tenzik");
    std::fs::remove_dir(&directory).unwrap();
    std::fs::write(&directory, "").unwrap();
    world.tenzik(["run", "hash"]).exits(1);
}

/// In a mount namespace of its own, so that nothing of this machine is touched.
#[test]
fn the_ceiling_of_the_machine_applies_always() {
    let world = world();
    world.write("c.toml", "version = 1\ngrants = []\n");
    world.write("broken.toml", "version = 3\n");
    let under = |ceiling: &str| {
        let script = r#"mount -t tmpfs none /etc && mkdir /etc/tenzik && cp "$1" /etc/tenzik/ceiling.toml || exit 99
            exec "$2" run hash"#;
        let mut command = Command::new("unshare");
        command
            .args([
                "-rm",
                "sh",
                "-c",
                script,
                "sh",
                ceiling,
                env!("CARGO_BIN_EXE_tenzik"),
            ])
            .current_dir(world.path(""))
            .env("XDG_CONFIG_HOME", world.path("config"));
        command.output().map(ended)
    };
    match under("c.toml") {
        Ok(ended) if ended.code == 30 => {
            assert!(
                ended.stderr.contains("needs the capability hash"),
                "{}",
                ended.stderr
            );
        }
        Ok(ended) if ended.code == 99 || ended.stderr.starts_with("unshare:") => {
            return not_tested(&format!(
                "the machine's ceiling: no mount namespace: {}",
                ended.stderr
            ));
        }
        Ok(ended) => panic!("{ended:?}"),
        Err(error) => return not_tested(&format!("the machine's ceiling: unshare: {error}")),
    }
    let broken = under("broken.toml").unwrap().exits(2);
    assert!(
        broken
            .stderr
            .contains("/etc/tenzik/ceiling.toml:1:11: version 3 is not known"),
        "{}",
        broken.stderr
    );
}

#[test]
fn check_reports_what_is_malformed_and_what_is_doubtful() {
    let world = world();
    let program = world.write("tool", "#!/bin/sh\n");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o777)).unwrap();
    std::os::unix::fs::symlink("tool", world.path("link")).unwrap();
    std::fs::create_dir(world.path("open")).unwrap();
    std::fs::set_permissions(world.path("open"), std::fs::Permissions::from_mode(0o777)).unwrap();
    world.write("token", "t");
    let directory = world.path("");
    let here = directory.to_str().unwrap().trim_end_matches('/');
    let text = format!(
        r#"version = 1
[[exec]]
name = "a"
program = "{here}/tool"
blake3 = "{}"
args = ["-{{x}}", "{{o}}"]
network = "host"
targets = ["10.0.0.0/8"]
read = ["/", "/nonexistent"]
write = ["{here}/open"]
env = {{ LD_PRELOAD = "x" }}
[exec.holes.x]
type = "text"
pattern = ".*"
[exec.holes.o]
type = "integer"
max = 1
option = true
[[exec]]
name = "a"
program = "{here}/link"
args = ["-{{x}}", "{{o}}"]
require = ["pidns"]
[exec.holes.x]
type = "text"
pattern = ".*"
[exec.holes.o]
type = "integer"
max = 1
option = true
[[exec]]
name = "sh"
program = "/bin/sh"
follow = true
args = ["-c", "{{x}}"]
[exec.holes.x]
type = "enum"
values = ["id"]
[[files]]
path = "{here}/tool"
access = ["read"]
[[signals]]
program = "/nonexistent"
signals = ["TERM"]
[secrets.t]
file = "{here}/token"
[secrets.u]
file = "/nonexistent"
"#,
        "0".repeat(64)
    );
    world.write("doubtful.toml", text);
    let object = world
        .tenzik(["policy", "check", "doubtful.toml", "--json"])
        .exits(0)
        .json();
    documented("policy check", &object);
    let codes: Vec<&str> = object["files"][0]["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect();
    for code in [
        "program_writable",
        "program_differs",
        "program_script",
        "program_symlink",
        "program_unpinned",
        "program_interpreter",
        "program_missing",
        "rule_shadowed",
        "hole_after_hyphen",
        "hole_option",
        "hole_text_broad",
        "network_host",
        "target_broad",
        "tree_broad",
        "tree_missing",
        "tree_writable",
        "tree_no_directory",
        "env_loader",
        "require_empty",
        "secret_readable",
        "secret_missing",
    ] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    world
        .tenzik(["policy", "check", "doubtful.toml", "--deny-warnings"])
        .exits(2);
    world.write("good.toml", "version = 1\n[artifacts]\n");
    world
        .tenzik(["policy", "check", "good.toml", "--deny-warnings"])
        .exits(0);
    world.write("c.toml", "version = 1\n");
    let narrowed = world
        .tenzik([
            "policy",
            "check",
            "good.toml",
            "--ceiling",
            "c.toml",
            "--json",
        ])
        .exits(0)
        .json();
    documented("policy check", &narrowed);
    assert_eq!(narrowed["files"][0]["narrowed"][0]["by"], "c.toml");
    world.write("bad.toml", "version = 1\n[exec]\n");
    let all = world
        .tenzik(["policy", "check", "good.toml", "bad.toml", "--json"])
        .exits(2)
        .json();
    documented("policy check", &all);
    assert_eq!(all["files"][0]["exit"], 0);
    assert_eq!(all["files"][1]["error"]["code"], "policy_malformed");
    world
        .tenzik(["policy", "check", "bad.toml", "absent.toml"])
        .exits(1);
    let plain = world.tenzik(["policy", "check", "good.toml"]).exits(0);
    assert_eq!(plain.text(), "good.toml: well-formed, grants artifact\n");
}

#[test]
fn explain_names_what_grants_and_what_limits() {
    let world = world();
    world.write("c.toml", "version = 1\n[limits]\nfuel = 7\n[[exec]]\nname = \"x\"\nprogram = \"/bin/true\"\ndeadline = \"1s\"\n");
    let arguments = [
        "policy",
        "explain",
        "./asks.wat",
        "--policy",
        "p.toml",
        "--ceiling",
        "c.toml",
    ];
    let text = world.tenzik(arguments).exits(0);
    for line in [
        "exec             yes  asked for, granted by a rule",
        "p.toml:3 true (/bin/true): narrowed",
        "p.toml:3 true deadline: 9000 ms asked, 1000 ms left by c.toml:4",
        "json             no   not asked for, granted by p.toml:2",
        "fuel             7 by c.toml:3, of 10,000,000 by profile default",
        "The capsule may run under this policy.",
    ] {
        assert!(text.text().contains(line), "{line}\n{}", text.text());
    }
    let object = world
        .tenzik(arguments.iter().chain(&["--json"]))
        .exits(0)
        .json();
    documented("policy explain", &object);
    let capability = |name: &str| -> Value {
        let all = object["capabilities"].as_array().unwrap();
        all.iter().find(|row| row["name"] == name).unwrap().clone()
    };
    assert_eq!(
        capability("exec")["rules"][0]["narrowed"][0]["by"],
        "c.toml:4"
    );
    assert_eq!(capability("json")["granted_by"], "p.toml:2");
    assert_eq!(capability("file_read")["effective"], false);
    world.write("empty.toml", "version = 1\n");
    let dropped = world
        .tenzik([
            "policy",
            "explain",
            "./asks.wat",
            "--policy",
            "p.toml",
            "--ceiling",
            "empty.toml",
        ])
        .exits(30);
    assert!(
        dropped.text().contains("exec             no   asked for"),
        "{}",
        dropped.text()
    );
    assert!(
        dropped
            .text()
            .contains("nothing: no rule of the ceiling names its program left by empty.toml"),
        "{}",
        dropped.text()
    );
    assert!(
        dropped.stderr.contains("tenzik policy explain"),
        "{}",
        dropped.stderr
    );
    let profile = world
        .tenzik([
            "policy", "explain", "hash", "--fuel", "9", "--grant", "hash",
        ])
        .exits(0);
    assert!(
        profile
            .text()
            .contains("hash             yes  asked for, granted by profile default"),
        "{}",
        profile.text()
    );
    assert!(
        profile
            .text()
            .contains("fuel             9 by the command line"),
        "{}",
        profile.text()
    );
}

/// A run under a policy has the commitment that explain shows.
#[test]
fn the_receipt_commits_to_what_is_left() {
    let world = world();
    world.write("c.toml", "version = 1\n[limits]\nfuel = 99999\n");
    let policy = ["--policy", "p.toml", "--ceiling", "c.toml"];
    world
        .tenzik(["run", "hash", "--receipt", "r.json"].iter().chain(&policy))
        .exits(0);
    let receipt: Value = serde_json::from_slice(&world.read("r.json")).unwrap();
    let explained = world
        .tenzik(
            ["policy", "explain", "hash", "--json"]
                .iter()
                .chain(&policy),
        )
        .exits(0)
        .json();
    assert_eq!(receipt["policy_commit"], explained["policy_commit"]);
    assert!(
        receipt["limits"]
            .as_str()
            .unwrap()
            .starts_with("fuel=99999 ")
    );
}
