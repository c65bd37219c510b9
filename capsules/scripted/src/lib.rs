//! Processes that follow a script, for tests of capsules.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tenzik_sdk::Status;
use tenzik_sdk::native::{Effect, Run};

/// One process: what it writes and how it ends.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    /// What it writes to standard output.
    pub stdout: Vec<u8>,
    /// Whether it goes on with its last byte for ever.
    pub endless: bool,
    /// What it writes to standard error.
    pub stderr: Vec<u8>,
    /// What `exec_wait` answers.
    pub end: i32,
}

/// A process that writes `stdout` and exits with 0.
pub fn writes(stdout: impl AsRef<[u8]>) -> Scripted {
    Scripted {
        stdout: stdout.as_ref().to_vec(),
        ..Scripted::default()
    }
}

/// A process that writes `stderr` and ends so.
pub fn ends(end: i32, stderr: impl AsRef<[u8]>) -> Scripted {
    Scripted {
        stderr: stderr.as_ref().to_vec(),
        end,
        ..Scripted::default()
    }
}

#[derive(Debug, Default)]
struct Stage {
    waiting: VecDeque<Scripted>,
    running: Vec<Scripted>,
    requests: Vec<String>,
}

/// The processes that a run may start, one after the other, and what it asked for.
#[derive(Clone, Debug, Default)]
pub struct Processes(Arc<Mutex<Stage>>);

impl Processes {
    /// Processes that are started in this order. To start one more answers `exceeded`.
    pub fn new(scripts: impl IntoIterator<Item = Scripted>) -> Processes {
        Processes(Arc::new(Mutex::new(Stage {
            waiting: scripts.into_iter().collect(),
            ..Stage::default()
        })))
    }

    /// A run over `input` in which they are started.
    pub fn run(&self, input: impl AsRef<[u8]>) -> Run {
        let stage = Arc::clone(&self.0);
        Run::new(input).effects(move |effect, buffer| {
            let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            stage.answer(effect, buffer)
        })
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<String> {
        let stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stage.requests.clone()
    }
}

impl Stage {
    fn answer(&mut self, effect: &Effect<'_>, buffer: &mut [u8]) -> i32 {
        if effect.function == "exec_start" {
            let request = effect.inputs.first().copied().unwrap_or_default();
            self.requests
                .push(String::from_utf8_lossy(request).into_owned());
            let Some(next) = self.waiting.pop_front() else {
                return Status::Exceeded.number();
            };
            self.running.push(next);
            return i32::try_from(self.running.len()).unwrap_or(i32::MAX);
        }
        let handle = effect.numbers.first().copied().unwrap_or_default();
        let index = usize::try_from(handle).unwrap_or_default().wrapping_sub(1);
        let Some(process) = self.running.get_mut(index) else {
            return Status::NotFound.number();
        };
        match (effect.function, effect.numbers) {
            ("exec_read", [_, 1]) => process.read_stdout(buffer),
            ("exec_read", [_, 2]) => take(&mut process.stderr, buffer),
            ("exec_wait", _) => process.end,
            ("exec_close", _) => 0,
            _ => Status::Closed.number(),
        }
    }
}

impl Scripted {
    fn read_stdout(&mut self, buffer: &mut [u8]) -> i32 {
        let last = self.stdout.last().copied().unwrap_or_default();
        let count = take(&mut self.stdout, buffer);
        if !self.endless {
            return count;
        }
        let start = usize::try_from(count).unwrap_or_default();
        buffer.get_mut(start..).unwrap_or_default().fill(last);
        self.stdout = vec![last];
        i32::try_from(buffer.len()).unwrap_or(i32::MAX)
    }
}

fn take(from: &mut Vec<u8>, to: &mut [u8]) -> i32 {
    let count = from.len().min(to.len());
    for (to, from) in to.iter_mut().zip(from.drain(..count)) {
        *to = from;
    }
    i32::try_from(count).unwrap_or(i32::MAX)
}
