//! Jobs of scenarios that have effects, on this machine: processes, files, secrets, artifacts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tenzik_runtime::gate::LocalAdapter;
use tenzik_runtime::journal::{ArtifactStore, Journal, JournalOptions};
use tenzik_runtime::performer::{EnginePerformer, PerformerOptions, Receipts};
use tenzik_runtime::policy::PolicyFile;
use tenzik_runtime::scenario::driver::{JobKey, JobStart};
use tenzik_runtime::scenario::execute::{ArtifactSink, Performed, Performer, StopCause, StopFlag};
use tenzik_runtime::scenario::{
    CapsuleWork, Effect, OutputFormat, Stage, Work, WorkEnding, WorkInput,
};
use tenzik_runtime::{EngineOptions, NodeKey, Runtime, assemble};

use crate::world::{World, repository};

const ID: &str = "00112233445566778899aabbccddeeff";
const SECRET: &str = "Wp7-geheim-8Kq";

/// Trees that programs of the system need.
const SYSTEM: &str =
    r#"read = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"]"#;

struct Bench<'w> {
    world: &'w World,
    performer: EnginePerformer,
    sink: ArtifactStore,
    stop: StopFlag,
}

impl<'w> Bench<'w> {
    fn new(world: &'w World) -> Bench<'w> {
        let journal = Journal::open(&world.path("journal.db"), &JournalOptions::default()).unwrap();
        let adapter = LocalAdapter::itself(env!("CARGO_BIN_EXE_tenzik"));
        let state = world.path("state/tenzik");
        let options = PerformerOptions {
            embedded: Arc::new(|_| None),
            adapters: BTreeMap::from([("local".to_owned(), Arc::new(adapter) as Arc<_>)]),
            environment: Arc::new(|name| match name {
                "API_TOKEN" => Some(SECRET.into()),
                "LANG" => Some("C.UTF-8".into()),
                _ => None,
            }),
            artifact_directory: state.join("artifacts"),
            state_directory: state,
            protected: Vec::new(),
            no_inputs: Vec::new(),
            receipts: Receipts::Effects,
            key: Some(NodeKey::from_seed(&[7; 32])),
            now_ms: Arc::new(|| 1_763_596_800_000),
            environment_key: [9; 32],
            report: Arc::new(|_, _| String::new()),
        };
        Bench {
            world,
            performer: EnginePerformer::new(
                Runtime::new(&EngineOptions::default()).unwrap(),
                options,
            ),
            sink: ArtifactStore::open(Arc::new(journal)).unwrap(),
            stop: StopFlag::default(),
        }
    }

    fn stage(&self, path: &Path, policy: &str) -> Stage {
        let bytes = std::fs::read(path).unwrap();
        let bytes = match path.extension().is_some_and(|ending| ending == "wat") {
            true => assemble(std::str::from_utf8(&bytes).unwrap()).unwrap(),
            false => bytes,
        };
        Stage {
            capsule: path.to_str().unwrap().to_owned(),
            capsule_id: blake3::hash(&bytes).to_hex().to_string(),
            policy: Arc::new(PolicyFile::parse("p.toml", policy).unwrap().policy),
            is_pure: false,
        }
    }

    /// A capsule that comes with tenzik.
    fn prebuilt(&self, name: &str, policy: &str) -> Stage {
        let folder = repository().join("capsules/prebuilt");
        self.stage(&folder.join(format!("{name}.wasm")), policy)
    }

    fn perform(&self, stages: Vec<Stage>, input: &[u8]) -> Performed {
        let work = Work::Capsule(CapsuleWork {
            stages,
            input: WorkInput::Bytes(input.to_vec()),
            output: OutputFormat::Text,
            seed: 7,
            adapter: "local".to_owned(),
        });
        let start = JobStart {
            key: JobKey {
                path: "step".into(),
                attempt: 1,
            },
            node: 0,
            work,
            effect: Effect::AtMostOnce,
            timeout_ms: Some(1_000),
            session: None,
            again: false,
        };
        self.performer
            .perform(&start, ID, &self.stop, &self.sink)
            .unwrap()
    }

    fn exec(&self, policy: &str, argv: &[&str]) -> Performed {
        let input = serde_json::json!({ "argv": argv }).to_string();
        self.perform(vec![self.prebuilt("exec", policy)], input.as_bytes())
    }

    fn artifact(&self, performed: &Performed, name: &str) -> String {
        let mut artifacts = performed.result.artifacts.iter();
        let found = artifacts.find(|artifact| artifact.name == name);
        let found = found.unwrap_or_else(|| panic!("{name}: {:?}", performed.result));
        let mut text = String::new();
        let mut reader = ArtifactSink::open(&self.sink, &found.digest).unwrap();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        text
    }
}

/// A policy that lets a shell run this script.
fn shell(script: &str, more: &str) -> String {
    let program = std::fs::canonicalize("/bin/sh").unwrap();
    format!(
        "version = 1\ngrants = [\"json\"]\n[[exec]]\nname = \"sh\"\nprogram = {program:?}\n\
         args = [\"-c\", {script:?}]\n{SYSTEM}\nprocesses = 8\n{more}\n"
    )
}

#[test]
fn what_a_process_does_is_an_output_and_its_provenance() {
    let world = World::new();
    let bench = Bench::new(&world);
    let script = "echo out; echo err >&2";
    let more = "env = { PATH = \"/usr/bin:/bin\", TOKEN = { secret = \"token\" } }\npass_env = [\"LANG\", \"NONE\"]\n[secrets.token]\nenv = \"API_TOKEN\"";
    let performed = bench.exec(&shell(script, more), &["sh", "-c", script]);
    assert_eq!(performed.result.output, Value::from("out\n"));
    assert!(bench.artifact(&performed, "stderr").contains("err"));
    assert!(
        bench
            .artifact(&performed, "receipt.json")
            .contains("\"status\":\"ok\"")
    );
    assert_eq!(performed.result.usage.processes, 1);
    assert!(performed.result.usage.process_memory_bytes > 0);
    let stage = &performed.provenance.stages[0];
    assert_eq!(stage.effects_id.as_deref(), Some(ID));
    let process = &stage.processes[0];
    assert_eq!(process.argv, ["sh", "-c", script]);
    assert_eq!(process.ending, "exit 0");
    let names = process.environment.iter();
    let names: Vec<&str> = names.map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["LANG", "PATH", "TOKEN"]);
    let values = process.environment.iter();
    let values: Vec<&str> = values.map(|variable| variable.value.as_str()).collect();
    let keyed = |value: &[u8]| blake3::keyed_hash(&[9; 32], value).to_hex()[..32].to_owned();
    assert_eq!(
        values,
        [&keyed(b"C.UTF-8"), &keyed(b"/usr/bin:/bin"), "secret"]
    );
    assert_eq!(performed.memo_key, None);
}

#[test]
fn what_is_not_granted_is_refused() {
    let world = World::new();
    let bench = Bench::new(&world);
    let performed = bench.exec(&shell("echo a", ""), &["sh", "-c", "echo b"]);
    let WorkEnding::Failed { code, exit, .. } = &performed.result.ending else {
        panic!("{performed:?}")
    };
    assert_eq!((code.as_str(), *exit), ("exec_refused", 30));
    assert!(
        bench
            .artifact(&performed, "receipt.json")
            .contains("refused")
    );
}

#[test]
fn a_secret_of_one_step_is_masked_in_what_another_writes() {
    let world = World::new();
    let bench = Bench::new(&world);
    let opens = "echo \"$TOKEN\" | base64";
    let more = "env = { PATH = \"/usr/bin:/bin\", TOKEN = { secret = \"token\" } }\n[secrets.token]\nenv = \"API_TOKEN\"";
    let first = bench.exec(&shell(opens, more), &["sh", "-c", opens]);
    assert!(
        first.result.output.as_str().unwrap().contains("***"),
        "{first:?}"
    );
    // This policy knows no secrets.
    let tells = format!("echo {SECRET}; echo {SECRET} >&2");
    let second = bench.exec(&shell(&tells, ""), &["sh", "-c", &tells]);
    assert_eq!(second.result.output, Value::from("***\n"));
    assert!(bench.artifact(&second, "stderr").contains("***"));
    let told = format!("{second:?}");
    assert!(!told.contains(SECRET), "{told}");
    for entry in std::fs::read_dir(world.path("journal.db.store")).unwrap() {
        let folder = entry.unwrap().path();
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&content).into_owned();
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}

#[test]
fn a_tool_is_a_program_and_its_parser() {
    let world = World::new();
    let bench = Bench::new(&world);
    let script = "printf hello";
    let parser = bench.prebuilt("base64", "version = 1\ngrants = [\"base64\"]\n");
    let stages = vec![bench.prebuilt("exec", &shell(script, "")), parser];
    let input = serde_json::json!({ "argv": ["sh", "-c", script] }).to_string();
    let performed = bench.perform(stages, input.as_bytes());
    assert_eq!(performed.result.output.as_str().unwrap().trim(), "aGVsbG8=");
    assert_eq!(performed.provenance.stages.len(), 2);
    // Where the program fails, nothing is parsed.
    let script = "printf half; exit 3";
    let parser = bench.prebuilt("base64", "version = 1\ngrants = [\"base64\"]\n");
    let stages = vec![bench.prebuilt("exec", &shell(script, "")), parser];
    let input = serde_json::json!({ "argv": ["sh", "-c", script] }).to_string();
    let performed = bench.perform(stages, input.as_bytes());
    assert!(matches!(
        performed.result.ending,
        WorkEnding::Failed { exit: 20, .. }
    ));
    assert_eq!(bench.artifact(&performed, "output.partial"), "half");
    assert_eq!(performed.provenance.stages.len(), 1);
}

/// Whether a process of this machine has `word` among its arguments.
fn lives(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes.filter_map(Result::ok).any(|entry| {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mut arguments = arguments.split(|byte| *byte == 0);
        arguments.any(|argument| argument == word.as_bytes())
    })
}

#[test]
fn a_stopped_job_leaves_no_process() {
    let world = World::new();
    let bench = Bench::new(&world);
    let seconds = format!("8{}", std::process::id());
    let script =
        format!("trap '' TERM INT HUP; setsid sleep {seconds} & sleep {seconds} & wait; wait");
    let more = "env = { PATH = \"/usr/bin:/bin\" }\ndeadline = \"600s\"";
    let policy = shell(&script, more);
    let performed = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !lives(&seconds) {
                std::thread::yield_now();
            }
            bench.stop.stop(StopCause::TimedOut);
        });
        bench.exec(&policy, &["sh", "-c", &script])
    });
    assert!(!lives(&seconds));
    let timeout = WorkEnding::TimedOut { timeout_ms: 1_000 };
    assert_eq!(performed.result.ending, timeout);
    assert_eq!(performed.provenance.stages[0].processes[0].ending, "killed");
}

#[test]
fn files_of_a_job_are_undone_by_its_id() {
    let world = World::new();
    let bench = Bench::new(&world);
    std::fs::create_dir(world.path("tree")).unwrap();
    let file = world.write("tree/file", "old");
    let policy = format!(
        "version = 1\ngrants = [\"hash\"]\n[[files]]\npath = {:?}\naccess = [\"read\", \"write\"]\nbytes = \"1MiB\"\nfiles = 10\n",
        world.path("tree")
    );
    let request = serde_json::json!({ "path": file, "mode": "replace" }).to_string() + "\nnew";
    let stages = vec![bench.prebuilt("file-write", &policy)];
    let performed = bench.perform(stages, request.as_bytes());
    assert_eq!(performed.result.ending, WorkEnding::Ok);
    assert_eq!(world.read("tree/file"), b"new");
    assert_eq!(performed.provenance.stages[0].files_changed, 1);
    let mut undo = bench.world.command(["undo", ID]);
    undo.env("XDG_STATE_HOME", world.path("state"));
    crate::world::ended(undo.output().unwrap()).exits(0);
    assert_eq!(world.read("tree/file"), b"old");
}

#[test]
fn artifacts_of_the_gate_are_artifacts_of_the_job() {
    let world = World::new();
    let bench = Bench::new(&world);
    let capsule = world.write(
        "artifact.wat",
        r#"(module
            (import "tenzik" "artifact_create" (func $create (param i32 i32) (result i32)))
            (import "tenzik" "artifact_write" (func $write (param i32 i32 i32) (result i32)))
            (import "tenzik" "artifact_commit" (func $commit (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "list.txt")
            (func (export "run") (result i32) (local $artifact i32)
                (local.set $artifact (call $create (i32.const 0) (i32.const 8)))
                (drop (call $write (local.get $artifact) (i32.const 0) (i32.const 4)))
                (call $commit (local.get $artifact))))"#,
    );
    let stage = bench.stage(&capsule, "version = 1\ngrants = []\n[artifacts]\n");
    let performed = bench.perform(vec![stage], b"");
    assert_eq!(performed.result.ending, WorkEnding::Ok);
    assert_eq!(bench.artifact(&performed, "list.txt"), "list");
    // The gate keeps no copy, which nothing would be masked in.
    let left = std::fs::read_dir(world.path("state/tenzik/artifacts")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn artifacts_of_the_gate_take_no_names_of_tenziks_own() {
    let world = World::new();
    let bench = Bench::new(&world);
    let capsule = world.write(
        "artifact.wat",
        r#"(module
            (import "tenzik" "artifact_create" (func $create (param i32 i32) (result i32)))
            (import "tenzik" "artifact_write" (func $write (param i32 i32 i32) (result i32)))
            (import "tenzik" "artifact_commit" (func $commit (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "receipt.json")
            (func (export "run") (result i32) (local $artifact i32)
                (local.set $artifact (call $create (i32.const 0) (i32.const 12)))
                (drop (call $write (local.get $artifact) (i32.const 0) (i32.const 4)))
                (call $commit (local.get $artifact))))"#,
    );
    let stage = bench.stage(&capsule, "version = 1\ngrants = []\n[artifacts]\n");
    let performed = bench.perform(vec![stage], b"");
    assert_eq!(performed.result.ending, WorkEnding::Ok);
    assert_eq!(bench.artifact(&performed, "capsule/receipt.json"), "rece");
}
