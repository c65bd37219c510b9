//! Bundles: recorded, replayed, verified where nothing of the run is left, and looked into.

mod broken;
mod hostile;
mod outcomes;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::world::{Ended, World, documented, ended, has, not_tested};

/// Starts the program that its input asks for, writes what that writes, and returns its exit code.
const EXEC: &str = r#"(module
    (import "tenzik" "input_read" (func $input (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $output (param i32 i32)))
    (import "tenzik" "exec_start" (func $start (param i32 i32) (result i32)))
    (import "tenzik" "exec_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "tenzik" "exec_wait" (func $wait (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (local $process i32) (local $count i32)
        (local.set $process (call $start (i32.const 0) (call $input (i32.const 0) (i32.const 4096))))
        (loop $more
            (local.set $count
                (call $read (local.get $process) (i32.const 1) (i32.const 4096) (i32.const 4096)))
            (call $output (i32.const 4096) (local.get $count))
            (br_if $more (local.get $count)))
        (call $wait (local.get $process))))"#;

/// What the capsule is asked to start.
const REQUEST: &str = r#"{"argv":["echo","1","22"]}"#;

/// A home with the capsule `c.wat`, and a policy `p.toml` for a copy of echo that tests may take away.
fn world() -> World {
    let home = World::new();
    home.write("c.wat", EXEC);
    std::fs::create_dir(home.path("tool")).unwrap();
    let real = std::fs::canonicalize("/bin/echo").unwrap();
    std::fs::copy(real, home.path("tool/echo")).unwrap();
    home.write("p.toml", policy(&home, "echo", "tool/echo", "env = {}"));
    home
}

/// A policy with one rule, for arguments that are numbers.
fn policy(home: &World, name: &str, program: &str, keys: &str) -> String {
    let program = home.path("").canonicalize().unwrap().join(program);
    let trees = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"];
    let trees = trees.iter().filter(|tree| Path::new(tree).exists());
    let trees: Vec<String> = trees.map(|tree| format!("\"{tree}\"")).collect();
    format!(
        "version = 1\n[[exec]]\nname = \"{name}\"\nprogram = \"{}\"\nargs = [\"{{n...}}\"]\n{keys}\n\
         read = [{}]\n[exec.holes.n]\ntype = \"integer\"\nmin = 0\nmax = 99\n",
        program.display(),
        trees.join(", ")
    )
}

/// Records a run of `c.wat` as `b`, and its receipt as `r.json`.
fn record(home: &World, exit: i32, input: &str) -> Ended {
    let run = [
        "run",
        "./c.wat",
        "--policy",
        "p.toml",
        "--input-text",
        input,
        "--record",
        "b",
        "--receipt",
        "r.json",
    ];
    home.tenzik(run).exits(exit)
}

/// The command where there is no network, no environment, and no program to be found.
fn alone(home: &World, arguments: &[&str]) -> Option<Ended> {
    let unshare = which("unshare");
    let probe = Command::new(&unshare).args(["-rn", "true"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        not_tested("no user and network namespace here: unshare -rn");
        return None;
    }
    let tenzik = home.command(arguments);
    let mut command = Command::new(unshare);
    command
        .arg("-rn")
        .arg(tenzik.get_program())
        .args(arguments)
        .current_dir(home.path(""))
        .env_clear()
        .env("PATH", "")
        .env("XDG_CONFIG_HOME", home.path("config"));
    Some(ended(command.output().unwrap()))
}

/// `unshare` is looked up before the environment is emptied.
fn which(program: &str) -> PathBuf {
    let directories = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].iter();
    let found = directories
        .map(|directory| Path::new(directory).join(program))
        .find(|path| path.exists());
    found.unwrap_or_else(|| PathBuf::from(program))
}

fn json(ended: Ended, exit: i32) -> Value {
    ended.exits(exit).json()
}

#[test]
fn a_run_is_repeated_where_its_program_is_not() {
    let home = world();
    let recorded = record(&home, 0, REQUEST);
    assert_eq!(recorded.text(), "1 22\n");
    std::fs::remove_dir_all(home.path("tool")).unwrap();
    for needless in ["c.wat", "p.toml"] {
        std::fs::remove_file(home.path(needless)).unwrap();
    }
    let replayed = home.tenzik(["run", "--replay", "b"]).exits(0);
    assert_eq!(replayed.text(), "1 22\n");
    assert!(
        replayed.stderr.contains("replayed: "),
        "{}",
        replayed.stderr
    );
    let usage = |text: &str| -> String {
        let line = text.lines().find(|line| line.starts_with("ok: ")).unwrap();
        let exact = line.split(" · ").filter(|part| !part.contains(" ms "));
        exact.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(usage(&replayed.stderr), usage(&recorded.stderr));

    for arguments in [
        &["receipt", "verify", "r.json", "--replay", "b", "--json"][..],
        &["receipt", "verify", "--replay", "b", "--json"],
    ] {
        let object = json(home.tenzik(arguments), 0);
        documented("receipt verify", &object);
        assert_eq!(object["reexecution"]["agrees"], true, "{object}");
        let checked: Vec<&str> = object["commitments"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|commitment| commitment["good"] == true)
            .map(|commitment| commitment["field"].as_str().unwrap())
            .collect();
        assert_eq!(
            checked,
            [
                "capsule_id",
                "input_commit",
                "policy_commit",
                "transcript_commit"
            ]
        );
        if let Some(ended) = alone(&home, arguments) {
            let object = json(ended, 0);
            assert_eq!(object["reexecution"]["agrees"], true, "{object}");
        }
    }
    let object = json(home.tenzik(["run", "--replay", "b", "--json"]), 0);
    documented("run", &object);
    assert_eq!(object["replayed"]["bundle"], "b");
    assert_eq!(object["output"], "1 22\n");
}

/// The same with a real scan of this machine, repeated where there is no nmap and no network.
#[test]
fn a_scan_is_repeated_without_nmap() {
    if !has("nmap", "--version") {
        return;
    }
    let home = World::new();
    let program = std::fs::canonicalize(which("nmap")).unwrap();
    let trees = [
        "/usr",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
        "/etc/alternatives",
    ];
    let trees: Vec<&str> = trees
        .into_iter()
        .filter(|tree| Path::new(tree).exists())
        .collect();
    let policy = format!(
        "version = 1\ngrants = [\"json\"]\n[limits]\nmodule_bytes = \"16KiB\"\n[[exec]]\nname = \"nmap\"\n\
         program = \"{}\"\nargs = [\"-sT\", \"-n\", \"-Pn\", \"--unprivileged\", \"--noninteractive\", \"-oX\", \
         \"-\", \"-p\", \"{{ports}}\", \"{{target...}}\"]\nnetwork = \"targets\"\ntargets = [\"127.0.0.0/8\"]\n\
         read = {trees:?}\n[exec.holes.ports]\ntype = \"ports\"\n[exec.holes.target]\ntype = \"address\"\nmax_count = 16\n",
        program.display()
    );
    home.write("nmap.toml", policy);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let input = format!(r#"{{"target":"127.0.0.1","ports":"{port}"}}"#);
    let run = [
        "run",
        "nmap-scan",
        "--policy",
        "nmap.toml",
        "--input-text",
        &input,
        "--record",
        "b",
    ];
    let scanned = home.tenzik(run).exits(0);
    drop(listener);
    let object: Value = serde_json::from_slice(&scanned.stdout).unwrap();
    assert_eq!(object["hosts"][0]["ports"][0]["state"], "open", "{object}");
    if let Some(replayed) = alone(&home, &["run", "--replay", "b"]) {
        assert_eq!(replayed.exits(0).stdout, scanned.stdout);
    }
    if let Some(verified) = alone(&home, &["receipt", "verify", "--replay", "b"]) {
        verified.exits(0);
    }
}

#[test]
fn a_replay_needs_no_answer_for_what_the_capsule_has_by_itself() {
    let home = World::new();
    home.write("c.wat", outcomes::DICE);
    let recorded = home.tenzik([
        "run",
        "./c.wat",
        "--input-text",
        "abc",
        "--record",
        "b",
        "--json",
    ]);
    let recorded = json(recorded, 0);
    assert_eq!(recorded["record"], "b");
    let replayed = json(home.tenzik(["run", "--replay", "b", "--json"]), 0);
    assert_eq!(replayed["output_base64"], recorded["output_base64"]);
    assert_eq!(replayed["usage"]["fuel"], recorded["usage"]["fuel"]);
    // What is given counts.
    let other = json(
        home.tenzik(["run", "--replay", "b", "--seed", "1", "--json"]),
        0,
    );
    assert_ne!(other["output_base64"], recorded["output_base64"]);
}

/// Of an input that comes as a stream the bundle has what was read.
#[test]
fn the_input_is_kept_as_it_was_consumed() {
    let home = World::new();
    home.write("c.wat", outcomes::HEAD);
    let long = vec![b'x'; 100_000];
    home.write("long", &long);
    let fed = ["run", "./c.wat", "--input", "-", "--record", "b"];
    assert_eq!(home.tenzik_fed(fed, &long).exits(0).text(), "xxxx");
    let object = json(home.tenzik(["bundle", "inspect", "b", "--json"]), 0);
    assert_eq!(object["parts"][3]["bytes"], 4);
    assert_eq!(
        home.tenzik(["run", "--replay", "b"]).exits(0).text(),
        "xxxx"
    );
    home.tenzik(["receipt", "verify", "--replay", "b"]).exits(0);
    // Of a file it has everything, as the receipt commits to everything.
    let file = ["run", "./c.wat", "--input", "long", "--record", "f"];
    home.tenzik(file).exits(0);
    let object = json(home.tenzik(["bundle", "inspect", "f", "--json"]), 0);
    assert_eq!(object["parts"][3]["bytes"], 100_000);
    home.tenzik(["receipt", "verify", "--replay", "f"]).exits(0);
}

#[test]
fn a_bundle_is_shown_and_taken_apart() {
    let home = world();
    record(&home, 0, REQUEST);
    let shown = home
        .tenzik(["bundle", "inspect", "b", "--transcript"])
        .exits(0);
    for line in [
        r#"     1  exec_start ["echo", "1", "22"] -> 1"#,
        r#"     2  exec_read(1, 1) into 4096 bytes -> 5 "1 22\n""#,
        "     4  exec_wait(1) -> 0",
    ] {
        assert!(shown.text().contains(line), "{}", shown.text());
    }
    let extract = [
        "bundle",
        "inspect",
        "b",
        "--extract",
        "parts",
        "--transcript",
        "--json",
    ];
    let object = json(home.tenzik(extract), 0);
    documented("bundle inspect", &object);
    assert_eq!(object["calls"], 4);
    assert_eq!(object["transcript"][1]["answer_bytes"], 5);
    for (index, name) in [
        "capsule.wasm",
        "policy.txt",
        "transcript.bin",
        "input",
        "receipt.json",
    ]
    .iter()
    .enumerate()
    {
        let bytes = home.read(&format!("parts/{name}"));
        let digest = blake3::hash(&bytes).to_hex().to_string();
        assert_eq!(object["parts"][index]["blake3"], digest, "{name}");
        assert_eq!(object["parts"][index]["bytes"], bytes.len(), "{name}");
    }
    assert_eq!(home.read("parts/input"), REQUEST.as_bytes());
    home.tenzik([
        "receipt",
        "verify",
        "parts/receipt.json",
        "--capsule",
        "parts/capsule.wasm",
    ])
    .exits(0);
    // Nothing is written over.
    let again = home.tenzik(["bundle", "inspect", "b", "--extract", "parts", "--json"]);
    assert_eq!(json(again, 1)["error"]["code"], "machine_failure");
}

#[test]
fn nothing_that_is_needed_is_written_over() {
    let home = world();
    home.write("in", REQUEST);
    let cases: [&[&str]; 8] = [
        &["--record", "c.wat"],
        &["--record", "p.toml"],
        &["--input", "in", "--record", "in"],
        &["--record", "b", "--receipt", "b"],
        &["--record", "b", "--output", "b"],
        &["--record", "-"],
        &["--record", "/dev/null"],
        &["--record", "."],
    ];
    for arguments in cases {
        let run = ["run", "./c.wat", "--policy", "p.toml"];
        home.tenzik([&run[..], arguments].concat()).exits(2);
        assert!(!home.path("b").exists(), "{arguments:?}");
    }
    record(&home, 0, REQUEST);
    for arguments in [
        &["run", "--replay", "b", "--record", "c"][..],
        &["run", "--replay", "b", "--receipt", "c"],
        &["run", "--replay", "b", "--output", "b"],
        &["run", "--replay", "b", "--artifacts", "c"],
        &[
            "run",
            "./c.wat",
            "--policy",
            "p.toml",
            "--record",
            "config/tenzik/node.pem",
        ],
        &["run"],
        &["receipt", "verify"],
        &["receipt", "verify", "--replay"],
        // The receipt of such a run says what the rules were only by their digest.
        &[
            "receipt",
            "verify",
            "r.json",
            "--replay",
            "--capsule",
            "./c.wat",
            "--input-text",
            REQUEST,
        ],
    ] {
        home.tenzik(arguments).exits(2);
    }
}
