//! `tenzik scenario`: plans of capsules.

mod check;
mod crash_test;
mod plan;
mod run;
mod schema;

use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;

/// Check, plan and run scenarios: plans of capsules.
#[derive(Args, Debug)]
pub(crate) struct ScenarioArguments {
    #[command(subcommand)]
    command: ScenarioCommand,
}

#[derive(Debug, Subcommand)]
enum ScenarioCommand {
    /// Find everything that is wrong with a scenario, and start nothing.
    Check(check::CheckArguments),
    /// Show what a scenario would do: order, programs, grants; and start nothing.
    Plan(plan::PlanArguments),
    /// Run a scenario.
    Run(Box<run::RunArguments>),
    /// Kill tenzik at every write of the journal, and look what becomes of the run.
    CrashTest(Box<crash_test::CrashTestArguments>),
    /// Print the JSON Schema of scenarios, for editors.
    Schema(schema::SchemaArguments),
}

pub(crate) fn run(arguments: &ScenarioArguments) -> ExitCode {
    match &arguments.command {
        ScenarioCommand::Check(arguments) => check::run(arguments),
        ScenarioCommand::Plan(arguments) => plan::run(arguments),
        ScenarioCommand::Run(arguments) => run::run(arguments),
        ScenarioCommand::CrashTest(arguments) => crash_test::run(arguments),
        ScenarioCommand::Schema(arguments) => schema::run(arguments),
    }
}
