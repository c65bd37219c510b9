//! What a timeline shows.

/// A run as lanes of bars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Its title.
    pub title: String,
    /// Where it begins, in milliseconds since 1970.
    pub begin_ms: u64,
    /// Where it ends.
    pub end_ms: u64,
    /// One lane for each step.
    pub lanes: Vec<Lane>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Its path.
    pub label: String,
    /// Loops around it.
    pub depth: usize,
    /// Its bars, in the order of time.
    pub spans: Vec<Span>,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub kind: SpanKind,
    /// Where it begins, in milliseconds since 1970.
    pub from_ms: u64,
    /// Where it ends.
    pub to_ms: u64,
    /// What is shown where the pointer is; lines stay lines.
    pub title: String,
}

/// What a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// A job that succeeded.
    Ok,
    /// One whose result is that of an earlier run.
    Reused,
    /// A job that failed.
    Failed,
    /// One that runs.
    Running,
    /// One that was ended.
    Cancelled,
    /// One of which nobody knows what became of it.
    Lost,
    /// A wait for the machine, or before the next attempt.
    Wait,
    /// A step without jobs of its own.
    Block,
    /// Such a step that failed.
    FailedBlock,
}

impl SpanKind {
    pub(super) const ALL: [SpanKind; 9] = [
        SpanKind::Ok,
        SpanKind::Reused,
        SpanKind::Failed,
        SpanKind::Running,
        SpanKind::Cancelled,
        SpanKind::Lost,
        SpanKind::Wait,
        SpanKind::Block,
        SpanKind::FailedBlock,
    ];

    /// Its class, and its name in the legend.
    pub(super) const fn look(self) -> (&'static str, &'static str) {
        match self {
            SpanKind::Ok => ("s-ok", "ok"),
            SpanKind::Reused => ("s-reused", "reused"),
            SpanKind::Failed => ("s-failed", "failed"),
            SpanKind::Running => ("s-running", "running"),
            SpanKind::Cancelled => ("s-cancelled", "cancelled"),
            SpanKind::Lost => ("s-lost", "lost"),
            SpanKind::Wait => ("s-wait", "waits"),
            SpanKind::Block => ("s-block", "block"),
            SpanKind::FailedBlock => ("s-block-failed", "failed block"),
        }
    }

    /// Its character in a timeline of text.
    pub const fn character(self) -> char {
        match self {
            SpanKind::Ok => '█',
            SpanKind::Reused => '▒',
            SpanKind::Failed | SpanKind::FailedBlock => '✗',
            SpanKind::Running => '▶',
            SpanKind::Cancelled => '◼',
            SpanKind::Lost => '?',
            SpanKind::Wait => '·',
            SpanKind::Block => '─',
        }
    }
}
