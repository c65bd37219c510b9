//! `tenzik scenario check`.

use clap::Args;
use serde_json::json;

use crate::exit_code::ExitCode;
use crate::failure::shown;
use crate::plan_world::MachineWorld;
use crate::printer::{self, grouped};
use crate::scenario_file::{Refusal, ScenarioFileArguments, ScenarioText};

/// Find everything that is wrong with a scenario: names, types, cycles, policies, capsules, programs.
#[derive(Args, Debug)]
#[command(after_help = "Nothing is started or written. A scenario with problems exits with 2.")]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    scenario: ScenarioFileArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &CheckArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(refusal) => refusal.report(arguments.json),
    }
}

fn attempt(arguments: &CheckArguments) -> Result<ExitCode, Refusal> {
    let scenario = &arguments.scenario;
    let text = ScenarioText::read(&scenario.file)?;
    let world = MachineWorld::new(&text.directory, &scenario.ceiling, false)?;
    let plan = text.plan(&scenario.var, &world)?;
    if arguments.json {
        printer::json(&json!({
            "status": "ok",
            "exit": 0,
            "name": plan.name,
            "digest": plan.digest,
            "steps": plan.nodes.len(),
            "problems": [],
        }));
    } else {
        let steps = grouped(plan.nodes.len() as u64);
        printer::result(&format!("{}: ok, {steps} steps", shown(&scenario.file)));
    }
    Ok(ExitCode::Ok)
}
