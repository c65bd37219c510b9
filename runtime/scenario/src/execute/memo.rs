//! Results of pure jobs that are used again.
//!
//! A result is found by what it depends on. What it consists of is in the artifact store, where it is
//! verified by its digest when it is read: what is gone or changed is made again.

use std::borrow::Cow;
use std::io::Read as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::driver::JobStart;
use crate::scenario::OutputFormat;
use crate::work::{Produced, Work, WorkEnding, WorkResult, WorkUsage};

use super::output::{OUTPUT_VALUE_BYTES_MAX, output_value};
use super::performer::Performed;
use super::provenance::{Provenance, StageProvenance};
use super::record::{ArtifactBody, to_json};
use super::workers::Shop;

/// Most bytes of a result that is kept, without its artifacts.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// A result, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    /// Its artifacts, the output first.
    artifacts: Vec<ArtifactBody<'a>>,
    /// How it came to be.
    provenance: Cow<'a, Provenance>,
}

/// The result of an earlier job that depends on the same, if all of it is there.
pub(super) fn find(start: &JobStart, shop: Shop<'_>) -> Option<Performed> {
    let Work::Capsule(work) = &start.work else {
        return None;
    };
    let key = shop.performer.memo_key(start)?;
    let text = shop.journal.recall(&key).ok()??;
    let kept: Kept<'_> = serde_json::from_str(&text).ok()?;
    let artifacts: Vec<Produced> = kept.artifacts.into_iter().map(produced).collect();
    let (output, others) = artifacts.split_first()?;
    let value = value(output, work.output, shop)?;
    // What was made before a secret was opened may have it in it.
    if !is_clean(&value, output, shop) {
        return None;
    }
    if !others
        .iter()
        .all(|artifact| shop.sink.holds(&artifact.digest))
    {
        return None;
    }
    let usage = WorkUsage {
        output_bytes: output.bytes,
        ..WorkUsage::default()
    };
    Some(Performed {
        result: WorkResult {
            ending: WorkEnding::Ok,
            output: value,
            artifacts,
            usage,
            reused: true,
        },
        provenance: kept.provenance.into_owned(),
        memo_key: None,
    })
}

/// Whether no secret that was opened by now stands in an output.
fn is_clean(value: &Value, output: &Produced, shop: Shop<'_>) -> bool {
    let text = value.to_string();
    if matches!(shop.performer.masked(&text), Cow::Owned(masked) if masked != text) {
        return false;
    }
    if !value.is_null() || output.bytes == 0 {
        return true;
    }
    // The bytes themselves are all there is of it.
    let mut bytes = Vec::new();
    let read = shop.sink.open(&output.digest).and_then(|mut reader| {
        let bound = OUTPUT_VALUE_BYTES_MAX as u64 + 1;
        reader.by_ref().take(bound).read_to_end(&mut bytes)
    });
    if read.is_err() || bytes.len() > OUTPUT_VALUE_BYTES_MAX {
        return false;
    }
    let text = String::from_utf8_lossy(&bytes);
    shop.performer.masked(&text) == text
}

fn produced(artifact: ArtifactBody<'_>) -> Produced {
    Produced {
        name: artifact.name.into_owned(),
        digest: artifact.digest.into_owned(),
        bytes: artifact.bytes,
    }
}

/// The value of an output, read and verified.
fn value(output: &Produced, format: OutputFormat, shop: Shop<'_>) -> Option<Value> {
    if format == OutputFormat::Bytes || output.bytes > OUTPUT_VALUE_BYTES_MAX as u64 {
        return shop.sink.holds(&output.digest).then_some(Value::Null);
    }
    let mut bytes = Vec::new();
    let mut reader = shop.sink.open(&output.digest).ok()?;
    reader.read_to_end(&mut bytes).ok()?;
    output_value(&bytes, format).ok()
}

/// What is kept of a result for later jobs, if anything is: its key and a text. What cannot be kept is
/// made again.
pub(super) fn kept(performed: &Performed) -> Option<(&str, String)> {
    let result = &performed.result;
    let is_new = result.ending == WorkEnding::Ok && !result.reused;
    // A mask that stands in an output is of this run, and of no other.
    let is_masked = |stage: &StageProvenance| stage.output_masked;
    if performed.provenance.stages.iter().any(is_masked) {
        return None;
    }
    let key = performed.memo_key.as_deref().filter(|_| is_new)?;
    let artifacts = result.artifacts.iter().map(|artifact| ArtifactBody {
        name: Cow::Borrowed(&artifact.name),
        digest: Cow::Borrowed(&artifact.digest),
        bytes: artifact.bytes,
    });
    let text = to_json(&Kept {
        artifacts: artifacts.collect(),
        provenance: Cow::Borrowed(&performed.provenance),
    });
    (text.len() <= KEPT_BYTES_MAX).then_some((key, text))
}
