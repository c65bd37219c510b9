//! What is measured: a capsule and all that a run of it depends on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use tenzik_runtime::{Capsule, Examination, Permit, Policy, Timestamp};

use crate::amount;
use crate::capsule_source::CapsuleSource;
use crate::command::run::timestamp;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::policy_arguments::{LimitArguments, PolicyArguments};
use crate::run_input;

/// Longest input: it is kept in memory, so that every run gets it at once.
pub(crate) const INPUT_BYTES_MAX: u64 = 256 << 20;

/// A capsule, its input and its world. Seed and time are fixed unless they are given, so that fuel
/// is the same every time.
#[derive(Args, Debug)]
pub(crate) struct SubjectArguments {
    /// Path of a module (with a /, or ending in .wasm or .wat), or name of an embedded capsule.
    #[arg(value_name = "CAPSULE")]
    capsule: OsString,
    /// Read the input from a file, whole; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "input_text")]
    pub(crate) input: Option<PathBuf>,
    /// The input itself.
    #[arg(long, value_name = "TEXT")]
    input_text: Option<String>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    limits: LimitArguments,
    /// Longest wait for input to come.
    #[arg(long, value_name = "DURATION", value_parser = amount::duration, default_value = "30s")]
    io_timeout: Duration,
    /// Seed of the capsule's random bytes.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Time that the capsule is told.
    #[arg(long, value_name = "RFC3339", value_parser = timestamp, default_value = "2026-01-01T00:00:00Z")]
    now: Timestamp,
}

/// A capsule that may run, its input and its world.
pub(crate) struct Subject {
    pub(crate) source: CapsuleSource,
    pub(crate) policy: Policy,
    pub(crate) examination: Examination,
    pub(crate) input: Arc<[u8]>,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
}

/// Refuses a capsule that would have effects: who repeats runs, or reads them from cases, performs none.
pub(crate) fn without_effects(capsule: &Capsule) -> Result<(), Failure> {
    let effects = capsule.needs().iter().filter(|needed| !needed.is_pure());
    let effects: Vec<&str> = effects.map(|needed| needed.name()).collect();
    if effects.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(
        format!(
            "the capsule needs {}, and this command performs no effects",
            effects.join(" and ")
        ),
        "use run, with --record to keep and --replay to repeat it",
    ))
}

impl SubjectArguments {
    /// Reads capsule and input. A capsule that is not admitted is a failure here.
    pub(crate) fn subject(&self) -> Result<Subject, Failure> {
        let source = CapsuleSource::of(&self.capsule)?;
        let policy = self.policy.policy_with(&self.limits)?;
        let examination = source.examine(&policy)?;
        if let Some(first) = examination.first_error() {
            return Err(Failure::new(
                ExitCode::from(first.code.class()),
                first.code.code(),
                format!("{}: {}", source.shown(), first.message),
                first.remedy.clone(),
            ));
        }
        if let Some((capsule, _)) = examination.admitted() {
            without_effects(capsule)?;
        }
        let input = match (&self.input, &self.input_text) {
            (Some(path), _) => run_input::read_whole(path, self.io_timeout, INPUT_BYTES_MAX)?,
            (None, Some(text)) => text.clone().into_bytes(),
            (None, None) => Vec::new(),
        };
        Ok(Subject {
            source,
            policy,
            examination,
            input: Arc::from(input),
            now: self.now,
            seed: self.seed,
        })
    }

    /// The files that are read, with what they are called: no result may be written over them.
    pub(crate) fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let mut files = Vec::new();
        if let Ok(CapsuleSource::Path(path)) = CapsuleSource::of(&self.capsule) {
            files.push(("the capsule", path));
        }
        if let Some(path) = &self.input {
            files.push(("--input", path.clone()));
        }
        files
    }
}

impl Subject {
    /// The capsule and its permit.
    pub(crate) fn admitted(&self) -> Result<(&Capsule, &Permit), Failure> {
        self.examination.admitted().ok_or_else(|| {
            Failure::machine(
                "the capsule is neither admitted nor rejected",
                "please report it",
            )
        })
    }

    /// The time that the capsule is told, in milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.now.unix_millis()).unwrap_or(i64::MAX)
    }
}
