//! `tenzik build`: from source to a validated capsule.

mod watch;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::json;

use tenzik_runtime::{
    Capability, Examination, Loaded, ModuleLimits, Policy, TEXT_BYTES_MAX, Validation, load_module,
};
use tenzik_toolchain::{
    BuildCapsuleError, BuildReport, Candidate, CapsuleOptions, CompileError, Host, OptimiserChoice,
    Project, ReportSidecar, build_capsule, build_project, find_optimiser, find_rust,
};

use crate::amount;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, file, shown};
use crate::json;
use crate::policy_arguments::PolicyArguments;
use crate::printer::{self, grouped};
use crate::run_output::write_whole;
use crate::sidecar_file;
use crate::stop_signal::StopSignal;

/// Which optimisers may shrink the module.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OptimiserArgument {
    /// The smallest result of all that are found on this machine.
    Auto,
    /// Only the one inside tenzik: the same result on every machine.
    Builtin,
    /// Binaryen's wasm-opt has to be there.
    Binaryen,
}

/// Compile, optimise and validate a capsule.
#[derive(Args, Debug)]
#[command(
    after_help = "A directory with a Cargo.toml is compiled with Rust; one with a tenzik.toml with the compiler of\n\
    the language that it names: c, assemblyscript, zig or wat. A .wat file, or a directory with just one\n\
    and without these two, is assembled unchanged. Nothing is written unless the result is an\n\
    acceptable capsule. Beside a capsule NAME.wasm made from Rust stands its sidecar NAME.debug.wasm with\n\
    names and source lines, for tenzik size and the messages of tenzik run; the capsule needs it for\n\
    nothing.\n\n\
    Example:\n  tenzik build --watch --run -- --input-text hello"
)]
pub(crate) struct BuildArguments {
    /// The capsule's directory, or a .wat file.
    #[arg(value_name = "DIR", default_value = ".")]
    source: PathBuf,
    /// Where to write the capsule [default: NAME.wasm in the directory].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Which optimisers may shrink the module.
    #[arg(long, value_enum, default_value = "auto")]
    optimiser: OptimiserArgument,
    /// Longest time for the compiler.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration, default_value = "10m")]
    compile_time: Duration,
    /// Do not compile a second time for the sidecar with names and source lines.
    #[arg(long)]
    no_sidecar: bool,
    /// Build again whenever a source changes, until Ctrl-C.
    #[arg(long)]
    watch: bool,
    /// With --watch: run the capsule after each build that succeeds.
    #[arg(long, requires = "watch")]
    run: bool,
    /// Arguments for `tenzik run`.
    #[arg(last = true, requires = "run", value_name = "RUN ARGUMENTS")]
    run_arguments: Vec<OsString>,
    /// Print one JSON object for each build.
    #[arg(long)]
    json: bool,
}

/// Longest time for the compiler where none is given.
const COMPILE_TIME: Duration = Duration::from_secs(600);

/// A capsule in memory.
struct Built {
    bytes: Vec<u8>,
    sidecar: Option<Vec<u8>>,
    report: Option<BuildReport>,
    output: PathBuf,
}

pub(crate) fn run(arguments: &BuildArguments) -> ExitCode {
    let ended = if arguments.watch {
        watch::watch(arguments)
    } else {
        until_stopped(|host| attempt(arguments, host)).map(|(exit, _)| exit)
    };
    match ended {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

/// The bytes that `tenzik build` with default options makes of a capsule's directory, in memory.
pub(crate) fn capsule_bytes(source: &Path) -> Result<Vec<u8>, Failure> {
    let arguments = BuildArguments {
        source: source.to_owned(),
        output: None,
        policy: PolicyArguments::default(),
        optimiser: OptimiserArgument::Auto,
        compile_time: COMPILE_TIME,
        watch: false,
        run: false,
        run_arguments: Vec::new(),
        no_sidecar: true,
        json: false,
    };
    Ok(until_stopped(|host| built(&arguments, host))?.bytes)
}

/// Builds on a machine whose compilers end with this process: a signal kills them and then ends it.
fn until_stopped<T>(build: impl FnOnce(&Host) -> Result<T, Failure>) -> Result<T, Failure> {
    let stop = StopSignal::catch()?;
    let built = build(&Host::from_env().with_stop(stop.flag()));
    stop.obey();
    built
}

/// Assembles or compiles the source.
fn built(arguments: &BuildArguments, host: &Host) -> Result<Built, Failure> {
    match Source::of(&arguments.source)? {
        Source::Text(text) => assemble(arguments, &text),
        source => compile(arguments, &source, host),
    }
}

/// Builds once and returns where the capsule is, or would be.
fn attempt(arguments: &BuildArguments, host: &Host) -> Result<(ExitCode, PathBuf), Failure> {
    // Building runs nothing: effects are granted where the capsule runs.
    let mut policy = arguments.policy.policy()?;
    for capability in Capability::ALL {
        if !capability.is_pure() && !arguments.policy.denies(capability) {
            policy.grants = policy.grants.with(capability);
        }
    }
    if let Some(output) = &arguments.output {
        check_replaceable(output)?;
    }
    let mut built = built(arguments, host)?;
    let examination = Examination::of(&built.bytes, &policy);
    let exit = examination
        .first_error()
        .map_or(ExitCode::Ok, |finding| ExitCode::from(finding.code.class()));
    if exit == ExitCode::Ok {
        check_replaceable(&built.output)?;
        write_whole(&built.output, &built.bytes)
            .map_err(|error| file("cannot write", &built.output, &error))?;
        write_sidecar(&mut built)?;
    }
    let output = built.output.clone();
    report(arguments, &policy, built, &examination, exit);
    Ok((exit, output))
}

/// Refuses to replace a file that is no module: it may be a source, of this capsule or of anything.
fn check_replaceable(output: &Path) -> Result<(), Failure> {
    if output.as_os_str() == "-" {
        return Err(Failure::usage(
            "a capsule is written to a file, not to standard output",
            "name a file; one that is called - is ./-",
        ));
    }
    if !std::fs::metadata(output).is_ok_and(|found| found.is_file() && found.len() > 0) {
        return Ok(());
    }
    let mut magic = Vec::new();
    std::fs::File::open(output)
        .and_then(|found| found.take(MAGIC.len() as u64).read_to_end(&mut magic))
        .map_err(|error| file("cannot read what would be replaced,", output, &error))?;
    if magic == MAGIC {
        return Ok(());
    }
    let message = format!("{} exists and is no WebAssembly module", shown(output));
    Err(Failure::usage(
        message,
        "write the capsule to another name, or remove the file if nobody needs it",
    ))
}

/// The first bytes of every module (WebAssembly core specification, section 5.5.16).
const MAGIC: &[u8] = b"\0asm";

/// Writes the sidecar beside the capsule, if that is a file.
fn write_sidecar(built: &mut Built) -> Result<(), Failure> {
    let is_file = std::fs::metadata(&built.output).is_ok_and(|metadata| metadata.is_file());
    let Some(sidecar) = built.sidecar.take().filter(|_| is_file) else {
        return Ok(());
    };
    let path = sidecar_file::beside(&built.output);
    check_replaceable(&path)?;
    write_whole(&path, &sidecar).map_err(|error| file("cannot write", &path, &error))?;
    let report = built.report.as_mut();
    if let Some(report) = report.and_then(|report| report.sidecar.as_mut()) {
        report.output = Some(path.to_string_lossy().into_owned());
    }
    Ok(())
}

/// What is built.
enum Source {
    /// WebAssembly text that is assembled unchanged.
    Text(PathBuf),
    /// A directory with a Cargo.toml.
    Crate,
    /// A directory with a tenzik.toml.
    Project(Project),
}

impl Source {
    /// The text is the source itself if it ends in `.wat`, or the only such file of a directory
    /// without a manifest.
    fn of(source: &Path) -> Result<Source, Failure> {
        if is_text(source) {
            return Ok(Source::Text(source.to_owned()));
        }
        let project = Project::find(source).map_err(|error| {
            Failure::usage(
                error.to_string(),
                "see the tenzik.toml that tenzik new makes",
            )
        })?;
        let is_crate = source.join("Cargo.toml").exists();
        match project {
            Some(_) if is_crate => {
                let message = format!("{} has a Cargo.toml and a tenzik.toml", shown(source));
                Err(Failure::usage(
                    message,
                    "remove one: a Rust capsule has only the first, every other one only the second",
                ))
            }
            Some(project) => Ok(Source::Project(project)),
            None if is_crate => Ok(Source::Crate),
            None => only_text(source).map(Source::Text),
        }
    }
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wat")
}

fn only_text(source: &Path) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(source).map_err(|error| file("cannot read", source, &error))?;
    let mut texts: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| is_text(path))
        .collect();
    match (texts.pop(), texts.is_empty()) {
        (Some(text), true) => Ok(text),
        (Some(_), false) => {
            let message = format!("{} has more than one .wat file", shown(source));
            Err(Failure::usage(message, "name the one to build"))
        }
        (None, _) => {
            let message = format!(
                "{} has neither a Cargo.toml nor a tenzik.toml nor a .wat file",
                shown(source)
            );
            Err(Failure::usage(
                message,
                "name the directory of a capsule; tenzik new makes one",
            ))
        }
    }
}

fn assemble(arguments: &BuildArguments, text: &Path) -> Result<Built, Failure> {
    let loaded = load_module(
        text,
        &ModuleLimits {
            module_bytes_max: TEXT_BYTES_MAX,
            ..ModuleLimits::default()
        },
    )
    .map_err(|error| Failure::machine(error.to_string(), "check the path and its permissions"))?;
    let bytes = match loaded {
        Loaded::Bytes(bytes) => bytes,
        Loaded::Rejected(validation) => return Err(rejected(&validation)),
    };
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| text.with_extension("wasm"));
    Ok(Built {
        bytes,
        sidecar: None,
        report: None,
        output,
    })
}

pub(super) fn rejected(validation: &Validation) -> Failure {
    match validation.first_error() {
        Some(finding) => Failure::new(
            ExitCode::from(finding.code.class()),
            finding.code.code(),
            finding.message.clone(),
            finding.remedy.clone(),
        ),
        None => Failure::machine("the text was not read", "please report it"),
    }
}

fn compile(arguments: &BuildArguments, source: &Source, host: &Host) -> Result<Built, Failure> {
    let missing = |error: String| Failure::machine(error, "tenzik doctor shows what is missing");
    let choice = match arguments.optimiser {
        OptimiserArgument::Auto => OptimiserChoice::Auto,
        OptimiserArgument::Builtin => OptimiserChoice::Builtin,
        OptimiserArgument::Binaryen => OptimiserChoice::Binaryen,
    };
    let optimiser = find_optimiser(host, choice).map_err(|error| missing(error.to_string()))?;
    let mut options = CapsuleOptions::default();
    options.build.timeout = arguments.compile_time;
    options.sidecar = !arguments.no_sidecar;
    let spinner = printer::shows_progress().then(ProgressBar::new_spinner);
    let mut on_line = |line: &str| match &spinner {
        Some(spinner) => {
            spinner.println(line);
            spinner.tick();
        }
        None => printer::note(line),
    };
    let built = match source {
        Source::Project(project) => {
            build_project(host, &optimiser, project, &options, &mut on_line)
        }
        Source::Crate | Source::Text(_) => {
            let rust = find_rust(host).map_err(|error| missing(error.to_string()))?;
            let directory = &arguments.source;
            build_capsule(host, &rust, &optimiser, directory, &options, &mut on_line)
        }
    };
    if let Some(spinner) = &spinner {
        spinner.finish_and_clear();
    }
    let built = built.map_err(|error| match &error {
        BuildCapsuleError::Compile(CompileError::Find(_)) => missing(error.to_string()),
        _ => Failure::machine(
            error.to_string(),
            "correct what the compiler says; tenzik doctor shows the compilers",
        ),
    })?;
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| arguments.source.join(format!("{}.wasm", built.report.name)));
    Ok(Built {
        bytes: built.bytes,
        sidecar: built.sidecar,
        report: Some(built.report),
        output,
    })
}

fn report(
    arguments: &BuildArguments,
    policy: &Policy,
    built: Built,
    examination: &Examination,
    exit: ExitCode,
) {
    let written = exit == ExitCode::Ok;
    let limit = policy.limits.module_bytes_max;
    if arguments.json {
        let report = built.report.map(|mut report| {
            report.size_limit = Some(limit);
            report.output = written.then(|| built.output.to_string_lossy().into_owned());
            report
        });
        printer::json(&json!({
            "status": if written { "ok" } else { "reject" },
            "exit": exit.number(),
            "output": written.then(|| built.output.to_string_lossy().into_owned()),
            "capsule_id": examination.validation().id().map(|id| id.to_string()),
            "bytes": built.bytes.len(),
            "bytes_max": limit,
            "sections": json::sections(examination.validation()),
            "findings": examination.findings().iter().map(json::finding).collect::<Vec<_>>(),
            "report": report,
        }));
        return;
    }
    for section in examination.validation().sections() {
        printer::result(&format!(
            "{:>9} B  {}",
            grouped(section.bytes),
            section.name
        ));
    }
    if let Some(report) = &built.report {
        printer::result(&format!("compiler   {}", report.compiler));
        if let Some(linker) = &report.linker {
            printer::result(&format!("linker     {linker}"));
        }
        printer::result(&format!("optimiser  {}", report.optimiser));
        for candidate in &report.candidates {
            let result = match &candidate.result {
                Candidate::Bytes(bytes) => format!("{} B", grouped(*bytes)),
                Candidate::Problem(problem) => problem.clone(),
            };
            printer::result(&format!("           {}: {result}", candidate.optimiser));
        }
        if let Some(sidecar) = &report.sidecar {
            printer::result(&format!("sidecar    {}", sidecar_shown(sidecar)));
        }
    }
    for finding in examination.findings() {
        printer::note(&format!(
            "{}: {}\n  remedy: {}",
            finding.code.code(),
            finding.message,
            finding.remedy
        ));
    }
    let size = grouped(built.bytes.len() as u64);
    if written {
        printer::result(&format!(
            "{size} of {} B  {}",
            grouped(limit),
            shown(&built.output)
        ));
    } else {
        printer::note(&format!(
            "{size} of {} B; nothing was written",
            grouped(limit)
        ));
    }
}

/// One line about the sidecar.
fn sidecar_shown(sidecar: &ReportSidecar) -> String {
    if let Some(problem) = &sidecar.problem {
        return format!("none: {}", tenzik_toolchain::shown(problem));
    }
    let coverage = sidecar.coverage.clone().unwrap_or_default();
    let output = sidecar.output.as_deref().unwrap_or("not written");
    format!(
        "{}: names of {} of {} functions, lines of {} of {} instructions",
        shown(Path::new(output)),
        grouped(coverage.functions_named),
        grouped(coverage.functions),
        grouped(coverage.instructions_located),
        grouped(coverage.instructions)
    )
}
