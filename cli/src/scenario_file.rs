//! Scenario files: reading, planning, and saying what is wrong with them.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::scenario::plan::{Plan, PlanRequest, plan};
use tenzik_runtime::scenario::{Place, Problem, Scenario};

use crate::exit_code::ExitCode;
use crate::failure::{self, Failure, shown};
use crate::plan_world::MachineWorld;
use crate::printer;

/// The code of a scenario with problems.
pub(crate) const SCENARIO_MALFORMED: &str = "scenario_malformed";
/// Largest scenario.
const SCENARIO_BYTES_MAX: u64 = 4 << 20;

/// What names a scenario on the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScenarioFileArguments {
    /// The scenario, YAML or JSON (docs/scenarios.md).
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Set a variable, whatever the file says; typed as its default is.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) var: Vec<(String, String)>,
    /// Bound every policy by this file too, besides the ceilings of machine and user.
    #[arg(long, value_name = "FILE")]
    pub(crate) ceiling: Vec<PathBuf>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// The text of a scenario and where it comes from.
pub(crate) struct ScenarioText {
    pub(crate) path: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) text: String,
}

/// A scenario that cannot be run.
pub(crate) enum Refusal {
    /// It has problems.
    Problems(PathBuf, Vec<Problem>),
    /// Something else.
    Failure(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal::Failure(failure)
    }
}

impl Refusal {
    /// Prints it; with `json` also as an object with `problems`.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let (path, problems) = match self {
            Refusal::Failure(failure) => return failure.report(json),
            Refusal::Problems(path, problems) => (path, problems),
        };
        for problem in problems {
            let at = match problem.place == Place::default() {
                true => String::new(),
                false => format!("{}:{}: ", shown(path), problem.place),
            };
            printer::error(&format!("{at}{}", problem.message), &problem.remedy);
        }
        if json {
            printer::json(&json!({
                "status": "error",
                "exit": ExitCode::Usage.number(),
                "error": {
                    "code": SCENARIO_MALFORMED,
                    "message": format!("{} problems in {}", problems.len(), shown(path)),
                    "remedy": "see problems",
                },
                "problems": problems.iter().map(problem_json).collect::<Vec<_>>(),
            }));
        }
        ExitCode::Usage
    }
}

/// `{"line","column","code","message","remedy"}`.
pub(crate) fn problem_json(problem: &Problem) -> Value {
    json!({
        "line": problem.place.line,
        "column": problem.place.column,
        "code": problem.code,
        "message": problem.message,
        "remedy": problem.remedy,
    })
}

/// The files of the policies that a scenario names.
pub(crate) fn policy_files(scenario: &Scenario, directory: &Path) -> Vec<PathBuf> {
    let policies = scenario.policies.iter();
    policies
        .map(|(_, path)| directory.join(&path.value))
        .collect()
}

impl ScenarioText {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<ScenarioText, Failure> {
        let failed = |error: std::io::Error| failure::file("cannot read", path, &error);
        // Opening a pipe would wait for somebody to write to it, so look before.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Failure::machine(
                format!("{} is not a regular file", shown(path)),
                "name a file",
            ));
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(SCENARIO_BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        let malformed = |message: String, remedy: &str| {
            Failure::new(ExitCode::Usage, SCENARIO_MALFORMED, message, remedy)
        };
        if bytes.len() as u64 > SCENARIO_BYTES_MAX {
            let message = format!("{} is larger than {SCENARIO_BYTES_MAX} bytes", shown(path));
            return Err(malformed(message, "use for_each, or several scenarios"));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = line
                .unwrap_or_default()
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            malformed(
                format!("{}:{line}: not UTF-8", shown(path)),
                "save it as UTF-8",
            )
        })?;
        let absolute = std::path::absolute(path).map_err(failed)?;
        let directory = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(ScenarioText {
            path: path.to_owned(),
            directory,
            text,
        })
    }

    /// Reads it as a scenario.
    pub(crate) fn parse(&self) -> Result<Scenario, Refusal> {
        Scenario::parse(&self.text)
            .map_err(|problems| Refusal::Problems(self.path.clone(), problems))
    }

    /// Plans it.
    pub(crate) fn plan(
        &self,
        vars: &[(String, String)],
        world: &MachineWorld,
    ) -> Result<Plan, Refusal> {
        let scenario = self.parse()?;
        let request = PlanRequest {
            scenario: &scenario,
            source: &self.text,
            directory: self.directory.clone(),
            vars,
        };
        plan(&request, world).map_err(|problems| Refusal::Problems(self.path.clone(), problems))
    }
}
