//! The thread that moves epochs on, so that compiled code looks at the clock.
//!
//! It sleeps while no run needs it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks at the clock.
const TICK: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    engines: Vec<wasmtime::Engine>,
    started: bool,
    stopped: bool,
}

/// Ticks the epochs of engines while runs need it.
#[derive(Default)]
pub(crate) struct Ticker(Arc<Shared>);

/// A run that needs ticks, until it is dropped.
pub(crate) struct Ticking(Arc<Shared>);

impl Ticker {
    /// Ticks `engine` until the returned value is dropped.
    pub(crate) fn tick(&self, engine: &wasmtime::Engine) -> Result<Ticking, std::io::Error> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state
            .engines
            .iter()
            .any(|known| wasmtime::Engine::same(known, engine))
        {
            state.engines.push(engine.clone());
        }
        if !state.started {
            let shared = Arc::clone(&self.0);
            std::thread::Builder::new()
                .name("tenzik-ticker".to_owned())
                .spawn(move || run(&shared))?;
            state.started = true;
        }
        state.running += 1;
        self.0.changed.notify_one();
        drop(state);
        Ok(Ticking(Arc::clone(&self.0)))
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
        self.0
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .running -= 1;
    }
}

fn run(shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.stopped {
        if state.running == 0 {
            state = shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        for engine in &state.engines {
            engine.increment_epoch();
        }
        let waited = shared
            .changed
            .wait_timeout(state, TICK)
            .unwrap_or_else(PoisonError::into_inner);
        state = waited.0;
    }
}
