//! `tenzik build --watch`: builds again whenever a source has changed, until it is told to stop.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::Parser as _;
use tenzik_toolchain::{Host, Snapshot};

use super::{BuildArguments, attempt};
use crate::arguments::{Arguments, Command};
use crate::command;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;
use crate::stop_signal::StopSignal;

/// How often the sources are looked at.
const INTERVAL: Duration = Duration::from_millis(200);
/// A build begins when nothing has changed for this long: editors write files in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// Looks after which a build begins although files keep changing.
const RESTLESS_MAX: usize = 40;

/// Builds until a signal comes.
///
/// # Errors
/// What no change of a source can repair: signals that cannot be caught, arguments of the run that
/// are wrong, a directory with too many files.
pub(super) fn watch(arguments: &BuildArguments) -> Result<ExitCode, Failure> {
    if arguments.run {
        // Wrong arguments are said now, not after the first build.
        run_command(Path::new("capsule.wasm"), &arguments.run_arguments)?;
    }
    let mut made = made(arguments);
    made.extend(redirected());
    let take = || {
        Snapshot::take(&arguments.source, &made)
            .map_err(|error| Failure::usage(error.to_string(), "or build without --watch"))
    };
    let stop = StopSignal::catch()?;
    let host = Host::from_env().with_stop(stop.flag());
    let stopped = || stop.is_set();
    loop {
        let before = take()?;
        let built = attempt(arguments, &host);
        if stopped() {
            return Ok(ExitCode::Ok);
        }
        match built {
            Ok((ExitCode::Ok, output)) if arguments.run => run(&output, arguments)?,
            Ok(_) => {}
            Err(failure) => {
                failure.report(arguments.json);
            }
        }
        let source = shown(&arguments.source);
        printer::note(&format!("watching {source}; Ctrl-C ends"));
        loop {
            if stopped() {
                return Ok(ExitCode::Ok);
            }
            if take()? != before {
                break;
            }
            sleep(INTERVAL);
        }
        settle(take)?;
    }
}

/// What standard output and error are redirected to; elsewhere than on Linux nobody says.
fn redirected() -> impl Iterator<Item = PathBuf> {
    let streams = ["/proc/self/fd/1", "/proc/self/fd/2"];
    streams
        .into_iter()
        .filter_map(|stream| std::fs::read_link(stream).ok())
}

/// Files that builds and runs write: they are no reason to build again.
fn made(arguments: &BuildArguments) -> Vec<PathBuf> {
    let mut made: Vec<PathBuf> = arguments.output.iter().cloned().collect();
    let mut words = arguments.run_arguments.iter();
    while let Some(word) = words.next() {
        for flag in ["--output", "--receipt"] {
            let word = word.to_string_lossy();
            match word.strip_prefix(flag) {
                Some("") => made.extend(words.clone().next().map(PathBuf::from)),
                Some(value) => made.extend(value.strip_prefix('=').map(PathBuf::from)),
                None => {}
            }
        }
    }
    made
}

/// Waits until the files are still.
fn settle(take: impl Fn() -> Result<Snapshot, Failure>) -> Result<(), Failure> {
    let mut last = take()?;
    for _ in 0..RESTLESS_MAX {
        sleep(QUIET);
        let now = take()?;
        if now == last {
            return Ok(());
        }
        last = now;
    }
    Ok(())
}

/// Runs what was built. A run that fails has said so; the next build may repair it.
fn run(output: &Path, arguments: &BuildArguments) -> Result<(), Failure> {
    if let Command::Run(run) = run_command(output, &arguments.run_arguments)? {
        let exit = command::run::run(&run);
        if exit != ExitCode::Ok {
            printer::note(&format!("the run ended with exit code {}", exit.number()));
        }
    }
    Ok(())
}

/// `tenzik run OUTPUT ARGUMENT...` as the command line would read it.
fn run_command(output: &Path, arguments: &[OsString]) -> Result<Command, Failure> {
    // With a slash it is a path, whatever it is called.
    let output = if output.is_absolute() {
        output.to_owned()
    } else {
        PathBuf::from(".").join(output)
    };
    let fixed = [OsStr::new("tenzik"), OsStr::new("run"), output.as_os_str()];
    let words = fixed
        .into_iter()
        .chain(arguments.iter().map(OsString::as_os_str));
    let parsed = Arguments::try_parse_from(words).map_err(|error| {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default();
        let first = first.trim_start_matches("error: ").to_owned();
        Failure::usage(first, "what follows -- are arguments of tenzik run")
    })?;
    Ok(parsed.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_builds_and_runs_write_is_known() {
        let words =
            "tenzik build p --watch -o p/made --run -- --output p/a --receipt=p/b --input p/in";
        let parsed = Arguments::try_parse_from(words.split(' ')).unwrap();
        let Command::Build(arguments) = parsed.command else {
            panic!("another command");
        };
        assert_eq!(
            made(&arguments),
            ["p/made", "p/a", "p/b"].map(PathBuf::from)
        );
    }
}
