//! Each event of a run as one line for people, where no terminal shows a tree.

use tenzik_runtime::escaped;
use tenzik_runtime::scenario::execute::{EventSubscriber, RunEvent, StepCounts};

use crate::printer::{self, grouped};

/// Writes lines on standard error.
#[derive(Debug, Default)]
pub(crate) struct EventLines {
    started_ms: Option<u64>,
}

impl EventSubscriber for EventLines {
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        let started_ms = *self.started_ms.get_or_insert(at_ms);
        if let Some(text) = line(event) {
            let elapsed = at_ms.saturating_sub(started_ms);
            printer::note(&format!(
                "{:>6}.{:03} {text}",
                elapsed / 1_000,
                elapsed % 1_000
            ));
        }
    }
}

/// The line of an event; none for those that another line tells too.
fn line(event: &RunEvent<'_>) -> Option<String> {
    let plain = |text: &str| escaped(text).trim_matches('"').to_owned();
    Some(match event {
        RunEvent::RunStarted {
            run,
            scenario,
            steps,
            resumed,
        } => {
            let word = if *resumed { "resumed" } else { "started" };
            format!("{scenario} {word}: run {run}, {steps} steps")
        }
        RunEvent::StepQueued { path, reason, .. } => format!("{path} waits: {}", plain(reason)),
        RunEvent::StepStarted {
            path,
            attempt,
            job,
            again,
            ..
        } => {
            let attempt = match attempt {
                1 => String::new(),
                number => format!(", attempt {number}"),
            };
            let again = if *again { ", again" } else { "" };
            format!("{path} started: job {job}{attempt}{again}")
        }
        RunEvent::StepEnded {
            path,
            status,
            message,
            reused: false,
            usage,
            ..
        } if *status != "ok" => {
            let message =
                message.map_or_else(String::new, |message| format!(": {}", plain(message)));
            format!(
                "{path} {status} after {} ms{message}",
                grouped(usage.wall_us / 1_000)
            )
        }
        RunEvent::StepEnded { .. } => return None,
        RunEvent::StepRetry {
            path,
            attempt,
            wait_ms,
        } => format!("{path} attempt {attempt} in {} ms", grouped(*wait_ms)),
        RunEvent::StepLost { path, job, .. } => {
            format!("{path} was under way when tenzik ended: job {job}")
        }
        RunEvent::StepSettled { path, state } => {
            let remark = match (state.reused, state.by_fallback, state.because.as_deref()) {
                (true, ..) => ", reused".to_owned(),
                (_, true, _) => ", by its fallback".to_owned(),
                (_, _, Some(because)) => {
                    format!(": {} {because}", state.reason.unwrap_or_default())
                }
                _ => state
                    .reason
                    .map_or_else(String::new, |reason| format!(": {reason}")),
            };
            match state.state {
                "running" | "backing_off" | "waiting" => return None,
                state => format!("{path} {state}{remark}"),
            }
        }
        RunEvent::RunStopping { cause } => format!("ending: {cause}"),
        RunEvent::RunEnded {
            end,
            steps,
            elapsed_ms,
            ..
        } => format!(
            "{end} after {} ms: {}",
            grouped(*elapsed_ms),
            counted(steps)
        ),
    })
}

/// How many steps ended how, without those of which there are none.
pub(crate) fn counted(steps: &StepCounts) -> String {
    let counts = [
        (steps.ok, "ok"),
        (steps.reused, "reused"),
        (steps.failed, "failed"),
        (steps.skipped, "skipped"),
        (steps.cancelled, "cancelled"),
        (steps.unknown, "unknown"),
    ];
    let some = counts.into_iter().filter(|(count, _)| *count > 0);
    let some: Vec<String> = some
        .map(|(count, word)| format!("{} {word}", grouped(count)))
        .collect();
    some.join(", ")
}
