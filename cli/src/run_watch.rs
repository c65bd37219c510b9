//! Who is told of a run.

use serde_json::Value;

use tenzik_runtime::scenario::execute::{EventSubscriber, RunEvent};

use crate::printer;

/// The one that fits.
pub(crate) fn watcher(json: bool, _quiet: bool) -> Box<dyn EventSubscriber> {
    if json { Box::new(Json) } else { Box::new(Json) }
}

struct Json;

impl EventSubscriber for Json {
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        let mut value = serde_json::to_value(event).unwrap_or(Value::Null);
        value["at_ms"] = Value::from(at_ms);
        printer::json(&value);
    }
}
