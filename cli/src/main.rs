//! The `tenzik` command: one file for each subcommand, one printer, one table of exit codes.

mod arguments;

mod command;

mod amount;
mod bench;
mod bundle_file;
mod capsule_source;
mod code_cache;
mod error_codes;
mod event_lines;
mod exit_code;
mod failure;
mod first_party;
mod journal_arguments;
mod json;
mod logging;
mod output_guard;
mod plan_world;
mod policy_arguments;
mod policy_source;
mod printer;
mod profile;
mod progress_tree;
mod run_history;
mod run_input;
mod run_output;
mod run_watch;
mod scenario_execution;
mod scenario_file;
mod sidecar_file;
mod signed_file;
mod stop_signal;
mod subject;
mod svg;
mod user_directories;
mod world;

use std::ffi::OsStr;
use std::process::ExitCode as ProcessExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use arguments::{Arguments, Command};
use exit_code::ExitCode;

fn main() -> ProcessExitCode {
    // Without the small helper beside it, tenzik is its own: nothing else may happen before.
    if std::env::args_os().nth(1).as_deref() == Some(OsStr::new(tenzik_jail::HELPER_ARGUMENT)) {
        return tenzik_jail::run_helper();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    let code = dispatch(arguments.command);
    if code == ExitCode::Ok && printer::result_lost() {
        printer::error(
            "standard output cannot be written",
            "make room or choose another file",
        );
        return ExitCode::Machine.into();
    }
    code.into()
}

fn dispatch(command: Command) -> ExitCode {
    match command {
        Command::New(arguments) => command::new::run(&arguments),
        Command::Build(arguments) => command::build::run(&arguments),
        Command::Validate(arguments) => command::validate::run(&arguments),
        Command::Inspect(arguments) => command::inspect::run(&arguments),
        Command::Size(arguments) => command::size::run(&arguments),
        Command::Test(arguments) => command::test::run(&arguments),
        Command::Run(arguments) => command::run::run(&arguments),
        Command::Bench(arguments) => command::bench::run(&arguments),
        Command::Profile(arguments) => command::profile::run(&arguments),
        Command::Scenario(arguments) => command::scenario::run(&arguments),
        Command::Resume(arguments) => command::resume::run(&arguments),
        Command::Cancel(arguments) => command::cancel::run(&arguments),
        Command::Policy(arguments) => command::policy::run(&arguments),
        Command::Sign(arguments) => command::sign::run(&arguments),
        Command::Verify(arguments) => command::verify::run(&arguments),
        Command::Keygen(arguments) => command::keygen::run(&arguments),
        Command::Receipt(arguments) => command::receipt::run(&arguments),
        Command::Undo(arguments) => command::undo::run(&arguments),
        Command::Show(arguments) => command::show::run(&arguments),
        Command::Report(arguments) => command::report::run(&arguments),
        Command::Runs(arguments) => command::runs::run(&arguments),
        Command::Job(arguments) => command::job::run(&arguments),
        Command::Session(arguments) => command::session::run(&arguments),
        Command::Journal(arguments) => command::journal::run(&arguments),
        Command::Bundle(arguments) => command::bundle::run(&arguments),
        Command::Explain(arguments) => command::explain::run(&arguments),
        Command::HostFunctions(arguments) => command::host_functions::run(&arguments),
        Command::Doctor(arguments) => command::doctor::run(&arguments),
        Command::Completions(arguments) => command::completions::run(&arguments),
    }
}

/// Prints what clap has to say. An unknown subcommand is an unknown command (127), anything else
/// that clap refuses is wrong usage (2).
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok,
        ErrorKind::InvalidSubcommand => ExitCode::UnknownCommand,
        _ => ExitCode::Usage,
    }
}
