//! The thread that moves epochs on, so that compiled code looks at the clock.
//!
//! It sleeps while no run needs it, but not before it was idle for some time: to wake a thread takes
//! longer than many runs do.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks at the clock.
const TICK: Duration = Duration::from_millis(1);

/// Ticks without a run after which the thread sleeps until there is one.
const IDLE_TICKS_MAX: u32 = 100;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The engines of runs that go on, each with the number of its runs. An engine without any is
    /// let go: compiled code and, on some systems, a pool of memories belong to it.
    engines: Vec<(wasmtime::Engine, usize)>,
    started: bool,
    asleep: bool,
    stopped: bool,
}

/// Ticks the epochs of engines while runs need it.
#[derive(Default)]
pub(crate) struct Ticker(Arc<Shared>);

/// A run that needs ticks, until it is dropped.
pub(crate) struct Ticking {
    shared: Arc<Shared>,
    engine: wasmtime::Engine,
}

impl State {
    /// Counts one more run of `engine`.
    fn begin(&mut self, engine: &wasmtime::Engine) {
        let mut known = self.engines.iter_mut();
        match known.find(|(known, _)| wasmtime::Engine::same(known, engine)) {
            Some((_, runs)) => *runs += 1,
            None => self.engines.push((engine.clone(), 1)),
        }
    }

    /// Counts one run of `engine` less.
    fn end(&mut self, engine: &wasmtime::Engine) {
        self.engines.retain_mut(|(known, runs)| {
            if wasmtime::Engine::same(known, engine) {
                *runs -= 1;
            }
            *runs > 0
        });
    }
}

impl Ticker {
    /// Ticks `engine` until the returned value is dropped.
    pub(crate) fn tick(&self, engine: &wasmtime::Engine) -> Result<Ticking, std::io::Error> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.started {
            let shared = Arc::clone(&self.0);
            std::thread::Builder::new()
                .name("tenzik-ticker".to_owned())
                .spawn(move || run(&shared))?;
            state.started = true;
        }
        state.begin(engine);
        if std::mem::take(&mut state.asleep) {
            self.0.changed.notify_one();
        }
        drop(state);
        Ok(Ticking {
            shared: Arc::clone(&self.0),
            engine: engine.clone(),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .stopped = true;
        self.0.changed.notify_one();
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.end(&self.engine);
    }
}

fn run(shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut idle_ticks = 0;
    while !state.stopped {
        idle_ticks = if state.engines.is_empty() {
            idle_ticks + 1
        } else {
            0
        };
        if idle_ticks > IDLE_TICKS_MAX {
            idle_ticks = 0;
            state.asleep = true;
            state = shared
                .changed
                .wait_while(state, |state| state.asleep && !state.stopped)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        for (engine, _) in &state.engines {
            engine.increment_epoch();
        }
        let waited = shared
            .changed
            .wait_timeout(state, TICK)
            .unwrap_or_else(PoisonError::into_inner);
        state = waited.0;
    }
}
