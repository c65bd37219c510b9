//! Rows of the journal.

use std::fmt;

use crate::chain::Hash;

/// Most bytes of a body. An output value has at most 4 MiB, and a body holds one and what belongs to
/// it.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// Most bytes of the id of a run or job.
pub const ID_BYTES_MAX: usize = 64;

/// What has to be certain when an append returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Durability {
    /// The rows survive the end of the process, not a loss of power (`synchronous = NORMAL`). For
    /// what can be done again.
    Pure,
    /// The rows, and all rows before them, survive a loss of power (`synchronous = FULL`). For
    /// outside effects: before and after.
    Effect,
}

macro_rules! row_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        /// What a row tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RowKind {
            $($(#[doc = $doc])+ $name,)*
        }

        impl RowKind {
            /// All of them.
            pub const ALL: &[RowKind] = &[$(RowKind::$name),*];

            /// Its text in the file.
            pub const fn name(self) -> &'static str {
                match self { $(RowKind::$name => $text,)* }
            }

            /// The kind of this text in the file.
            pub fn from_name(text: &str) -> Option<RowKind> {
                match text { $($text => Some(RowKind::$name),)* _ => None }
            }
        }
    };
}

row_kinds! {
    /// A run began: its first row, written by [`Journal::begin`](crate::Journal::begin) alone.
    RunStarted = "run_started";
    /// A run goes on after a crash, or after it ended without all being decided.
    RunResumed = "run_resumed";
    /// A job may begin.
    Admitted = "admitted";
    /// A job waits for the machine.
    Queued = "queued";
    /// A job was refused.
    Refused = "refused";
    /// A job is about to begin; durable before its effect.
    Intent = "intent";
    /// A job ended; durable before its dependents begin.
    Outcome = "outcome";
    /// A job was started and nobody knows what became of it.
    Lost = "lost";
    /// A wait is over.
    Timer = "timer";
    /// A step came into a state; for people.
    Settled = "settled";
    /// The run is to end.
    Cancel = "cancel";
    /// Somebody decided about a lost job.
    Assume = "assume";
    /// The time of the run is over.
    RunTimedOut = "run_timed_out";
    /// A run ended: its last row, unless it is resumed.
    RunEnded = "run_ended";
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A row to be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRow<'a> {
    /// The run: 1 to [`ID_BYTES_MAX`] of `0-9 A-Z a-z _ -`, not beginning with `_` or `-`.
    pub run: &'a str,
    /// What it tells.
    pub kind: RowKind,
    /// The job, where there is one; of the same form as runs.
    pub job: Option<&'a str>,
    /// Milliseconds since 1970, as the writer's clock says. The order of rows is that of `seq`.
    pub at_ms: u64,
    /// JSON in one line, at most [`BODY_BYTES_MAX`] bytes.
    pub body: &'a str,
}

/// A row of the journal whose hash was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1 and without gaps.
    pub seq: u64,
    /// The run.
    pub run: String,
    /// What it tells.
    pub kind: RowKind,
    /// The job, where there is one.
    pub job: Option<String>,
    /// Milliseconds since 1970, as the writer's clock said.
    pub at_ms: u64,
    /// JSON.
    pub body: String,
    /// The digest of this row and, through the one before, of all rows before it.
    pub hash: Hash,
}

/// Why a text is no id of a run or job.
pub(crate) fn id_problem(id: &str) -> Option<String> {
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Some(format!(
            "an id has 1 to {ID_BYTES_MAX} bytes, this one has {}",
            id.len()
        ));
    }
    let fits = |offset: usize, byte: u8| {
        byte.is_ascii_alphanumeric() || (offset > 0 && matches!(byte, b'_' | b'-'))
    };
    let (offset, _) = id
        .bytes()
        .enumerate()
        .find(|(offset, byte)| !fits(*offset, *byte))?;
    Some(format!(
        "an id consists of 0-9, A-Z, a-z, _ and -, and does not begin with _ or -; offset {offset} is none of these"
    ))
}
