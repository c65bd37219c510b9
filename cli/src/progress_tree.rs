//! What runs now, on a terminal: a few lines that are drawn anew.

mod screen;

pub(crate) use screen::ProgressTree;

use std::collections::{BTreeMap, BTreeSet};

use tenzik_runtime::scenario::execute::{RunEvent, SettledBody};

use crate::event_lines::{elapsed, one_line};

/// Columns that a line has at least, however narrow the terminal says it is.
const WIDTH_MIN: usize = 20;

/// A run as far as its events tell. It draws nothing and reads no clock.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    scenario: String,
    began_ms: Option<u64>,
    ended: u64,
    failed: u64,
    reused: u64,
    stopping: bool,
    /// Steps with a job, by their paths.
    active: BTreeMap<String, Active>,
    loops: BTreeMap<String, Loop>,
}

#[derive(Debug)]
struct Active {
    since_ms: u64,
    mark: char,
    what: String,
}

/// How far a loop is.
#[derive(Debug, Default)]
struct Loop {
    /// Its items, once that was told.
    all: Option<usize>,
    /// Items that ended before those that were seen.
    before: usize,
    /// Items that began.
    begun: BTreeSet<u64>,
    /// Those that have jobs.
    active: BTreeMap<u64, u32>,
}

impl Loop {
    fn ended(&self) -> usize {
        self.before + self.begun.len() - self.active.len()
    }

    fn all(&self) -> usize {
        self.all.unwrap_or(self.before + self.begun.len())
    }
}

impl Tree {
    /// Takes an event in.
    pub(crate) fn apply(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        match event {
            RunEvent::RunStarted { scenario, .. } => {
                (*scenario).clone_into(&mut self.scenario);
                self.began_ms = Some(at_ms);
            }
            RunEvent::StepQueued { path, .. } => {
                self.set(path, at_ms, '…', "waits for the machine")
            }
            RunEvent::StepStarted {
                path,
                attempt,
                kind,
                ..
            } => {
                let attempt = if *attempt > 1 {
                    format!(", attempt {attempt}")
                } else {
                    String::new()
                };
                self.set(path, at_ms, '▶', &format!("{kind}{attempt}"));
            }
            RunEvent::StepRetry { path, attempt, .. } => {
                self.set(path, at_ms, '↻', &format!("waits for attempt {attempt}"));
            }
            RunEvent::StepEnded { path, .. } | RunEvent::StepLost { path, .. } => self.remove(path),
            RunEvent::StepSettled { path, state } => match state.state {
                "ok" | "failed" | "skipped" | "cancelled" => {
                    self.remove(path);
                    self.ended += 1;
                    self.failed += u64::from(state.state == "failed");
                    self.reused += u64::from(state.reused);
                }
                _ => self.tell_items(path, state),
            },
            RunEvent::RunStopping { .. } => self.stopping = true,
            RunEvent::RunEnded { .. } => self.active.clear(),
        }
    }

    /// Of loops inside of loops only the outermost ones are shown.
    fn tell_items(&mut self, path: &str, state: &SettledBody) {
        if state.items.is_some() && loop_of(path).is_none() {
            let known = self.loops.entry(path.to_owned()).or_default();
            known.all = state.items;
            if known.begun.is_empty() {
                known.before = state.items_ended.unwrap_or(0);
            }
        }
    }

    fn set(&mut self, path: &str, since_ms: u64, mark: char, what: &str) {
        let active = Active {
            since_ms,
            mark,
            what: what.to_owned(),
        };
        if self.active.insert(path.to_owned(), active).is_none()
            && let Some((name, index)) = loop_of(path)
        {
            let known = self.loops.entry(name.to_owned()).or_default();
            known.begun.insert(index);
            *known.active.entry(index).or_default() += 1;
        }
    }

    fn remove(&mut self, path: &str) {
        if self.active.remove(path).is_none() {
            return;
        }
        let Some((name, index)) = loop_of(path) else {
            return;
        };
        if let Some(known) = self.loops.get_mut(name)
            && let Some(count) = known.active.get_mut(&index)
        {
            *count -= 1;
            if *count == 0 {
                known.active.remove(&index);
            }
        }
    }

    /// The lines at `now_ms`: at most `height`, none longer than `width` columns.
    pub(crate) fn render(&self, width: usize, height: usize, now_ms: u64) -> Vec<String> {
        let since = |then: u64| elapsed(now_ms.saturating_sub(then));
        let mut head = format!(
            "{}  {} ended, {} running",
            self.scenario,
            self.ended,
            self.active.len()
        );
        for (count, word) in [(self.failed, "failed"), (self.reused, "reused")] {
            if count > 0 {
                head.push_str(&format!(", {count} {word}"));
            }
        }
        if self.stopping {
            head.push_str(", ends");
        }
        head.push_str(&format!(
            "  {}",
            self.began_ms.map_or_else(String::new, since)
        ));
        let mut lines = vec![head];
        for (name, known) in self
            .loops
            .iter()
            .filter(|(_, known)| !known.active.is_empty())
        {
            lines.push(format!(
                "  ⟳ {name}  {}/{} items",
                known.ended(),
                known.all()
            ));
        }
        for (path, active) in &self.active {
            lines.push(format!(
                "  {} {path}  {}  {}",
                active.mark,
                active.what,
                since(active.since_ms)
            ));
        }
        let height = height.max(1);
        if lines.len() > height {
            let hidden = lines.len() - height + 1;
            lines.truncate(height - 1);
            lines.push(format!("  … and {hidden} more"));
        }
        let width = width.max(WIDTH_MIN);
        lines
            .iter()
            .map(|line| cut(&one_line(line), width))
            .collect()
    }
}

/// The outermost loop of a path, and the item.
fn loop_of(path: &str) -> Option<(&str, u64)> {
    let (name, rest) = path.split_once('[')?;
    let (index, _) = rest.split_once(']')?;
    Some((name, index.parse().ok()?))
}

/// The beginning of a line. Paths and marks have a column for each character.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut kept: String = line.chars().take(width - 1).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests;
