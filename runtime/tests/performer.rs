//! Jobs of scenarios that start no process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tenzik_runtime::evidence::SignedReceipt;
use tenzik_runtime::gate::LocalAdapter;
use tenzik_runtime::journal::{ArtifactStore, Journal, JournalOptions};
use tenzik_runtime::performer::{EnginePerformer, PerformerOptions, Receipts, fault_exit};
use tenzik_runtime::policy::{PolicyFile, SecretGrant, SecretSource};
use tenzik_runtime::scenario::driver::{JobKey, JobStart};
use tenzik_runtime::scenario::execute::{ArtifactSink, Performed, Performer, StopCause, StopFlag};
use tenzik_runtime::scenario::{
    CapsuleWork, Effect, InputFile, OutputFormat, ReportColumn, ReportFormat, ReportWork, Stage,
    Work, WorkEnding, WorkInput,
};
use tenzik_runtime::{EngineOptions, FaultCode, NodeKey, Policy, Runtime, TrustStore};

use crate::world::wasm;

const ID: &str = "00112233445566778899aabbccddeeff";

/// Writes its input back.
const ECHO: &str = r#"(module
    (import "tenzik" "input_read" (func $read (param i32 i32) (result i32)))
    (import "tenzik" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (local $count i32)
        (loop $again
            (local.set $count (call $read (i32.const 0) (i32.const 4096)))
            (call $write (i32.const 0) (local.get $count))
            (br_if $again (local.get $count)))
        (i32.const 0)))"#;

struct Bench {
    directory: tempfile::TempDir,
    performer: EnginePerformer,
    sink: ArtifactStore,
    stop: StopFlag,
}

impl Bench {
    fn new(receipts: Receipts) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.db");
        let journal = Journal::open(&path, &JournalOptions::default()).unwrap();
        let adapter = LocalAdapter::with_helper(directory.path().join("none"));
        let options = PerformerOptions {
            embedded: Arc::new(|_| None),
            adapters: BTreeMap::from([("local".to_owned(), Arc::new(adapter) as Arc<_>)]),
            environment: Arc::new(|name| (name == "TOKEN").then(|| "s3cret-value".into())),
            state_directory: directory.path().join("state"),
            protected: Vec::new(),
            no_inputs: journal.own_paths(),
            artifact_directory: directory.path().join("state/artifacts"),
            receipts,
            key: Some(NodeKey::from_seed(&[7; 32])),
            now_ms: Arc::new(|| 1_763_596_800_000),
            environment_key: [9; 32],
            report: Arc::new(|work, _| format!("{} {}", work.title, json!(work.rows))),
        };
        let runtime = Runtime::new(&EngineOptions::default()).unwrap();
        Bench {
            directory,
            performer: EnginePerformer::new(runtime, options),
            sink: ArtifactStore::open(Arc::new(journal)).unwrap(),
            stop: StopFlag::default(),
        }
    }

    /// A stage that runs this module from a file.
    fn stage(&self, text: &str, policy: Policy) -> Stage {
        let bytes = wasm(text);
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let path = self.directory.path().join(format!("{digest}.wasm"));
        std::fs::write(&path, bytes).unwrap();
        Stage {
            capsule: path.to_str().unwrap().to_owned(),
            capsule_id: digest,
            policy: Arc::new(policy),
            is_pure: true,
        }
    }

    /// A file of the scenario, whose directory is that of the bench.
    fn file(&self, path: impl Into<PathBuf>) -> WorkInput {
        WorkInput::File(InputFile {
            directory: self.directory.path().to_owned(),
            path: path.into(),
        })
    }

    fn perform(&self, job: &JobStart) -> Performed {
        self.performer
            .perform(job, ID, &self.stop, &self.sink)
            .unwrap()
    }

    fn run(&self, text: &str, policy: Policy, input: &[u8]) -> Performed {
        let stages = vec![self.stage(text, policy)];
        self.perform(&job(capsules(stages, WorkInput::Bytes(input.to_vec()))))
    }

    fn content(&self, digest: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut reader = ArtifactSink::open(&self.sink, digest).unwrap();
        std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
        bytes
    }

    fn artifact(&self, performed: &Performed, name: &str) -> Option<Vec<u8>> {
        let mut artifacts = performed.result.artifacts.iter();
        let found = artifacts.find(|artifact| artifact.name == name)?;
        Some(self.content(&found.digest))
    }
}

fn capsules(stages: Vec<Stage>, input: WorkInput) -> Work {
    Work::Capsule(CapsuleWork {
        stages,
        input,
        output: OutputFormat::Text,
        seed: 7,
        adapter: "local".to_owned(),
    })
}

fn job(work: Work) -> JobStart {
    JobStart {
        key: JobKey {
            path: "step".into(),
            attempt: 1,
        },
        node: 0,
        work,
        effect: Effect::Pure,
        timeout_ms: Some(60_000),
        session: None,
        again: false,
    }
}

fn failed(performed: &Performed) -> (&str, u8, &str) {
    match &performed.result.ending {
        WorkEnding::Failed {
            code,
            exit,
            message,
        } => (code, *exit, message),
        other => panic!("{other:?}"),
    }
}

fn body(body: &str) -> String {
    format!(
        r#"(module
            (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
            (import "tenzik" "log" (func $log (param i32 i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 8) "s3cret-value")
            (func (export "run") (result i32) {body}))"#
    )
}

#[test]
fn an_output_is_a_value_and_an_artifact() {
    let bench = Bench::new(Receipts::Effects);
    let performed = bench.run(ECHO, Policy::default(), b"hello");
    assert_eq!(performed.result.ending, WorkEnding::Ok);
    assert_eq!(performed.result.output, Value::from("hello"));
    assert_eq!(bench.artifact(&performed, "output").unwrap(), b"hello");
    assert_eq!(performed.result.artifacts.len(), 1);
    let usage = performed.result.usage;
    assert!(usage.fuel > 0 && usage.memory_bytes >= 65_536 && usage.wall_us > 0);
    assert_eq!(usage.output_bytes, 5);
    assert_eq!(performed.provenance.stages[0].processes, []);
}

#[test]
fn runs_end_as_tenzik_run_says() {
    let bench = Bench::new(Receipts::Off);
    let run = |code: &str| bench.run(&body(code), Policy::default(), b"");
    let failure = run("(call $fail (i32.const 7) (i32.const 8) (i32.const 3)) (i32.const 0)");
    assert_eq!(
        failed(&failure),
        ("capsule_failure", 20, "the capsule failed with code 7: s3c")
    );
    assert_eq!(failed(&run("unreachable")).1, 21);
    assert_eq!(failed(&run("unreachable")).0, "trap_unreachable");
    let endless = run("(loop $again (br $again)) (i32.const 0)");
    let (code, exit, _) = failed(&endless);
    assert_eq!(
        (code, exit),
        (
            "fuel_exhausted",
            fault_exit(FaultCode::FuelExhausted.class())
        )
    );
    let (code, exit, _) = {
        let performed = bench.run(
            &ECHO.replace("input_read", "no_such"),
            Policy::default(),
            b"",
        );
        let (code, exit, message) = failed(&performed);
        (code.to_owned(), exit, message.to_owned())
    };
    assert_eq!((code.as_str(), exit), ("import_unknown", 11));
}

#[test]
fn a_capsule_that_changed_does_not_run() {
    let bench = Bench::new(Receipts::Off);
    let stage = bench.stage(ECHO, Policy::default());
    std::fs::write(&stage.capsule, wasm(&body("(i32.const 0)"))).unwrap();
    let work = capsules(vec![stage], WorkInput::Bytes(Vec::new()));
    let performed = bench.perform(&job(work));
    assert_eq!(failed(&performed).0, "capsule_changed");
}

#[test]
fn stages_pass_their_output_on() {
    let bench = Bench::new(Receipts::All);
    let stage = || bench.stage(ECHO, Policy::default());
    let work = capsules(vec![stage(), stage()], WorkInput::Bytes(b"abc".to_vec()));
    let performed = bench.perform(&job(work));
    assert_eq!(performed.result.output, Value::from("abc"));
    let names = performed.result.artifacts.iter();
    let names: Vec<&str> = names.map(|artifact| artifact.name.as_str()).collect();
    assert_eq!(names, ["output", "receipt.json", "receipt-2.json"]);
    assert_eq!(performed.provenance.stages.len(), 2);
}

#[test]
fn receipts_verify() {
    let bench = Bench::new(Receipts::All);
    let performed = bench.run(ECHO, Policy::default(), b"hello");
    let text = bench.artifact(&performed, "receipt.json").unwrap();
    let receipt = SignedReceipt::parse(&text).unwrap();
    let mut trusted = TrustStore::new();
    let key = NodeKey::from_seed(&[7; 32]).public_key();
    trusted.insert(key, None).unwrap();
    receipt.clone().verify(&trusted).unwrap();
    let stage = &performed.provenance.stages[0];
    let statement = receipt.body().statement();
    let run = statement.verdict.run().unwrap();
    assert_eq!(
        run.output_commit.to_string(),
        performed.result.artifacts[0].digest
    );
    assert_eq!(run.capsule_id.to_string(), stage.capsule_id);
    assert_eq!(statement.policy_commit.to_string(), stage.policy_commit);
    assert_eq!(
        stage.receipt.as_deref(),
        Some(&*blake3::hash(&text).to_hex())
    );
}

#[test]
fn files_and_artifacts_are_inputs() {
    let bench = Bench::new(Receipts::Off);
    let stage = || vec![bench.stage(ECHO, Policy::default())];
    let path = bench.directory.path().join("input");
    let large = vec![b'x'; 1_500_000];
    for content in [b"small".as_slice(), &large] {
        std::fs::write(&path, content).unwrap();
        let performed = bench.perform(&job(capsules(stage(), bench.file("input"))));
        assert_eq!(bench.artifact(&performed, "output").unwrap(), content);
        let digest = performed.result.artifacts[0].digest.clone();
        let again = bench.perform(&job(capsules(stage(), WorkInput::Artifact(digest))));
        assert_eq!(bench.artifact(&again, "output").unwrap(), content);
        // The key is that of the input, wherever it came from.
        assert_eq!(again.memo_key, performed.memo_key);
        assert!(again.memo_key.is_some());
    }
    std::os::unix::net::UnixListener::bind(bench.directory.path().join("socket")).unwrap();
    for wrong in ["socket", "nonexistent", "."] {
        let work = capsules(stage(), bench.file(wrong));
        let error = bench
            .performer
            .perform(&job(work), ID, &bench.stop, &bench.sink);
        let directory = bench.directory.path().to_str().unwrap();
        let message = error.unwrap_err().message;
        assert!(message.contains(directory) && message.contains("cannot be read"));
    }
}

/// What a step may not read is refused before it is opened: a closed descriptor of the journal would
/// take the locks of SQLite off it.
#[test]
fn files_that_a_step_may_not_read_are_refused() {
    let bench = Bench::new(Receipts::Off);
    let own = bench.directory.path();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    std::fs::write(&secret, "outside").unwrap();
    std::os::unix::fs::symlink(&secret, own.join("link")).unwrap();
    std::os::unix::fs::symlink("/proc/self/environ", own.join("magic")).unwrap();
    std::fs::hard_link(own.join("journal.db"), own.join("alias")).unwrap();
    let artifact = bench.run(ECHO, Policy::default(), b"kept").result.artifacts[0].clone();
    let refused = |path: PathBuf, policy: Policy| {
        let job = job(capsules(vec![bench.stage(ECHO, policy)], bench.file(&path)));
        assert_eq!(bench.performer.memo_key(&job), None, "{path:?}");
        let performed = bench.perform(&job);
        let (code, exit, message) = failed(&performed);
        assert_eq!((code, exit), ("input_refused", 30), "{path:?}: {message}");
        message.to_owned()
    };
    let above = PathBuf::from("..").join(outside.path().file_name().unwrap());
    for path in [secret.clone(), above.join("secret"), "/etc/passwd".into()] {
        assert!(refused(path, Policy::default()).contains("outside of the scenario's directory"));
    }
    for path in ["link", "magic"] {
        assert!(refused(path.into(), Policy::default()).contains("symbolic link"));
    }
    let tree = format!(
        "version = 1\n[[files]]\npath = {:?}\naccess = [\"read\"]\n",
        outside.path()
    );
    let tree = PolicyFile::parse("p.toml", &tree).unwrap().policy;
    assert!(own.join("journal.db-wal").exists() && own.join("journal.db-shm").exists());
    let stored = stored_file(&own.join("journal.db.store"), &artifact.digest);
    for path in ["journal.db", "journal.db-wal", "journal.db-shm", "alias"] {
        assert!(refused(path.into(), tree.clone()).contains("tenzik's own"));
    }
    assert!(refused(stored, tree.clone()).contains("tenzik's own"));
    let granted = capsules(vec![bench.stage(ECHO, tree)], bench.file(secret));
    assert_eq!(bench.perform(&job(granted)).result.output, "outside");
}

fn stored_file(directory: &std::path::Path, digest: &str) -> PathBuf {
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false if path.to_str().unwrap().contains(&digest[4..]) => return path,
                false => {}
            }
        }
    }
    panic!("there is no {digest}")
}

/// Nothing would stop the reading of a huge file before its job begins.
#[test]
fn huge_inputs_have_no_key_before_the_run() {
    let bench = Bench::new(Receipts::Off);
    let file = std::fs::File::create(bench.directory.path().join("huge")).unwrap();
    let key = |bytes: u64| {
        file.set_len(bytes).unwrap();
        let stages = vec![bench.stage(ECHO, Policy::default())];
        bench
            .performer
            .memo_key(&job(capsules(stages, bench.file("huge"))))
    };
    assert!(key(64 << 20).is_some());
    assert_eq!(key((64 << 20) + 1), None);
}

#[test]
fn reports_are_bounded_and_stop() {
    let bench = Bench::new(Receipts::Off);
    let report = |title: &str| {
        Work::Report(ReportWork {
            title: title.to_owned(),
            formats: vec![ReportFormat::Json],
            rows: Vec::new(),
            columns: Vec::new(),
        })
    };
    let large = bench.perform(&job(report(&"x".repeat(64 << 20))));
    assert_eq!(failed(&large).0, "report_too_large");
    bench.stop.stop(StopCause::Cancelled);
    let stopped = bench.perform(&job(report("x")));
    assert_eq!(stopped.result.ending, WorkEnding::Cancelled);
}

#[test]
fn keys_tell_results_apart() {
    let bench = Bench::new(Receipts::Off);
    let key = |text: &str, policy: Policy, input: &[u8], seed: u64| {
        let stages = vec![bench.stage(text, policy)];
        let mut work = capsules(stages, WorkInput::Bytes(input.to_vec()));
        if let Work::Capsule(work) = &mut work {
            work.seed = seed;
        }
        bench.performer.memo_key(&job(work))
    };
    let plain = key(ECHO, Policy::default(), b"a", 1);
    assert!(plain.is_some());
    // Nobody draws random bytes.
    assert_eq!(plain, key(ECHO, Policy::default(), b"a", 2));
    assert_ne!(plain, key(ECHO, Policy::default(), b"b", 1));
    let mut policy = Policy::default();
    policy.limits.fuel_base += 1;
    assert_ne!(plain, key(ECHO, policy, b"a", 1));
    let importing =
        |import: &str| ECHO.replace("(memory", &format!("(import \"tenzik\" {import}) (memory"));
    let random = importing(r#""random_bytes" (func (param i32 i32))"#);
    assert_ne!(
        key(&random, Policy::default(), b"a", 1),
        key(&random, Policy::default(), b"a", 2)
    );
    assert!(key(&random, Policy::default(), b"a", 1).is_some());
    let time = importing(r#""time_now_ms" (func (result i64))"#);
    assert_eq!(key(&time, Policy::default(), b"a", 1), None);
}

#[test]
fn a_secret_that_one_step_opened_shows_in_no_other() {
    let bench = Bench::new(Receipts::All);
    let mut policy = Policy::default();
    let mut rules = (*policy.rules).clone();
    rules.secrets.push(SecretGrant {
        name: "token".to_owned(),
        source: SecretSource::Env("TOKEN".to_owned()),
        origin: Default::default(),
    });
    policy.rules = Arc::new(rules);
    let secret = |name: &str| {
        let work = Work::Secret {
            name: name.to_owned(),
            policy: Arc::new(policy.clone()),
        };
        bench.perform(&job(work))
    };
    assert_eq!(failed(&secret("other")).0, "secret_unavailable");
    assert_eq!(secret("token").result.ending, WorkEnding::Ok);
    let echoed = bench.run(ECHO, Policy::default(), b"is s3cret-value here");
    assert_eq!(echoed.result.output, Value::from("is *** here"));
    assert_eq!(bench.artifact(&echoed, "output").unwrap(), b"is *** here");
    assert!(echoed.provenance.stages[0].output_masked);
    // Streamed, and split between pieces.
    let path = bench.directory.path().join("large");
    let large = "0123456789abc s3cret-value ".repeat(60_000);
    std::fs::write(&path, &large).unwrap();
    let stages = vec![bench.stage(ECHO, Policy::default())];
    let streamed = bench.perform(&job(capsules(stages, bench.file("large"))));
    let output = bench.artifact(&streamed, "output").unwrap();
    assert_eq!(output, large.replace("s3cret-value", "***").as_bytes());
    let said = bench.run(
        &body(
            "(call $log (i32.const 1) (i32.const 8) (i32.const 12))
             (call $fail (i32.const 7) (i32.const 8) (i32.const 12)) (i32.const 0)",
        ),
        Policy::default(),
        b"",
    );
    assert_eq!(failed(&said).2, "the capsule failed with code 7: ***");
    let log = String::from_utf8(bench.artifact(&said, "stderr").unwrap()).unwrap();
    assert!(log.ends_with("] ***\n"), "{log}");
    assert_eq!(bench.performer.masked("a s3cret-value"), "a ***");
    let report = Work::Report(ReportWork {
        title: "s3cret-value".to_owned(),
        formats: vec![ReportFormat::Table, ReportFormat::Json],
        rows: vec![json!({ "key": "s3cret-value" })],
        columns: vec![ReportColumn {
            title: "Key".to_owned(),
            key: "key".to_owned(),
        }],
    });
    let report = bench.perform(&job(report));
    let table = bench.artifact(&report, "table").unwrap();
    assert_eq!(table, br#"*** [{"key":"***"}]"#);
}

#[test]
fn jobs_that_are_told_to_end_end() {
    let bench = Bench::new(Receipts::Off);
    let mut policy = Policy::default();
    policy.limits.fuel_base = u64::MAX / 4;
    policy.limits.wall_us_base = 600_000_000;
    let endless = bench.stage(&body("(loop $again (br $again)) (i32.const 0)"), policy);
    let work = capsules(vec![endless], WorkInput::Bytes(Vec::new()));
    let start = job(work);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| bench.perform(&start));
        std::thread::yield_now();
        bench.stop.stop(StopCause::TimedOut);
        let ended = running.join().unwrap().result.ending;
        assert_eq!(ended, WorkEnding::TimedOut { timeout_ms: 60_000 });
    });
}

#[test]
fn what_a_failed_capsule_wrote_is_kept() {
    let bench = Bench::new(Receipts::Off);
    let text = ECHO.replace("(i32.const 0)))", "(i32.const 3)))");
    let performed = bench.run(&text, Policy::default(), b"half");
    assert_eq!(failed(&performed).0, "capsule_failure");
    assert_eq!(performed.result.output, Value::Null);
    assert_eq!(
        bench.artifact(&performed, "output.partial").unwrap(),
        b"half"
    );
    assert_eq!(bench.artifact(&performed, "output"), None);
}
