//! A run as a timeline.

use super::{AttemptReport, RunReport, StepReport};
use crate::picture::{Lane, Span, SpanKind, Timeline};
use crate::text::duration;

impl RunReport {
    /// Bars for each step that began: its waits and its jobs.
    pub fn timeline(&self) -> Timeline {
        let end = self.ended_ms.unwrap_or(self.last_ms);
        let began = self.steps.iter().filter(|step| step.started_ms.is_some());
        Timeline {
            title: format!("{}: {}", self.scenario, self.status),
            begin_ms: self.started_ms,
            end_ms: end,
            lanes: began.map(|step| lane(step, end)).collect(),
        }
    }
}

fn lane(step: &StepReport, end: u64) -> Lane {
    let mut spans = Vec::new();
    if step.attempts.is_empty()
        && let Some(from) = step.started_ms
    {
        let to = step.ended_ms.unwrap_or(end);
        spans.push(Span {
            kind: match step.state.as_str() {
                "failed" => SpanKind::FailedBlock,
                _ => SpanKind::Block,
            },
            from_ms: from,
            to_ms: to,
            title: title(&step.path, &step.state, from, to, step.message.as_deref()),
        });
    }
    let mut free_from = None;
    for attempt in &step.attempts {
        let began = attempt.started_ms.or(attempt.ended_ms).unwrap_or(end);
        let waited = attempt.queued_ms.or(free_from).filter(|from| *from < began);
        if let Some(from) = waited {
            let why = if attempt.queued_ms.is_some() {
                "waits for the machine"
            } else {
                "waits before the next attempt"
            };
            spans.push(Span {
                kind: SpanKind::Wait,
                from_ms: from,
                to_ms: began,
                title: title(&step.path, why, from, began, None),
            });
        }
        spans.push(job(step, attempt, began, attempt.ended_ms.unwrap_or(end)));
        free_from = attempt.ended_ms;
    }
    Lane {
        label: step.path.clone(),
        depth: step.path.matches('[').count(),
        spans,
    }
}

fn job(step: &StepReport, attempt: &AttemptReport, from: u64, to: u64) -> Span {
    let kind = match attempt.status.as_str() {
        "ok" if attempt.reused => SpanKind::Reused,
        "ok" => SpanKind::Ok,
        "running" | "queued" => SpanKind::Running,
        "cancelled" => SpanKind::Cancelled,
        "lost" => SpanKind::Lost,
        _ => SpanKind::Failed,
    };
    let what = format!(
        "attempt {} {}{}",
        attempt.attempt,
        attempt.status,
        if attempt.reused { ", reused" } else { "" }
    );
    Span {
        kind,
        from_ms: from,
        to_ms: to,
        title: title(&step.path, &what, from, to, attempt.message.as_deref()),
    }
}

fn title(path: &str, what: &str, from: u64, to: u64, message: Option<&str>) -> String {
    let took = duration(to.saturating_sub(from).saturating_mul(1_000));
    let more = message.map_or_else(String::new, |message| format!("\n{message}"));
    format!("{path}: {what}, {took}{more}")
}
