//! `tenzik resume`: goes on with an interrupted run.

use std::sync::Arc;

use clap::Args;

use tenzik_runtime::scenario::driver::Assumed;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::scenario_execution::{Execution, ExecutionArguments, Kept};

/// Go on with a run that was interrupted or needs a decision.
#[derive(Args, Debug)]
#[command(after_help = "\
    Steps that are done are not repeated; pure and idempotent ones that were under way are done again. A step\n\
    that must not be repeated and of which nobody knows whether it happened needs a decision:\n  \
    tenzik resume RUN --assume done STEP     # it happened: its output is null\n  \
    tenzik resume RUN --assume failed STEP   # it did not: the step failed\n\
    Scenario, variables, policies and capsules have to be those that the run began with.")]
pub(crate) struct ResumeArguments {
    /// The run, or the beginning of its id.
    #[arg(value_name = "RUN")]
    run: String,
    /// Take a step that needs a decision as done or failed; may be given several times.
    #[arg(long, num_args = 2, value_names = ["done|failed", "STEP"], action = clap::ArgAction::Append)]
    assume: Vec<String>,
    #[command(flatten)]
    execution: ExecutionArguments,
}

pub(crate) fn run(arguments: &ResumeArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.execution.json),
    }
}

fn attempt(arguments: &ResumeArguments) -> Result<ExitCode, Failure> {
    let assumed = decisions(&arguments.assume)?;
    let execution = Execution::new(&arguments.execution, None)?;
    let rebuild = |source: &str| {
        let kept = Kept::parse(source)?;
        kept.plan().map(Arc::new)
    };
    execution.resume(&arguments.run, &rebuild, &assumed)
}

fn decisions(words: &[String]) -> Result<Vec<(String, Assumed)>, Failure> {
    let (pairs, _) = words.as_chunks::<2>();
    pairs
        .iter()
        .map(|[decision, step]| match decision.as_str() {
            "done" => Ok((step.clone(), Assumed::Done)),
            "failed" => Ok((step.clone(), Assumed::Failed)),
            other => Err(Failure::usage(
                format!(
                    "--assume {}: neither done nor failed",
                    tenzik_runtime::escaped(other)
                ),
                "write --assume done STEP, or --assume failed STEP",
            )),
        })
        .collect()
}
