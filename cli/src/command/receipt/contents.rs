//! The second question: are these the capsule, the input, the output and the policy of the run?

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tenzik_runtime::evidence::{
    Contents, Digest, Finding, Statement, VerifiedReceipt, check_commitments,
};
use tenzik_runtime::{Loaded, ModuleLimits, Policy, TEXT_BYTES_MAX, load_module};

use crate::capsule_source::CapsuleSource;
use crate::failure::{self, Failure};

use super::given_input::GivenInput;

/// The field that commits to the capsule.
pub(super) const CAPSULE: &str = "capsule_id";

/// The field that commits to the input.
pub(super) const INPUT: &str = "input_commit";

/// The field that commits to the output.
pub(super) const OUTPUT: &str = "output_commit";

/// One field of the receipt, and whether it fits.
pub(super) struct Commitment {
    pub(super) field: &'static str,
    pub(super) answer: Answer,
}

/// Whether a field fits.
pub(super) enum Answer {
    /// There was nothing to compare it with.
    NotAsked,
    /// The receipt does not have the field, and what was given cannot contradict that.
    NotStated,
    /// It fits.
    Good(String),
    /// It does not: the field itself first, then a length that differs.
    Bad(Vec<Mismatch>),
}

/// What a field ought to be and what it is.
pub(super) struct Mismatch {
    pub(super) field: &'static str,
    pub(super) expected: String,
    /// None where it was not computed, since the length says enough.
    pub(super) got: Option<String>,
}

impl Commitment {
    pub(super) fn is_bad(&self) -> bool {
        matches!(self.answer, Answer::Bad(_))
    }

    /// The field to name when something does not fit.
    pub(super) fn first_mismatch(&self) -> Option<&'static str> {
        match &self.answer {
            Answer::Bad(mismatches) => mismatches.first().map(|mismatch| mismatch.field),
            _ => None,
        }
    }

    /// The answer that the findings about one content amount to.
    fn of(field: &'static str, stated: Option<Digest>, findings: Vec<Finding>) -> Commitment {
        let mismatch = |finding| match finding {
            Finding::Differs {
                field,
                expected,
                got,
            } => Some(Mismatch {
                field,
                expected,
                got: Some(got),
            }),
            Finding::NotStated { .. } => None,
        };
        let mut mismatches: Vec<Mismatch> = findings.into_iter().filter_map(mismatch).collect();
        mismatches.sort_by_key(|mismatch| mismatch.field != field);
        let answer = match (mismatches.first(), stated) {
            (None, None) => Answer::NotStated,
            (None, Some(digest)) => Answer::Good(digest.to_string()),
            (Some(first), Some(digest)) if first.field != field => {
                mismatches.insert(
                    0,
                    Mismatch {
                        field,
                        expected: digest.to_string(),
                        got: None,
                    },
                );
                Answer::Bad(mismatches)
            }
            (Some(_), _) => Answer::Bad(mismatches),
        };
        Commitment { field, answer }
    }

    /// The answer to a question that was not asked.
    pub(super) fn not_asked(field: &'static str) -> Commitment {
        Commitment {
            field,
            answer: Answer::NotAsked,
        }
    }
}

/// The answers where nothing was given.
pub(super) fn not_asked() -> Vec<Commitment> {
    [CAPSULE, INPUT, OUTPUT]
        .into_iter()
        .map(Commitment::not_asked)
        .collect()
}

/// Compares the capsule: the assembled bytes, and for a module that was never read only its length.
pub(super) fn check_capsule(
    receipt: &VerifiedReceipt,
    capsule: Option<&CapsuleSource>,
) -> Result<Commitment, Failure> {
    let stated = receipt.body().statement().verdict.capsule_id();
    let findings = match capsule {
        None => return Ok(Commitment::not_asked(CAPSULE)),
        Some(CapsuleSource::Embedded(capsule)) => compare_capsule(receipt, &mut &*capsule.bytes)?,
        Some(CapsuleSource::Path(path)) => compare_file(receipt, path)?,
        Some(CapsuleSource::Bundle(bytes, _)) => compare_capsule(receipt, &mut &**bytes)?,
    };
    Ok(Commitment::of(CAPSULE, stated, findings))
}

/// A file is compared without holding it in memory, except for text, which has to be assembled and
/// is bounded.
fn compare_file(receipt: &VerifiedReceipt, path: &Path) -> Result<Vec<Finding>, Failure> {
    let failed = |error: io::Error| failure::file("cannot read the capsule", path, &error);
    if path.extension().is_some_and(|extension| extension == "wat") {
        return compare_text(receipt, path);
    }
    let statement = receipt.body().statement();
    let file = File::open(path).map_err(failed)?;
    if statement.verdict.capsule_id().is_some() {
        return compare_capsule(receipt, &mut &file);
    }
    let metadata = file.metadata().map_err(failed)?;
    let length = metadata.is_file().then_some(metadata.len());
    Ok(length
        .and_then(|bytes| differs("capsule_bytes", statement.capsule_bytes, bytes))
        .into_iter()
        .collect())
}

fn compare_text(receipt: &VerifiedReceipt, path: &Path) -> Result<Vec<Finding>, Failure> {
    let limits = ModuleLimits {
        module_bytes_max: TEXT_BYTES_MAX,
        memory_bytes_max: u64::MAX,
    };
    let loaded = load_module(path, &limits).map_err(|error| {
        Failure::machine(error.to_string(), "check the path and its permissions")
    })?;
    let statement = receipt.body().statement();
    let finding = match (loaded, statement.verdict.capsule_id()) {
        (Loaded::Bytes(bytes), _) => return compare_capsule(receipt, &mut bytes.as_slice()),
        (Loaded::Rejected(_), Some(id)) => differs(CAPSULE, id, "text that does not assemble"),
        (Loaded::Rejected(verdict), None) => {
            differs("capsule_bytes", statement.capsule_bytes, verdict.bytes())
        }
    };
    Ok(finding.into_iter().collect())
}

fn compare_capsule(
    receipt: &VerifiedReceipt,
    reader: &mut dyn Read,
) -> Result<Vec<Finding>, Failure> {
    compare(
        receipt,
        Contents {
            capsule: Some(reader),
            ..Contents::default()
        },
    )
}

/// Compares the input. A verdict that was reached without running holds for every input.
pub(super) fn check_input(
    receipt: &VerifiedReceipt,
    input: Option<&GivenInput>,
) -> Result<Commitment, Failure> {
    let Some(input) = input else {
        return Ok(Commitment::not_asked(INPUT));
    };
    let run = receipt.body().statement().verdict.run();
    let mut reader = input.reader()?;
    let findings = match (input, run) {
        // Of a stream no more than the stated bytes and one were kept: the digest would be that of a part.
        (GivenInput::Spooled { longer: true, .. }, Some(run)) if run.input_complete => {
            differs("input_bytes", run.input_bytes, "more")
                .into_iter()
                .collect()
        }
        _ => compare(
            receipt,
            Contents {
                input: Some(&mut *reader),
                ..Contents::default()
            },
        )?,
    };
    Ok(Commitment::of(
        INPUT,
        run.map(|run| run.input_commit),
        findings,
    ))
}

/// Compares the output. Where nothing ran there was none, so any file is the wrong one.
pub(super) fn check_output(
    receipt: &VerifiedReceipt,
    output: Option<&Path>,
) -> Result<Commitment, Failure> {
    let Some(path) = output else {
        return Ok(Commitment::not_asked(OUTPUT));
    };
    let mut file =
        File::open(path).map_err(|error| failure::file("cannot read the output", path, &error))?;
    let stated = receipt
        .body()
        .statement()
        .verdict
        .run()
        .map(|run| run.output_commit);
    let findings = match stated {
        Some(_) => compare(
            receipt,
            Contents {
                output: Some(&mut file),
                ..Contents::default()
            },
        )?,
        None => differs(OUTPUT, "no output, since nothing ran", "a file")
            .into_iter()
            .collect(),
    };
    Ok(Commitment::of(OUTPUT, stated, findings))
}

/// Compares the policy that limits and grants make up; not possible when they are those of another
/// version of tenzik.
pub(super) fn check_policy(statement: &Statement, policy: Option<&Policy>) -> Commitment {
    let field = "policy_commit";
    let Some(policy) = policy else {
        return Commitment::not_asked(field);
    };
    let got = Digest::from_bytes(*policy.commit().as_bytes());
    let findings = differs(field, statement.policy_commit, got)
        .into_iter()
        .collect();
    Commitment::of(field, Some(statement.policy_commit), findings)
}

/// Compares the calls of a bundle.
pub(super) fn check_transcript(statement: &Statement, got: Digest) -> Commitment {
    let field = "transcript_commit";
    let stated = statement.verdict.run().map(|run| run.transcript_commit);
    let findings = stated.and_then(|stated| differs(field, stated, got));
    Commitment::of(field, stated, findings.into_iter().collect())
}

fn compare(receipt: &VerifiedReceipt, contents: Contents<'_>) -> Result<Vec<Finding>, Failure> {
    check_commitments(receipt, contents)
        .map_err(|error| Failure::machine(error.to_string(), "check the path and its permissions"))
}

fn differs(field: &'static str, expected: impl ToString, got: impl ToString) -> Option<Finding> {
    let (expected, got) = (expected.to_string(), got.to_string());
    (expected != got).then_some(Finding::Differs {
        field,
        expected,
        got,
    })
}
