//! `tenzik run`: one run, its output, its use and its receipt.

mod effects;
mod learn;
mod record;
mod replay;
mod report;
mod trace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use tenzik_runtime::evidence::Nonce;
use tenzik_runtime::{
    Capsule, EngineFailure, EngineOptions, Examination, Finding, FindingCode, Input, Loaded,
    LogLevel, LogTarget, Permit, Policy, RejectClass, RunRecord, RunRequest, Runtime, Statement,
    Status, Timestamp, Usage, attest, attest_rejection,
};

use crate::amount;
use crate::capsule_source::CapsuleSource;
use crate::code_cache;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::json;
use crate::policy_arguments::{LimitArguments, PolicyArguments};
use crate::printer;
use crate::run_input::{self, OpenedInput};
use crate::run_output::{RunOutput, same_file};
use crate::sidecar_file::{self, Found};
use crate::signed_file;
use crate::user_directories;
use crate::world;

use super::keygen::signing_key;
use super::receipt::trusted_keys;
use effects::Effects;
use record::Recording;
use replay::Replayed;
use report::{Written, add_written, report, report_after_effects};

pub(crate) use report::{Ending, ending, message_shown};

/// Run a capsule.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("stated").multiple(true))]
#[command(after_help = "Examples:\n  tenzik run nmap-parse --input scan.xml\n  \
    tenzik run ./mine.wasm --input-text hello --receipt run.json\n\n\
    Without --input and --input-text the input is empty. Standard output is the capsule's output, byte for byte.")]
pub(crate) struct RunArguments {
    /// Path of a module (with a /, or ending in .wasm or .wat), or name of an embedded capsule.
    #[arg(value_name = "CAPSULE", required_unless_present = "replay")]
    capsule: Option<OsString>,
    /// Read the input from a file; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "input_text")]
    input: Option<PathBuf>,
    /// The input itself.
    #[arg(long, value_name = "TEXT")]
    input_text: Option<String>,
    /// Write the output to a file, in one step and only on success.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    limits: LimitArguments,
    /// Longest wait for input to come or output to be taken.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration, default_value = "30s")]
    io_timeout: Duration,
    /// Seed of the capsule's random bytes [default: from the system].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Time that the capsule is told, such as 2026-01-02T03:04:05Z [default: the start of the run].
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    now: Option<Timestamp>,
    /// Write a signed receipt of the run, whatever came of it.
    #[arg(long, value_name = "FILE", group = "stated")]
    receipt: Option<PathBuf>,
    /// Write everything that repeats the run to one file, a bundle, with a signed receipt in it.
    #[arg(long, value_name = "BUNDLE", group = "stated")]
    record: Option<PathBuf>,
    /// Run again what a bundle recorded: its answers instead of effects. Capsule, input, policy, seed and time are those
    /// of the bundle unless they are given.
    #[arg(long, value_name = "BUNDLE", conflicts_with_all = ["record", "receipt", "artifacts"])]
    replay: Option<PathBuf>,
    /// Write the least policy under which this run, if it ends well, can be repeated.
    #[arg(long, value_name = "POLICY", conflicts_with = "replay")]
    learn: Option<PathBuf>,
    /// Sign the receipt with this key [default: the machine's own, made when it is first needed].
    #[arg(long, value_name = "FILE", requires = "stated")]
    key: Option<PathBuf>,
    /// Challenge of the caller, 32 hexadecimal digits, that the receipt repeats [default: random].
    #[arg(long, value_name = "HEX", requires = "stated")]
    nonce: Option<Nonce>,
    /// Run only a module that a key of --trust signed: inside it, or in the file MODULE.sig.
    #[arg(long, requires = "trust")]
    require_signature: bool,
    /// The keys that may sign: a file of keys, or a directory of such files.
    #[arg(long, value_name = "FILE|DIR", requires = "require_signature")]
    trust: Vec<PathBuf>,
    /// The signature file [default: the module's name and .sig].
    #[arg(long, value_name = "SIG", requires = "require_signature")]
    signature: Option<PathBuf>,
    /// Names and source lines for the message of a trap [default: NAME.debug.wasm beside NAME.wasm].
    #[arg(long, value_name = "FILE")]
    sidecar: Option<PathBuf>,
    /// Directory for the artifacts of the run [default: artifacts in tenzik's state directory].
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// Print one JSON object instead of the output.
    #[arg(long)]
    json: bool,
    /// Do not print the line of usage.
    #[arg(long, short)]
    quiet: bool,
}

/// Reads an RFC 3339 time, with `Z` or an offset from UTC.
pub(crate) fn timestamp(text: &str) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "{text:?} is not a time such as 2026-01-02T03:04:05Z or 2026-01-02T03:04:05.678+01:00"
        )
    };
    let (local, offset_seconds) = split_offset(text).ok_or_else(wrong)?;
    let time = humantime::parse_rfc3339(&format!("{}Z", local.to_ascii_uppercase()))
        .map_err(|_| wrong())?;
    let outside = || format!("{text:?} is outside of the years 1970 to 9999");
    let since = time
        .duration_since(std::time::UNIX_EPOCH)
        .map_err(|_| outside())?;
    let local_ms = i64::try_from(since.as_millis()).map_err(|_| outside())?;
    let utc_ms = u64::try_from(local_ms - offset_seconds * 1_000).map_err(|_| outside())?;
    Timestamp::from_unix_millis(utc_ms).map_err(|_| outside())
}

/// The time without its offset, and the offset in seconds east of UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, 0));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |digits: &str, below: i64| {
        let two_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .parse::<i64>()
            .ok()
            .filter(|number| two_digits && *number < below)
    };
    Some((
        local,
        sign * (number(hours, 24)? * 3_600 + number(minutes, 60)? * 60),
    ))
}

/// Everything about a run that is fixed before it starts.
struct Plan {
    policy: Policy,
    now: Timestamp,
    seed: u64,
    started: Timestamp,
    replayed: Option<Replayed>,
}

pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let replayed = arguments
        .replay
        .as_deref()
        .map(Replayed::open)
        .transpose()?;
    let source = match (&replayed, &arguments.capsule) {
        (Some(replayed), named) => replayed.capsule(named.as_deref())?,
        (None, Some(word)) => CapsuleSource::of(word)?,
        (None, None) => return Err(Failure::usage("no capsule is named", "name one")),
    };
    check_paths(arguments, &source)?;
    let policy = match &replayed {
        Some(replayed) if !arguments.policy.is_given(&arguments.limits) => replayed.policy()?,
        _ => arguments.policy.policy_with(&arguments.limits)?,
    };
    let started = world::now()
        .map_err(|error| Failure::machine(error.to_string(), "set the clock of this machine"))?;
    let seed = arguments.seed.or_else(|| replayed.as_ref()?.seed());
    let now = arguments.now.or_else(|| replayed.as_ref()?.now());
    let seed = match seed {
        Some(seed) => seed,
        None => world::seed()
            .map_err(|error| Failure::machine(format!("no random seed: {error}"), "pass --seed"))?,
    };
    let plan = Plan {
        policy,
        now: now.unwrap_or(started),
        seed,
        started,
        replayed,
    };
    let examination = examine(arguments, &plan, &source)?;
    match examination.admitted() {
        Some((capsule, permit)) => execute(arguments, &plan, &source, capsule, permit),
        None => reject(arguments, &plan, &source, &examination),
    }
}

/// Examines the module, and its signatures where one is required.
fn examine(
    arguments: &RunArguments,
    plan: &Plan,
    source: &CapsuleSource,
) -> Result<Examination, Failure> {
    if !arguments.require_signature {
        return source.examine(&plan.policy);
    }
    let trusted = trusted_keys::store(&arguments.trust)?;
    let signature = arguments.signature.as_deref();
    let (examination, used) = source.examine_signed(&plan.policy, &trusted, signature)?;
    let rejects = |finding: &Finding| finding.code.class() == RejectClass::Signature;
    if let Some(path) = used.filter(|_| examination.first_error().is_some_and(rejects)) {
        printer::note(&format!("signature file: {}", shown(&path)));
    }
    Ok(examination)
}

/// The usual remedy, except for a capsule inside the binary, which has no file to be signed.
fn remedy_of(first: &Finding, source: &CapsuleSource) -> String {
    match source {
        CapsuleSource::Embedded(_) if first.code == FindingCode::SignatureMissing => {
            "capsules inside the binary come unsigned: name a signature with --signature, or run it without --require-signature".to_owned()
        }
        _ => first.remedy.clone(),
    }
}

/// Refuses to write over what the run needs or has just written.
fn check_paths(arguments: &RunArguments, source: &CapsuleSource) -> Result<(), Failure> {
    let module = source.path();
    let beside = module.map(signed_file::beside);
    let signature = arguments.signature.as_deref().or(beside.as_deref());
    let own_key = user_directories::node_key().ok();
    let own_trust = user_directories::trust_file().ok();
    let own_ceiling = user_directories::ceiling_file().ok();
    let input = arguments.input.as_deref();
    let output = ("--output", arguments.output.as_deref());
    let receipt = ("--receipt", arguments.receipt.as_deref());
    let record = ("--record", arguments.record.as_deref());
    let learn = ("--learn", arguments.learn.as_deref());
    let needed = [
        ("this machine's key", own_key.as_deref()),
        ("the file of trusted keys", own_trust.as_deref()),
        ("the signature file", signature),
        ("--sidecar", arguments.sidecar.as_deref()),
        ("the capsule", module),
        ("--key", arguments.key.as_deref()),
        ("--replay", arguments.replay.as_deref()),
    ];
    let trusts = arguments.trust.iter();
    let trusts = trusts.map(|trust| ("--trust", Some(trust.as_path())));
    let policies = arguments.policy.files().chain(own_ceiling.as_deref());
    let policies = policies.map(|path| ("a policy or ceiling", Some(path)));
    let each = needed.into_iter().chain(trusts).chain(policies);
    let each =
        each.flat_map(|needed| [output, receipt, record, learn].map(|written| (written, needed)));
    let others = [
        (receipt, ("--input", input)),
        (record, ("--input", input)),
        (receipt, output),
        (record, output),
        (record, receipt),
        (learn, ("--input", input)),
        (learn, output),
        (learn, receipt),
        (learn, record),
    ];
    for ((name, path), (other_name, other)) in each.chain(others) {
        if let (Some(path), Some(other)) = (path, other)
            && same_file(path, other)
        {
            let message = format!("{name} and {other_name} are the same file");
            return Err(Failure::usage(message, "write to another file"));
        }
    }
    Ok(())
}

fn execute(
    arguments: &RunArguments,
    plan: &Plan,
    source: &CapsuleSource,
    capsule: &Capsule,
    permit: &Permit,
) -> Result<ExitCode, Failure> {
    if let Some(named) = arguments.sidecar.as_deref() {
        // A wrong one is an error before the run, not only when it would be needed.
        sidecar_file::find(source, capsule.bytes(), Some(named))?;
    }
    let mut opened = open_input(arguments, plan)?;
    let record = arguments.record.as_deref();
    let mut recording = record
        .map(|path| Recording::begin(path, capsule.bytes(), &plan.policy))
        .transpose()?;
    if let Some(recording) = &mut recording {
        opened.input = recording.keep(opened.input)?;
    }
    let (sink, output) = match &arguments.output {
        Some(path) => RunOutput::file(path, arguments.io_timeout)?,
        None if arguments.json => RunOutput::kept(),
        None => RunOutput::stdout(arguments.io_timeout)?,
    };
    let failed = replay::failed;
    let code_store = code_cache::store();
    let runtime = Runtime::new(&EngineOptions {
        code_store: code_store.clone(),
        ..EngineOptions::one_shot()
    })
    .map_err(failed)?;
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &opened.input)
        .map_err(failed)?;
    code_cache::warn(code_store.as_ref());
    let now_ms = i64::try_from(plan.now.unix_millis()).unwrap_or(i64::MAX);
    let mut request = RunRequest::new(opened.input, now_ms, plan.seed);
    request.output = output;
    request.log = LogTarget::Sink(Box::new(print_log));
    request.commit = arguments.receipt.is_some() || recording.is_some();
    request.commit_whole_input = opened.whole;
    let (mut effects, progress) = match &plan.replayed {
        Some(replayed) => {
            let (gate, progress) = replayed.gate(permit);
            (Effects::none(gate), Some(progress))
        }
        None => {
            let tape = recording.as_ref().map(Recording::tape);
            (
                Effects::of(
                    permit,
                    arguments.artifacts.as_deref(),
                    tape,
                    arguments.learn.is_some(),
                )?,
                None,
            )
        }
    };
    request.gate = effects.gate.take();
    let outcome = match runtime.execute(&prepared, permit, request) {
        Ok(outcome) => outcome,
        Err(EngineFailure::AfterEffects {
            failure,
            effects: done,
        }) => return Ok(report_after_effects(arguments, failed(*failure), &done)),
        Err(failure) => return Err(failed(failure)),
    };

    let mut written = Written::default();
    if let (Some(progress), Some(replayed)) = (&progress, &plan.replayed) {
        replay::check_complete(&outcome, progress)?;
        if !arguments.quiet {
            printer::note(&replayed.note(progress));
        }
        written.replayed = Some(replayed.json(progress));
    }
    if let Err(failure) = sink.finish(outcome.status == Status::Ok) {
        return match &outcome.effects {
            Some(done) => Ok(report_after_effects(arguments, failure, done)),
            None => Err(failure),
        };
    }
    let record = RunRecord {
        capsule,
        permit,
        outcome: &outcome,
        now: plan.now,
        seed: plan.seed,
    };
    state(arguments, recording, &mut written, |nonce| {
        attest(&record, &plan.policy, nonce, plan.started)
            .map_err(|error| Failure::machine(error.to_string(), ""))
    })?;
    let found = match outcome.frames.is_empty() {
        true => Found::None,
        false => sidecar_file::find(source, capsule.bytes(), arguments.sidecar.as_deref())?,
    };
    if let Some(path) = &arguments.learn {
        let observations = effects.observations.as_ref();
        learn::write(path, &plan.policy, capsule, &outcome, observations)?;
    }
    let limits = permit.limits();
    let exit = report(arguments, capsule, (&outcome, limits), &found, &written);
    effects.obey_signal();
    Ok(exit)
}

fn open_input(arguments: &RunArguments, plan: &Plan) -> Result<OpenedInput, Failure> {
    match (&arguments.input, &arguments.input_text) {
        (Some(path), _) => run_input::open(path, arguments.io_timeout),
        (None, Some(text)) => Ok(OpenedInput {
            input: Input::from(text.as_bytes()),
            whole: true,
        }),
        (None, None) => Ok(match &plan.replayed {
            Some(replayed) => replayed.input(),
            None => OpenedInput {
                input: Input::empty(),
                whole: true,
            },
        }),
    }
}

fn print_log(level: LogLevel, message: &[u8]) {
    printer::note(&format!("[{}] {}", level.name(), message_shown(message)));
}

/// Signs and writes the receipt and ends the bundle, if they were asked for.
fn state(
    arguments: &RunArguments,
    recording: Option<Recording>,
    written: &mut Written,
    state: impl FnOnce(Nonce) -> Result<Statement, Failure>,
) -> Result<(), Failure> {
    if arguments.receipt.is_none() && recording.is_none() {
        return Ok(());
    }
    let key = signing_key(arguments.key.as_deref())?;
    let nonce = match arguments.nonce {
        Some(nonce) => nonce,
        None => {
            Nonce::fresh().map_err(|error| Failure::machine(error.to_string(), "pass --nonce"))?
        }
    };
    let receipt = key.sign(state(nonce)?);
    if let Some(path) = &arguments.receipt {
        let text = receipt.to_json() + "\n";
        crate::run_output::write_whole(path, text.as_bytes())
            .map_err(|error| crate::failure::file("cannot write the receipt", path, &error))?;
        written.receipt = Some(path.clone());
    }
    if let Some(recording) = recording {
        written.record = Some(recording.finish(&receipt)?);
    }
    Ok(())
}

/// Says why the capsule may not run.
fn reject(
    arguments: &RunArguments,
    plan: &Plan,
    source: &CapsuleSource,
    examination: &Examination,
) -> Result<ExitCode, Failure> {
    let recording = record_rejected(arguments, plan, source, examination)?;
    let mut written = Written::default();
    state(arguments, recording, &mut written, |nonce| {
        attest_rejection(examination, &plan.policy, nonce, plan.started)
            .map_err(|error| Failure::machine(error.to_string(), ""))
    })?;
    let Some(first) = examination.first_error() else {
        return Err(Failure::machine(
            "the capsule is neither admitted nor rejected",
            "please report it",
        ));
    };
    let exit = ExitCode::from(first.code.class());
    let refused = first.code.class() == RejectClass::Policy;
    let remedy = remedy_of(first, source);
    printer::error(&format!("{}: {}", source.shown(), first.message), &remedy);
    let more = examination.findings().len() - 1;
    if more > 0 {
        printer::note(&format!(
            "  {more} more findings: tenzik validate shows all of them"
        ));
    }
    if arguments.json {
        let mut object = json!({
            "status": if refused { "refused" } else { "reject" },
            "exit": exit.number(),
            "error": { "code": first.code.code(), "message": first.message, "remedy": remedy },
            "output": "",
            "usage": json::usage(&Usage::default()),
            "findings": examination.findings().iter().map(json::finding).collect::<Vec<_>>(),
        });
        if let Some(id) = examination.validation().id() {
            object["capsule_id"] = json!(id.to_string());
        }
        add_written(&mut object, &written);
        printer::json(&object);
    }
    Ok(exit)
}

/// The bundle of a module that may not run: its bytes, where they were read.
fn record_rejected(
    arguments: &RunArguments,
    plan: &Plan,
    source: &CapsuleSource,
    examination: &Examination,
) -> Result<Option<Recording>, Failure> {
    let Some(path) = &arguments.record else {
        return Ok(None);
    };
    let bytes = match examination.validation().id() {
        Some(_) => match source.content(&plan.policy.limits.module_limits())? {
            Loaded::Bytes(bytes) => bytes,
            Loaded::Rejected(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    Recording::begin(path, &bytes, &plan.policy).map(Some)
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn times() {
        assert_eq!(
            timestamp("2026-01-02T03:04:05Z").unwrap().to_string(),
            "2026-01-02T03:04:05.000Z"
        );
        let same = timestamp("2026-01-02t05:04:05+02:00").unwrap();
        assert_eq!(same.to_string(), "2026-01-02T03:04:05.000Z");
        for wrong in [
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+1:00",
            "1970-01-01T00:00:00+00:01",
            "",
            "2026",
            "1969-12-31T23:59:59Z",
            "2026-13-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
        ] {
            assert!(timestamp(wrong).is_err(), "{wrong}");
        }
    }
}
