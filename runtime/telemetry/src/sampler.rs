//! Looks at the machine now and then, in a thread of its own.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::files::Files;
use crate::memory::Group;
use crate::processor::Ticks;
use crate::sample::Sample;
use crate::{disk, memory, own_use, pressure, processor};

const INTERVAL_MIN: Duration = Duration::from_millis(10);
const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// How a sampler works.
#[derive(Clone, Debug)]
pub struct SamplerOptions {
    /// Between two samples, 10 milliseconds to a minute; what lies outside is moved to the bound.
    /// Default: 500 milliseconds.
    pub interval: Duration,
    /// Where `proc` and `sys` are. Default: `/`.
    pub root: PathBuf,
    /// The directory whose file system is watched.
    pub state_directory: PathBuf,
    /// The time in milliseconds since 1970.
    pub clock: fn() -> u64,
}

impl SamplerOptions {
    /// The defaults.
    pub fn new(state_directory: PathBuf, clock: fn() -> u64) -> SamplerOptions {
        SamplerOptions {
            interval: Duration::from_millis(500),
            root: PathBuf::from("/"),
            state_directory,
            clock,
        }
    }
}

/// A thread that looks at the machine. It ends when this is dropped.
#[derive(Debug)]
pub struct Sampler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    latest: Mutex<Sample>,
    ended: Mutex<bool>,
    wake: Condvar,
}

impl Sampler {
    /// Takes the first sample, then starts the thread.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(options: SamplerOptions) -> std::io::Result<Sampler> {
        let interval = options.interval.clamp(INTERVAL_MIN, INTERVAL_MAX);
        let mut machine = Machine::new(options);
        let shared = Arc::new(Shared {
            latest: Mutex::new(machine.look()),
            ..Shared::default()
        });
        let thread = std::thread::Builder::new()
            .name("tenzik-sampler".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    while !shared.waits(interval) {
                        let sample = machine.look();
                        *locked(&shared.latest) = sample;
                    }
                }
            })?;
        Ok(Sampler {
            shared,
            thread: Some(thread),
        })
    }

    /// The newest sample. It waits for nothing but the copying of another one.
    pub fn latest(&self) -> Sample {
        *locked(&self.shared.latest)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        *locked(&self.shared.ended) = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Waits for the next sample; whether the sampler ends instead.
    fn waits(&self, interval: Duration) -> bool {
        let ended = locked(&self.ended);
        let waited = self
            .wake
            .wait_timeout_while(ended, interval, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What is guarded is written whole, so a panic elsewhere leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes samples without a thread.
#[derive(Debug)]
pub struct Machine {
    files: Files,
    groups: Vec<Group>,
    options: SamplerOptions,
    before: Option<(Ticks, Instant)>,
    count: u64,
}

impl Machine {
    /// Finds the control groups around this process.
    pub fn new(options: SamplerOptions) -> Machine {
        let mut files = Files::new(options.root.clone());
        Machine {
            groups: memory::groups(&mut files),
            files,
            options,
            before: None,
            count: 0,
        }
    }

    /// Takes a sample.
    pub fn look(&mut self) -> Sample {
        self.count += 1;
        let files = &mut self.files;
        let (ticks, cpus) = processor::read(files);
        let now = Instant::now();
        let before = std::mem::replace(&mut self.before, ticks.map(|ticks| (ticks, now)));
        let window = before.map_or(Duration::ZERO, |(_, then)| now.duration_since(then));
        Sample {
            id: self.count,
            at_ms: (self.options.clock)(),
            window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
            cpu_percent: before.and_then(|(before, _)| ticks?.used_percent(before)),
            cpus,
            load1: processor::load1(files),
            memory: memory::read(files, &self.groups),
            cpu_pressure: pressure::read(files, "cpu"),
            memory_pressure: pressure::read(files, "memory"),
            io_pressure: pressure::read(files, "io"),
            disk: disk::read(&self.options.state_directory),
            own: own_use::read(files),
        }
    }
}
