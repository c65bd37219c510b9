//! `tenzik size`: where the bytes of a module go, and what changed.

mod growth;
mod shown;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use tenzik_runtime::{Loaded, ModuleLimits, load_module};
use tenzik_toolchain::size::{
    Account, Advice, Change, FunctionNames, OwnNames, account, advise, changes, treemap,
};

use crate::amount;
use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, file};
use crate::printer;
use crate::run_output::{same_file, write_whole};
use crate::sidecar_file::{self, Found};

use growth::Growth;

/// A larger file is not read.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Show where the bytes of a module go.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tenzik size ./mine.wasm --svg mine.svg\n  \
    tenzik size ./mine.wasm --against old.wasm --max-growth 5%\n\n\
    The rows add up to the file, byte for byte. Names of functions come from the sidecar that tenzik build\n\
    writes beside the capsule, else from the module; without both, functions are called by their number.")]
pub(crate) struct SizeArguments {
    /// Path of a module (with a /, or ending in .wasm or .wat), or name of an embedded capsule.
    #[arg(value_name = "CAPSULE")]
    capsule: OsString,
    /// Compare with an older module, by the names of rows.
    #[arg(long, value_name = "OLD")]
    against: Option<OsString>,
    /// Fail with exit code 60 when the module grew by more: bytes such as 120, or percent such as 5%.
    #[arg(long, value_name = "P", requires = "against", value_parser = Growth::parse)]
    max_growth: Option<Growth>,
    /// How many of the largest rows to list; 0 lists all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// The size that is allowed, for the share that is used.
    #[arg(long, value_name = "SIZE", value_parser = amount::size, default_value_t = ModuleLimits::default().module_bytes_max)]
    max_size: u64,
    /// Names of functions [default: NAME.debug.wasm beside NAME.wasm].
    #[arg(long, value_name = "FILE")]
    sidecar: Option<PathBuf>,
    /// Draw a treemap.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A module with its account.
struct Sized {
    shown: String,
    bytes: Vec<u8>,
    account: Account,
    found: Found,
}

/// What a comparison found.
struct Comparison {
    shown: String,
    before: u64,
    after: u64,
    changes: Vec<Change>,
    allowed: Option<Growth>,
}

impl Comparison {
    fn is_regression(&self) -> bool {
        self.allowed
            .as_ref()
            .is_some_and(|allowed| allowed.is_exceeded(self.before, self.after))
    }
}

pub(crate) fn run(arguments: &SizeArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &SizeArguments) -> Result<ExitCode, Failure> {
    if let Some(svg) = &arguments.svg {
        let sidecar = arguments
            .sidecar
            .as_ref()
            .map(|path| path.as_os_str().to_owned());
        let inputs = [
            Some(&arguments.capsule),
            arguments.against.as_ref(),
            sidecar.as_ref(),
        ];
        if inputs
            .into_iter()
            .flatten()
            .any(|input| same_file(svg, Path::new(input)))
        {
            let message = "--svg and a module that is read are the same file";
            return Err(Failure::usage(message, "write to another file"));
        }
    }
    let sized = read(&arguments.capsule, arguments.sidecar.as_deref())?;
    let comparison = match &arguments.against {
        Some(old) => Some(compare(old, &sized, arguments.max_growth.clone())?),
        None => None,
    };
    let advice = advise(&sized.bytes, &sized.account);
    if let Some(path) = &arguments.svg {
        let svg = treemap(&sized.account, &sized.shown, arguments.max_size);
        write_whole(path, svg.as_bytes()).map_err(|error| file("cannot write", path, &error))?;
    }
    let exit = match (&comparison, sized.account.problems.is_empty()) {
        (_, false) => ExitCode::Invalid,
        (Some(comparison), true) if comparison.is_regression() => ExitCode::Regression,
        _ => ExitCode::Ok,
    };
    if arguments.json {
        printer::json(&object(
            arguments,
            &sized,
            comparison.as_ref(),
            &advice,
            exit,
        ));
    } else {
        shown::print(
            arguments.top,
            arguments.max_size,
            &sized,
            comparison.as_ref(),
            &advice,
        );
    }
    complain(&sized, comparison.as_ref(), exit);
    Ok(exit)
}

fn compare(old: &OsString, sized: &Sized, allowed: Option<Growth>) -> Result<Comparison, Failure> {
    let old = read(old, None)?;
    Ok(Comparison {
        before: old.account.bytes(),
        after: sized.account.bytes(),
        changes: changes(&old.account, &sized.account),
        shown: old.shown,
        allowed,
    })
}

fn read(word: &OsString, sidecar: Option<&Path>) -> Result<Sized, Failure> {
    let source = CapsuleSource::of(word)?;
    let bytes = match &source {
        CapsuleSource::Embedded(capsule) => capsule.bytes.to_vec(),
        CapsuleSource::Path(path) => load(path)?,
        CapsuleSource::Bundle(bytes, _) => bytes.to_vec(),
    };
    let found = sidecar_file::find(&source, &bytes, sidecar)?;
    let names: &dyn FunctionNames = match found.sidecar() {
        Some(sidecar) => sidecar,
        None => &OwnNames,
    };
    Ok(Sized {
        shown: source.shown(),
        account: account(&bytes, names),
        bytes,
        found,
    })
}

fn load(path: &Path) -> Result<Vec<u8>, Failure> {
    let limits = ModuleLimits {
        module_bytes_max: FILE_BYTES_MAX,
        ..ModuleLimits::default()
    };
    let loaded = load_module(path, &limits).map_err(|error| {
        Failure::machine(error.to_string(), "check the path and its permissions")
    })?;
    match loaded {
        Loaded::Bytes(bytes) if bytes.len() as u64 <= FILE_BYTES_MAX => Ok(bytes),
        Loaded::Rejected(validation) => {
            let mut failure = super::build::rejected(&validation);
            failure.message = format!("{}: {}", crate::failure::shown(path), failure.message);
            Err(failure)
        }
        Loaded::Bytes(_) => {
            let message = format!(
                "{} is larger than {FILE_BYTES_MAX} bytes",
                crate::failure::shown(path)
            );
            Err(Failure::new(
                ExitCode::Size,
                "module_too_large",
                message,
                "name a smaller module",
            ))
        }
    }
}

/// What the exit code stands for, on standard error.
fn complain(sized: &Sized, comparison: Option<&Comparison>, exit: ExitCode) {
    if let Found::Useless(why) = &sized.found {
        printer::note(&format!("names of functions: {why}"));
    }
    for problem in &sized.account.problems {
        let message = format!(
            "{}: {} (offset {:#x})",
            sized.shown, problem.message, problem.offset
        );
        printer::error(&message, "");
    }
    if let (ExitCode::Regression, Some(comparison)) = (exit, comparison) {
        let growth = i128::from(comparison.after) - i128::from(comparison.before);
        let allowed = comparison.allowed.as_ref().map(ToString::to_string);
        let message = format!(
            "{} grew by {growth} B from {} to {} B; allowed is {}",
            sized.shown,
            printer::grouped(comparison.before),
            printer::grouped(comparison.after),
            allowed.unwrap_or_default()
        );
        printer::error(
            &message,
            "see the rows that grew, or allow more with --max-growth",
        );
    }
}

fn object(
    arguments: &SizeArguments,
    sized: &Sized,
    comparison: Option<&Comparison>,
    advice: &[Advice],
    exit: ExitCode,
) -> serde_json::Value {
    let account = &sized.account;
    let rows = |rows: Vec<(String, u64)>| {
        let rows = rows.into_iter();
        rows.map(|(name, bytes)| json!({ "name": name, "bytes": bytes }))
            .collect::<Vec<_>>()
    };
    let mut object = json!({
        "capsule": sized.shown,
        "exit": exit.number(),
        "bytes": account.bytes(),
        "bytes_max": arguments.max_size,
        "blake3": blake3::hash(&sized.bytes).to_hex().as_str(),
        "padding": account.padding,
        "sections": rows(account.by_section()),
        "crates": rows(account.by_crate()),
        "pieces": account.pieces,
        "advice": advice,
        "problems": account.problems,
    });
    if let Some(comparison) = comparison {
        object["against"] = json!({
            "capsule": comparison.shown,
            "bytes": comparison.before,
            "growth": comparison.after as i64 - comparison.before as i64,
            "allowed": comparison.allowed.as_ref().map(ToString::to_string),
            "regression": comparison.is_regression(),
            "changes": comparison.changes,
        });
    }
    if let Some(path) = sized.found.path() {
        object["sidecar"] = json!(path.to_string_lossy());
    }
    if let Some(svg) = &arguments.svg {
        object["svg"] = json!(svg.to_string_lossy());
    }
    object
}
