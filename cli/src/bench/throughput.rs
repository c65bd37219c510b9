//! Runs per second on several threads at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crate::failure::Failure;

use super::plan::{Bench, Receipts, machine};

/// Time after which threads that wait for each other look whether one has gone.
const LOOK: Duration = Duration::from_millis(50);

/// Where threads wait until all of them are ready.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    ready: usize,
    open: bool,
}

type Worker<'scope> = ScopedJoinHandle<'scope, Result<u64, Failure>>;

/// Runs per second of `threads` threads together, over `slice`.
pub(crate) fn runs_per_second(
    bench: &Bench<'_>,
    receipts: Receipts,
    threads: usize,
    slice: Duration,
) -> Result<u64, Failure> {
    let stop = AtomicBool::new(false);
    let gate = Gate::default();
    std::thread::scope(|scope| {
        let mut workers: Vec<Worker<'_>> = Vec::with_capacity(threads);
        let mut failed = None;
        for _ in 0..threads {
            let started = std::thread::Builder::new()
                .name("tenzik-bench".to_owned())
                .spawn_scoped(scope, || work(bench, receipts, &gate, &stop));
            match started {
                Ok(worker) => workers.push(worker),
                Err(error) => failed = Some(error),
            }
        }
        gate.open_when_ready(&workers);
        if failed.is_none() {
            std::thread::sleep(slice);
        }
        stop.store(true, Ordering::Relaxed);
        let mut rate: u64 = 0;
        for worker in workers {
            let done = worker.join();
            let done = done.map_err(|_| machine("a thread of the benchmark died"))??;
            rate = rate.saturating_add(done);
        }
        match failed {
            None => Ok(rate),
            Some(error) => Err(Failure::machine(
                format!("a thread cannot be started: {error}"),
                "use fewer --threads",
            )),
        }
    })
}

/// Runs until it is told to stop; returns runs per second.
fn work(
    bench: &Bench<'_>,
    receipts: Receipts,
    gate: &Gate,
    stop: &AtomicBool,
) -> Result<u64, Failure> {
    // The first run makes this thread ready: its stack and the memory of its instance.
    std::hint::black_box(bench.run(receipts)?);
    gate.wait();
    let started = Instant::now();
    let mut runs: u128 = 0;
    loop {
        std::hint::black_box(bench.run(receipts)?);
        runs += 1;
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    let elapsed_ns = started.elapsed().as_nanos().max(1);
    Ok(u64::try_from(runs * 1_000_000_000 / elapsed_ns).unwrap_or(u64::MAX))
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that this thread is ready, and waits.
    fn wait(&self) {
        let mut state = self.state();
        state.ready += 1;
        self.changed.notify_all();
        while !state.open {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Opens when every thread is ready or has ended.
    fn open_when_ready(&self, workers: &[Worker<'_>]) {
        let mut state = self.state();
        loop {
            let ended = workers.iter().filter(|worker| worker.is_finished()).count();
            if state.ready + ended >= workers.len() {
                break;
            }
            let waited = self.changed.wait_timeout(state, LOOK);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.open = true;
        self.changed.notify_all();
    }
}
