//! The bodies of journal rows: JSON, version by version readable.
//!
//! ```text
//! admitted, intent   {"path","attempt","node","effect","again"?,"sample"?}
//! queued             {"path","attempt","reason"}
//! refused            {"path","attempt","code","message","remedy","sample"?}
//! outcome            {"path","attempt","status","code"?,"exit"?,"message"?,"timeout_ms"?,"output"?,
//!                     "artifacts"?,"usage","reused"?,"session"?,"started_ms","provenance"?}
//! lost, timer        {"path","attempt"}
//! assume             {"path","assumed":"done"|"failed"}
//! settled            {"path","node","state",…}
//! cancel, run_timed_out {}
//! run_ended          {"end",…}
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenzik_journal::BODY_BYTES_MAX;

use crate::driver::{Assumed, Event, JobKey, JobStart, TimerId};
use crate::scenario::Effect;
use crate::work::{Produced, WorkEnding, WorkResult, WorkUsage};

use super::provenance::Provenance;

/// Room that is left in a body for what belongs to the row itself.
const BODY_BYTES_KEPT: usize = BODY_BYTES_MAX - (1 << 20);

/// Artifacts that an outcome names that is too large otherwise. The index has all of them.
const ARTIFACTS_KEPT: usize = 1_000;

/// Which attempt a row is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBody<'a> {
    /// The step's path.
    pub path: Cow<'a, str>,
    /// From 1.
    pub attempt: u32,
}

/// A job that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentBody<'a> {
    /// The step's path.
    pub path: Cow<'a, str>,
    /// From 1.
    pub attempt: u32,
    /// The node of the plan.
    pub node: usize,
    /// `pure`, `idempotent` or `at_most_once`.
    pub effect: Cow<'a, str>,
    /// Whether it was begun before and lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The sample of the machine that it was admitted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<i64>,
}

impl<'a> IntentBody<'a> {
    /// Of a job.
    pub fn of(start: &'a JobStart, sample: Option<i64>) -> IntentBody<'a> {
        IntentBody {
            path: Cow::Borrowed(&start.key.path),
            attempt: start.key.attempt,
            node: start.node,
            effect: Cow::Borrowed(effect_name(start.effect)),
            again: start.again,
            sample,
        }
    }
}

/// The name of an effect class, as scenarios write it.
pub const fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Pure => "pure",
        Effect::Idempotent => "idempotent",
        Effect::AtMostOnce => "at_most_once",
    }
}

/// An artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactBody<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// BLAKE3 digest in hexadecimal.
    pub digest: Cow<'a, str>,
    /// Its size.
    pub bytes: u64,
}

/// The body of `outcome`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeBody<'a> {
    /// The step's path.
    pub path: Cow<'a, str>,
    /// From 1.
    pub attempt: u32,
    /// `ok`, `failed`, `timed_out` or `cancelled`.
    pub status: Cow<'a, str>,
    /// Stable code of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// Exit code of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// Milliseconds that it might take, where they were over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// The output as a value.
    #[serde(default, skip_serializing_if = "is_null")]
    pub output: Cow<'a, Value>,
    /// What it produced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactBody<'a>>,
    /// What it used.
    pub usage: WorkUsage,
    /// Whether it was taken from an earlier run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
    /// The session that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Cow<'a, str>>,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// How it came to be.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub provenance: Cow<'a, Provenance>,
}

fn is_empty(provenance: &Provenance) -> bool {
    provenance.stages.is_empty() && provenance.problems.is_empty()
}

fn is_null(value: &Value) -> bool {
    value.is_null()
}

/// An outcome that is written.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// Of which attempt.
    pub key: &'a JobKey,
    /// What came of it.
    pub result: &'a WorkResult,
    /// How.
    pub provenance: &'a Provenance,
    /// The session that it belongs to.
    pub session: Option<&'a str>,
    /// When it began.
    pub started_ms: u64,
}

impl Outcome<'_> {
    /// Its body. What is too large for a row loses its processes, then most of its artifacts.
    pub fn to_json(self) -> String {
        let mut body = self.body();
        let text = to_json(&body);
        if text.len() <= BODY_BYTES_KEPT {
            return text;
        }
        let mut provenance = self.provenance.clone();
        for stage in &mut provenance.stages {
            stage.processes.clear();
        }
        let note = format!(
            "the row had {} bytes: processes are left out of it",
            text.len()
        );
        provenance.problems = vec![note];
        body.provenance = Cow::Owned(provenance);
        let text = to_json(&body);
        if text.len() <= BODY_BYTES_KEPT {
            return text;
        }
        body.artifacts.truncate(ARTIFACTS_KEPT);
        to_json(&body)
    }

    fn body(&self) -> OutcomeBody<'_> {
        let (status, code, exit, message, timeout_ms) = match &self.result.ending {
            WorkEnding::Ok => ("ok", None, None, None, None),
            WorkEnding::Failed {
                code,
                exit,
                message,
            } => ("failed", Some(code), Some(*exit), Some(message), None),
            WorkEnding::TimedOut { timeout_ms } => {
                ("timed_out", None, None, None, Some(*timeout_ms))
            }
            WorkEnding::Cancelled => ("cancelled", None, None, None, None),
        };
        let artifacts = self.result.artifacts.iter().map(|produced| ArtifactBody {
            name: Cow::Borrowed(&produced.name),
            digest: Cow::Borrowed(&produced.digest),
            bytes: produced.bytes,
        });
        OutcomeBody {
            path: Cow::Borrowed(&self.key.path),
            attempt: self.key.attempt,
            status: Cow::Borrowed(status),
            code: code.map(|code| Cow::Borrowed(code.as_str())),
            exit,
            message: message.map(|message| Cow::Borrowed(message.as_str())),
            timeout_ms,
            output: Cow::Borrowed(&self.result.output),
            artifacts: artifacts.collect(),
            usage: self.result.usage,
            reused: self.result.reused,
            session: self.session.map(Cow::Borrowed),
            started_ms: self.started_ms,
            provenance: Cow::Borrowed(self.provenance),
        }
    }
}

impl OutcomeBody<'_> {
    /// The result that was written.
    ///
    /// # Errors
    /// When the status is unknown.
    pub fn into_result(self) -> Result<WorkResult, String> {
        let ending = match &*self.status {
            "ok" => WorkEnding::Ok,
            "failed" => WorkEnding::Failed {
                code: self.code.unwrap_or_default().into_owned(),
                exit: self.exit.unwrap_or_default(),
                message: self.message.unwrap_or_default().into_owned(),
            },
            "timed_out" => WorkEnding::TimedOut {
                timeout_ms: self.timeout_ms.unwrap_or_default(),
            },
            "cancelled" => WorkEnding::Cancelled,
            other => return Err(format!("the status {other:?} is unknown")),
        };
        let artifacts = self.artifacts.into_iter().map(|artifact| Produced {
            name: artifact.name.into_owned(),
            digest: artifact.digest.into_owned(),
            bytes: artifact.bytes,
        });
        Ok(WorkResult {
            ending,
            output: self.output.into_owned(),
            artifacts: artifacts.collect(),
            usage: self.usage,
            reused: self.reused,
        })
    }
}

/// The body of `assume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssumeBody<'a> {
    /// The step's path.
    pub path: Cow<'a, str>,
    /// `done` or `failed`.
    pub assumed: Cow<'a, str>,
}

impl<'a> AssumeBody<'a> {
    /// Of a decision.
    pub fn of(path: &'a str, assumed: Assumed) -> AssumeBody<'a> {
        let assumed = match assumed {
            Assumed::Done => "done",
            Assumed::Failed => "failed",
        };
        AssumeBody {
            path: Cow::Borrowed(path),
            assumed: Cow::Borrowed(assumed),
        }
    }
}

/// JSON of a body. Structs of texts and numbers can always be written.
pub(super) fn to_json<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned())
}

/// What a row tells the driver.
pub(super) enum Told {
    /// An event.
    Event(Event),
    /// A job was about to begin.
    Intent(JobKey),
    /// For people.
    Nothing,
}

/// Reads a row back.
///
/// # Errors
/// What is wrong with its body.
pub(super) fn read(kind: tenzik_journal::RowKind, body: &str) -> Result<Told, String> {
    use tenzik_journal::RowKind;
    let key = || -> Result<JobKey, String> {
        let body: KeyBody<'_> = parse(body)?;
        Ok(JobKey {
            path: Arc::from(&*body.path),
            attempt: body.attempt,
        })
    };
    Ok(match kind {
        RowKind::Intent => Told::Intent(key()?),
        RowKind::Outcome => {
            let body: OutcomeBody<'_> = parse(body)?;
            let job = JobKey {
                path: Arc::from(&*body.path),
                attempt: body.attempt,
            };
            let result = body.into_result()?;
            Told::Event(Event::JobEnded { job, result })
        }
        RowKind::Lost => Told::Event(Event::JobLost { job: key()? }),
        RowKind::Timer => Told::Event(Event::TimerFired {
            timer: TimerId(key()?),
        }),
        RowKind::Cancel => Told::Event(Event::Cancel),
        RowKind::RunTimedOut => Told::Event(Event::RunTimedOut),
        RowKind::Assume => {
            let body: AssumeBody<'_> = parse(body)?;
            let assumed = match &*body.assumed {
                "done" => Assumed::Done,
                "failed" => Assumed::Failed,
                other => return Err(format!("{other:?} is neither done nor failed")),
            };
            let path = Arc::from(&*body.path);
            Told::Event(Event::Assume { path, assumed })
        }
        _ => Told::Nothing,
    })
}

fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}
