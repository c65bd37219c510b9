//! The command line as clap sees it.

use clap::{Parser, Subcommand};

use crate::command;

/// Run tools you do not trust, and prove what they did.
#[derive(Debug, Parser)]
#[command(
    name = "tenzik",
    version,
    about = "Run tools you do not trust, and prove what they did",
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes and error codes: tenzik explain --list"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new capsule from a template.
    New(command::new::NewArguments),
    /// Compile, optimise and validate a capsule.
    Build(command::build::BuildArguments),
    /// Check whether modules are acceptable capsules.
    Validate(command::validate::ValidateArguments),
    /// Show identity, imports, capabilities and sizes of a module.
    Inspect(command::inspect::InspectArguments),
    /// Show where the bytes of a module go.
    Size(command::size::SizeArguments),
    /// Run the cases in a capsule's tests folder.
    Test(command::test::TestArguments),
    /// Run a capsule.
    Run(Box<command::run::RunArguments>),
    /// Measure how fast a capsule is.
    Bench(Box<command::bench::BenchArguments>),
    /// Show which functions of a capsule use its fuel.
    Profile(Box<command::profile::ProfileArguments>),
    /// Check, plan and run scenarios: plans of capsules.
    Scenario(Box<command::scenario::ScenarioArguments>),
    /// Go on with an interrupted run of a scenario.
    Resume(Box<command::resume::ResumeArguments>),
    /// End a run of a scenario.
    Cancel(command::cancel::CancelArguments),
    /// Begin, check and explain policies.
    Policy(command::policy::PolicyCommandArguments),
    /// Sign a module.
    Sign(command::sign::SignArguments),
    /// Verify the signatures of a module.
    Verify(command::verify::VerifyArguments),
    /// Make a signing key.
    Keygen(command::keygen::KeygenArguments),
    /// Show and verify receipts, and keep the keys that are trusted.
    Receipt(command::receipt::ReceiptArguments),
    /// Undo what a run changed in files.
    Undo(command::undo::UndoArguments),
    /// Show the timeline of a run of a scenario.
    Show(command::show::ShowArguments),
    /// Report what became of a run of a scenario.
    Report(command::report::ReportArguments),
    /// List runs of scenarios, the newest first.
    Runs(command::runs::RunsArguments),
    /// List jobs, show one, and take its artifacts.
    Job(command::job::JobArguments),
    /// List sessions, and show the jobs of one.
    Session(command::session::SessionArguments),
    /// Verify, follow and export the journal of runs.
    Journal(command::journal::JournalCommandArguments),
    /// Look into bundles, the files that repeat a run.
    Bundle(command::bundle::BundleArguments),
    /// Explain an error code.
    Explain(command::explain::ExplainArguments),
    /// Answer calls of pure host functions, for the native tests of an SDK.
    #[command(hide = true)]
    HostFunctions(command::host_functions::HostFunctionsArguments),
    /// Find what is missing on this machine, and how to get it.
    Doctor(command::doctor::DoctorArguments),
    /// Print a completion script for a shell.
    Completions(command::completions::CompletionsArguments),
}
