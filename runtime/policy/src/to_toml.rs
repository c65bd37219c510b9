//! A policy as the file that says the same, with nothing that holds anyway.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::decide_file::FileAccess;
use crate::hole::{Hole, HoleKind};
use crate::keys::{
    ARTIFACT_BYTES, ARTIFACT_COUNT, AmountKey, CONCURRENCY, DEADLINE, FILE_BYTES, MAX_BYTES,
    MAX_COUNT, MAX_PORTS, MEMORY, PROCESSES, STDERR_BYTES, STDIN_BYTES, STDOUT_BYTES, TREE_BYTES,
    TREE_FILES,
};
use crate::limits::{LIMIT_FIELDS, Limits};
use crate::policy::Policy;
use crate::rules::{EnvValue, ExecRule, NetworkScope, Rules, SecretSource, TargetRange};

impl Policy {
    /// The text of a file that [`PolicyFile`](crate::PolicyFile) reads as this policy. Keys whose value
    /// is the default are left out. Templates of ceilings have no place in a policy and are left out
    /// too.
    pub fn to_toml(&self) -> String {
        let mut text = String::from("version = 1\n");
        let pure = self.grants.iter().filter(|capability| capability.is_pure());
        let pure: Vec<String> = pure.map(|capability| quoted(capability.name())).collect();
        if !pure.is_empty() {
            let _ = writeln!(text, "grants = [{}]", pure.join(", "));
        }
        limits(&mut text, &self.limits);
        rules(&mut text, &self.rules);
        text
    }
}

fn limits(text: &mut String, limits: &Limits) {
    let changed = LIMIT_FIELDS
        .iter()
        .filter(|field| field.value(limits) != field.value(&Limits::DEFAULT));
    let lines: Vec<String> = changed
        .map(|field| format!("{} = {}\n", field.name, field.value(limits)))
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n[limits]\n{}", lines.concat());
    }
}

fn rules(text: &mut String, rules: &Rules) {
    rules.exec.iter().for_each(|rule| exec(text, rule));
    for tree in &rules.files {
        let access = FileAccess::ALL
            .into_iter()
            .filter(|access| tree.admits(*access));
        let access: Vec<String> = access.map(|access| quoted(access.name())).collect();
        let _ = write!(
            text,
            "\n[[files]]\npath = {}\naccess = [{}]\n",
            quoted(&tree.path.to_string_lossy()),
            access.join(", ")
        );
        amount(text, "bytes", &TREE_BYTES, tree.bytes_max);
        amount(text, "files", &TREE_FILES, tree.files_max);
    }
    for rule in &rules.signals {
        let program = quoted(&rule.program.to_string_lossy());
        let _ = write!(text, "\n[[signals]]\nprogram = {program}\n");
        if let Some(uid) = rule.uid {
            let _ = writeln!(text, "uid = {uid}");
        }
        if let Some((pid, start)) = rule.process {
            let _ = write!(text, "pid = {pid}\nstart = \"{start}\"\n");
        }
        let _ = writeln!(text, "signals = {}", array(&rule.signals));
    }
    if let Some(grant) = &rules.artifacts {
        text.push_str("\n[artifacts]\n");
        amount(text, "bytes", &ARTIFACT_BYTES, grant.bytes_max);
        amount(text, "count", &ARTIFACT_COUNT, grant.count_max);
    }
    for secret in &rules.secrets {
        let source = match &secret.source {
            SecretSource::Env(name) => format!("env = {}", quoted(name)),
            SecretSource::File(path) => format!("file = {}", quoted(&path.to_string_lossy())),
            SecretSource::Command(command) => format!("command = {}", array(command)),
        };
        let _ = write!(text, "\n[secrets.{}]\n{source}\n", secret.name);
    }
}

/// A line for an amount that is not the default.
fn amount(text: &mut String, name: &str, key: &AmountKey, value: u64) {
    if value != key.default {
        let _ = writeln!(text, "{name} = {}", key.shown(value));
    }
}

fn exec(text: &mut String, rule: &ExecRule) {
    let program = quoted(&rule.program.to_string_lossy());
    let _ = write!(
        text,
        "\n[[exec]]\nname = {}\nprogram = {program}\n",
        quoted(&rule.name)
    );
    if rule.follow {
        text.push_str("follow = true\n");
    }
    if let Some(pin) = rule.blake3 {
        let _ = writeln!(
            text,
            "blake3 = \"{}\"",
            blake3::Hash::from_bytes(pin).to_hex()
        );
    }
    let arguments = rule.arguments.iter().map(|pattern| pattern.source());
    list(text, "args", &arguments.collect::<Vec<_>>());
    if !rule.env.is_empty() {
        let env = rule.env.iter().map(|(name, value)| match value {
            EnvValue::Text(value) => format!("{name} = {}", quoted(value)),
            EnvValue::Secret(secret) => format!("{name} = {{ secret = {} }}", quoted(secret)),
        });
        let _ = writeln!(text, "env = {{ {} }}", env.collect::<Vec<_>>().join(", "));
    }
    list(text, "pass_env", &rule.pass_env);
    let cwd = rule.cwd.to_string_lossy();
    if cwd != "/" {
        let _ = writeln!(text, "cwd = {}", quoted(&cwd));
    }
    if rule.stdin {
        text.push_str("stdin = true\n");
    }
    for (name, key, value) in [
        ("stdin_bytes", &STDIN_BYTES, rule.stdin_bytes_max),
        ("stdout_bytes", &STDOUT_BYTES, rule.stdout_bytes_max),
        ("stderr_bytes", &STDERR_BYTES, rule.stderr_bytes_max),
        ("deadline", &DEADLINE, rule.deadline_ms),
        ("concurrency", &CONCURRENCY, rule.concurrency_max.into()),
        ("memory", &MEMORY, rule.memory_bytes_max),
        ("processes", &PROCESSES, rule.processes_max.into()),
        ("file_bytes", &FILE_BYTES, rule.file_bytes_max),
    ] {
        amount(text, name, key, value);
    }
    network(text, rule);
    let paths = |paths: &[PathBuf]| -> Vec<String> {
        let texts = paths.iter().map(|path| path.to_string_lossy().into_owned());
        texts.collect()
    };
    list(text, "read", &paths(&rule.read));
    list(text, "write", &paths(&rule.write));
    let layers: Vec<&str> = rule.require.iter().map(|layer| layer.name()).collect();
    list(text, "require", &layers);
    holes(text, rule);
}

fn network(text: &mut String, rule: &ExecRule) {
    if rule.network != NetworkScope::None {
        let _ = writeln!(text, "network = {}", quoted(rule.network.name()));
    }
    let is_default =
        rule.network == NetworkScope::Host && rule.targets == TargetRange::everything();
    if is_default {
        return;
    }
    let targets: Vec<String> = rule.targets.iter().map(ToString::to_string).collect();
    match rule.network {
        // Without the key it would be everything.
        NetworkScope::Host if targets.is_empty() => text.push_str("targets = []\n"),
        _ => list(text, "targets", &targets),
    }
}

/// The definition of each hole, once.
fn holes(text: &mut String, rule: &ExecRule) {
    let mut holes: BTreeMap<&str, &Hole> = BTreeMap::new();
    for hole in rule
        .arguments
        .iter()
        .filter_map(|pattern| pattern.hole.as_ref())
    {
        let known = holes.entry(&hole.name).or_insert(hole);
        // A use that takes many is the one that says how many.
        if hole.count_max.is_some() {
            *known = hole;
        }
    }
    for (name, hole) in holes {
        let kind = match hole.kind {
            HoleKind::Integer { .. } => "integer",
            HoleKind::Ports { .. } => "ports",
            HoleKind::Address => "address",
            HoleKind::Hostname { .. } => "hostname",
            HoleKind::Enum { .. } => "enum",
            HoleKind::Path { .. } => "path",
            HoleKind::Text { .. } => "text",
        };
        let _ = write!(text, "[exec.holes.{name}]\ntype = \"{kind}\"\n");
        if hole.option {
            text.push_str("option = true\n");
        }
        if let Some(count_max) = hole.count_max {
            amount(text, "max_count", &MAX_COUNT, count_max.into());
        }
        match &hole.kind {
            HoleKind::Integer { min, max } => {
                if *min != 0 {
                    let _ = writeln!(text, "min = {min}");
                }
                let _ = writeln!(text, "max = {max}");
            }
            HoleKind::Ports { ports_max } => amount(text, "max", &MAX_PORTS, (*ports_max).into()),
            HoleKind::Address => {}
            HoleKind::Hostname { names } => list(text, "names", names),
            HoleKind::Enum { values } => list(text, "values", values),
            HoleKind::Path { below } => {
                let _ = writeln!(text, "below = {}", quoted(&below.to_string_lossy()));
            }
            HoleKind::Text { pattern, bytes_max } => {
                let _ = writeln!(text, "pattern = {}", quoted(pattern.source()));
                amount(text, "max_bytes", &MAX_BYTES, (*bytes_max).into());
            }
        }
    }
}

/// A line for a list that is not empty.
fn list<T: AsRef<str>>(text: &mut String, key: &str, elements: &[T]) {
    if !elements.is_empty() {
        let _ = writeln!(text, "{key} = {}", array(elements));
    }
}

fn array<T: AsRef<str>>(elements: &[T]) -> String {
    let elements = elements.iter().map(|element| quoted(element.as_ref()));
    format!("[{}]", elements.collect::<Vec<_>>().join(", "))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}
