//! Crashing on purpose, and counting effects without the journal.

use std::any::Any;
use std::borrow::Cow;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Signal, getpid, kill_process};
use tenzik_journal::{Durability, Request, Row, RunRow, Turn};

use crate::driver::JobStart;
use crate::scenario::Effect;

use super::performer::{PerformError, Performed, Performer, StopFlag};
use super::record::effect_name;
use super::run_journal::{RunJournal, StorageError};
use super::sink::ArtifactSink;

/// When this process kills itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// At which write of the journal, from 1.
    pub write: u64,
    /// Whether the write is done before.
    pub after: bool,
}

/// A journal whose process is killed at one of its writes, as by `kill -9`.
pub struct CrashingJournal<'a> {
    inner: &'a dyn RunJournal,
    point: Option<CrashPoint>,
    writes: AtomicU64,
}

impl<'a> CrashingJournal<'a> {
    /// Crashes at `point`; without one it only counts.
    pub fn new(inner: &'a dyn RunJournal, point: Option<CrashPoint>) -> CrashingJournal<'a> {
        CrashingJournal {
            inner,
            point,
            writes: AtomicU64::new(0),
        }
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let here = self.point.filter(|point| point.write == number);
        if here.is_some_and(|point| !point.after) {
            die();
        }
        let written = write();
        if here.is_some() {
            die();
        }
        written
    }
}

/// Ends this process at once. There is no return from it.
fn die() {
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        std::thread::park();
    }
}

impl RunJournal for CrashingJournal<'_> {
    fn lock(&self, run: &str) -> Result<Box<dyn Any>, StorageError> {
        self.inner.lock(run)
    }

    fn begin(&self, run: &RunRow<'_>) -> Result<(), StorageError> {
        self.around(|| self.inner.begin(run))
    }

    fn record(&self, turn: &Turn<'_>, durability: Durability) -> Result<(), StorageError> {
        self.around(|| self.inner.record(turn, durability))
    }

    fn source(&self, run: &str) -> Result<String, StorageError> {
        self.inner.source(run)
    }

    fn rows(
        &self,
        run: &str,
        take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        self.inner.rows(run, take)
    }

    fn requested(&self, run: &str) -> Result<Vec<Request>, StorageError> {
        self.inner.requested(run)
    }

    fn recall(&self, key: &str) -> Result<Option<String>, StorageError> {
        self.inner.recall(key)
    }
}

/// A performer that writes down each effect before it begins: a line
/// `JOB at_most_once|idempotent ATTEMPT PATH` in a file, synchronised. It tells whether an effect was
/// repeated without believing the journal.
pub struct EffectsLog<'a> {
    inner: &'a dyn Performer,
    file: Mutex<File>,
}

impl<'a> EffectsLog<'a> {
    /// Appends to `file`, which was opened for that.
    pub fn new(inner: &'a dyn Performer, file: File) -> EffectsLog<'a> {
        EffectsLog {
            inner,
            file: Mutex::new(file),
        }
    }

    fn note(&self, job: &JobStart, id: &str) -> std::io::Result<()> {
        let JobStart { key, effect, .. } = job;
        let effect = effect_name(*effect);
        let line = format!("{id} {effect} {} {}\n", key.attempt, key.path);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }
}

impl Performer for EffectsLog<'_> {
    fn perform(
        &self,
        job: &JobStart,
        id: &str,
        stop: &StopFlag,
        sink: &dyn ArtifactSink,
    ) -> Result<Performed, PerformError> {
        if job.effect != Effect::Pure {
            self.note(job, id).map_err(|error| {
                PerformError::new(format!("the log of effects cannot be written: {error}"))
            })?;
        }
        self.inner.perform(job, id, stop, sink)
    }

    fn memo_key(&self, job: &JobStart) -> Option<String> {
        self.inner.memo_key(job)
    }

    fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.inner.masked(text)
    }
}
