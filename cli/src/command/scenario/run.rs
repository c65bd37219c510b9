//! `tenzik scenario run`.

use clap::Args;

use crate::exit_code::ExitCode;
use crate::plan_world::MachineWorld;
use crate::scenario_execution::{Execution, ExecutionArguments, Kept};
use crate::scenario_file::{Refusal, ScenarioFileArguments, ScenarioText};

/// Run a scenario.
#[derive(Args, Debug)]
#[command(after_help = "\
    Examples:\n  \
    tenzik scenario run sweep.yaml --var network=10.0.0.0/28\n  \
    tenzik scenario run sweep.yaml --json\n\n\
    Ctrl-C ends the run gracefully, a second one at once. An interrupted run goes on with tenzik resume RUN.\n\
    Exits with 50 if the scenario failed, and with 51 if it needs a decision.")]
pub(crate) struct RunArguments {
    #[command(flatten)]
    scenario: ScenarioFileArguments,
    /// The session that the jobs belong to where a step names none.
    #[arg(long, value_name = "NAME", value_parser = session)]
    session: Option<String>,
    #[command(flatten)]
    execution: ExecutionArguments,
}

/// A name as `session:` of a step has it.
fn session(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && text.len() <= 64 && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a session has 1 to 64 letters, digits, _ and -, a letter or digit first".to_owned())
}

pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(refusal) => refusal.report(arguments.execution.json),
    }
}

fn attempt(arguments: &RunArguments) -> Result<ExitCode, Refusal> {
    let scenario = &arguments.scenario;
    let text = ScenarioText::read(&scenario.file)?;
    let world = MachineWorld::new(&text.directory, &scenario.ceiling, false)?;
    let plan = text.plan(&scenario.var, &world)?;
    let kept = Kept::new(&text, &scenario.var, &scenario.ceiling)?;
    let execution = Execution::new(&arguments.execution, Some(&plan))?;
    Ok(execution.run(plan, &kept, arguments.session.as_deref())?)
}
