//! Whether a process may be signalled, a secret used, an artifact written.

use std::path::Path;

use tenzik_capsule::escaped;

use crate::effect_refusal::{EffectCode, EffectRefusal, cited};
use crate::path::shown;
use crate::rules::{ArtifactGrant, Rules, SecretGrant, SignalRule};

/// Names of signals that a policy can grant, without `SIG`.
pub const SIGNAL_NAMES: [&str; 13] = [
    "ABRT", "ALRM", "CONT", "HUP", "INT", "KILL", "QUIT", "STOP", "TERM", "TSTP", "USR1", "USR2",
    "WINCH",
];

/// Bytes of the name of an artifact.
pub const ARTIFACT_NAME_BYTES_MAX: usize = 128;

/// A process and the signal that it is to get. The facts come from the host, never from a capsule.
#[derive(Clone, Copy, Debug)]
pub struct SignalTarget<'a> {
    /// Its executable.
    pub program: &'a Path,
    /// The user that it runs as.
    pub uid: u32,
    /// Its identifier.
    pub pid: i32,
    /// Its start in clock ticks since boot.
    pub start: u64,
    /// Name of the signal, without `SIG`.
    pub signal: &'a str,
}

/// A signal that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalDecision<'a> {
    /// Index of the rule in [`Rules::signals`].
    pub index: usize,
    /// The rule.
    pub rule: &'a SignalRule,
}

/// Decides whether a process may get a signal: all that a rule gives must be so.
///
/// # Errors
/// [`EffectRefusal`] with the rules for the same program.
pub fn decide_signal<'a>(
    rules: &'a Rules,
    target: &SignalTarget<'_>,
) -> Result<SignalDecision<'a>, EffectRefusal> {
    let admits = |rule: &SignalRule| {
        rule.program == target.program
            && rule.uid.is_none_or(|uid| uid == target.uid)
            && rule
                .process
                .is_none_or(|process| process == (target.pid, target.start))
            && rule.signals.iter().any(|signal| signal == target.signal)
    };
    // Below 2 is init, or a group, or everything.
    if target.pid > 1
        && let Some((index, rule)) = rules
            .signals
            .iter()
            .enumerate()
            .find(|(_, rule)| admits(rule))
    {
        return Ok(SignalDecision { index, rule });
    }
    let about = rules
        .signals
        .iter()
        .filter(|rule| rule.program == target.program);
    let cited: Vec<String> = about
        .map(|rule| cited(&rule.origin, &shown(&rule.program)))
        .take(8)
        .collect();
    let why = match cited.is_empty() {
        true => "no rule names its program".to_owned(),
        false => format!("{} do not fit", cited.join(", ")),
    };
    let message = format!(
        "signal {} to process {} of user {} running {} is refused: {why}",
        escaped(target.signal),
        target.pid,
        target.uid,
        shown(target.program),
    );
    Err(EffectRefusal::new(EffectCode::Signal, cited, message))
}

/// Decides whether the secret of this name may be used.
///
/// # Errors
/// [`EffectRefusal`] if the policy does not name it.
pub fn decide_secret<'a>(rules: &'a Rules, name: &[u8]) -> Result<&'a SecretGrant, EffectRefusal> {
    let found = rules
        .secrets
        .iter()
        .find(|secret| secret.name.as_bytes() == name);
    found.ok_or_else(|| {
        let count = rules.secrets.len();
        let shown = escaped(&String::from_utf8_lossy(name));
        let message = format!("the secret {shown} is refused: it is none of the {count} granted");
        EffectRefusal::new(EffectCode::Secret, Vec::new(), message)
    })
}

/// Decides whether an artifact of this name may be written: letters, digits, `.`, `_` and `-`, not
/// beginning with `.` or `-`, at most 128 bytes.
///
/// # Errors
/// [`EffectRefusal`] if the policy grants none, or for another name.
pub fn decide_artifact<'a>(
    rules: &'a Rules,
    name: &[u8],
) -> Result<&'a ArtifactGrant, EffectRefusal> {
    let refuse = |rules: Vec<String>, why: &str| {
        let shown = escaped(&String::from_utf8_lossy(name));
        let message = format!("the artifact {shown} is refused: {why}");
        EffectRefusal::new(EffectCode::Artifact, rules, message)
    };
    let Some(grant) = &rules.artifacts else {
        return Err(refuse(Vec::new(), "the policy grants no artifacts"));
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let begins_well = name.first().is_some_and(|first| !b".-".contains(first));
    if !begins_well || name.len() > ARTIFACT_NAME_BYTES_MAX || !name.iter().all(is_plain) {
        let why = "a name has 1 to 128 letters, digits, dots, hyphens and underscores, and begins with none of the first two";
        return Err(refuse(vec![cited(&grant.origin, "[artifacts]")], why));
    }
    Ok(grant)
}
