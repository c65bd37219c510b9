//! Who is told of a run.

use serde_json::Value;

use tenzik_runtime::scenario::execute::{EventSubscriber, RunEvent};

use crate::event_lines::EventLines;
use crate::printer;
use crate::progress_tree::ProgressTree;

/// The one that fits: JSON where it is asked for, a tree on a terminal, lines in pipes
/// and beside a log that is busy.
pub(crate) fn watcher(json: bool, quiet: bool, is_log_busy: bool) -> Box<dyn EventSubscriber> {
    match (json, quiet) {
        (true, _) => Box::new(Json),
        (false, true) => Box::new(Quiet),
        (false, false) if printer::shows_progress() && !is_log_busy => {
            Box::new(ProgressTree::start())
        }
        (false, false) => Box::new(EventLines::default()),
    }
}

struct Quiet;

impl EventSubscriber for Quiet {
    fn event(&mut self, _at_ms: u64, _event: &RunEvent<'_>) {}
}

struct Json;

impl EventSubscriber for Json {
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        let mut value = serde_json::to_value(event).unwrap_or(Value::Null);
        value["at_ms"] = Value::from(at_ms);
        printer::json(&value);
    }
}
