//! Trees, signals, artifacts and secrets.

use std::collections::BTreeMap;

use tenzik_capsule::escaped;
use toml::Spanned;

use super::exec::{program, variable_named};
use super::place::{PolicyError, Reader};
use super::raw::{Amount, RawArtifacts, RawSecret, RawSignals, RawTree};
use crate::decide_effect::SIGNAL_NAMES;
use crate::decide_file::FileAccess;
use crate::keys::{
    ARTIFACT_BYTES, ARTIFACT_COUNT, LIST_MAX, TEXT_BYTES_MAX, TREE_BYTES, TREE_FILES,
};
use crate::rules::{ArtifactGrant, FileTree, SecretGrant, SecretSource, SignalRule};

fn few<T>(reader: &Reader<'_>, raw: &[Spanned<T>], what: &str) -> Result<(), PolicyError> {
    match raw.get(LIST_MAX) {
        None => Ok(()),
        Some(beyond) => Err(reader.wrong(
            &beyond.span(),
            format!("there are {} {what}", raw.len()),
            format!("at most {LIST_MAX} are accepted"),
        )),
    }
}

pub(super) fn files(
    reader: &Reader<'_>,
    raw: &[Spanned<RawTree>],
) -> Result<Vec<FileTree>, PolicyError> {
    few(reader, raw, "trees of files")?;
    let mut trees: Vec<FileTree> = Vec::new();
    for spanned in raw {
        let tree = spanned.get_ref();
        let path = reader.path(&tree.path, "path")?;
        if trees.iter().any(|known| known.path == path) {
            return Err(reader.twice(&tree.path.span(), &escaped(tree.path.get_ref())));
        }
        let access = access(reader, &tree.access)?;
        trees.push(FileTree {
            path,
            read: access.contains(&FileAccess::Read),
            write: access.contains(&FileAccess::Write),
            append: access.contains(&FileAccess::Append),
            bytes_max: reader.amount_or(tree.bytes.as_ref(), &TREE_BYTES, "bytes")?,
            files_max: reader.amount_or(tree.files.as_ref(), &TREE_FILES, "files")?,
            origin: reader.origin(&spanned.span()),
        });
    }
    Ok(trees)
}

fn access(
    reader: &Reader<'_>,
    raw: &Spanned<Vec<Spanned<String>>>,
) -> Result<Vec<FileAccess>, PolicyError> {
    let mut granted = Vec::new();
    for name in raw.get_ref() {
        let shown = escaped(name.get_ref());
        let known = FileAccess::ALL
            .into_iter()
            .find(|access| access.name() == name.get_ref());
        match known {
            None => {
                let message = format!("there is no access {shown}");
                return Err(reader.wrong(&name.span(), message, "write read, write or append"));
            }
            Some(access) if granted.contains(&access) => {
                return Err(reader.twice(&name.span(), &shown));
            }
            Some(access) => granted.push(access),
        }
    }
    match granted.is_empty() {
        true => Err(reader.wrong(
            &raw.span(),
            "access is empty",
            "write read, write or append",
        )),
        false => Ok(granted),
    }
}

pub(super) fn signals(
    reader: &Reader<'_>,
    raw: &[Spanned<RawSignals>],
) -> Result<Vec<SignalRule>, PolicyError> {
    few(reader, raw, "rules for signals")?;
    raw.iter()
        .map(|spanned| {
            let rule = spanned.get_ref();
            Ok(SignalRule {
                program: program(reader, &rule.program)?,
                uid: rule.uid.as_ref().map(|uid| *uid.get_ref()),
                process: process(reader, rule)?,
                signals: signal_names(reader, &rule.signals)?,
                origin: reader.origin(&spanned.span()),
            })
        })
        .collect()
}

/// One process. Its identifier alone may belong to another tomorrow.
fn process(reader: &Reader<'_>, rule: &RawSignals) -> Result<Option<(i32, u64)>, PolicyError> {
    let (pid, start) = match (&rule.pid, &rule.start) {
        (None, None) => return Ok(None),
        (Some(pid), Some(start)) => (pid, start),
        (Some(alone), None) => {
            let message = "pid without start may be another process tomorrow";
            return Err(reader.wrong(&alone.span(), message, "add start, or remove pid"));
        }
        (None, Some(alone)) => {
            let message = "start without pid is no process";
            return Err(reader.wrong(&alone.span(), message, "add pid, or remove start"));
        }
    };
    let number = match start.get_ref() {
        Amount::Number(number) => u64::try_from(*number).ok(),
        Amount::Text(text) => text
            .parse()
            .ok()
            .filter(|number: &u64| number.to_string() == *text),
    };
    let Some(number) = number else {
        let remedy = "write field 22 of /proc/PID/stat";
        return Err(reader.wrong(&start.span(), "start is no number of clock ticks", remedy));
    };
    match *pid.get_ref() {
        pid if pid > 1 => Ok(Some((pid, number))),
        other => {
            let message = format!("pid {other} is no process that may be signalled");
            Err(reader.wrong(&pid.span(), message, "write a number above 1"))
        }
    }
}

fn signal_names(
    reader: &Reader<'_>,
    raw: &Spanned<Vec<Spanned<String>>>,
) -> Result<Vec<String>, PolicyError> {
    let mut names: Vec<String> = Vec::new();
    for name in raw.get_ref() {
        let shown = escaped(name.get_ref());
        if !SIGNAL_NAMES.contains(&name.get_ref().as_str()) {
            return Err(reader.wrong(
                &name.span(),
                format!("{shown} is no signal that can be granted"),
                format!("write any of {}", SIGNAL_NAMES.join(", ")),
            ));
        }
        if names.contains(name.get_ref()) {
            return Err(reader.twice(&name.span(), &shown));
        }
        names.push(name.get_ref().clone());
    }
    names.sort_unstable();
    match names.is_empty() {
        true => Err(reader.wrong(&raw.span(), "signals is empty", "write TERM or another")),
        false => Ok(names),
    }
}

pub(super) fn artifacts(
    reader: &Reader<'_>,
    raw: Option<&Spanned<RawArtifacts>>,
) -> Result<Option<ArtifactGrant>, PolicyError> {
    let Some(spanned) = raw else {
        return Ok(None);
    };
    let raw = spanned.get_ref();
    Ok(Some(ArtifactGrant {
        bytes_max: reader.amount_or(raw.bytes.as_ref(), &ARTIFACT_BYTES, "bytes")?,
        count_max: reader.amount_or(raw.count.as_ref(), &ARTIFACT_COUNT, "count")?,
        origin: reader.origin(&spanned.span()),
    }))
}

pub(super) fn secrets(
    reader: &Reader<'_>,
    raw: &BTreeMap<Spanned<String>, Spanned<RawSecret>>,
) -> Result<Vec<SecretGrant>, PolicyError> {
    if let Some((beyond, _)) = raw.iter().nth(LIST_MAX) {
        let message = format!("there are {} secrets", raw.len());
        return Err(reader.wrong(
            &beyond.span(),
            message,
            format!("at most {LIST_MAX} are accepted"),
        ));
    }
    raw.iter()
        .map(|(name, secret)| {
            Ok(SecretGrant {
                source: source(reader, name, secret.get_ref())?,
                origin: reader.origin(&name.span()),
                name: reader.name(name, "a secret")?,
            })
        })
        .collect()
}

fn source(
    reader: &Reader<'_>,
    name: &Spanned<String>,
    raw: &RawSecret,
) -> Result<SecretSource, PolicyError> {
    match (&raw.env, &raw.file, &raw.command) {
        (Some(env), None, None) => Ok(SecretSource::Env(variable_named(reader, env)?)),
        (None, Some(file), None) => Ok(SecretSource::File(reader.path(file, "file")?)),
        (None, None, Some(command)) => {
            reader.at_most(command, LIST_MAX, "command")?;
            let Some(first) = command.get_ref().first() else {
                let remedy = "write [\"/absolute/program\", \"argument\"]";
                return Err(reader.wrong(&command.span(), "command is empty", remedy));
            };
            program(reader, first)?;
            let refused = |text: &&Spanned<String>| {
                text.get_ref().contains('\0') || text.get_ref().len() > TEXT_BYTES_MAX
            };
            if let Some(text) = command.get_ref().iter().find(refused) {
                return Err(reader.wrong(
                    &text.span(),
                    "an element of command holds a NUL or is too long",
                    format!("write at most {TEXT_BYTES_MAX} bytes without a NUL"),
                ));
            }
            let texts = command.get_ref().iter().map(|text| text.get_ref().clone());
            Ok(SecretSource::Command(texts.collect()))
        }
        _ => Err(reader.wrong(
            &name.span(),
            format!(
                "the secret {} does not have exactly one source",
                escaped(name.get_ref())
            ),
            "write one of env, file and command",
        )),
    }
}
