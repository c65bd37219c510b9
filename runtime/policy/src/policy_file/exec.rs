//! Rules for programs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tenzik_capsule::escaped;
use toml::Spanned;

use super::place::{PolicyError, Reader};
use super::raw::{Amount, RawEnv, RawExec};
use super::targets::target;
use super::template::{Surroundings, template};
use super::{ParsedExec, Role};
use crate::keys::{
    AmountKey, CONCURRENCY, DEADLINE, ENV_BYTES_MAX, FILE_BYTES, LIST_MAX, LONG_LIST_MAX, MEMORY,
    PROCESSES, STDERR_BYTES, STDIN_BYTES, STDOUT_BYTES,
};
use crate::rules::{EnvValue, ExecRule, Layer, NetworkScope, SecretGrant, TargetRange};

type Texts = Spanned<Vec<Spanned<String>>>;

pub(super) fn rules(
    reader: &Reader<'_>,
    raw: &[Spanned<RawExec>],
    secrets: &[SecretGrant],
) -> Result<Vec<ParsedExec>, PolicyError> {
    if let Some(beyond) = raw.get(LIST_MAX) {
        let message = format!("there are {} rules for programs", raw.len());
        return Err(reader.wrong(
            &beyond.span(),
            message,
            format!("at most {LIST_MAX} are accepted"),
        ));
    }
    raw.iter().map(|raw| rule(reader, raw, secrets)).collect()
}

fn rule(
    reader: &Reader<'_>,
    spanned: &Spanned<RawExec>,
    secrets: &[SecretGrant],
) -> Result<ParsedExec, PolicyError> {
    let raw = spanned.get_ref();
    let read = trees(reader, raw.read.as_ref(), "read")?;
    let write = trees(reader, raw.write.as_ref(), "write")?;
    let (network, targets) = network(reader, raw)?;
    let seen: Vec<&PathBuf> = read.iter().chain(&write).collect();
    let around = Surroundings {
        has_targets: !targets.is_empty(),
        trees: &seen,
    };
    let env = env(reader, raw, secrets)?;
    let amount = |raw: &Option<Spanned<Amount>>, key: &AmountKey, name: &str| {
        reader.amount_or(raw.as_ref(), key, name)
    };
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let rule = ExecRule {
        name: reader.name(&raw.name, "a rule")?,
        program: program(reader, &raw.program)?,
        follow: raw.follow,
        blake3: raw
            .blake3
            .as_ref()
            .map(|pin| digest(reader, pin))
            .transpose()?,
        arguments: template(reader, raw, &around)?,
        bounds: Vec::new(),
        pass_env: pass_env(reader, raw, &env)?,
        env,
        cwd: raw
            .cwd
            .as_ref()
            .map_or_else(|| Ok(PathBuf::from("/")), |cwd| reader.path(cwd, "cwd"))?,
        stdin: raw.stdin.unwrap_or(reader.role == Role::Ceiling),
        stdin_bytes_max: amount(&raw.stdin_bytes, &STDIN_BYTES, "stdin_bytes")?,
        stdout_bytes_max: amount(&raw.stdout_bytes, &STDOUT_BYTES, "stdout_bytes")?,
        stderr_bytes_max: amount(&raw.stderr_bytes, &STDERR_BYTES, "stderr_bytes")?,
        deadline_ms: amount(&raw.deadline, &DEADLINE, "deadline")?,
        concurrency_max: small(amount(&raw.concurrency, &CONCURRENCY, "concurrency")?),
        memory_bytes_max: amount(&raw.memory, &MEMORY, "memory")?,
        processes_max: small(amount(&raw.processes, &PROCESSES, "processes")?),
        file_bytes_max: amount(&raw.file_bytes, &FILE_BYTES, "file_bytes")?,
        network,
        targets,
        read,
        write,
        require: layers(reader, raw.require.as_ref())?,
        origin: reader.origin(&spanned.span()),
    };
    Ok(ParsedExec {
        rule,
        has_args: raw.args.is_some(),
        has_env: raw.env.is_some(),
    })
}

pub(super) fn program(reader: &Reader<'_>, raw: &Spanned<String>) -> Result<PathBuf, PolicyError> {
    let path = reader.path(raw, "program")?;
    match path.parent() {
        Some(_) => Ok(path),
        None => Err(reader.wrong(&raw.span(), "program: / is no program", "write its path")),
    }
}

fn digest(reader: &Reader<'_>, raw: &Spanned<String>) -> Result<[u8; 32], PolicyError> {
    let text = raw.get_ref();
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match blake3::Hash::from_hex(text).ok().filter(|_| is_lower) {
        Some(hash) => Ok(*hash.as_bytes()),
        None => Err(reader.wrong(
            &raw.span(),
            format!("blake3: {} is no digest", escaped(text)),
            "write 64 hexadecimal digits in lower case, as b3sum prints them",
        )),
    }
}

/// The elements of a list without repetitions, in order.
fn set<T: Ord>(
    reader: &Reader<'_>,
    raw: Option<&Texts>,
    (key, max): (&str, usize),
    read: impl Fn(&Spanned<String>) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    let Some(raw) = raw else {
        return Ok(Vec::new());
    };
    reader.at_most(raw, max, key)?;
    let mut set = BTreeSet::new();
    for element in raw.get_ref() {
        if !set.insert(read(element)?) {
            return Err(reader.twice(&element.span(), &escaped(element.get_ref())));
        }
    }
    Ok(set.into_iter().collect())
}

fn trees(reader: &Reader<'_>, raw: Option<&Texts>, key: &str) -> Result<Vec<PathBuf>, PolicyError> {
    set(reader, raw, (key, LIST_MAX), |path| reader.path(path, key))
}

fn layers(reader: &Reader<'_>, raw: Option<&Texts>) -> Result<Vec<Layer>, PolicyError> {
    set(reader, raw, ("require", LIST_MAX), |name| {
        let found = Layer::ALL
            .iter()
            .find(|layer| layer.name() == name.get_ref());
        found.copied().ok_or_else(|| {
            let known: Vec<&str> = Layer::ALL.iter().map(|layer| layer.name()).collect();
            reader.wrong(
                &name.span(),
                format!("there is no layer {}", escaped(name.get_ref())),
                format!("layers are {}", known.join(", ")),
            )
        })
    })
}

fn network(
    reader: &Reader<'_>,
    raw: &RawExec,
) -> Result<(NetworkScope, Vec<TargetRange>), PolicyError> {
    let scope = match raw.network.as_ref().map(|scope| scope.get_ref().as_str()) {
        None | Some("none") => NetworkScope::None,
        Some("targets") => NetworkScope::Targets,
        Some("host") => NetworkScope::Host,
        Some(other) => {
            return Err(reader.wrong(
                &raw.network.as_ref().map_or(0..0, Spanned::span),
                format!("there is no network {}", escaped(other)),
                "write none, targets or host",
            ));
        }
    };
    let mut targets = Vec::new();
    if let Some(raw) = &raw.targets {
        reader.at_most(raw, LONG_LIST_MAX, "targets")?;
        for text in raw.get_ref() {
            let shown = escaped(text.get_ref());
            let target = target(text.get_ref()).map_err(|why| {
                let remedy = "write 10.0.0.0/8, ::1, tcp:10.0.0.1:80 or udp:[2001:db8::/32]:1-1024";
                reader.wrong(&text.span(), format!("target {shown}: {why}"), remedy)
            })?;
            if targets.contains(&target) {
                return Err(reader.twice(&text.span(), &shown));
            }
            targets.push(target);
        }
        targets.sort_by_key(ToString::to_string);
    }
    match (scope, targets.is_empty()) {
        (NetworkScope::Targets, true) => Err(reader.wrong(
            &raw.network.as_ref().map_or(0..0, Spanned::span),
            "network is targets, and there are none",
            "add targets, or write network = \"none\"",
        )),
        (NetworkScope::Host, true) if raw.targets.is_none() => {
            Ok((scope, TargetRange::everything().to_vec()))
        }
        _ => Ok((scope, targets)),
    }
}

fn variable(reader: &Reader<'_>, raw: &Spanned<String>) -> Result<String, PolicyError> {
    match is_variable(raw.get_ref()) {
        true => Ok(raw.get_ref().clone()),
        false => Err(reader.wrong(
            &raw.span(),
            format!("{} is no name of a variable", escaped(raw.get_ref())),
            "write letters, digits and _, at most 128, not beginning with a digit",
        )),
    }
}

/// Whether `name` is a name of environment variables as POSIX has it.
pub(crate) fn is_variable(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

pub(super) fn variable_named(
    reader: &Reader<'_>,
    raw: &Spanned<String>,
) -> Result<String, PolicyError> {
    variable(reader, raw)
}

fn env(
    reader: &Reader<'_>,
    raw: &RawExec,
    secrets: &[SecretGrant],
) -> Result<Vec<(String, EnvValue)>, PolicyError> {
    let Some(raw) = &raw.env else {
        return Ok(Vec::new());
    };
    if let Some((beyond, _)) = raw.iter().nth(LIST_MAX) {
        let message = format!("env has {} variables", raw.len());
        return Err(reader.wrong(
            &beyond.span(),
            message,
            format!("at most {LIST_MAX} are accepted"),
        ));
    }
    let mut env = Vec::new();
    for (name, value) in raw {
        let value = match value.get_ref() {
            RawEnv::Text(text) if text.len() > ENV_BYTES_MAX || text.contains('\0') => {
                return Err(reader.wrong(
                    &value.span(),
                    format!(
                        "the value of {} holds a NUL or is too long",
                        escaped(name.get_ref())
                    ),
                    format!("write at most {ENV_BYTES_MAX} bytes without a NUL"),
                ));
            }
            RawEnv::Text(text) => EnvValue::Text(text.clone()),
            RawEnv::Secret(secret) => {
                if !secrets.iter().any(|known| known.name == *secret.get_ref()) {
                    return Err(reader.wrong(
                        &secret.span(),
                        format!("there is no secret {}", escaped(secret.get_ref())),
                        "add it as [secrets.NAME]",
                    ));
                }
                EnvValue::Secret(secret.get_ref().clone())
            }
        };
        env.push((variable(reader, name)?, value));
    }
    Ok(env)
}

fn pass_env(
    reader: &Reader<'_>,
    raw: &RawExec,
    env: &[(String, EnvValue)],
) -> Result<Vec<String>, PolicyError> {
    set(
        reader,
        raw.pass_env.as_ref(),
        ("pass_env", LIST_MAX),
        |name| {
            if env.iter().any(|(fixed, _)| fixed == name.get_ref()) {
                let message = format!("{} stands in env and in pass_env", escaped(name.get_ref()));
                return Err(reader.wrong(&name.span(), message, "remove it from one of them"));
            }
            variable(reader, name)
        },
    )
}
