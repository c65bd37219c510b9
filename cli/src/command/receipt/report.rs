//! The answers of `tenzik receipt verify`, for people and for programs.

use std::path::Path;

use serde_json::{Value, json};

use tenzik_runtime::evidence::Statement;

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;

use super::broken;
use super::contents::{self, Answer, Commitment, Mismatch};
use super::reexecution::{Conclusion, Reexecution, Reproduction};
use super::signer::Signer;

/// All that was found out about a receipt.
pub(super) struct Report {
    pub(super) signer: Signer,
    /// What the receipt states, once its signature is known to be good.
    pub(super) statement: Option<Statement>,
    pub(super) commitments: Vec<Commitment>,
    pub(super) reexecution: Reexecution,
}

impl Report {
    /// The report on a receipt that nothing else can be asked about.
    pub(super) fn of_signer(signer: Signer, replay: bool) -> Report {
        let why = match signer {
            Signer::Unreadable(_) => "it is not a receipt",
            Signer::Forged(_) | Signer::Known { .. } => "the signature is bad",
        };
        Report {
            signer,
            statement: None,
            commitments: contents::not_asked(),
            reexecution: if replay {
                Reexecution::NotDone(why)
            } else {
                Reexecution::NotAsked
            },
        }
    }

    /// Prints the answers; the exit code is that of the first bad one.
    pub(super) fn print(&self, path: &Path, json: bool) -> ExitCode {
        let error = self.error(path);
        let exit = exit_of(error.as_ref());
        if json {
            printer::json(&self.object(exit, error.as_ref()));
        } else {
            printer::result(&self.lines().join("\n"));
        }
        if let Some(error) = &error {
            printer::error(&error.message, &error.remedy);
        }
        exit
    }

    /// Reports on one of several receipts: prints a line, or hands back an object for `json`.
    pub(super) fn print_line(&self, path: &Path, json: bool) -> (ExitCode, Value) {
        let error = self.error(path);
        let exit = exit_of(error.as_ref());
        if !json {
            let word = if exit == ExitCode::Ok {
                "verified"
            } else {
                "REFUSED"
            };
            let (_, why) = self.signer.answer();
            printer::result(&format!("{}: {word}, {why}", shown(path)));
        }
        if let Some(error) = &error {
            let of_file = match &self.signer {
                // This error names the file by itself.
                Signer::Unreadable(_) => String::new(),
                _ => format!("{}: ", shown(path)),
            };
            printer::error(&format!("{of_file}{}", error.message), &error.remedy);
        }
        (exit, self.object(exit, error.as_ref()))
    }

    /// What decides the exit code: signature and key, then the commitments, then the re-execution.
    fn error(&self, path: &Path) -> Option<Failure> {
        self.signer
            .error(path)
            .or_else(|| commitments_error(&self.commitments))
            .or_else(|| self.reexecution.error())
    }

    /// `{"status","capsule_id","error_code"}`; null where there is none.
    pub(super) fn receipt_object(statement: &Statement) -> Value {
        json!({
            "status": statement.verdict.status().name(),
            "capsule_id": statement.verdict.capsule_id().map(|id| id.to_string()),
            "error_code": statement.verdict.error_code().map(|code| code.as_str()),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(statement) = &self.statement {
            let verdict = &statement.verdict;
            let code = verdict
                .error_code()
                .map(|code| format!(" ({code})"))
                .unwrap_or_default();
            lines.push(line(
                "receipt",
                verdict.status().name(),
                &format!("at {}{code}", statement.timestamp),
            ));
        }
        lines.push(self.signer.line());
        lines.extend(commitment_lines(&self.commitments));
        lines.extend(self.reexecution.lines());
        lines
    }

    fn object(&self, exit: ExitCode, error: Option<&Failure>) -> Value {
        let status = match exit {
            ExitCode::Ok => "verified",
            ExitCode::Receipt => "broken",
            ExitCode::Reexecution => "differs",
            _ => "error",
        };
        let mut object = json!({
            "status": status,
            "exit": exit.number(),
            "signature": self.signer.object(),
            "commitments": self.commitments.iter().flat_map(commitment_objects).collect::<Vec<_>>(),
            "reexecution": self.reexecution.object(),
        });
        if let Some(statement) = &self.statement {
            object["receipt"] = Report::receipt_object(statement);
        }
        if let Some(error) = error {
            object["error"] =
                json!({ "code": error.code, "message": error.message, "remedy": error.remedy });
        }
        object
    }
}

fn exit_of(error: Option<&Failure>) -> ExitCode {
    error.map_or(ExitCode::Ok, |error| error.exit)
}

/// `question    ANSWER    what there is to say`.
pub(super) fn line(question: &str, answer: &str, text: &str) -> String {
    format!("{question:<16} {answer:<10} {text}")
        .trim_end()
        .to_owned()
}

/// The two lines about a field that differs.
fn differs(field: &str, expected: &str, got: &str) -> [String; 2] {
    [
        line(
            &format!("  {field}"),
            "BAD",
            &format!("expected {expected}"),
        ),
        line("", "", &format!("got      {got}")),
    ]
}

fn commitments_error(commitments: &[Commitment]) -> Option<Failure> {
    let bad: Vec<&str> = commitments
        .iter()
        .filter_map(Commitment::first_mismatch)
        .collect();
    (!bad.is_empty()).then(|| {
        broken(
            format!(
                "differs from what the receipt commits to: {}",
                bad.join(", ")
            ),
            "give the very files of the run; if they are, do not rely on the receipt",
        )
    })
}

fn commitment_lines(commitments: &[Commitment]) -> Vec<String> {
    let asked = |commitment: &&Commitment| !matches!(commitment.answer, Answer::NotAsked);
    let word = if commitments.iter().any(Commitment::is_bad) {
        "BAD"
    } else if commitments
        .iter()
        .any(|commitment| matches!(commitment.answer, Answer::Good(_)))
    {
        "good"
    } else {
        "not asked"
    };
    let mut lines = vec![line("commitments", word, "")];
    for commitment in commitments.iter().filter(asked) {
        match &commitment.answer {
            Answer::NotAsked => {}
            Answer::NotStated => lines.push(line(
                &format!("  {}", commitment.field),
                "not stated",
                "by this receipt",
            )),
            Answer::Good(digest) => {
                lines.push(line(&format!("  {}", commitment.field), "good", digest))
            }
            Answer::Bad(mismatches) => lines.extend(mismatches.iter().flat_map(|mismatch| {
                let got = mismatch
                    .got
                    .as_deref()
                    .unwrap_or("another length, see below");
                differs(mismatch.field, &mismatch.expected, got)
            })),
        }
    }
    lines
}

/// `{"field","checked","good","expected","got"}`: one for each of capsule_id, input_commit,
/// output_commit and, with --replay, policy_commit; besides them one for each length that differs.
fn commitment_objects(commitment: &Commitment) -> Vec<Value> {
    let object = |field: &str,
                  checked: bool,
                  good: Option<bool>,
                  expected: Option<&str>,
                  got: Option<&str>| {
        json!({ "field": field, "checked": checked, "good": good, "expected": expected, "got": got })
    };
    let field = commitment.field;
    match &commitment.answer {
        Answer::NotAsked | Answer::NotStated => vec![object(field, false, None, None, None)],
        Answer::Good(digest) => vec![object(field, true, Some(true), Some(digest), Some(digest))],
        Answer::Bad(mismatches) => {
            let bad = |part: &Mismatch| {
                object(
                    part.field,
                    true,
                    Some(false),
                    Some(&part.expected),
                    part.got.as_deref(),
                )
            };
            let stated = mismatches.iter().any(|mismatch| mismatch.field == field);
            let unchecked = (!stated).then(|| object(field, false, None, None, None));
            unchecked
                .into_iter()
                .chain(mismatches.iter().map(bad))
                .collect()
        }
    }
}

impl Reexecution {
    fn error(&self) -> Option<Failure> {
        match self {
            Reexecution::NotAsked | Reexecution::NotDone(_) => None,
            Reexecution::Failed(failure) => Some(failure.clone()),
            Reexecution::Done(Reproduction {
                comparison,
                conclusion,
            }) => match conclusion {
                Conclusion::Reproduced | Conclusion::BoundToItsMachine => None,
                Conclusion::Differs => {
                    let fields: Vec<&str> = comparison
                        .differences
                        .iter()
                        .map(|difference| difference.field)
                        .collect();
                    Some(Failure::new(
                        ExitCode::Reexecution,
                        "reexecution_differs",
                        format!("the re-execution differs in {}", fields.join(", ")),
                        "do not rely on the receipt",
                    ))
                }
                Conclusion::StoppedHere => Some(Failure::machine(
                    "this machine's clock or stack ended the re-execution: it neither confirms nor refutes the receipt",
                    "replay on a faster machine, or on one like that which made the receipt",
                )),
            },
        }
    }

    fn lines(&self) -> Vec<String> {
        match self {
            Reexecution::NotAsked => vec![line("re-execution", "not asked", "")],
            Reexecution::NotDone(why) => vec![line("re-execution", "not done", why)],
            Reexecution::Failed(failure) => {
                vec![line("re-execution", "not done", &failure.message)]
            }
            Reexecution::Done(reproduction) => reproduction.lines(),
        }
    }

    fn object(&self) -> Value {
        let empty = |asked: bool| {
            json!({
                "asked": asked, "done": false, "agrees": false, "conclusive": false, "differences": [], "notes": [],
            })
        };
        match self {
            Reexecution::NotAsked => empty(false),
            Reexecution::NotDone(_) | Reexecution::Failed(_) => empty(true),
            Reexecution::Done(reproduction) => reproduction.object(),
        }
    }
}

impl Reproduction {
    fn lines(&self) -> Vec<String> {
        let (answer, text) = match self.conclusion {
            Conclusion::Reproduced => ("good", "it ended in the same way"),
            Conclusion::Differs => ("BAD", "it differs"),
            Conclusion::BoundToItsMachine => (
                "no answer",
                "not reproducible by nature: the fault is bound to the machine that ran it",
            ),
            Conclusion::StoppedHere => ("no answer", "this machine's clock or stack ended it"),
        };
        let mut lines = vec![line("re-execution", answer, text)];
        for difference in &self.comparison.differences {
            lines.extend(differs(
                difference.field,
                &difference.recorded,
                &difference.reexecuted,
            ));
        }
        lines.extend(
            self.comparison
                .notes
                .iter()
                .map(|note| line("  note", "", &note.to_string())),
        );
        lines
    }

    /// `agrees` is true only for a re-execution that could have disagreed.
    fn object(&self) -> Value {
        let differences = self.comparison.differences.iter().map(|difference| {
            json!({ "field": difference.field, "recorded": difference.recorded, "reexecuted": difference.reexecuted })
        });
        json!({
            "asked": true,
            "done": true,
            "agrees": self.conclusion == Conclusion::Reproduced,
            "conclusive": self.comparison.is_conclusive(),
            "differences": differences.collect::<Vec<_>>(),
            "notes": self.comparison.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}
