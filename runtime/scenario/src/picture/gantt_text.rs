//! A timeline of a run as lines of text.

use super::timeline::{Lane, SpanKind, Timeline};
use crate::text::{duration, padded, truncated, visible, width};

/// Columns of a label at most.
const LABEL_MAX: usize = 32;

/// Columns of bars at least, however narrow the terminal is.
const BARS_MIN: usize = 20;

/// A line for each step, at most `columns` wide: its path, bars, and what it took.
pub fn gantt_text(timeline: &Timeline, columns: usize) -> String {
    let label = |lane: &Lane| {
        let indent = "  ".repeat(lane.depth.min(4));
        indent + &truncated(&visible(&lane.label), LABEL_MAX)
    };
    let labels: Vec<String> = timeline.lanes.iter().map(label).collect();
    let widest = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    // After the bars: two spaces and a duration.
    let bars = columns.saturating_sub(widest + 14).max(BARS_MIN);
    let mut out = String::new();
    for (lane, label) in timeline.lanes.iter().zip(labels) {
        out.push_str(&padded(&label, widest, false));
        out.push_str("  ");
        out.push_str(&bar(timeline, lane, bars));
        let first = lane.spans.iter().map(|span| span.from_ms).min();
        let last = lane.spans.iter().map(|span| span.to_ms).max();
        if let (Some(first), Some(last)) = (first, last) {
            let took = last.saturating_sub(first).saturating_mul(1_000);
            out.push_str("  ");
            out.push_str(&duration(took));
        }
        out.push('\n');
    }
    out
}

fn bar(timeline: &Timeline, lane: &Lane, columns: usize) -> String {
    let mut cells = vec![' '; columns];
    let span_ms = u128::from(timeline.end_ms.saturating_sub(timeline.begin_ms).max(1));
    let column = |ms: u64| {
        let after = u128::from(ms.saturating_sub(timeline.begin_ms)).min(span_ms);
        let place = after * columns as u128 / span_ms;
        usize::try_from(place).unwrap_or(0).min(columns - 1)
    };
    // Jobs over waits, failures over all.
    let rank = |kind: SpanKind| match kind {
        SpanKind::Wait | SpanKind::Block => 0,
        SpanKind::Failed | SpanKind::FailedBlock | SpanKind::Lost => 2,
        _ => 1,
    };
    let mut spans: Vec<_> = lane.spans.iter().collect();
    spans.sort_by_key(|span| rank(span.kind));
    for span in spans {
        let (from, to) = (column(span.from_ms), column(span.to_ms));
        for cell in cells.iter_mut().take(to.max(from) + 1).skip(from) {
            *cell = span.kind.character();
        }
    }
    cells.into_iter().collect()
}
