//! The gate that answers from a bundle and performs nothing.
//!
//! Every call has to be the next one of the record, byte for byte, and gets the answer of then. Where
//! the policy decides by itself, it decides again: a record that answers what the policy refuses is
//! none of a run under that policy.

mod decide;
mod difference;

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenzik_evidence::TranscriptCommitment;
use tenzik_evidence::bundle::{
    Bundle, BundleError, Calls, RecordedAnswer, RecordedCall, RecordedHalt, Span,
};
use tenzik_policy::{EffectCode, Rules};

use crate::gate::{Gate, GateCall, GateHalt, GateReply, Refused};
use crate::recorder::{fills_buffer, request_bytes};
use crate::report::GateReport;

/// Answers the calls of one run from a bundle.
pub struct Replay {
    bundle: Bundle,
    calls: Calls,
    rules: Arc<Rules>,
    progress: ReplayProgress,
}

/// How far a replay got.
#[derive(Clone, Debug)]
pub struct ReplayProgress {
    total: u64,
    done: Arc<AtomicU64>,
}

impl ReplayProgress {
    /// Calls of the record that were asked for again.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Acquire)
    }

    /// Calls of the record that were not.
    pub fn left(&self) -> u64 {
        self.total.saturating_sub(self.done())
    }
}

impl Replay {
    /// Replays `bundle`. The rules are those of its policy.
    pub fn new(bundle: &Bundle, rules: Arc<Rules>) -> Replay {
        Replay {
            bundle: bundle.clone(),
            calls: bundle.calls(),
            rules,
            progress: ReplayProgress {
                total: bundle.call_count() + u64::from(bundle.is_halted()),
                done: Arc::default(),
            },
        }
    }

    /// How far it is, to be asked when the run is over.
    pub fn progress(&self) -> ReplayProgress {
        self.progress.clone()
    }

    /// The next call of the record, if it is the one that the capsule makes.
    fn next(&mut self, call: &GateCall<'_>, request: &[u8]) -> Result<RecordedCall, GateHalt> {
        let Some(recorded) = self.calls.next() else {
            let calls = self.progress.total;
            return Err(GateHalt::Differs {
                expected: format!("no call behind its {calls}"),
                got: difference::text(call, request),
            });
        };
        let recorded = recorded.map_err(broken)?;
        let differs = match recorded.function == call.function {
            true => self.first_difference(recorded.request, request)?,
            false => Some(0),
        };
        match differs {
            None => Ok(recorded),
            Some(offset) => Err(difference::of(
                &self.bundle,
                &recorded,
                call,
                request,
                offset,
            )?),
        }
    }

    /// Offset of the first byte in which the recorded request is another.
    fn first_difference(&self, recorded: Span, request: &[u8]) -> Result<Option<u64>, GateHalt> {
        let mut reader = self.bundle.span(recorded);
        let mut piece = vec![0; request.len().clamp(1, 64 << 10)];
        let mut at = 0_usize;
        loop {
            let count = reader.read(&mut piece).map_err(lost)?;
            let here = piece.get(..count).unwrap_or_default();
            let there = request.get(at..).unwrap_or_default();
            let same = here.iter().zip(there).take_while(|(a, b)| a == b).count();
            at += same;
            if same < count || count == 0 {
                return Ok((at < request.len() || same < count).then_some(at as u64));
            }
        }
    }

    fn answer(
        &self,
        (recorded, number, bytes): (&RecordedCall, i32, Span),
        call: &GateCall<'_>,
        request: &[u8],
        buffer: &mut [u8],
    ) -> Result<GateReply, GateHalt> {
        let count = match fills_buffer(call.function) {
            true => u64::try_from(number).unwrap_or(0),
            false => 0,
        };
        let place = buffer.get_mut(..usize::try_from(count).unwrap_or(usize::MAX));
        let Some(place) = place.filter(|_| bytes.bytes == count) else {
            return Err(GateHalt::Differs {
                expected: format!(
                    "call {} answered with {number} and {} bytes, which no host does",
                    recorded.number, bytes.bytes
                ),
                got: difference::text(call, request),
            });
        };
        self.bundle.span(bytes).read_exact(place).map_err(lost)?;
        Ok(GateReply {
            number,
            read_bytes: count,
            waited_ns: 0,
        })
    }
}

impl Gate for Replay {
    fn call(&mut self, call: &GateCall<'_>, buffer: &mut [u8]) -> Result<GateReply, GateHalt> {
        let request = request_bytes(call, buffer.len());
        let recorded = self.next(call, &request)?;
        let decided = decide::again(&self.rules, call);
        let impossible = |expected: String| GateHalt::Differs {
            expected,
            got: difference::text(call, &request),
        };
        let reply = match (&recorded.answer, decided) {
            (RecordedAnswer::Answered { .. }, Some(Err(refusal))) => Err(impossible(format!(
                "an answer to call {}, which the policy refuses ({})",
                recorded.number, refusal.message
            ))),
            (RecordedAnswer::Answered { number, bytes }, _) => {
                self.answer((&recorded, *number, *bytes), call, &request, buffer)
            }
            (RecordedAnswer::Halted(RecordedHalt::Refused { code, .. }), Some(Err(refusal)))
                if refusal.code != code =>
            {
                Err(impossible(format!(
                    "a refusal of call {} as {}, which the policy refuses as {}",
                    recorded.number,
                    code.escape_default(),
                    refusal.code
                )))
            }
            (RecordedAnswer::Halted(halt), _) => Err(again(halt).unwrap_or_else(|| {
                impossible(format!(
                    "call {} refused with a code that no refusal has",
                    recorded.number
                ))
            })),
        };
        if !matches!(reply, Err(GateHalt::Differs { .. } | GateHalt::Machine(_))) {
            self.progress.done.fetch_add(1, Ordering::AcqRel);
        }
        reply
    }

    fn finish(&mut self) -> GateReport {
        GateReport {
            run_id: None,
            transcript: TranscriptCommitment::new().commit(),
            calls: 0,
            processes: Vec::new(),
            artifacts: Vec::new(),
            files_changed: 0,
            signals: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// The halt of then; `None` where its code is not known.
fn again(halt: &RecordedHalt) -> Option<GateHalt> {
    Some(match halt.clone() {
        RecordedHalt::Refused {
            code,
            rules,
            message,
            remedy,
        } => GateHalt::Refused(Refused {
            code: EffectCode::ALL
                .iter()
                .map(|known| known.code())
                .find(|known| *known == code)?,
            rules,
            message,
            remedy,
        }),
        RecordedHalt::BadHandle(message) => GateHalt::BadHandle(message),
        RecordedHalt::BadArgument(message) => GateHalt::BadArgument(message),
        RecordedHalt::Cancelled => GateHalt::Cancelled,
    })
}

fn broken(error: BundleError) -> GateHalt {
    GateHalt::Machine(format!("the bundle {error}"))
}

fn lost(error: io::Error) -> GateHalt {
    broken(BundleError::Read(error))
}
