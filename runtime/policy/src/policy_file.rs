//! Policies as files (TOML 1.0). Unknown keys are refused everywhere, and every error has its line and
//! column.

mod exec;
mod grants;
mod place;
mod raw;
mod targets;
mod template;

use std::sync::Arc;

use tenzik_host_abi::{Capability, CapabilitySet};
use toml::Spanned;

use crate::keys::{AmountKey, LIST_MAX, POLICY_BYTES_MAX, Unit};
use crate::limits::{LIMIT_FIELDS, LimitField, Limits};
use crate::policy::Policy;
use crate::profile::Profile;
use crate::rules::{ExecRule, Origin, Rules};
use place::Reader;
use raw::RawFile;

pub use place::PolicyError;
pub(crate) use targets::target;

/// A policy that was read from a file, and where its parts stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// The policy.
    pub policy: Policy,
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The profile that it starts from.
    pub profile: Option<(Profile, Origin)>,
    /// Where the pure capabilities stand.
    pub grants: Option<Origin>,
    /// Limits that it sets itself.
    pub limits: Vec<(&'static str, Origin)>,
}

impl PolicyFile {
    /// Reads a policy. `file` is how errors and refusals name it.
    ///
    /// # Errors
    /// The first [`PolicyError`].
    pub fn parse(file: &str, text: &str) -> Result<PolicyFile, PolicyError> {
        let parsed = Parsed::of(file, text, Role::Policy)?;
        let pure = parsed.pure.unwrap_or_default();
        let rules = parsed.rules();
        let policy = Policy {
            limits: parsed.limits,
            grants: pure.union(rules.grants()),
            rules: Arc::new(rules),
        };
        Ok(PolicyFile {
            policy,
            file: parsed.file,
            profile: parsed.profile,
            grants: parsed.grants,
            limits: parsed.limit_origins,
        })
    }
}

/// How a file is meant. A policy has what it names; of numbers that it does not name the default. A
/// ceiling bounds numbers that it names only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Policy,
    Ceiling,
}

/// A rule for programs, and what of it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParsedExec {
    pub(crate) rule: ExecRule,
    pub(crate) has_args: bool,
    pub(crate) has_env: bool,
}

/// A file of either role.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) file: Arc<str>,
    pub(crate) profile: Option<(Profile, Origin)>,
    pub(crate) grants: Option<Origin>,
    /// The pure capabilities that it names, or that its profile has.
    pub(crate) pure: Option<CapabilitySet>,
    pub(crate) limits: Limits,
    pub(crate) limit_origins: Vec<(&'static str, Origin)>,
    pub(crate) exec: Vec<ParsedExec>,
    /// Everything but programs.
    pub(crate) others: Rules,
}

impl Parsed {
    pub(crate) fn of(file: &str, text: &str, role: Role) -> Result<Parsed, PolicyError> {
        let reader = Reader::new(file, text, role);
        if text.len() > POLICY_BYTES_MAX {
            let message = format!("the file has {} bytes", text.len());
            return Err(reader.wrong(
                &(0..0),
                message,
                format!("at most {POLICY_BYTES_MAX} are read"),
            ));
        }
        let raw: RawFile = toml::from_str(text).map_err(|error| reader.malformed(&error))?;
        if *raw.version.get_ref() != 1 {
            let message = format!("version {} is not known", raw.version.get_ref());
            return Err(reader.wrong(&raw.version.span(), message, "write version = 1"));
        }
        let profile = profile(&reader, raw.profile.as_ref())?;
        let named = pure_grants(&reader, raw.grants.as_ref())?;
        let of_profile = profile.as_ref().map(|(profile, _)| profile.policy().grants);
        let (limits, limit_origins) = limits(&reader, profile.as_ref(), &raw)?;
        let others = Rules {
            exec: Vec::new(),
            files: grants::files(&reader, &raw.files)?,
            signals: grants::signals(&reader, &raw.signals)?,
            artifacts: grants::artifacts(&reader, raw.artifacts.as_ref())?,
            secrets: grants::secrets(&reader, &raw.secrets)?,
        };
        Ok(Parsed {
            file: Arc::clone(&reader.file),
            profile,
            grants: raw
                .grants
                .as_ref()
                .map(|grants| reader.origin(&grants.span())),
            pure: named.or(of_profile),
            limits,
            limit_origins,
            exec: exec::rules(&reader, &raw.exec, &others.secrets)?,
            others,
        })
    }

    fn rules(&self) -> Rules {
        Rules {
            exec: self.exec.iter().map(|exec| exec.rule.clone()).collect(),
            ..self.others.clone()
        }
    }
}

fn profile(
    reader: &Reader<'_>,
    raw: Option<&Spanned<String>>,
) -> Result<Option<(Profile, Origin)>, PolicyError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    match raw.get_ref().parse() {
        Ok(profile) => Ok(Some((profile, reader.origin(&raw.span())))),
        Err(_) => Err(reader.wrong(
            &raw.span(),
            format!("{} is no profile", tenzik_capsule::escaped(raw.get_ref())),
            "write development, default or production",
        )),
    }
}

fn pure_grants(
    reader: &Reader<'_>,
    raw: Option<&Spanned<Vec<Spanned<String>>>>,
) -> Result<Option<CapabilitySet>, PolicyError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    reader.at_most(raw, LIST_MAX, "grants")?;
    let mut grants = CapabilitySet::EMPTY;
    for name in raw.get_ref() {
        let shown = tenzik_capsule::escaped(name.get_ref());
        let capability: Capability = name.get_ref().parse().map_err(|_| {
            reader.wrong(
                &name.span(),
                format!("{shown} is no capability"),
                "write any of base64, hash, json, random and time",
            )
        })?;
        if !Capability::PURE.contains(&capability) {
            return Err(reader.wrong(
                &name.span(),
                format!("{shown} is not granted by name"),
                "write rules for it: [[exec]], [[files]], [[signals]], [artifacts] or [secrets.NAME]",
            ));
        }
        if grants.contains(capability) {
            return Err(reader.twice(&name.span(), &shown));
        }
        grants = grants.with(capability);
    }
    Ok(Some(grants))
}

type LimitOrigins = Vec<(&'static str, Origin)>;

fn limits(
    reader: &Reader<'_>,
    profile: Option<&(Profile, Origin)>,
    raw: &RawFile,
) -> Result<(Limits, LimitOrigins), PolicyError> {
    let mut limits = match (profile, reader.role) {
        (Some((profile, _)), _) => profile.policy().limits,
        (None, Role::Policy) => Limits::DEFAULT,
        (None, Role::Ceiling) => Limits::largest(),
    };
    let mut origins = Vec::new();
    for (name, amount) in &raw.limits {
        let Some(field) = LimitField::named(name.get_ref()) else {
            let known: Vec<&str> = LIMIT_FIELDS.iter().map(|field| field.name).collect();
            return Err(reader.wrong(
                &name.span(),
                format!(
                    "there is no limit {}",
                    tenzik_capsule::escaped(name.get_ref())
                ),
                format!("limits are {}", known.join(", ")),
            ));
        };
        let unit = match field.name {
            wall if wall.starts_with("wall_us") => Unit::Microseconds,
            bytes if bytes.ends_with("_bytes") => Unit::Bytes,
            _ => Unit::Count,
        };
        let key = AmountKey {
            unit,
            default: 0,
            min: field.min,
            max: field.max,
        };
        field.set(&mut limits, reader.amount(amount, &key, field.name)?);
        origins.push((field.name, reader.origin(&name.span())));
    }
    Ok((limits, origins))
}
