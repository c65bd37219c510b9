//! Memories where the system gives little: each test limits a process of its own.

use std::fmt::Write as _;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tenzik_runtime::{EngineOptions, FaultCode, Runtime, Status};

use crate::memories::{
    MANY_PAGES, PAGE, all_zero, capsule, fault, filler, last, reader, run, runtimes, try_run,
};

/// Says that this process is the child of the test of the same name.
const CHILD_VARIABLE: &str = "TENZIK_SHORT_MEMORY_CHILD";

/// Bytes of this process that count as data.
fn data_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib << 10
}

fn limit(resource: Resource, bytes: u64) {
    let limit = Rlimit {
        current: Some(bytes),
        ..getrlimit(resource)
    };
    setrlimit(resource, limit).unwrap();
}

/// Runs the test `name` again in a process of its own. True in that process.
fn is_child(name: &str) -> bool {
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("short_memory::{name}"), "--nocapture"])
        .env(CHILD_VARIABLE, "1")
        .output()
        .unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    let _ = write!(text, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    false
}

#[test]
fn what_the_system_does_not_make_accessible_is_not_used_again() {
    if !is_child("what_the_system_does_not_make_accessible_is_not_used_again") {
        return;
    }
    for runtime in runtimes() {
        let texts = [reader(1, 0), last(300, 0), last(1, 300)];
        assert!(texts.iter().all(|text| run(&runtime, text) == Status::Ok));
        // What waits has only a page, so that each memory below has to be made accessible.
        assert_eq!(run(&runtime, &reader(1, 0)), Status::Ok);
        let before = getrlimit(Resource::Data);
        limit(Resource::Data, data_bytes() + (8 << 20));
        // Nothing is asserted before the limit is gone: a panic needs memory, too.
        let rounds = [(); 3].map(|()| {
            let [_, declared, grown] = &texts;
            let failure = try_run(&runtime, declared).map_err(|failure| failure.to_string());
            let grown = try_run(&runtime, grown).map(|outcome| outcome.status);
            let after = try_run(&runtime, &reader(1, 0)).map(|outcome| outcome.status);
            (failure, grown, after)
        });
        setrlimit(Resource::Data, before).unwrap();
        for (failure, grown, after) in rounds {
            let failure = failure.unwrap_err();
            let told = failure.contains("cannot make 19660800 bytes accessible");
            assert!(told, "{failure}");
            let message = Vec::new();
            assert_eq!(grown.unwrap(), Status::Failure { code: 1, message });
            assert_eq!(after.unwrap(), Status::Ok);
        }
        assert!(texts.iter().all(|text| run(&runtime, text) == Status::Ok));
        all_zero(&runtime);
    }
}

#[test]
fn little_address_space_is_enough() {
    if !is_child("little_address_space_is_enough") {
        return;
    }
    limit(Resource::As, 1 << 30);
    let one_shot = Runtime::new(&EngineOptions::one_shot()).unwrap();
    let [plain, fastest] = runtimes();
    let default = Runtime::new(&EngineOptions::default()).unwrap();
    for runtime in [&one_shot, &plain, &fastest, &default] {
        let behind = format!("(drop (i32.load8_u (i32.const {})))", 41 * PAGE);
        for _ in 0..3 {
            assert_eq!(run(runtime, &filler(1, MANY_PAGES, "")), Status::Ok);
            let status = run(runtime, &capsule(1, MANY_PAGES, &behind));
            assert!(fault(FaultCode::MemoryOutOfBounds)(&status), "{status:?}");
            assert_eq!(run(runtime, &last(511, 0)), Status::Ok);
            assert_eq!(run(runtime, &last(1, 510)), Status::Ok);
            all_zero(runtime);
        }
    }
    // More memories at a time than the address space would have room for otherwise.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(run(&default, &filler(1, 1, "")), Status::Ok);
                }
            });
        }
    });
}
