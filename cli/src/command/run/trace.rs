//! Where a run ended: functions and source lines, as far as they are known.

use serde_json::{Value, json};

use tenzik_runtime::Frame;
use tenzik_toolchain::shown;
use tenzik_toolchain::sidecar::{Place, is_library};

use crate::sidecar_file::Found;

/// Lines that are shown; inlined functions make more of them than there are frames.
const LINES_MAX: usize = 16;

/// One function that was running, or that was inlined into one.
struct Step<'a> {
    frame: &'a Frame,
    /// Whether it was inlined, so that the frame belongs to a function further out.
    inlined: bool,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

/// What is known of the frames, innermost first.
pub(super) struct Trace<'a> {
    steps: Vec<Step<'a>>,
}

impl<'a> Trace<'a> {
    pub(super) fn new(frames: &'a [Frame], found: &Found) -> Trace<'a> {
        let steps = frames.iter().flat_map(|frame| steps(frame, found));
        Trace {
            steps: steps.take(LINES_MAX).collect(),
        }
    }

    /// ` (my_crate::parse at src/lib.rs:12)`: the first place outside of the standard library, and
    /// of a panic what panicked, not the handler.
    pub(super) fn headline(&self) -> Option<String> {
        let is_panic = |step: &Step<'_>| {
            let (file, function) = (step.file.as_deref(), step.function.as_deref());
            // A compiled core without debug information has names only.
            file.is_some_and(|file| file.ends_with("core/src/panicking.rs"))
                || function.is_some_and(|function| function.starts_with("core::panicking::"))
        };
        let handled = self.steps.iter().rposition(is_panic);
        let from = handled.map_or(0, |handled| handled + 1);
        let is_own = |step: &&Step<'_>| {
            let file = step.file.as_deref();
            step.line.is_some() && !file.is_some_and(is_library)
        };
        let step = self.steps.iter().skip(from).find(is_own)?;
        let function = step.function.as_deref();
        let function = function
            .map(|name| format!("{name} at "))
            .unwrap_or_default();
        Some(format!(" ({function}{})", place(step)?))
    }

    /// One line for each step.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.steps.iter().map(|step| {
            let number = format!("function {}", step.frame.function);
            let function = step.function.as_deref().unwrap_or(&number);
            let place = place(step).unwrap_or_else(|| "line not known".to_owned());
            let of = match step.inlined {
                true => format!("inlined in function {}", step.frame.function),
                false => number.clone(),
            };
            let offset = step
                .frame
                .offset
                .map(|offset| format!(", byte {offset:#x}"));
            format!(
                "  {place}  {function}  ({of}{})",
                offset.unwrap_or_default()
            )
        });
        lines.collect()
    }

    /// `[{"function","name","offset","file","line","inlined"}]`.
    pub(super) fn json(&self) -> Value {
        let steps = self.steps.iter().map(|step| {
            json!({
                "function": step.frame.function,
                "name": step.function,
                "offset": step.frame.offset,
                "file": step.file,
                "line": step.line,
                "inlined": step.inlined,
            })
        });
        Value::Array(steps.collect())
    }
}

fn place(step: &Step<'_>) -> Option<String> {
    Some(format!("{}:{}", step.file.as_deref()?, step.line?))
}

/// The functions that were inlined at the frame's instruction, then the frame's own.
fn steps<'a>(frame: &'a Frame, found: &Found) -> Vec<Step<'a>> {
    let places = match (found.sidecar(), frame.offset) {
        (Some(sidecar), Some(offset)) => sidecar.places(offset),
        _ => Vec::new(),
    };
    let own_name = found
        .sidecar()
        .and_then(|sidecar| sidecar.function(frame.function));
    let own_name = own_name.or_else(|| frame.name.as_deref().map(shown));
    let mut places = places;
    let is_own = |place: &Place| match (&own_name, &place.function) {
        (Some(own), Some(place)) => own == place,
        _ => true,
    };
    // An optimiser may have inlined the function into another, of which no line is known then.
    if !places.last().is_some_and(is_own) {
        places.push(Place::default());
    }
    let last = places.len() - 1;
    let steps = places.into_iter().enumerate().map(|(index, place)| Step {
        frame,
        inlined: index < last,
        function: match index == last {
            true => own_name.clone().or(place.function),
            false => place.function,
        },
        file: place.file,
        line: place.line,
    });
    steps.collect()
}
