//! Events of a run as lines, one each, for pipes and logs.

use std::collections::BTreeSet;

use tenzik_runtime::scenario::execute::{EventSubscriber, RunEvent, StepCounts};

use crate::printer;

/// Prints a line for each event that people want to know of.
#[derive(Debug, Default)]
pub(crate) struct EventLines {
    began_ms: Option<u64>,
    told: Told,
}

/// Steps whose jobs failed, and said so, until they settle.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeSet<String>);

impl Told {
    /// Whether this event tells again what a job of the step told.
    pub(crate) fn again(&mut self, event: &RunEvent<'_>) -> bool {
        match event {
            RunEvent::StepEnded { path, status, .. } if *status != "ok" => {
                self.0.insert((*path).to_owned());
                false
            }
            RunEvent::StepStarted { path, .. } => {
                self.0.remove(*path);
                false
            }
            RunEvent::StepSettled { path, state } if state.state == "failed" => {
                self.0.remove(*path)
            }
            _ => false,
        }
    }
}

impl EventSubscriber for EventLines {
    fn event(&mut self, at_ms: u64, event: &RunEvent<'_>) {
        let began = *self.began_ms.get_or_insert(at_ms);
        let again = self.told.again(event);
        if let Some(text) = sentence(event).filter(|_| !again) {
            let after = elapsed(at_ms.saturating_sub(began));
            printer::result(&format!("{after:>9}  {}", one_line(&text)));
        }
    }
}

/// What happened, in one line; nothing for what another event says too.
pub(crate) fn sentence(event: &RunEvent<'_>) -> Option<String> {
    Some(match event {
        RunEvent::RunStarted {
            run,
            scenario,
            steps,
            resumed,
        } => {
            let verb = if *resumed { "resumed" } else { "started" };
            format!("run {run} of {scenario} {verb}, {steps} steps")
        }
        RunEvent::StepQueued { path, reason, .. } => format!("{path} waits: {reason}"),
        RunEvent::StepStarted {
            path,
            attempt,
            kind,
            again,
            ..
        } => {
            let again = if *again {
                ", again after it was lost"
            } else {
                ""
            };
            let attempt = if *attempt > 1 {
                format!(", attempt {attempt}")
            } else {
                String::new()
            };
            format!("{path} started ({kind}{attempt}{again})")
        }
        RunEvent::StepEnded {
            path,
            status,
            code,
            message,
            ..
        } if *status != "ok" => {
            format!("{path} {status}{}", why(*code, *message))
        }
        RunEvent::StepEnded {
            path,
            reused,
            usage,
            ..
        } => {
            let took = elapsed(usage.wall_us / 1_000);
            let reused = if *reused { ", reused" } else { "" };
            format!("{path} ok, {took}{reused}")
        }
        RunEvent::StepRetry {
            path,
            attempt,
            wait_ms,
        } => {
            format!(
                "{path} is tried again (attempt {attempt}) in {}",
                elapsed(*wait_ms)
            )
        }
        RunEvent::StepLost { path, .. } => {
            format!("{path} was interrupted; nobody knows what became of it")
        }
        RunEvent::StepSettled { path, state } => {
            match (state.state, state.reason, &state.because) {
                ("skipped", Some("not_chosen"), _) => return None,
                ("skipped", _, Some(because)) => {
                    format!("{path} skipped since {because} did not succeed")
                }
                ("skipped", ..) => format!("{path} skipped"),
                ("running", ..) => {
                    let items = state.items?;
                    match state.items_ended {
                        None | Some(0) => format!("{path} has {items} items"),
                        Some(ended) => format!("{path} has {items} items, {ended} ended"),
                    }
                }
                ("unknown", ..) => format!("{path} needs a decision"),
                ("failed", ..) => {
                    format!(
                        "{path} failed{}",
                        why(state.code.as_deref(), state.message.as_deref())
                    )
                }
                _ => return None,
            }
        }
        RunEvent::RunStopping { cause } => format!("the run ends: {cause}"),
        RunEvent::RunEnded {
            end,
            steps,
            elapsed_ms,
            ..
        } => {
            format!(
                "run {end} after {}: {}",
                elapsed(*elapsed_ms),
                counted(steps)
            )
        }
    })
}

fn why(code: Option<&str>, message: Option<&str>) -> String {
    let parts: Vec<&str> = code.into_iter().chain(message).collect();
    match parts.as_slice() {
        [] => String::new(),
        parts => format!(": {}", parts.join(": ")),
    }
}

/// Such as `4 ok (1 reused), 2 failed`.
pub(crate) fn counted(steps: &StepCounts) -> String {
    let reused = match steps.reused {
        0 => String::new(),
        reused => format!(" ({reused} reused)"),
    };
    let others = [
        (steps.failed, "failed"),
        (steps.skipped, "skipped"),
        (steps.cancelled, "cancelled"),
        (steps.unknown, "unknown"),
    ];
    let mut text = format!("{} ok{reused}", steps.ok);
    for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {count} {word}"));
    }
    text
}

/// `12 ms`, `1.25 s`, `2:03`, `3:07:09`.
pub(crate) fn elapsed(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{seconds}.{:02} s", milliseconds % 1_000 / 10),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!(
            "{}:{:02}:{:02}",
            seconds / 3_600,
            seconds % 3_600 / 60,
            seconds % 60
        ),
    }
}

/// Text without line ends, so that an event stays one line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::{elapsed, one_line, sentence};
    use tenzik_runtime::scenario::execute::{RunEvent, SettledBody, StepCounts};

    #[test]
    fn an_event_is_a_sentence() {
        let failed = SettledBody {
            state: "failed",
            code: Some("items_failed".to_owned()),
            message: Some("1 of 3".to_owned()),
            attempts: Some(0),
            ..SettledBody::default()
        };
        let skipped = SettledBody {
            state: "skipped",
            reason: Some("needs"),
            because: Some("a".to_owned()),
            ..SettledBody::default()
        };
        let running = |items: Option<usize>, ended: usize| SettledBody {
            state: "running",
            items,
            items_ended: items.map(|_| ended),
            ..SettledBody::default()
        };
        let ok = SettledBody {
            state: "ok",
            ..SettledBody::default()
        };
        let steps = StepCounts {
            ok: 4,
            reused: 1,
            failed: 2,
            ..StepCounts::default()
        };
        let cases = [
            (
                RunEvent::RunStarted {
                    run: "4f",
                    scenario: "lab",
                    steps: 3,
                    resumed: true,
                },
                Some("run 4f of lab resumed, 3 steps"),
            ),
            (
                RunEvent::StepStarted {
                    path: "a[1].b",
                    attempt: 2,
                    job: "j",
                    kind: "scan",
                    again: true,
                },
                Some("a[1].b started (scan, attempt 2, again after it was lost)"),
            ),
            (
                RunEvent::StepRetry {
                    path: "a",
                    attempt: 2,
                    wait_ms: 1_500,
                },
                Some("a is tried again (attempt 2) in 1.50 s"),
            ),
            (
                RunEvent::StepSettled {
                    path: "a",
                    state: &failed,
                },
                Some("a failed: items_failed: 1 of 3"),
            ),
            (
                RunEvent::StepSettled {
                    path: "b",
                    state: &skipped,
                },
                Some("b skipped since a did not succeed"),
            ),
            (
                RunEvent::StepSettled {
                    path: "c",
                    state: &ok,
                },
                None,
            ),
            (
                RunEvent::StepSettled {
                    path: "d",
                    state: &running(Some(40), 0),
                },
                Some("d has 40 items"),
            ),
            (
                RunEvent::StepSettled {
                    path: "d",
                    state: &running(Some(40), 12),
                },
                Some("d has 40 items, 12 ended"),
            ),
            (
                RunEvent::StepSettled {
                    path: "e",
                    state: &running(None, 0),
                },
                None,
            ),
            (
                RunEvent::RunEnded {
                    end: "failed",
                    steps,
                    elapsed_ms: 90_000,
                    unknown: &[],
                },
                Some("run failed after 1:30: 4 ok (1 reused), 2 failed"),
            ),
        ];
        for (event, text) in cases {
            assert_eq!(sentence(&event).as_deref(), text);
        }
        assert_eq!(one_line("a\r\nb"), "a  b");
        assert_eq!(elapsed(11_229_000), "3:07:09");
    }
}
