//! `tenzik build --watch`: a real process, real files, real signals.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::world::World;

/// Longer than anything here takes; only a broken test waits for it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A watching process. It is killed when the test ends, however that happens.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
    /// Kept open: a closed one would be an end of input.
    _stdin: Option<ChildStdin>,
}

impl Watcher {
    fn start(world: &World, arguments: &[&str], path: Option<&Path>) -> Watcher {
        let mut command = world.command(arguments);
        if let Some(path) = path {
            let rest = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{}:{rest}", path.display()));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Watcher {
            _stdin: child.stdin.take(),
            child,
            lines,
        }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    fn object(&self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// Sends the signal and returns the exit code.
    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(self.pid(), signal).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "the process did not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A capsule that writes `text`.
fn writes(text: &str) -> String {
    format!(
        r#"(module (import "tenzik" "output_write" (func $write (param i32 i32)))
            (memory (export "memory") 1) (data (i32.const 0) "{text}\n")
            (func (export "run") (result i32)
                (call $write (i32.const 0) (i32.const {})) (i32.const 0)))"#,
        text.len() + 1
    )
}

#[test]
fn a_change_makes_new_bytes_and_an_error_does_not_end_it() {
    let world = World::new();
    world.tenzik(["new", "p", "--lang", "wat"]).exits(0);
    world.write("p/p.wat", writes("one"));
    let watcher = Watcher::start(&world, &["build", "p", "--watch", "--json"], None);
    let first = watcher.object();
    assert_eq!(first["status"], "ok");
    let bytes = world.read("p/p.wasm");
    assert_eq!(first["capsule_id"], blake3::hash(&bytes).to_hex().as_str());

    world.write("p/p.wat", writes("two"));
    let second = watcher.object();
    assert_eq!(second["status"], "ok");
    assert_ne!(second["capsule_id"], first["capsule_id"]);
    assert_ne!(world.read("p/p.wasm"), bytes);

    world.write("p/p.wat", "(module");
    assert_eq!(watcher.object()["status"], "error");
    world.write("p/p.wat", "(module (memory (export \"memory\") 1))");
    assert_eq!(watcher.object()["status"], "reject");
    world.write("p/tenzik.toml", "name = 1");
    assert_eq!(watcher.object()["error"]["code"], "usage");
    world.write("p/p.wat", writes("one"));
    assert_eq!(watcher.object()["status"], "error");
    let toml = "name = \"p\"\nversion = \"0.1.0\"\nlanguage = \"wat\"\nsource = \"p.wat\"\n";
    world.write("p/tenzik.toml", toml);
    assert_eq!(watcher.object()["capsule_id"], first["capsule_id"]);
    assert_eq!(world.read("p/p.wasm"), bytes);
    assert_eq!(watcher.end(Signal::INT), Some(0));
}

#[test]
fn a_run_follows_each_build_that_succeeds() {
    let world = World::new();
    world.write("p.wat", writes("one"));
    let arguments = [
        "build", "p.wat", "--watch", "--run", "--json", "--", "--json", "--seed", "7",
    ];
    let watcher = Watcher::start(&world, &arguments, None);
    assert_eq!(watcher.object()["status"], "ok");
    assert_eq!(watcher.object()["output"], "one\n");
    world.write("p.wat", writes("two"));
    assert_eq!(watcher.object()["status"], "ok");
    assert_eq!(watcher.object()["output"], "two\n");
    assert_eq!(watcher.end(Signal::TERM), Some(0));
}

#[test]
fn wrong_use_is_refused_before_the_first_build() {
    let world = World::new();
    world.write("p.wat", writes("one"));
    for arguments in [
        &["build", "p.wat", "--run"][..],
        &["build", "p.wat", "--", "--seed", "7"],
        &["build", "p.wat", "--watch", "--", "--seed", "7"],
        &["build", "p.wat", "--watch", "--run", "--", "--no-such-flag"],
    ] {
        world.tenzik(arguments).exits(2);
        assert!(!world.path("p.wasm").exists(), "{arguments:?}");
    }
}

/// A compiler that never ends is killed with its descendants.
#[test]
fn a_signal_leaves_no_process() {
    leaves_no_process(&["build", "p", "--watch"], Some(0));
    // Without anything to watch the signal ends tenzik, as it would end any program.
    leaves_no_process(&["build", "p"], None);
    leaves_no_process(&["test", "p"], None);
}

/// A signal after the build ends tenzik like any program.
#[test]
fn a_signal_is_obeyed_after_the_build_too() {
    let world = World::new();
    world.tenzik(["new", "p", "--lang", "wat"]).exits(0);
    let forever = r#"(module (memory (export "memory") 1)
        (func (export "run") (result i32) (loop (br 0)) (i32.const 0)))"#;
    world.write("p/p.wat", forever);
    std::fs::remove_file(world.path("p/tests/example.output")).unwrap();
    world.write("p/tests/example.status", "ok\n");
    let limits = "[limits]\nfuel = 1152921504606846976\nwall_us = 600000000\n";
    world.write("p/tests/example.toml", limits);
    let watcher = Watcher::start(&world, &["test", "p"], None);
    assert!(watcher.line().starts_with("running 1 case"));
    assert_eq!(watcher.end(Signal::INT), None);
}

fn leaves_no_process(arguments: &[&str], exit: Option<i32>) {
    let world = World::new();
    world.tenzik(["new", "p", "--lang", "c"]).exits(0);
    std::fs::create_dir(world.path("bin")).unwrap();
    let pids = world.path("pids");
    let script = format!(
        "#!/bin/sh\ncase $1 in\n--version) echo 'clang version 19.1.0' ;;\n--print-targets) echo wasm32 ;;\n\
         *) sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait ;;\nesac\n",
        pids.display()
    );
    for (name, text) in [
        ("clang", script.as_str()),
        ("wasm-ld-19", "#!/bin/sh\necho LLD 19.1.0\n"),
    ] {
        let path = world.write(&format!("bin/{name}"), text);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
    }
    let watcher = Watcher::start(&world, arguments, Some(&world.path("bin")));
    let until = Instant::now() + PATIENCE;
    while !pids.exists() {
        assert!(Instant::now() < until, "the compiler was not started");
        std::thread::yield_now();
    }
    let pids = std::fs::read_to_string(pids).unwrap();
    let pids: Vec<i32> = pids
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 2);
    assert_eq!(watcher.end(Signal::TERM), exit);
    for pid in pids {
        let process = Pid::from_raw(pid).unwrap();
        // A killed orphan exists until its new parent has collected it; a zombie is dead as well.
        while test_kill_process(process).is_ok() && !is_zombie(pid) {
            assert!(Instant::now() < until, "process {pid} outlived the signal");
            std::thread::yield_now();
        }
    }
}

fn is_zombie(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}
