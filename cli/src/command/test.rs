//! `tenzik test`: the cases in a capsule's `tests` folder, each a run with its expected end.

mod case;
mod difference;
mod ending;
mod execution;
mod report;
mod settings;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use clap::Args;

use tenzik_runtime::{EngineOptions, Loaded, Policy, Runtime};

use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::policy_arguments::PolicyArguments;

use super::build;
use case::{Case, Found, find_cases};
use execution::{Module, Report, reading_limits, run_case};
use report::Printed;

/// Most cases that run at the same time.
const JOBS_MAX: usize = 64;

/// Run the cases in a capsule's tests folder.
#[derive(Args, Debug)]
#[command(
    after_help = "A case is NAME.input (without it the input is empty) with NAME.output (the expected output) or\n\
    NAME.status (the expected end, such as: failure 3). NAME.toml may set profile, grants, limits,\n\
    seed and time. docs/testing.md has the details.\n\n\
    Examples:\n  tenzik test\n  tenzik test capsules/echo capsules/hash --filter empty\n  \
    tenzik test --capsule echo.wasm capsules/echo\n  tenzik test --bless"
)]
pub(crate) struct TestArguments {
    /// Directories of capsules: each is built as by tenzik build, and its tests folder holds the cases.
    #[arg(value_name = "DIR", default_value = ".")]
    directories: Vec<PathBuf>,
    /// Test this capsule (path of a module, or name of an embedded one) with the cases of DIR; builds nothing.
    #[arg(long, value_name = "CAPSULE")]
    capsule: Option<OsString>,
    /// Run only the cases whose names contain this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// List the cases; builds and runs nothing.
    #[arg(long, conflicts_with = "bless")]
    list: bool,
    /// Write what came of each run as what is expected, where it differs; never the input.
    #[arg(long)]
    bless: bool,
    /// Cases that run at the same time [default: one for each processor, at most 64].
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &TestArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

/// A directory with its cases.
struct Suite<'a> {
    directory: &'a Path,
    /// The cases that the filter lets pass.
    cases: Vec<Case>,
    others: Vec<String>,
    filtered: usize,
}

fn attempt(arguments: &TestArguments) -> Result<ExitCode, Failure> {
    if arguments.capsule.is_some() && arguments.directories.len() > 1 {
        let count = arguments.directories.len();
        let message = format!("--capsule goes with one DIR; there are {count}");
        return Err(Failure::usage(message, "test one directory at a time"));
    }
    let started = Instant::now();
    let policy = arguments.policy.policy()?;
    let mut suites = suites(arguments, &policy)?;
    // What a case sets itself is under the ceilings too.
    let ceilings = arguments.policy.ceilings()?;
    for case in suites.iter_mut().flat_map(|suite| &mut suite.cases) {
        case.settings.policy = case.settings.policy.under(&ceilings);
    }
    let mut printed = Printed::new(arguments.json);
    if arguments.list {
        return Ok(printed.list(&suites));
    }
    let runtime = Runtime::new(&EngineOptions::default())
        .map_err(|error| Failure::machine(error.to_string(), "see the message"))?;
    for suite in &suites {
        let module = module(arguments, suite.directory, &policy)?;
        printed.begin(suite);
        run_cases(arguments, &runtime, &module, suite, &mut |case, report| {
            printed.case(case, report);
        })?;
        printed.end(suite);
    }
    Ok(printed.finish(started.elapsed()))
}

fn suites<'a>(arguments: &'a TestArguments, policy: &Policy) -> Result<Vec<Suite<'a>>, Failure> {
    let mut suites = Vec::with_capacity(arguments.directories.len());
    for directory in &arguments.directories {
        let Found { mut cases, others } = find_cases(directory, policy)?;
        let all = cases.len();
        if let Some(filter) = &arguments.filter {
            cases.retain(|case| case.name.contains(filter.as_str()));
        }
        suites.push(Suite {
            directory,
            filtered: all - cases.len(),
            cases,
            others,
        });
    }
    if let Some(filter) = &arguments.filter
        && suites.iter().all(|suite| suite.cases.is_empty())
    {
        let filter = tenzik_runtime::escaped(filter);
        let message = format!("no name of a case contains {filter}");
        return Err(Failure::usage(message, "tenzik test --list has the names"));
    }
    Ok(suites)
}

/// The module to test: the one named, or what the directory builds.
fn module(arguments: &TestArguments, directory: &Path, policy: &Policy) -> Result<Module, Failure> {
    let Some(word) = &arguments.capsule else {
        return Ok(Module::Bytes(build::capsule_bytes(directory)?));
    };
    let content = CapsuleSource::of(word)?.content(&reading_limits(policy))?;
    Ok(match content {
        Loaded::Bytes(bytes) => Module::Bytes(bytes),
        Loaded::Rejected(validation) => Module::Rejected(validation),
    })
}

/// Runs the cases of `suite`, several at a time, and hands over what came of them in their order.
fn run_cases(
    arguments: &TestArguments,
    runtime: &Runtime,
    module: &Module,
    suite: &Suite<'_>,
    on_report: &mut dyn FnMut(&Case, &Report),
) -> Result<(), Failure> {
    let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs = arguments.jobs.map_or_else(processors, NonZeroUsize::get);
    let jobs = jobs.clamp(1, JOBS_MAX).min(suite.cases.len().max(1));
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            let (next, stop) = (&next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = suite.cases.get(index) else {
                        return;
                    };
                    let report = run_case(runtime, module, case, arguments.bless);
                    if sender.send((index, report)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let result = in_order(&receiver, &suite.cases, on_report);
        stop.store(true, Ordering::Relaxed);
        result
    })
}

/// Hands over the reports in the order of the cases, whatever order they come in.
fn in_order(
    receiver: &mpsc::Receiver<(usize, Result<Report, Failure>)>,
    cases: &[Case],
    on_report: &mut dyn FnMut(&Case, &Report),
) -> Result<(), Failure> {
    let mut early = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        let report = loop {
            if let Some(report) = early.remove(&index) {
                break report;
            }
            let Ok((index, report)) = receiver.recv() else {
                let message = format!("the case {} was not run", shown(Path::new(&case.name)));
                return Err(Failure::machine(message, "please report it"));
            };
            early.insert(index, report?);
        };
        on_report(case, &report);
    }
    Ok(())
}
