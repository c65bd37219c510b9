//! What `tenzik test` prints.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::exit_code::ExitCode;
use crate::failure::shown;
use crate::json;
use crate::printer;

use super::Suite;
use super::case::Case;
use super::execution::Report;

/// Names of other files that are listed.
const OTHERS_SHOWN: usize = 5;

/// What was printed so far, or will be printed as JSON.
pub(super) struct Printed {
    json: bool,
    capsules: Vec<Value>,
    cases: Vec<Value>,
    /// Name and lines of each case that failed in the current directory.
    failures: Vec<(String, Vec<String>)>,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    blessed: usize,
    filtered: usize,
}

impl Printed {
    pub(super) fn new(json: bool) -> Printed {
        Printed {
            json,
            capsules: Vec::new(),
            cases: Vec::new(),
            failures: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// The names of the cases, and nothing else.
    pub(super) fn list(&self, suites: &[Suite<'_>]) -> ExitCode {
        if self.json {
            let capsules: Vec<Value> = suites
                .iter()
                .map(|suite| {
                    let names = suite.cases.iter().map(|case| case.name.as_str());
                    json!({
                        "directory": suite.directory.to_string_lossy(),
                        "cases": names.collect::<Vec<_>>(),
                    })
                })
                .collect();
            printer::json(&json!({ "status": "ok", "exit": 0, "capsules": capsules }));
            return ExitCode::Ok;
        }
        for suite in suites {
            for case in &suite.cases {
                let name = shown(Path::new(&case.name));
                match suites {
                    [_] => printer::result(&name),
                    _ => printer::result(&format!("{}: {name}", shown(suite.directory))),
                }
            }
        }
        ExitCode::Ok
    }

    /// Before the cases of a directory run.
    pub(super) fn begin(&mut self, suite: &Suite<'_>) {
        self.counts.filtered += suite.filtered;
        if !suite.others.is_empty() {
            let first = suite.others.iter().take(OTHERS_SHOWN).cloned();
            let more = suite.others.len().saturating_sub(OTHERS_SHOWN);
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            printer::note(&format!(
                "{}: part of no case: {}{more}",
                shown(&suite.directory.join("tests")),
                first.collect::<Vec<_>>().join(", ")
            ));
        }
        if !self.json {
            let count = suite.cases.len();
            let cases = if count == 1 { "case" } else { "cases" };
            printer::result(&format!(
                "running {count} {cases} of {}",
                shown(suite.directory)
            ));
        }
    }

    /// What came of a case.
    pub(super) fn case(&mut self, case: &Case, report: &Report) {
        let name = shown(Path::new(&case.name));
        let (status, word, count) = if !report.mismatches.is_empty() {
            ("failed", "FAILED", &mut self.counts.failed)
        } else if !report.blessed.is_empty() {
            ("blessed", "blessed", &mut self.counts.blessed)
        } else {
            ("passed", "ok", &mut self.counts.passed)
        };
        *count += 1;
        if self.json {
            self.cases.push(json!({
                "name": case.name,
                "status": status,
                "differences": report.mismatches.iter().map(|mismatch| mismatch.json()).collect::<Vec<_>>(),
                "written": report.blessed.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
                "usage": json::usage(&report.usage),
            }));
            return;
        }
        printer::result(&format!("test {name} ... {word}"));
        for path in &report.blessed {
            printer::result(&format!("  wrote {}", shown(path)));
        }
        if !report.mismatches.is_empty() {
            let lines = report
                .mismatches
                .iter()
                .flat_map(|mismatch| mismatch.lines.clone());
            self.failures.push((name, lines.collect()));
        }
    }

    /// After the cases of a directory ran.
    pub(super) fn end(&mut self, suite: &Suite<'_>) {
        if self.json {
            self.capsules.push(json!({
                "directory": suite.directory.to_string_lossy(),
                "cases": std::mem::take(&mut self.cases),
            }));
            return;
        }
        if !self.failures.is_empty() {
            printer::result("\nfailures:\n");
        }
        for (name, lines) in std::mem::take(&mut self.failures) {
            printer::result(&format!("---- {name} ----"));
            for line in lines {
                printer::result(&line);
            }
            printer::result("");
        }
    }

    /// The summary and the exit code.
    pub(super) fn finish(self, elapsed: Duration) -> ExitCode {
        let Counts {
            passed,
            failed,
            blessed,
            filtered,
        } = self.counts;
        let exit = match failed {
            0 => ExitCode::Ok,
            _ => ExitCode::Cases,
        };
        if self.json {
            printer::json(&json!({
                "status": if failed == 0 { "ok" } else { "failed" },
                "exit": exit.number(),
                "summary": { "passed": passed, "failed": failed, "blessed": blessed, "filtered": filtered },
                "capsules": self.capsules,
            }));
            return exit;
        }
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        let written = match blessed {
            0 => String::new(),
            _ => format!(" {blessed} blessed;"),
        };
        printer::result(&format!(
            "test result: {verdict}. {passed} passed; {failed} failed;{written} {filtered} filtered out; finished in {:.2} s",
            elapsed.as_secs_f64()
        ));
        exit
    }
}
