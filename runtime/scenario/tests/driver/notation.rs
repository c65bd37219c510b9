//! Events and actions in words, one in a line.

use std::sync::Arc;

use serde_json::Value;
use tenzik_scenario::driver::{
    Action, Assumed, Event, JobKey, RunEnd, SkipReason, StepState, StepView, StopReason, TimerId,
};
use tenzik_scenario::{Produced, Work, WorkEnding, WorkInput, WorkResult, WorkUsage};

/// What came of a job.
pub fn result(ending: WorkEnding, output: Value) -> WorkResult {
    let artifacts = match ending {
        WorkEnding::Ok => vec![Produced {
            name: "output".to_owned(),
            digest: "ab".repeat(32),
            bytes: 1,
        }],
        _ => Vec::new(),
    };
    WorkResult {
        ending,
        output,
        artifacts,
        usage: WorkUsage::default(),
        reused: false,
    }
}

/// `a#1`.
pub fn key(text: &str) -> JobKey {
    let (path, attempt) = text.split_once('#').expect("STEP#ATTEMPT");
    JobKey {
        path: Arc::from(path),
        attempt: attempt.parse().expect("an attempt"),
    }
}

/// `begin`, `ok a#1 [JSON]`, `reused a#1 [JSON]`, `fail a#1 CODE`, `late a#1`, `stopped a#1`,
/// `lost a#1`, `timer a#2`, `cancel`, `timeout`, `assume a done`, `assume a failed`.
pub fn event(line: &str) -> Event {
    let mut words = line.splitn(3, ' ');
    let verb = words.next().unwrap_or_default();
    let (job, rest) = (words.next().unwrap_or_default(), words.next());
    let output = || match rest {
        Some(json) => serde_json::from_str(json).expect("an output is JSON"),
        None => Value::Null,
    };
    let ended = |ending, output, reused| Event::JobEnded {
        job: key(job),
        result: WorkResult {
            reused,
            ..result(ending, output)
        },
    };
    match verb {
        "begin" => Event::Begin,
        "cancel" => Event::Cancel,
        "timeout" => Event::RunTimedOut,
        "ok" => ended(WorkEnding::Ok, output(), false),
        "reused" => ended(WorkEnding::Ok, output(), true),
        "fail" => ended(
            WorkEnding::Failed {
                code: rest.unwrap_or("broken").to_owned(),
                exit: 20,
                message: "it broke".to_owned(),
            },
            Value::Null,
            false,
        ),
        "late" => ended(WorkEnding::TimedOut { timeout_ms: 5 }, Value::Null, false),
        "stopped" => ended(WorkEnding::Cancelled, Value::Null, false),
        "lost" => Event::JobLost { job: key(job) },
        "timer" => Event::TimerFired {
            timer: TimerId(key(job)),
        },
        "assume" => Event::Assume {
            path: Arc::from(job),
            assumed: match rest {
                Some("done") => Assumed::Done,
                _ => Assumed::Failed,
            },
        },
        other => panic!("no event is called {other}"),
    }
}

/// A key in words.
pub fn show_key(key: &JobKey) -> String {
    format!("{}#{}", key.path, key.attempt)
}

/// A step in words.
pub fn show_step(step: &StepView) -> String {
    let state = match &step.state {
        StepState::Ok {
            attempts,
            reused,
            by_fallback,
        } => {
            let reused = if *reused { " reused" } else { "" };
            let fallback = if *by_fallback { " by fallback" } else { "" };
            format!("ok after {attempts}{reused}{fallback}")
        }
        StepState::Failed {
            code,
            message,
            attempts,
            ..
        } => format!("failed after {attempts}: {code}: {message}"),
        StepState::Skipped(SkipReason::NotChosen) => "not chosen".to_owned(),
        StepState::Skipped(SkipReason::Needs { path }) => format!("skipped, needs {path}"),
        StepState::Skipped(SkipReason::Stopped { path }) => format!("skipped, stopped by {path}"),
        StepState::Skipped(SkipReason::RunEnded) => "skipped, run ended".to_owned(),
        StepState::BackingOff { attempt } => format!("backs off to {attempt}"),
        other => other.name().to_owned(),
    };
    match step.output.as_ref() {
        Value::Null => format!("{} {state}", step.path),
        output => format!("{} {state} = {output}", step.path),
    }
}

fn show_work(work: &Work) -> String {
    match work {
        Work::Capsule(work) => match &work.input {
            WorkInput::Bytes(bytes) if bytes.is_empty() => String::new(),
            WorkInput::Bytes(bytes) => format!(" {}", String::from_utf8_lossy(bytes)),
            WorkInput::File(file) => format!(" file {}", file.absolute().display()),
            WorkInput::Artifact(digest) => format!(" artifact {digest}"),
        },
        Work::Secret { name, .. } => format!(" secret {name}"),
        Work::Report(report) => format!(" report of {} rows", report.rows.len()),
    }
}

/// An action in words.
pub fn show(action: &Action) -> String {
    match action {
        Action::Start(start) => {
            let again = if start.again { " again" } else { "" };
            format!(
                "start {}{again}{}",
                show_key(&start.key),
                show_work(&start.work)
            )
        }
        Action::Wait {
            timer,
            milliseconds,
        } => format!("wait {milliseconds} ms for {}", show_key(&timer.0)),
        Action::Stop { job, reason } => {
            let reason = match reason {
                StopReason::Cancelled => "cancelled",
                StopReason::RunTimedOut => "run timed out",
                StopReason::StepFailed => "a step failed",
            };
            format!("stop {}: {reason}", show_key(job))
        }
        Action::Settled { step } => show_step(step),
        Action::Finished(end) => match end {
            RunEnd::Ok => "finished: ok".to_owned(),
            RunEnd::Failed => "finished: failed".to_owned(),
            RunEnd::Cancelled => "finished: cancelled".to_owned(),
            RunEnd::TimedOut => "finished: timed out".to_owned(),
            RunEnd::NeedsDecision { paths } => format!("needs a decision: {}", paths.join(", ")),
        },
    }
}
