//! Draws a tree on standard error, ten times a second at most.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tenzik_runtime::scenario::execute::{EventSubscriber, RunEvent};

use crate::event_lines::{Told, sentence};
use crate::printer;
use crate::world;

use super::Tree;

/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);

/// Lines that a tree has at most.
const LINES_MAX: usize = 16;

/// A tree on the terminal; it is gone when this is dropped.
pub(crate) struct ProgressTree {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    tree: Tree,
    told: Told,
    /// Lines that are on the terminal.
    drawn: usize,
    ended: bool,
}

impl ProgressTree {
    /// Begins to draw. Without a thread only events move it.
    pub(crate) fn start() -> ProgressTree {
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new()
            .name("tenzik-progress".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    loop {
                        let state = locked(&shared.state);
                        let waited = shared
                            .wake
                            .wait_timeout_while(state, TICK, |state| !state.ended);
                        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                        if state.ended {
                            return;
                        }
                        state.draw();
                    }
                }
            });
        ProgressTree {
            shared,
            thread: thread.ok(),
        }
    }
}

impl EventSubscriber for ProgressTree {
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        let mut state = locked(&self.shared.state);
        state.tree.apply(at_ms, event);
        let is_result = matches!(event, RunEvent::RunEnded { .. });
        let stays = match event {
            RunEvent::StepEnded { status, .. } => *status != "ok",
            RunEvent::StepSettled { state, .. } => state.state != "ok",
            RunEvent::StepLost { .. }
            | RunEvent::RunStopping { .. }
            | RunEvent::RunStarted { .. } => true,
            _ => is_result,
        };
        let again = state.told.again(event);
        if let Some(text) = sentence(event).filter(|_| stays && !again) {
            state.clear();
            match is_result {
                true => printer::result(&text),
                false => printer::note(&text),
            }
        }
    }
}

impl Drop for ProgressTree {
    fn drop(&mut self) {
        let mut state = locked(&self.shared.state);
        state.clear();
        state.ended = true;
        drop(state);
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }
}

impl State {
    fn draw(&mut self) {
        let (width, height) = printer::terminal_size();
        let lines = self.tree.render(
            width.saturating_sub(1),
            (height / 2).clamp(1, LINES_MAX),
            world::now_ms(),
        );
        printer::redraw(self.drawn, &lines);
        self.drawn = lines.len();
    }

    fn clear(&mut self) {
        printer::redraw(self.drawn, &[]);
        self.drawn = 0;
    }
}

fn locked(mutex: &Mutex<State>) -> MutexGuard<'_, State> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
