//! Performs the jobs of scenarios on engine and gate.
//!
//! ```text
//! JobStart ──capsules──► Admitted ──stage──► Outcome ──ending──► WorkEnding
//!                (examined once,      │ gate, masks,
//!                 prepared once)      │ output into the store, receipt
//! ```
//!
//! Everything that leaves a job went through the masks of the whole run: a secret that one step opened
//! shows in no output, log, message or provenance of any other.

mod capsules;
mod ending;
mod import;
mod input;
mod left;
mod memo;
mod options;
mod output;
mod provenance;
mod secret;
mod stage;
mod usage;

use std::borrow::Cow;
use std::io::Read as _;
use std::path::PathBuf;

use serde_json::{Map, Value};
use tenzik_engine::CancelToken;
use tenzik_gate::MaskedValues;
use tenzik_journal::Durability;
use tenzik_scenario::driver::JobStart;
use tenzik_scenario::execute::{
    ArtifactSink, OUTPUT_VALUE_BYTES_MAX, PerformError, Performed, Performer, Provenance, StopFlag,
    output_too_large, output_value,
};
use tenzik_scenario::report::FORM_BYTES_MAX;
use tenzik_scenario::{
    CapsuleWork, Effect, OutputFormat, Produced, ReportFormat, ReportWork, Work, WorkEnding,
    WorkInput, WorkResult, WorkUsage,
};

use crate::runtime::Runtime;
use capsules::Capsules;
use ending::stopped;
use input::Forbidden;
use stage::Place;

pub use ending::{fault_exit, reject_exit};
pub use options::{EmbeddedCapsules, PerformerOptions, Receipts, RenderReport};

/// Performs jobs on engine and gate. Shared by reference between threads.
pub struct EnginePerformer {
    runtime: Runtime,
    options: PerformerOptions,
    capsules: Capsules,
    masked: MaskedValues,
}

impl EnginePerformer {
    /// A performer on this runtime.
    pub fn new(runtime: Runtime, options: PerformerOptions) -> EnginePerformer {
        EnginePerformer {
            runtime,
            options,
            capsules: Capsules::default(),
            masked: MaskedValues::default(),
        }
    }

    fn capsule_job(
        &self,
        work: &CapsuleWork,
        place: &Place<'_>,
    ) -> Result<Performed, PerformError> {
        let mut provenance = Provenance::default();
        let mut usage = WorkUsage::default();
        let mut artifacts = Vec::new();
        let mut input = work.input.clone();
        let mut input_digest = None;
        let last = work.stages.len().saturating_sub(1);
        for (index, stage) in work.stages.iter().enumerate() {
            let place = place.of_stage(index);
            let done = match self.stage(stage, work, &input, &place) {
                Ok(done) => done,
                Err(failed) => {
                    provenance.stages.extend(failed.stage.map(|stage| *stage));
                    provenance.problems.extend(failed.problems);
                    let message = self.masked.masked(&failed.message).into_owned();
                    return Err(PerformError {
                        message,
                        provenance,
                    });
                }
            };
            usage::add(&mut usage, &done.usage);
            provenance.problems.extend(done.problems);
            provenance.stages.push(done.provenance);
            if index == 0 {
                input_digest = done.input_digest;
            }
            artifacts.extend(done.artifacts);
            if done.ending != WorkEnding::Ok || index == last {
                artifacts.splice(0..0, done.output.clone());
                let output = match (done.ending, done.kept, done.output) {
                    (WorkEnding::Ok, Some(bytes), _) => output_value(&bytes, work.output),
                    (WorkEnding::Ok, None, Some(output)) => value(&output, work.output, &place)?,
                    (ending, ..) => Err(ending),
                };
                let memo_key = input_digest.and_then(|digest| self.key_of(place.job, work, digest));
                return Ok(performed(output, artifacts, usage, provenance, memo_key));
            }
            if let Some(output) = done.output {
                input = WorkInput::Artifact(output.digest);
            }
        }
        Err(PerformError::new("the job has no stages; please report it"))
    }

    /// What no step may read.
    fn forbidden(&self) -> Forbidden<'_> {
        let options = &self.options;
        let lists = [&options.protected, &options.no_inputs];
        let own = [&options.state_directory, &options.artifact_directory];
        let all = lists.into_iter().flatten().chain(own);
        Forbidden(all.map(PathBuf::as_path).collect())
    }

    /// The report with every secret replaced in its texts.
    fn masked_report(&self, work: &ReportWork) -> ReportWork {
        ReportWork {
            title: self.masked.masked(&work.title).into_owned(),
            formats: work.formats.clone(),
            rows: work.rows.iter().map(|row| self.masked_value(row)).collect(),
            columns: work.columns.clone(),
        }
    }

    /// Nesting is bounded by that of values.
    fn masked_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.masked.masked(text).into_owned()),
            Value::Array(items) => items.iter().map(|item| self.masked_value(item)).collect(),
            Value::Object(entries) => entries
                .iter()
                .map(|(key, value)| {
                    let key = self.masked.masked(key).into_owned();
                    (key, self.masked_value(value))
                })
                .collect(),
            other => other.clone(),
        }
    }

    fn report(&self, work: &ReportWork, place: &Place<'_>) -> Result<Performed, PerformError> {
        let mut artifacts = Vec::new();
        let mut digests = Map::new();
        // Before anything is measured: the width of a column would tell the length of a secret.
        let work = &self.masked_report(work);
        for format in &work.formats {
            if let Some(cause) = place.stop.cause() {
                return Ok(Performed::ended(stopped(place.job, cause)));
            }
            let text = (self.options.report)(work, *format);
            if text.len() > FORM_BYTES_MAX {
                return Ok(Performed::ended(report_too_large(*format)));
            }
            let text = self.masked.masked(&text);
            let stored = place
                .sink
                .put(text.as_bytes(), place.durability())
                .map_err(|error| {
                    PerformError::new(format!("the report cannot be kept: {error}"))
                })?;
            let name = format_name(*format);
            digests.insert(name.to_owned(), Value::from(stored.digest.clone()));
            artifacts.push(stored.named(name));
        }
        let usage = WorkUsage::default();
        let output = Ok(Value::Object(digests));
        let provenance = Provenance::default();
        Ok(performed(output, artifacts, usage, provenance, None))
    }
}

/// The value of an output in the store.
fn value(
    output: &Produced,
    format: OutputFormat,
    place: &Place<'_>,
) -> Result<Result<Value, WorkEnding>, PerformError> {
    if format == OutputFormat::Bytes {
        return Ok(Ok(Value::Null));
    }
    if output.bytes > OUTPUT_VALUE_BYTES_MAX as u64 {
        return Ok(Err(output_too_large(output.bytes)));
    }
    let mut bytes = Vec::new();
    place
        .sink
        .open(&output.digest)
        .and_then(|mut reader| reader.read_to_end(&mut bytes))
        .map_err(|error| PerformError::new(format!("the output cannot be read back: {error}")))?;
    Ok(output_value(&bytes, format))
}

fn report_too_large(format: ReportFormat) -> WorkEnding {
    let message = format!(
        "the report has more than {FORM_BYTES_MAX} bytes as {}; write several reports, each of a part",
        format_name(format)
    );
    WorkEnding::failed("report_too_large", 0, message)
}

/// The name of a report's form, as scenarios write it.
fn format_name(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Table => "table",
        ReportFormat::Json => "json",
        ReportFormat::Html => "html",
        ReportFormat::Sarif => "sarif",
    }
}

fn performed(
    output: Result<Value, WorkEnding>,
    artifacts: Vec<Produced>,
    usage: WorkUsage,
    provenance: Provenance,
    memo_key: Option<String>,
) -> Performed {
    let (ending, output) = match output {
        Ok(output) => (WorkEnding::Ok, output),
        Err(ending) => (ending, Value::Null),
    };
    let result = WorkResult {
        ending,
        output,
        artifacts,
        usage,
        reused: false,
    };
    Performed {
        result,
        provenance,
        memo_key,
    }
}

impl Performer for EnginePerformer {
    fn perform(
        &self,
        job: &JobStart,
        id: &str,
        stop: &StopFlag,
        sink: &dyn ArtifactSink,
    ) -> Result<Performed, PerformError> {
        let cancel = CancelToken::new();
        let token = cancel.clone();
        stop.on_stop(move || token.cancel());
        let place = Place {
            job,
            id: id.to_owned(),
            index: 0,
            stop,
            cancel,
            sink,
        };
        let clocks = usage::Clocks::start();
        let mut performed = match &job.work {
            Work::Capsule(work) => self.capsule_job(work, &place),
            Work::Secret { name, policy } => self.secret(name, policy),
            Work::Report(work) => self.report(work, &place),
        }?;
        clocks.stop(&mut performed.result.usage);
        Ok(performed)
    }

    fn memo_key(&self, job: &JobStart) -> Option<String> {
        match (&job.work, job.effect) {
            (Work::Capsule(work), Effect::Pure) => {
                let policy = &work.stages.first()?.policy;
                let digest = input::digest_of(&work.input, policy, &self.forbidden())?;
                self.key_of(job, work, digest)
            }
            _ => None,
        }
    }

    fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.masked.masked(text)
    }
}

impl Place<'_> {
    fn durability(&self) -> Durability {
        match self.job.effect {
            Effect::Pure => Durability::Pure,
            Effect::Idempotent | Effect::AtMostOnce => Durability::Effect,
        }
    }
}
