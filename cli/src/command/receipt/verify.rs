//! `tenzik receipt verify`: three questions about a receipt, each with its own answer.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use tenzik_runtime::evidence::bundle::{Part, is_bundle};
use tenzik_runtime::evidence::{Digest, Statement, Trust, VerifiedReceipt, VerifyError};
use tenzik_runtime::{SignedReceipt, TrustStore};

use crate::bundle_file::BundleFile;
use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure};
use crate::first_party;

use super::contents::{self, Commitment};
use super::given_input::GivenInput;
use super::reexecution::{Again, Reexecution, check_rules, rebuilt_policy, reexecute};
use super::report::Report;
use super::several::verify_signatures;
use super::signer::Signer;
use super::{read, trusted_keys};

/// Verify a receipt: signature, commitments, re-execution.
#[derive(Args, Debug)]
#[command(after_help = "\
    Three questions, each with its own answer:\n  \
    signature     is it good, and is the key trusted?\n  \
    commitments   are these the capsule, input and output of the run? Asked for what is given.\n  \
    re-execution  does the same run again end in the same way? Asked with --replay.\n\n\
    Exit codes:\n  \
    0   nothing speaks against the receipt\n  \
    40  signature, key or commitments are bad\n  \
    41  the re-execution differs\n  \
    1   a file cannot be read, or this machine could not finish the re-execution\n\n\
    A fault that is bound to the machine that ran it (wall clock, native stack) can be confirmed\n\
    by nobody: the answer says so, and the exit code is 0. A re-execution has the limits that the\n\
    receipt names, but ten times the wall time, at least a minute.")]
pub(crate) struct VerifyArguments {
    /// The receipt; of several only signature and key are checked. With --replay BUNDLE it may be left out: then it is
    /// that of the bundle.
    #[arg(value_name = "RECEIPT", required_unless_present = "replay")]
    receipts: Vec<PathBuf>,
    /// The capsule: path of a module, or name of an embedded capsule.
    #[arg(long, value_name = "CAPSULE")]
    capsule: Option<OsString>,
    /// The input, as a file; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "input_text")]
    input: Option<PathBuf>,
    /// The input itself.
    #[arg(long, value_name = "TEXT")]
    input_text: Option<String>,
    /// The output, as a file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run again and compare status, output, fuel and host calls. Without --capsule the embedded capsule with the
    /// receipt's digest is run. With a BUNDLE of tenzik run --record everything is taken from there, and the effects of
    /// the run are answered from its record.
    #[arg(long, value_name = "BUNDLE")]
    replay: Option<Option<PathBuf>>,
    /// Trust the keys in this file or directory, instead of the user's trust file and this machine's own key.
    #[arg(long, value_name = "FILE|DIR")]
    trust: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// How the run is to be repeated.
enum Replay {
    /// Not at all.
    No,
    /// From what is given.
    Given,
    /// From a bundle.
    Bundle(PathBuf),
}

pub(super) fn run(arguments: &VerifyArguments) -> ExitCode {
    let done = match (&arguments.replay, arguments.receipts.as_slice()) {
        (Some(Some(path)), []) => alone(arguments, path),
        (Some(Some(path)), [receipt]) => one(arguments, receipt, Replay::Bundle(path.clone())),
        (Some(None), [receipt]) => one(arguments, receipt, Replay::Given),
        (None, [receipt]) => one(arguments, receipt, Replay::No),
        (Some(None), []) => Err(Failure::usage("no receipt is named", "name one")),
        (_, receipts) => several(arguments, receipts),
    };
    done.unwrap_or_else(|failure| failure.report(arguments.json))
}

/// The one file is a bundle with its receipt, or a receipt behind a plain `--replay`.
fn alone(arguments: &VerifyArguments, path: &Path) -> Result<ExitCode, Failure> {
    let is_bundle =
        is_bundle(path).map_err(|error| failure::file("cannot read the receipt", path, &error))?;
    match is_bundle {
        true => one(arguments, path, Replay::Bundle(path.to_owned())),
        false => one(arguments, path, Replay::Given),
    }
}

fn one(arguments: &VerifyArguments, path: &Path, replay: Replay) -> Result<ExitCode, Failure> {
    attempt(arguments, path, &replay).map(|report| report.print(path, arguments.json))
}

fn several(arguments: &VerifyArguments, paths: &[PathBuf]) -> Result<ExitCode, Failure> {
    let others = [
        arguments.capsule.is_some(),
        arguments.input.is_some() || arguments.input_text.is_some(),
        arguments.output.is_some(),
        arguments.replay.is_some(),
    ];
    if others.contains(&true) {
        return Err(Failure::usage(
            format!(
                "--capsule, --input, --output and --replay ask about one receipt, and {} are given",
                paths.len()
            ),
            "verify that receipt alone",
        ));
    }
    let trusted = trusted_keys::store(&arguments.trust)?;
    Ok(verify_signatures(paths, &trusted, arguments.json))
}

fn attempt(arguments: &VerifyArguments, path: &Path, replay: &Replay) -> Result<Report, Failure> {
    let trusted = || trusted_keys::store(&arguments.trust).map(Cow::Owned);
    // The receipt of a bundle is read from there.
    let bundle = match replay {
        Replay::Bundle(bundle) => Some(BundleFile::open(bundle).map(Arc::new)),
        Replay::No | Replay::Given => None,
    };
    let bytes = match (replay, &bundle) {
        (Replay::Bundle(bundle_path), Some(bundle)) if bundle_path == path => match bundle {
            Ok(bundle) => bundle.bytes(Part::Receipt)?,
            Err(failure) => return Err(failure.clone()),
        },
        _ => read(path)?,
    };
    let asked = !matches!(replay, Replay::No);
    match verified_bytes(&bytes, asked, trusted)? {
        Ok(receipt) => audit(arguments, &receipt, asked, bundle),
        Err(report) => Ok(report),
    }
}

/// The receipt with a good signature, or the report that there is none.
pub(super) fn verified<'a>(
    path: &Path,
    asked: bool,
    trusted: impl FnOnce() -> Result<Cow<'a, TrustStore>, Failure>,
) -> Result<Result<VerifiedReceipt, Report>, Failure> {
    verified_bytes(&read(path)?, asked, trusted)
}

fn verified_bytes<'a>(
    bytes: &[u8],
    asked: bool,
    trusted: impl FnOnce() -> Result<Cow<'a, TrustStore>, Failure>,
) -> Result<Result<VerifiedReceipt, Report>, Failure> {
    let receipt = match SignedReceipt::parse(bytes) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(Err(Report::of_signer(Signer::Unreadable(error), asked))),
    };
    let trusted = trusted()?;
    Ok(receipt.verify(&trusted).map_err(|error| {
        let signer = match error {
            VerifyError::Receipt(error) => Signer::Unreadable(error),
            VerifyError::Signature { node_id } => Signer::Forged(node_id),
        };
        Report::of_signer(signer, asked)
    }))
}

/// Whose receipt it is.
pub(super) fn known(receipt: &VerifiedReceipt) -> Signer {
    Signer::Known {
        node_id: *receipt.body().node_id(),
        trust: receipt.trust().clone(),
    }
}

/// Everything that is compared with the receipt.
struct Given {
    capsule: Option<CapsuleSource>,
    input: Option<GivenInput>,
}

/// What a bundle is, where one was named: opened, or why it could not be.
type Opened = Option<Result<Arc<BundleFile>, Failure>>;

fn audit(
    arguments: &VerifyArguments,
    receipt: &VerifiedReceipt,
    replay: bool,
    bundle: Opened,
) -> Result<Report, Failure> {
    let statement = receipt.body().statement();
    let (bundle, broken) = match bundle.transpose() {
        Ok(bundle) => (bundle, None),
        Err(failure) => (None, Some(failure)),
    };
    if replay {
        check_rules(statement, bundle.is_some() || broken.is_some())?;
    }
    let given = given(
        arguments,
        statement,
        replay && broken.is_none(),
        bundle.as_ref(),
    )?;
    let mut commitments = vec![
        contents::check_capsule(receipt, given.capsule.as_ref())?,
        contents::check_input(receipt, given.input.as_ref())?,
        contents::check_output(receipt, arguments.output.as_deref())?,
    ];
    let reexecution = match (broken, given.capsule) {
        (Some(failure), _) => Reexecution::Failed(failure),
        (None, Some(capsule)) if replay => {
            let policy = rebuilt_policy(statement, bundle.as_deref());
            commitments.push(contents::check_policy(statement, policy.as_ref().ok()));
            if let Some(bundle) = &bundle {
                let got = bundle.bundle.transcript_commit();
                commitments.push(contents::check_transcript(statement, got));
            }
            if contents_differ(&commitments) {
                Reexecution::NotDone("what was given is not what the receipt commits to")
            } else {
                policy
                    .and_then(|policy| {
                        let is_trusted = matches!(receipt.trust(), Trust::Trusted { .. });
                        let again = Again {
                            policy: &policy,
                            capsule: &capsule,
                            input: given.input,
                            bundle: bundle.as_deref(),
                        };
                        reexecute(statement, again, is_trusted)
                    })
                    .map_or_else(Reexecution::Failed, Reexecution::Done)
            }
        }
        _ => Reexecution::NotAsked,
    };
    Ok(Report {
        signer: known(receipt),
        statement: Some(statement.clone()),
        commitments,
        reexecution,
    })
}

/// Whether capsule, input, policy or transcript is another than that of the run. An output that differs says
/// nothing against running again.
fn contents_differ(commitments: &[Commitment]) -> bool {
    commitments
        .iter()
        .any(|commitment| commitment.is_bad() && commitment.field != contents::OUTPUT)
}

/// What was given on the command line, and what follows from the bundle or the receipt.
fn given(
    arguments: &VerifyArguments,
    statement: &Statement,
    replay: bool,
    bundle: Option<&Arc<BundleFile>>,
) -> Result<Given, Failure> {
    let capsule = match (&arguments.capsule, bundle) {
        (Some(word), _) => Some(CapsuleSource::of(word)?),
        (None, Some(bundle)) => Some(bundle.capsule()?),
        (None, None) if replay => Some(embedded(statement)?),
        (None, None) => None,
    };
    let run = statement.verdict.run();
    let stated_bytes = run.map_or(0, |run| run.input_bytes);
    let input = match (&arguments.input, &arguments.input_text) {
        (Some(path), _) => Some(GivenInput::open(path, replay.then_some(stated_bytes))?),
        (None, Some(text)) => Some(GivenInput::Text(text.clone())),
        (None, None) if !replay || run.is_none() => None,
        (None, None) => Some(match bundle {
            Some(bundle) => GivenInput::Bundled(Arc::clone(bundle)),
            None if stated_bytes == 0 => GivenInput::Text(String::new()),
            None => {
                let message = format!("--replay needs the input of the run, {stated_bytes} bytes");
                return Err(Failure::usage(
                    message,
                    "pass --input FILE or --input-text TEXT",
                ));
            }
        }),
    };
    Ok(Given { capsule, input })
}

/// The embedded capsule that the receipt is about.
fn embedded(statement: &Statement) -> Result<CapsuleSource, Failure> {
    let stated = statement.verdict.capsule_id();
    let is_stated = |bytes: &[u8]| stated.is_some_and(|id| Digest::of(bytes) == id);
    let found = first_party::all()
        .iter()
        .find(|capsule| is_stated(capsule.bytes));
    found.map(CapsuleSource::Embedded).ok_or_else(|| {
        let which = match stated {
            Some(id) => format!("capsule {id}, which is not an embedded one"),
            None => "a module that was not read, or not assembled".to_owned(),
        };
        Failure::usage(
            format!("--replay needs the capsule: the receipt is about {which}"),
            "pass --capsule FILE",
        )
    })
}
