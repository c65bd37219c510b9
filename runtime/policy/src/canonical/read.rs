//! Reading the text form of a policy: what a receipt commits to, made a policy again.
//!
//! Every line is read leniently and the policy that comes of it written again: only text that is the
//! same to the last byte is accepted.

mod exec;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use tenzik_host_abi::{Capability, CapabilitySet};

use crate::limits::Limits;
use crate::policy::Policy;
use crate::rules::{ArtifactGrant, FileTree, Origin, Rules, SecretGrant, SecretSource, SignalRule};
use exec::Reading;
use words::{Line, Word};

/// Lines of a policy that are read.
const LINES_MAX: usize = 65_536;

/// Text that is not the canonical form of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy {problem}")]
pub struct PolicyTextError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Policy {
    /// The policy with this [`canonical`](Policy::canonical) text. Its rules stand in no file.
    ///
    /// # Errors
    /// [`PolicyTextError`] for anything that `canonical` would not write.
    pub fn parse_canonical(text: &str) -> Result<Policy, PolicyTextError> {
        let mut lines = text.split('\n');
        let wrong = |line, problem: String| PolicyTextError { line, problem };
        let version = lines.next().unwrap_or_default();
        if !matches!(version, "tenzik policy v1" | "tenzik policy v2") {
            return Err(wrong(1, "is not that of version 1 or 2".to_owned()));
        }
        let grants = grants(lines.next().unwrap_or_default()).map_err(|why| wrong(2, why))?;
        let limits = Limits::parse_canonical(lines.next().unwrap_or_default())
            .map_err(|error| wrong(3, format!("has no limits: {error}")))?;
        let mut rules = Rules::default();
        let mut exec = Reading::default();
        for (index, text) in lines.enumerate() {
            let number = index + 4;
            if number > LINES_MAX {
                let problem = format!("is one too many; at most {LINES_MAX} are read");
                return Err(wrong(number, problem));
            }
            if !text.is_empty() {
                let line = Line::parse(text).map_err(|why| wrong(number, why.to_owned()))?;
                let read = exec.line(&line, &mut rules.exec);
                match read.map_err(|why| wrong(number, why))? {
                    true => {}
                    false => other(&line, &mut rules).map_err(|why| wrong(number, why))?,
                }
            }
        }
        let policy = Policy {
            limits,
            grants,
            rules: Arc::new(rules),
        };
        match first_difference(text, &policy.canonical()) {
            None => Ok(policy),
            Some(line) => Err(wrong(line, "is not in its canonical form".to_owned())),
        }
    }
}

/// The first line, from 1, in which two texts differ.
fn first_difference(text: &str, other: &str) -> Option<usize> {
    let (mut lines, mut others) = (text.split('\n'), other.split('\n'));
    (1..).find_map(|number| match (lines.next(), others.next()) {
        (None, None) => Some(None),
        (one, other) if one == other => None,
        _ => Some(Some(number)),
    })?
}

fn grants(line: &str) -> Result<CapabilitySet, String> {
    let names = line.split(',').filter(|name| !name.is_empty());
    names
        .into_iter()
        .try_fold(CapabilitySet::EMPTY, |set, name| {
            let capability: Capability = name
                .parse()
                .map_err(|_| "names a capability that is not known".to_owned())?;
            Ok(set.with(capability))
        })
}

/// A line that belongs to no program.
fn other(line: &Line, rules: &mut Rules) -> Result<(), String> {
    let known = match line.key.as_str() {
        "files" => file_tree(line).map(|tree| rules.files.push(tree)),
        "signals" => signals(line).map(|rule| rules.signals.push(rule)),
        "artifacts" => artifacts(line).map(|grant| rules.artifacts = Some(grant)),
        "secret" => secret(line).map(|grant| rules.secrets.push(grant)),
        _ => return Err("begins with a word that is not known there".to_owned()),
    };
    known.ok_or_else(|| format!("has other words than a line {}", line.key))
}

fn file_tree(line: &Line) -> Option<FileTree> {
    let [Word::Quoted(path), Word::Plain(access), bytes, files] = line.words.as_slice() else {
        return None;
    };
    let admits = |name| access.split(',').any(|granted| granted == name);
    Some(FileTree {
        path: PathBuf::from(path),
        read: admits("read"),
        write: admits("write"),
        append: admits("append"),
        bytes_max: bytes.number()?,
        files_max: files.number()?,
        origin: Origin::default(),
    })
}

fn signals(line: &Line) -> Option<SignalRule> {
    let [
        Word::Quoted(program),
        Word::Plain(uid),
        Word::Plain(process),
        Word::Plain(names),
    ] = line.words.as_slice()
    else {
        return None;
    };
    let process = match process.as_str() {
        "any" => None,
        process => {
            let (pid, start) = process.split_once('@')?;
            Some((pid.parse().ok()?, start.parse().ok()?))
        }
    };
    Some(SignalRule {
        program: PathBuf::from(program),
        uid: match uid.as_str() {
            "any" => None,
            uid => Some(uid.parse().ok()?),
        },
        process,
        signals: names.split(',').map(str::to_owned).collect(),
        origin: Origin::default(),
    })
}

fn artifacts(line: &Line) -> Option<ArtifactGrant> {
    let [bytes, count] = line.words.as_slice() else {
        return None;
    };
    Some(ArtifactGrant {
        bytes_max: bytes.number()?,
        count_max: count.number()?,
        origin: Origin::default(),
    })
}

fn secret(line: &Line) -> Option<SecretGrant> {
    let (name, source) = line.words.split_first()?;
    let (kind, words) = source.split_first()?;
    let source = match (kind.plain()?, words) {
        ("env", [Word::Quoted(name)]) => SecretSource::Env(name.clone()),
        ("file", [Word::Quoted(path)]) => SecretSource::File(PathBuf::from(path)),
        ("command", words) => {
            let words = words.iter().map(|word| word.quoted().map(str::to_owned));
            SecretSource::Command(words.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some(SecretGrant {
        name: name.quoted()?.to_owned(),
        source,
        origin: Origin::default(),
    })
}
