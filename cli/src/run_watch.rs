//! Who is told of a run: a program that reads events, a person at a terminal, or a log.

use serde_json::Value;

use tenzik_runtime::scenario::execute::{EventSubscriber, RunEvent};

use crate::event_lines::EventLines;
use crate::printer;

/// The one that fits.
pub(crate) fn watcher(json: bool, quiet: bool) -> Box<dyn EventSubscriber> {
    match (json, quiet) {
        (true, _) => Box::new(Json),
        (false, true) => Box::new(Quiet),
        (false, false) => Box::new(EventLines::default()),
    }
}

/// Each event as one line of JSON on standard output.
struct Json;

impl EventSubscriber for Json {
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        let mut value = serde_json::to_value(event).unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            object.insert("at_ms".to_owned(), Value::from(at_ms));
        }
        printer::json(&value);
    }
}

/// Nothing.
struct Quiet;

impl EventSubscriber for Quiet {
    fn event(&mut self, _at_ms: u64, _event: &RunEvent<'_>) {}
}
