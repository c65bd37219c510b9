//! The lines of rules for programs.

use std::path::PathBuf;

use super::words::{Line, Word};
use crate::hole::{ArgumentPattern, Hole, HoleKind, Template, TextPattern};
use crate::policy_file::target;
use crate::rules::{EnvValue, ExecRule, Layer, NetworkScope, Origin};

/// Regular expressions that are compiled for one policy: each may take a mebibyte.
const PATTERNS_MAX: usize = 256;

/// Where in the rules for programs the reading is.
#[derive(Debug, Default)]
pub(super) struct Reading {
    in_rule: bool,
    patterns: usize,
}

impl Reading {
    /// Reads a line if it belongs to a program; false if it does not.
    pub(super) fn line(&mut self, line: &Line, rules: &mut Vec<ExecRule>) -> Result<bool, String> {
        if line.key == "exec" {
            let [Word::Quoted(name)] = line.words.as_slice() else {
                return Err("has other words than a line exec".to_owned());
            };
            rules.push(empty(name));
            self.in_rule = true;
            return Ok(true);
        }
        if !self.in_rule {
            return Ok(false);
        }
        if matches!(
            line.key.as_str(),
            "files" | "signals" | "artifacts" | "secret"
        ) {
            self.in_rule = false;
            return Ok(false);
        }
        let Some(rule) = rules.last_mut() else {
            return Ok(false);
        };
        if line.key == "argument" {
            let pattern = self.argument(line)?;
            let template = match rule.bounds.last_mut() {
                Some(bound) => &mut bound.arguments,
                None => &mut rule.arguments,
            };
            template.push(pattern);
            return Ok(true);
        }
        fact(rule, line).ok_or_else(|| format!("has other words than a line {}", line.key))?;
        Ok(true)
    }

    fn argument(&mut self, line: &Line) -> Result<ArgumentPattern, String> {
        let malformed = || "is no element of a template".to_owned();
        let (source, words) = line.words.split_first().ok_or_else(malformed)?;
        let (prefix, name, suffix) = source.quoted().and_then(parts).ok_or_else(malformed)?;
        let hole = match (name, words.split_first()) {
            (None, None) => None,
            (Some(name), Some((kind, words))) => {
                if kind.plain() == Some("text") {
                    self.patterns += 1;
                }
                if self.patterns > PATTERNS_MAX {
                    return Err(format!(
                        "is one regular expression too many; at most {PATTERNS_MAX} are read"
                    ));
                }
                Some(hole(name, kind, words).ok_or_else(malformed)?)
            }
            _ => return Err(malformed()),
        };
        Ok(ArgumentPattern {
            prefix,
            hole,
            suffix,
        })
    }
}

/// A rule of which nothing but the name is known.
fn empty(name: &str) -> ExecRule {
    ExecRule {
        name: name.to_owned(),
        program: PathBuf::new(),
        follow: false,
        blake3: None,
        arguments: Vec::new(),
        bounds: Vec::new(),
        env: Vec::new(),
        pass_env: Vec::new(),
        cwd: PathBuf::new(),
        stdin: false,
        stdin_bytes_max: 0,
        stdout_bytes_max: 0,
        stderr_bytes_max: 0,
        deadline_ms: 0,
        concurrency_max: 0,
        memory_bytes_max: 0,
        processes_max: 0,
        file_bytes_max: 0,
        network: NetworkScope::None,
        targets: Vec::new(),
        read: Vec::new(),
        write: Vec::new(),
        require: Vec::new(),
        origin: Origin::default(),
    }
}

/// A line about a rule; `None` if its words are wrong.
fn fact(rule: &mut ExecRule, line: &Line) -> Option<()> {
    let words = line.words.as_slice();
    let paths = || -> Option<Vec<PathBuf>> {
        let paths = words.iter().map(|word| word.quoted().map(PathBuf::from));
        paths.collect()
    };
    let one = || match words {
        [word] => Some(word),
        _ => None,
    };
    match line.key.as_str() {
        "program" => rule.program = PathBuf::from(one()?.quoted()?),
        "follow" => rule.follow = one()?.number()?,
        "blake3" => {
            rule.blake3 = match one()?.plain()? {
                "-" => None,
                hex => Some(*blake3::Hash::from_hex(hex).ok()?.as_bytes()),
            }
        }
        "bound" if words.is_empty() => rule.bounds.push(Template {
            arguments: Vec::new(),
            origin: Origin::default(),
        }),
        "env" => {
            let [Word::Plain(name), Word::Plain(kind), Word::Quoted(value)] = words else {
                return None;
            };
            let value = match kind.as_str() {
                "text" => EnvValue::Text(value.clone()),
                "secret" => EnvValue::Secret(value.clone()),
                _ => return None,
            };
            rule.env.push((name.clone(), value));
        }
        "pass_env" => {
            let names = words.iter().map(|word| word.plain().map(str::to_owned));
            rule.pass_env = names.collect::<Option<_>>()?;
        }
        "cwd" => rule.cwd = PathBuf::from(one()?.quoted()?),
        "stdin" => rule.stdin = one()?.number()?,
        "stdin_bytes" => rule.stdin_bytes_max = one()?.number()?,
        "stdout_bytes" => rule.stdout_bytes_max = one()?.number()?,
        "stderr_bytes" => rule.stderr_bytes_max = one()?.number()?,
        "deadline_ms" => rule.deadline_ms = one()?.number()?,
        "concurrency" => rule.concurrency_max = one()?.number()?,
        "memory" => rule.memory_bytes_max = one()?.number()?,
        "processes" => rule.processes_max = one()?.number()?,
        "file_bytes" => rule.file_bytes_max = one()?.number()?,
        "network" => {
            let scopes = [
                NetworkScope::None,
                NetworkScope::Targets,
                NetworkScope::Host,
            ];
            let name = one()?.plain()?;
            rule.network = scopes.into_iter().find(|scope| scope.name() == name)?;
        }
        "targets" => {
            let targets = words.iter().map(|word| target(word.plain()?).ok());
            rule.targets = targets.collect::<Option<_>>()?;
        }
        "read" => rule.read = paths()?,
        "write" => rule.write = paths()?,
        "require" => {
            let layer = |word: &Word| {
                let name = word.plain()?;
                Layer::ALL
                    .iter()
                    .find(|layer| layer.name() == name)
                    .copied()
            };
            rule.require = words.iter().map(layer).collect::<Option<_>>()?;
        }
        _ => return None,
    }
    Some(())
}

/// Text before the hole, its name, and text behind it.
type Parts = (String, Option<(String, bool)>, String);

/// Takes an element of a template apart. The name comes with whether it takes many arguments.
fn parts(source: &str) -> Option<Parts> {
    let (mut prefix, mut suffix, mut name) = (String::new(), String::new(), None);
    let mut rest = source;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        let literal = match name {
            None => &mut prefix,
            Some(_) => &mut suffix,
        };
        literal.push_str(before);
        if let Some(behind) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            literal.push_str(from.get(..1)?);
            rest = behind;
            continue;
        }
        let (inner, behind) = from.strip_prefix('{')?.split_once('}')?;
        if name.is_some() {
            return None;
        }
        name = Some(match inner.strip_suffix("...") {
            Some(name) => (name.to_owned(), true),
            None => (inner.to_owned(), false),
        });
        rest = behind;
    }
    match name {
        None => &mut prefix,
        Some(_) => &mut suffix,
    }
    .push_str(rest);
    Some((prefix, name, suffix))
}

fn hole((name, takes_many): (String, bool), kind: &Word, words: &[Word]) -> Option<Hole> {
    let mut words = words;
    let option = matches!(words.last(), Some(Word::Plain(last)) if last == "option");
    if option {
        words = words.get(..words.len() - 1)?;
    }
    let mut count_max = None;
    if takes_many {
        let (count, before) = words.split_last()?;
        count_max = Some(count.plain()?.strip_prefix("count=")?.parse().ok()?);
        words = before;
    }
    let texts = || -> Option<Vec<String>> {
        let texts = words.iter().map(|word| word.quoted().map(str::to_owned));
        texts.collect()
    };
    let kind = match (kind.plain()?, words) {
        ("integer", [min, max]) => HoleKind::Integer {
            min: min.number()?,
            max: max.number()?,
        },
        ("ports", [max]) => HoleKind::Ports {
            ports_max: max.number()?,
        },
        ("address", []) => HoleKind::Address,
        ("hostname", _) => HoleKind::Hostname { names: texts()? },
        ("enum", _) => HoleKind::Enum { values: texts()? },
        ("path", [below]) => HoleKind::Path {
            below: PathBuf::from(below.quoted()?),
        },
        ("text", [pattern, bytes_max]) => HoleKind::Text {
            pattern: TextPattern::new(pattern.quoted()?).ok()?,
            bytes_max: bytes_max.number()?,
        },
        _ => return None,
    };
    Some(Hole {
        name,
        kind,
        count_max,
        option,
    })
}
