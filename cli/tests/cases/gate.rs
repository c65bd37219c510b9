//! Capsules that start programs, under policies, on this machine.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::world::{Ended, World, documented, ended, has, repository};

/// Trees that programs of the system need.
const SYSTEM: &str =
    r#"read = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"]"#;

/// A policy with one rule called like its program.
fn policy(program: &str, arguments: &str, more: &str) -> String {
    let name = Path::new(program).file_name().unwrap().to_str().unwrap();
    format!(
        "version = 1\ngrants = [\"json\"]\n[[exec]]\nname = \"{name}\"\nprogram = \"{program}\"\nfollow = true\n\
         args = {arguments}\n{SYSTEM}\n{more}\n"
    )
}

/// Holes that take nearly anything.
const WORDS: &str =
    "[exec.holes.words]\ntype = \"text\"\npattern = \"[ -~]*\"\nmax_bytes = 4000\nmax_count = 20\n";

fn request(argv: &[&str]) -> String {
    serde_json::json!({ "argv": argv }).to_string()
}

fn run(world: &World, policy: &str, argv: &[&str], more: &[&str]) -> Ended {
    world.write("p.toml", policy);
    let input = request(argv);
    let arguments = ["run", "exec", "--policy", "p.toml", "--input-text", &input];
    world.tenzik(arguments.iter().chain(more))
}

#[test]
fn a_program_runs_and_the_receipt_says_how() {
    let world = World::new();
    let policy = policy("/usr/bin/echo", r#"["{words...}"]"#, WORDS);
    let more = ["--json", "--receipt", "r.json"];
    let object = run(&world, &policy, &["echo", "hello", "a b"], &more)
        .exits(0)
        .json();
    assert_eq!(object["output"], "hello a b\n");
    let mut fields = object.clone();
    // Its keys are the names of layers.
    fields["effects"]["processes"][0]["layers"] = serde_json::json!({ "pidns": {} });
    documented("run", &fields);
    let process = &object["effects"]["processes"][0];
    assert_eq!(process["ending"], "exit 0");
    assert_eq!(process["stdout_bytes"], 10);
    for layer in ["no_new_privs", "rlimits", "close_fds", "seccomp", "user"] {
        assert_eq!(process["layers"][layer]["state"], "enforced", "{layer}");
    }
    let receipt: Value = serde_json::from_slice(&world.read("r.json")).unwrap();
    assert_eq!(receipt["processes"], "1");
    assert_eq!(receipt["process_deadline_ms"], "60000");
    assert_eq!(receipt["run_id"], object["effects"]["run_id"]);
    assert_eq!(
        receipt["transcript_commit"],
        object["effects"]["transcript_commit"]
    );
    let isolation = receipt["isolation"].as_str().unwrap();
    assert!(isolation.contains("no_new_privs"), "{isolation}");
    world.tenzik(["receipt", "verify", "r.json"]).exits(0);
}

/// What a shell, an option parser or a careless comparison would fall for.
#[test]
fn what_fits_no_rule_starts_nothing() {
    let world = World::new();
    let hole = "[exec.holes.port]\ntype = \"integer\"\nmin = 1\nmax = 65535\n";
    let policy = policy("/usr/bin/touch", r#"["{port}"]"#, hole);
    let long = "1".repeat(60_000);
    for argument in [
        "1;touch x",
        "-1",
        "--help",
        "$(id)",
        "`id`",
        "1\n",
        "1\0",
        "\u{661}",
        "0x1",
        "+1",
        "01",
        "65536",
        "",
        " 1",
        &long,
    ] {
        let more = ["--json", "--receipt", "r.json"];
        let object = run(&world, &policy, &["touch", argument], &more)
            .exits(30)
            .json();
        assert_eq!(object["status"], "refused", "{argument:?}");
        assert_eq!(object["error"]["code"], "exec_refused");
        assert_eq!(object["effects"]["processes"].as_array().unwrap().len(), 0);
        let receipt: Value = serde_json::from_slice(&world.read("r.json")).unwrap();
        assert_eq!(receipt["status"], "refused");
        assert_eq!(receipt["refused_by"], "p.toml:3 touch");
        world.tenzik(["receipt", "verify", "r.json"]).exits(0);
    }
    run(&world, &policy, &["touch", "1", "2"], &[]).exits(30);
    run(&world, &policy, &["cat", "1"], &[]).exits(30);
    run(&world, &policy, &["/usr/bin/touch", "1"], &[]).exits(30);
}

#[test]
fn without_a_policy_nothing_starts() {
    let world = World::new();
    let input = request(&["echo", "a"]);
    let denied = world
        .tenzik(["run", "exec", "--json", "--input-text", &input])
        .exits(30)
        .json();
    assert_eq!(denied["error"]["code"], "capability_not_granted");
}

#[test]
fn what_the_file_is_matters_not_only_its_name() {
    let world = World::new();
    let directory = world.path("").canonicalize().unwrap();
    let at = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let script = world.write("script", "#!/bin/sh\necho script\n");
    std::fs::copy("/usr/bin/echo", world.path("pinned")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/echo", world.path("link")).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(script, executable).unwrap();
    // Whoever runs programs for root has to reach the file.
    let searchable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&directory, searchable).unwrap();
    let strict = |program: &str, more: &str| {
        let more = format!("{more}\n{WORDS}");
        policy(program, r#"["{words...}"]"#, &more).replace("follow = true\n", "")
    };
    let refused = |policy: &str, name: &str, why: &str| {
        let object = run(&world, policy, &[name, "a"], &["--json"])
            .exits(30)
            .json();
        let message = object["error"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
        assert_eq!(object["effects"]["processes"].as_array().unwrap().len(), 0);
    };
    refused(&strict(&at("script"), ""), "script", "/bin/sh");
    refused(&strict(&at("link"), ""), "link", "symbolic link");
    let digest = blake3::hash(&world.read("pinned")).to_hex();
    let pinned = strict(&at("pinned"), &format!("blake3 = \"{digest}\""));
    run(&world, &pinned, &["pinned", "a"], &[]).exits(0);
    std::fs::copy("/usr/bin/cat", world.path("pinned")).unwrap();
    refused(&pinned, "pinned", "is pinned");
    let required = strict("/usr/bin/echo", "network = \"host\"\nrequire = [\"netns\"]");
    refused(&required, "echo", "layer netns is required");
}

/// The program has run when the output turns out to have no place: nobody may believe that nothing happened.
#[test]
fn what_ran_before_a_failure_of_the_machine_is_told() {
    let world = World::new();
    world.write(
        "p.toml",
        policy("/usr/bin/echo", r#"["{words...}"]"#, WORDS),
    );
    let input = request(&["echo", "hello"]);
    let full = std::fs::File::options().write(true).open("/dev/full");
    let output = world
        .command(["run", "exec", "--policy", "p.toml", "--input-text", &input])
        .stdout(full.unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("process \"echo hello\": exit 0"),
        "{errors}"
    );
    assert!(errors.contains("cannot write the output"), "{errors}");
}

#[test]
fn the_deadline_bounds_waiting_and_the_wall_limit_does_not() {
    let world = World::new();
    let sleep = |deadline: &str| {
        let more = format!("deadline = \"{deadline}\"\n{WORDS}");
        policy("/usr/bin/sleep", r#"["{words...}"]"#, &more)
    };
    // The wall limit is one second.
    let object = run(&world, &sleep("20s"), &["sleep", "1.2"], &["--json"])
        .exits(0)
        .json();
    assert!(object["usage"]["io_wait_us"].as_u64().unwrap() > 1_000_000);
    assert!(object["usage"]["wall_us"].as_u64().unwrap() < 1_000_000);
    let object = run(&world, &sleep("300ms"), &["sleep", "100"], &["--json"])
        .exits(20)
        .json();
    assert_eq!(object["effects"]["processes"][0]["ending"], "timed out");
}

#[test]
fn floods_end_at_their_caps() {
    let world = World::new();
    let yes = |more: &str| policy("/usr/bin/yes", "[]", more);
    let object = run(
        &world,
        &yes("stdout_bytes = \"1MiB\""),
        &["yes"],
        &["--json"],
    )
    .exits(20)
    .json();
    let process = &object["effects"]["processes"][0];
    assert_eq!(process["ending"], "exceeded stdout");
    assert!(process["stdout_bytes"].as_u64().unwrap() <= 1 << 20);
}

/// Whether a process of this machine has `word` among its arguments.
fn lives(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes.filter_map(Result::ok).any(|entry| {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == word.as_bytes())
    })
}

/// A capsule that waits for a process which says that it runs and then sleeps for `seconds`.
fn sleeping(world: &World, seconds: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let more = format!("processes = 8\n{WORDS}");
    world.write(
        "p.toml",
        policy("/usr/bin/sh", r#"["-c", "{words...}"]"#, &more),
    );
    // Hops into a session of its own, ignores what can be ignored, and leaves a child behind.
    let script =
        format!("trap \"\" TERM INT HUP; echo up; setsid sleep {seconds} & sleep {seconds}");
    let input = request(&["sh", "-c", &script]);
    let mut child = world
        .command(["run", "exec", "--policy", "p.toml", "--input-text", &input])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Waits until nobody has `word` among their arguments: the kernel needs a moment to end a tree whose
/// supervisor is gone.
fn gone(word: &str) -> bool {
    for _ in 0..400 {
        if !lives(word) {
            return true;
        }
        std::thread::yield_now();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    false
}

#[test]
fn no_process_survives_the_end_of_tenzik() {
    let world = World::new();
    let mut killed = 0;
    for round in 0..20_u32 {
        let seconds = format!("9{}{:03}", std::process::id(), round);
        let (mut child, mut stdout) = sleeping(&world, &seconds);
        // In half of the rounds the process has said that it runs; else it is somewhere on its way.
        if round % 2 == 0 {
            while !lives(&seconds) && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
        } else {
            for _ in 0..round * 200 {
                std::thread::yield_now();
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        let _ = stdout.read_line(&mut rest);
        assert!(gone(&seconds), "round {round}: a process survived");
        killed += 1;
    }
    eprintln!("killed {killed} times, 0 survivors");
}

/// The processes that this one started.
fn children(parent: u32) -> Vec<i32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// Whoever stands still cannot end a tree: the kernel has to.
#[test]
fn a_helper_that_is_blocked_does_not_keep_its_tree() {
    let world = World::new();
    let seconds = format!("7{}", std::process::id());
    let (mut child, _stdout) = sleeping(&world, &seconds);
    while !lives(&seconds) {
        std::thread::yield_now();
    }
    let helpers = children(child.id());
    assert!(!helpers.is_empty());
    for helper in helpers {
        kill_process(Pid::from_raw(helper).unwrap(), Signal::STOP).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(gone(&seconds), "the tree survived");
}

#[test]
fn a_signal_ends_the_process_and_the_run() {
    for sent in [Signal::INT, Signal::TERM] {
        let world = World::new();
        let seconds = format!("8{}{:03}", std::process::id(), sent.as_raw());
        let (child, stdout) = sleeping(&world, &seconds);
        while !lives(&seconds) {
            std::thread::yield_now();
        }
        signal(&child, sent);
        let ended = ended(child.wait_with_output().unwrap());
        drop(stdout);
        assert!(ended.stderr.contains("cancelled"), "{}", ended.stderr);
        assert!(!lives(&seconds));
    }
}

/// Learns from a run under a broad policy; then the run needs every line of what was learned.
#[test]
fn a_learned_policy_has_no_line_too_many() {
    let world = World::new();
    let more = format!(
        "deadline = \"90s\"\n{WORDS}[limits]\nfuel = 90000000\n[[files]]\npath = \"/srv\"\naccess = [\"read\"]\n"
    );
    let broad = policy("/usr/bin/echo", r#"["{words...}"]"#, &more);
    let argv = ["echo", "{learned}", "a b"];
    run(&world, &broad, &argv, &["--learn", "learned.toml"]).exits(0);
    let learned = String::from_utf8(world.read("learned.toml")).unwrap();
    assert!(!learned.contains("/srv"), "{learned}");
    assert!(!learned.contains("90"), "{learned}");
    let object = run(&world, &learned, &argv, &["--json"]).exits(0).json();
    assert_eq!(object["output"], "{learned} a b\n");
    run(&world, &learned, &["echo", "other"], &[]).exits(30);
    let lines: Vec<&str> = learned.lines().collect();
    assert!(lines.len() >= 3, "{learned}");
    for without in 0..lines.len() {
        if lines[without].trim().is_empty() || lines[without].starts_with('#') {
            continue;
        }
        let fewer: Vec<&str> = lines
            .iter()
            .enumerate()
            .filter_map(|(index, line)| (index != without).then_some(*line))
            .collect();
        let ended = run(&world, &(fewer.join("\n") + "\n"), &argv, &[]);
        assert_ne!(ended.code, 0, "without {:?}:\n{learned}", lines[without]);
    }
    // A run that does not end well teaches nothing.
    let ended = run(&world, &broad, &["cat"], &["--learn", "nothing.toml"]).exits(30);
    assert!(
        ended.stderr.contains("nothing was learned"),
        "{}",
        ended.stderr
    );
    assert!(!world.path("nothing.toml").exists());
}

#[test]
fn commands_that_repeat_runs_perform_no_effects() {
    let world = World::new();
    world.write(
        "p.toml",
        policy("/usr/bin/echo", r#"["{words...}"]"#, WORDS),
    );
    let input = request(&["echo", "a"]);
    for command in ["bench", "profile"] {
        let arguments = [
            command,
            "exec",
            "--policy",
            "p.toml",
            "--input-text",
            &input,
        ];
        let ended = world.tenzik(arguments).exits(2);
        assert!(
            ended.stderr.contains("performs no effects"),
            "{}",
            ended.stderr
        );
    }
}

/// A capsule that opens one file again and again, and asks for nothing that could be waited for.
const REREAD: &str = r#"(module
    (import "tenzik" "file_read" (func $file_read (param i32 i32) (result i32)))
    (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
    (import "tenzik" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 16)
    (data (i32.const 0) "PATH")
    (func (export "run") (result i32)
        (call $log (i32.const 2) (i32.const 0) (i32.const 4))
        (loop $again
            (drop (call $result_read
                (call $file_read (i32.const 0) (i32.const LENGTH)) (i32.const 4096) (i32.const 1000000)))
            (br $again))
        (i32.const 0)))"#;

#[test]
fn a_capsule_that_reads_for_ever_ends_at_the_input_limit_or_at_a_signal() {
    let world = World::new();
    let tree = world.path("").canonicalize().unwrap();
    let path = tree.join("data").display().to_string();
    world.write("data", vec![b'x'; 1 << 20]);
    let wat = REREAD
        .replace("PATH", &path)
        .replace("LENGTH", &path.len().to_string());
    world.write("reread.wat", wat);
    let rule = format!(
        "version = 1\n[[files]]\npath = \"{}\"\naccess = [\"read\"]\n",
        tree.display()
    );
    world.write("p.toml", rule);
    let arguments = ["run", "./reread.wat", "--policy", "p.toml"];
    let bounded = arguments.iter().chain(&["--max-input", "20MiB", "--json"]);
    let object = world.tenzik(bounded).exits(25).json();
    assert_eq!(object["error"]["code"], "input_exceeded");
    let mut child = world
        .command(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has said something, so it runs.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    signal(&child, Signal::TERM);
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    child.wait().unwrap();
    assert!(said.contains("cancelled"), "{said}");
}

#[test]
fn a_policy_that_was_learned_from_a_scan_repeats_the_scan() {
    if !has("nmap", "--version") {
        return;
    }
    let world = World::new();
    let example = std::fs::read_to_string(repository().join("docs/examples/nmap.toml")).unwrap();
    // What this machine does not provide is not the matter here.
    let broad: String = example
        .lines()
        .filter(|line| !line.starts_with("require"))
        .fold(String::new(), |text, line| text + line + "\n");
    world.write("broad.toml", broad);
    let input = r#"{"target":"127.0.0.1","ports":"1-3"}"#;
    let run = |policy: &str, more: &[&str]| {
        let arguments = [
            "run",
            "nmap-scan",
            "--policy",
            policy,
            "--input-text",
            input,
        ];
        world.tenzik(arguments.iter().chain(more)).exits(0)
    };
    run("broad.toml", &["--learn", "learned.toml"]);
    let ended = run("learned.toml", &[]);
    assert!(ended.text().contains("conn-refused"), "{}", ended.text());
}

/// Whoever feeds a program that echoes must not see by the waiting whether a guess begins a secret.
const GUESS: &str = r#"(module
    (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
    (import "tenzik" "secret_open" (func $secret_open (param i32 i32) (result i32)))
    (import "tenzik" "exec_start" (func $exec_start (param i32 i32) (result i32)))
    (import "tenzik" "exec_write" (func $exec_write (param i32 i32 i32) (result i32)))
    (import "tenzik" "exec_read" (func $exec_read (param i32 i32 i32 i32) (result i32)))
    (import "tenzik" "exec_wait" (func $exec_wait (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "token{\"argv\":[\"cat\"]}")
    (func (export "run") (result i32) (local $process i32)
        (drop (call $secret_open (i32.const 0) (i32.const 5)))
        (local.set $process (call $exec_start (i32.const 5) (i32.const 16)))
        (drop (call $exec_write (local.get $process) (i32.const 64)
            (call $input_read (i32.const 64) (i32.const 64))))
        (drop (call $exec_read (local.get $process) (i32.const 1) (i32.const 256) (i32.const 1)))
        (i32.add (i32.const 100) (call $exec_wait (local.get $process)))))"#;

#[test]
fn guesses_of_a_secret_all_end_alike() {
    let world = World::new();
    world.write("guess.wat", GUESS);
    let more = "stdin = true\ndeadline = \"400ms\"\n[secrets.token]\nenv = \"API_TOKEN\"\n";
    world.write("p.toml", policy("/usr/bin/cat", "[]", more));
    let seen = |guess: &str| {
        let arguments = [
            "run",
            "./guess.wat",
            "--policy",
            "p.toml",
            "--json",
            "--input-text",
            guess,
        ];
        let output = world
            .command(arguments)
            .env("API_TOKEN", "hunter2-K9z")
            .output();
        let object = ended(output.unwrap()).json();
        (object["exit"].clone(), object["failure_code"].clone())
    };
    let right = seen("hunter2");
    for guess in ["x", "hx", "hunter2-K9", "hunter2-K8"] {
        assert_eq!(seen(guess), right, "{guess}");
    }
}

#[test]
fn no_rule_reaches_through_the_tree_of_another() {
    let world = World::new();
    let root = world.path("").canonicalize().unwrap();
    std::fs::create_dir_all(root.join("w/data")).unwrap();
    let at = |name: &str| root.join(name).display().to_string();
    let rule = |read: &str, write: &str| {
        format!(
            "version = 1\n[[exec]]\nname = \"sh\"\nprogram = \"/usr/bin/sh\"\nfollow = true\nargs = []\nread = [\"/usr\"]\nwrite = [\"{write}\"]\n\
             [[exec]]\nname = \"cat\"\nprogram = \"/usr/bin/cat\"\nargs = [\"{{words...}}\"]\nread = [\"/usr\", \"/lib\", \"/lib64\", \"{read}\"]\n{WORDS}"
        )
    };
    let refused = |policy: &str, name: &str| {
        let object = run(&world, policy, &[name], &["--json"]).exits(30).json();
        object["error"]["message"].as_str().unwrap().to_owned()
    };
    let argv = |policy: &str| {
        let object = run(&world, policy, &["cat", "x"], &["--json"])
            .exits(30)
            .json();
        object["error"]["message"].as_str().unwrap().to_owned()
    };
    assert!(argv(&rule(&at("w/data"), &at("w"))).contains("may put links"));
    std::os::unix::fs::symlink(at("w/data"), at("link")).unwrap();
    assert!(argv(&rule(&at("link"), &at("w"))).contains("may put links"));
    let tree = format!(
        "{}[[files]]\npath = \"{}\"\naccess = [\"read\"]\n",
        rule(&at("w"), &at("w")),
        at("w/data")
    );
    world.write("p.toml", tree);
    let input = serde_json::json!({ "path": at("w/data/x") }).to_string();
    let arguments = [
        "run",
        "file-read",
        "--policy",
        "p.toml",
        "--json",
        "--input-text",
        &input,
    ];
    let object = world.tenzik(arguments).exits(30).json();
    assert_eq!(object["error"]["code"], "file_refused");
    // What is tenzik's own is nobody's.
    std::fs::create_dir_all(root.join("state/tenzik")).unwrap();
    assert!(refused(&rule(&at("w"), &at("state")), "sh").contains("own files"));
    assert!(argv(&rule(&at("config/tenzik"), &at("w"))).contains("own files"));
}
