//! Plans, a performer, a store and a journal in memory.

use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Map, Value};
use tenzik_journal::{Durability, Hash, NewRow, Request, Row, RowKind, RunRow, Turn};
use tenzik_policy::Policy;
use tenzik_scenario::driver::{Assumed, JobStart};
use tenzik_scenario::execute::{
    Admission, AdmitAll, ArtifactSink, ArtifactWrite, EventSubscriber, PerformError, Performed,
    Performer, RunError, RunEvent, RunJournal, RunOptions, RunSummary, StopCause, StopFlag,
    StorageError, Stored, World, resume, run,
};
use tenzik_scenario::plan::{AfterError, Block, Node, NodeKind, Plan, StagePlan};
use tenzik_scenario::{
    Backoff, Effect, OutputFormat, Place, Retries, RunInput, ValueTemplate, WorkEnding,
};

pub const RUN: &str = "0123456789abcdef0123456789abcdef";

/// A node that runs a capsule of this effect and needs these nodes.
pub fn step(id: &str, effect: Effect, needs: &[usize]) -> Node {
    let stage = StagePlan {
        capsule: "echo".to_owned(),
        capsule_id: "0".repeat(64),
        policy: Arc::new(Policy::default()),
        policy_name: None,
        is_pure: effect == Effect::Pure,
        adapter: "local".to_owned(),
    };
    let kind = NodeKind::Run {
        stage,
        input: RunInput::Value(ValueTemplate::Literal(Value::from(id), Place::default())),
        output: OutputFormat::Text,
        seed: None,
    };
    node(id, kind, effect, needs)
}

fn node(id: &str, kind: NodeKind, effect: Effect, needs: &[usize]) -> Node {
    Node {
        id: id.to_owned(),
        place: Place::default(),
        name: None,
        parent: None,
        needs: needs.to_vec(),
        after: Vec::new(),
        when: None,
        kind,
        effect,
        timeout_ms: None,
        retries: None,
        on_error: AfterError::Stop,
        session: None,
    }
}

/// A node that opens a secret.
pub fn secret(id: &str) -> Node {
    let kind = NodeKind::Secret {
        name: "token".to_owned(),
        policy: Arc::new(Policy::default()),
    };
    node(id, kind, Effect::Idempotent, &[])
}

/// A loop over `count` items.
pub fn for_each(id: &str, count: usize, needs: &[usize]) -> Node {
    let items: Vec<Value> = (0..count).map(Value::from).collect();
    let kind = NodeKind::ForEach {
        items: ValueTemplate::Literal(Value::from(items), Place::default()),
        binding: "item".to_owned(),
        index_binding: "index".to_owned(),
        parallel: 4,
        items_max: 10_000,
        collect: None,
    };
    node(id, kind, Effect::Pure, needs)
}

pub fn inside(mut node: Node, parent: usize) -> Node {
    node.parent = Some((parent, Block::Body));
    node
}

pub fn retried(mut node: Node, count: u32) -> Node {
    let backoff = Backoff {
        initial_ms: 1,
        factor: 1.0,
        max_ms: 1,
        jitter: 0.0,
    };
    node.retries = Some(Retries {
        count,
        backoff,
        when: None,
    });
    node
}

pub fn plan(nodes: Vec<Node>) -> Arc<Plan> {
    Arc::new(Plan {
        name: "test".to_owned(),
        directory: PathBuf::from("/"),
        digest: "d".repeat(64),
        vars: Map::new(),
        fixed_vars: Vec::new(),
        concurrency: 4,
        timeout_ms: None,
        tools: Vec::new(),
        nodes,
    })
}

/// What a job does.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    Succeeds,
    /// Fails this often, then succeeds.
    Fails(u32),
    /// Until it is told to stop.
    Waits,
    Panics,
    Breaks,
}

/// A call: path, attempt, job, again.
pub type Call = (String, u32, String, bool);

#[derive(Default)]
pub struct Scripted {
    pub does: HashMap<&'static str, Does>,
    pub calls: Mutex<Vec<Call>>,
    /// Whether results have keys, by path.
    pub memo: bool,
    pub began: Condvar,
    pub secret: Option<&'static str>,
}

impl Scripted {
    pub fn new(does: &[(&'static str, Does)]) -> Scripted {
        Scripted {
            does: does.iter().copied().collect(),
            ..Scripted::default()
        }
    }

    pub fn calls_of(&self, path: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| call.0 == path)
            .cloned()
            .collect()
    }

    pub fn wait_for(&self, path: &str) {
        let mut calls = self.calls.lock().unwrap();
        while !calls.iter().any(|call| call.0 == path) {
            calls = self.began.wait(calls).unwrap();
        }
    }
}

impl Performer for Scripted {
    fn perform(
        &self,
        job: &JobStart,
        id: &str,
        stop: &StopFlag,
        sink: &dyn ArtifactSink,
    ) -> Result<Performed, PerformError> {
        let path = job.key.path.to_string();
        let call = (path.clone(), job.key.attempt, id.to_owned(), job.again);
        self.calls.lock().unwrap().push(call);
        self.began.notify_all();
        let does = self.does.get(path.as_str()).copied();
        match does.unwrap_or(Does::Succeeds) {
            Does::Fails(times) if job.key.attempt <= times => {
                let message = format!("failed {}", self.secret.unwrap_or_default());
                return Ok(Performed::ended(WorkEnding::Failed {
                    code: "broken".to_owned(),
                    exit: 20,
                    message: self.masked(&message).into_owned(),
                }));
            }
            Does::Panics => panic!("on purpose"),
            Does::Breaks => return Err(PerformError::new("disk full")),
            Does::Waits => {
                let (sender, receiver) = std::sync::mpsc::channel();
                stop.on_stop(move || sender.send(()).unwrap());
                receiver.recv().unwrap();
                return Ok(Performed::ended(match stop.cause() {
                    Some(StopCause::TimedOut) => WorkEnding::TimedOut {
                        timeout_ms: job.timeout_ms.unwrap(),
                    },
                    _ => WorkEnding::Cancelled,
                }));
            }
            Does::Succeeds | Does::Fails(_) => {}
        }
        let stored = sink.put(path.as_bytes(), Durability::Pure).unwrap();
        let mut performed = Performed::ended(WorkEnding::Ok);
        performed.result.output = Value::from(path);
        performed.result.artifacts = vec![stored.named("output")];
        performed.memo_key = self.memo_key(job);
        Ok(performed)
    }

    fn memo_key(&self, job: &JobStart) -> Option<String> {
        let is_pure = job.effect == Effect::Pure;
        (self.memo && is_pure).then(|| job.key.path.to_string())
    }

    fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.secret {
            Some(secret) => Cow::Owned(text.replace(secret, "***")),
            None => Cow::Borrowed(text),
        }
    }
}

#[derive(Clone, Default)]
pub struct MemorySink(pub Arc<Mutex<HashMap<String, Vec<u8>>>>);

struct MemoryWriter(MemorySink, Vec<u8>);

impl Write for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ArtifactWrite for MemoryWriter {
    fn commit(self: Box<Self>, _: Durability) -> io::Result<Stored> {
        let digest = blake3::hash(&self.1).to_hex().to_string();
        let bytes = self.1.len() as u64;
        let mut contents = self.0.0.lock().unwrap();
        contents.insert(digest.clone(), self.1);
        Ok(Stored { digest, bytes })
    }
}

impl ArtifactSink for MemorySink {
    fn create(&self) -> io::Result<Box<dyn ArtifactWrite>> {
        Ok(Box::new(MemoryWriter(self.clone(), Vec::new())))
    }

    fn open(&self, digest: &str) -> io::Result<Box<dyn Read + Send>> {
        let contents = self.0.lock().unwrap();
        let content = contents.get(digest).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(content.clone())))
    }
}

/// Rows in memory. From a given write on every one fails.
#[derive(Default)]
pub struct MemoryJournal {
    pub rows: Mutex<Vec<Row>>,
    pub sources: Mutex<HashMap<String, String>>,
    pub memo: Mutex<HashMap<String, String>>,
    pub requests: Mutex<Vec<Request>>,
    pub writes: AtomicU64,
    pub fails_at: Option<u64>,
    /// Rows of each write and how durable it was.
    pub transactions: Mutex<Vec<(Vec<RowKind>, Durability)>>,
}

impl MemoryJournal {
    fn write(&self) -> Result<(), StorageError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fails_at {
            Some(from) if number >= from => Err("no space left".to_owned()),
            _ => Ok(()),
        }
    }

    /// The same with the first `count` rows only.
    pub fn cut(&self, count: usize) -> MemoryJournal {
        let rows = self.rows.lock().unwrap();
        MemoryJournal {
            rows: Mutex::new(rows.iter().take(count).cloned().collect()),
            sources: Mutex::new(self.sources.lock().unwrap().clone()),
            ..MemoryJournal::default()
        }
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        let rows = self.rows.lock().unwrap();
        rows.iter().map(|row| row.kind.name()).collect()
    }

    fn push(&self, row: &NewRow<'_>) {
        let mut rows = self.rows.lock().unwrap();
        let seq = rows.len() as u64 + 1;
        rows.push(Row {
            seq,
            run: row.run.to_owned(),
            kind: row.kind,
            job: row.job.map(str::to_owned),
            at_ms: row.at_ms,
            body: row.body.to_owned(),
            hash: Hash::BEFORE_FIRST,
        });
    }
}

impl RunJournal for MemoryJournal {
    fn lock(&self, _: &str) -> Result<Box<dyn Any>, StorageError> {
        Ok(Box::new(()))
    }

    fn begin(&self, run: &RunRow<'_>) -> Result<(), StorageError> {
        self.write()?;
        let mut sources = self.sources.lock().unwrap();
        sources.insert(run.run.to_owned(), run.source.to_owned());
        self.push(&NewRow {
            run: run.run,
            kind: RowKind::RunStarted,
            job: None,
            at_ms: run.started_ms,
            body: "{}",
        });
        Ok(())
    }

    fn record(&self, turn: &Turn<'_>, durability: Durability) -> Result<(), StorageError> {
        self.write()?;
        turn.rows.iter().for_each(|row| self.push(row));
        let mut memo = self.memo.lock().unwrap();
        for (key, result) in turn.results {
            memo.insert((*key).to_owned(), (*result).to_owned());
        }
        let kinds = turn.rows.iter().map(|row| row.kind).collect();
        self.transactions.lock().unwrap().push((kinds, durability));
        Ok(())
    }

    fn source(&self, run: &str) -> Result<String, StorageError> {
        let sources = self.sources.lock().unwrap();
        sources.get(run).cloned().ok_or("no such run".to_owned())
    }

    fn rows(
        &self,
        _: &str,
        take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let rows = self.rows.lock().unwrap().clone();
        rows.into_iter().try_for_each(take)
    }

    fn requested(&self, _: &str) -> Result<Vec<Request>, StorageError> {
        Ok(self.requests.lock().unwrap().clone())
    }

    fn recall(&self, key: &str) -> Result<Option<String>, StorageError> {
        Ok(self.memo.lock().unwrap().get(key).cloned())
    }
}

/// Keeps each event as JSON.
#[derive(Default)]
pub struct Events(pub Vec<Value>);

impl EventSubscriber for Events {
    fn event(&mut self, _: u64, event: &RunEvent<'_>) {
        self.0.push(serde_json::to_value(event).unwrap());
    }
}

impl Events {
    pub fn of(&self, event: &str) -> Vec<&Value> {
        let wanted = |value: &&Value| value["event"] == event;
        self.0.iter().filter(wanted).collect()
    }
}

/// Everything that one run needs.
pub struct Scene {
    pub plan: Arc<Plan>,
    pub performer: Scripted,
    pub sink: MemorySink,
    pub journal: MemoryJournal,
    pub cancelled: AtomicBool,
}

impl Scene {
    pub fn new(nodes: Vec<Node>, does: &[(&'static str, Does)]) -> Scene {
        Scene {
            plan: plan(nodes),
            performer: Scripted::new(does),
            sink: MemorySink::default(),
            journal: MemoryJournal::default(),
            cancelled: AtomicBool::new(false),
        }
    }

    fn with<T>(
        &self,
        admission: &mut dyn Admission,
        work: impl FnOnce(&RunOptions, &mut World<'_>) -> T,
    ) -> (T, Events) {
        let mut events = Events::default();
        let options = RunOptions {
            run: RUN.to_owned(),
            session: Some("nightly".to_owned()),
            reuse: true,
        };
        let worked = {
            let mut subscribers: [&mut dyn EventSubscriber; 1] = [&mut events];
            let mut world = World {
                journal: &self.journal,
                performer: &self.performer,
                sink: &self.sink,
                admission,
                now_ms: &|| 1_763_596_800_000,
                cancelled: &self.cancelled,
                force: &|| {},
                subscribers: &mut subscribers,
            };
            work(&options, &mut world)
        };
        (worked, events)
    }

    pub fn run(&self) -> (Result<RunSummary, RunError>, Events) {
        self.run_admitted(&mut AdmitAll)
    }

    pub fn run_admitted(
        &self,
        admission: &mut dyn Admission,
    ) -> (Result<RunSummary, RunError>, Events) {
        self.with(admission, |options, world| {
            run(&self.plan, "the source", [7; 32], options, world)
        })
    }

    pub fn resume(&self, assumed: &[(&str, Assumed)]) -> (Result<RunSummary, RunError>, Events) {
        let assumed: Vec<(String, Assumed)> = assumed
            .iter()
            .map(|(path, assumed)| ((*path).to_owned(), *assumed))
            .collect();
        let rebuild = |source: &str| {
            assert_eq!(source, "the source");
            Ok(Arc::clone(&self.plan))
        };
        self.with(&mut AdmitAll, |options, world| {
            resume(options, &rebuild, &assumed, world)
        })
    }
}

/// Path and state of each step.
pub fn states(summary: &RunSummary) -> Vec<(String, &'static str)> {
    let steps = summary.settled.iter();
    steps
        .map(|step| (step.path.to_string(), step.state.name()))
        .collect()
}
