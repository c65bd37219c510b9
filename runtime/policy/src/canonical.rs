//! The rules of a policy in their one text form, for the commitment to a policy (docs/formats.md,
//! "Policy text"). One line for each fact; text in quotes.

mod read;

use std::fmt::Write as _;
use std::path::Path;

use crate::decide_file::FileAccess;
use crate::hole::{ArgumentPattern, Hole, HoleKind};
use crate::rules::{EnvValue, ExecRule, FileTree, Rules, SecretSource, SignalRule};

pub use read::PolicyTextError;

/// Adds the lines of all rules to `text`.
pub(crate) fn rules(text: &mut String, rules: &Rules) {
    rules.exec.iter().for_each(|rule| exec(text, rule));
    rules.files.iter().for_each(|tree| file_tree(text, tree));
    rules.signals.iter().for_each(|rule| signals(text, rule));
    if let Some(grant) = &rules.artifacts {
        line(
            text,
            "artifacts",
            &[grant.bytes_max.to_string(), grant.count_max.to_string()],
        );
    }
    for secret in &rules.secrets {
        let source = match &secret.source {
            SecretSource::Env(name) => vec!["env".to_owned(), quoted(name)],
            SecretSource::File(path) => vec!["file".to_owned(), quoted_path(path)],
            SecretSource::Command(command) => {
                let command = command.iter().map(|word| quoted(word));
                std::iter::once("command".to_owned())
                    .chain(command)
                    .collect()
            }
        };
        let words: Vec<String> = std::iter::once(quoted(&secret.name))
            .chain(source)
            .collect();
        line(text, "secret", &words);
    }
}

fn line(text: &mut String, key: &str, words: &[String]) {
    text.push_str(key);
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
    text.push('\n');
}

fn exec(text: &mut String, rule: &ExecRule) {
    line(text, "exec", &[quoted(&rule.name)]);
    line(text, "program", &[quoted_path(&rule.program)]);
    line(text, "follow", &[rule.follow.to_string()]);
    let pin = rule
        .blake3
        .map(|digest| blake3::Hash::from_bytes(digest).to_hex().to_string());
    line(text, "blake3", &[pin.unwrap_or_else(|| "-".to_owned())]);
    template(text, &rule.arguments);
    for bound in &rule.bounds {
        line(text, "bound", &[]);
        template(text, &bound.arguments);
    }
    for (name, value) in &rule.env {
        match value {
            EnvValue::Text(value) => line(
                text,
                "env",
                &[name.clone(), "text".to_owned(), quoted(value)],
            ),
            EnvValue::Secret(secret) => line(
                text,
                "env",
                &[name.clone(), "secret".to_owned(), quoted(secret)],
            ),
        }
    }
    line(text, "pass_env", &rule.pass_env);
    line(text, "cwd", &[quoted_path(&rule.cwd)]);
    line(text, "stdin", &[rule.stdin.to_string()]);
    let numbers = [
        ("stdin_bytes", rule.stdin_bytes_max),
        ("stdout_bytes", rule.stdout_bytes_max),
        ("stderr_bytes", rule.stderr_bytes_max),
        ("deadline_ms", rule.deadline_ms),
        ("concurrency", u64::from(rule.concurrency_max)),
        ("memory", rule.memory_bytes_max),
        ("processes", u64::from(rule.processes_max)),
        ("file_bytes", rule.file_bytes_max),
    ];
    for (key, number) in numbers {
        line(text, key, &[number.to_string()]);
    }
    line(text, "network", &[rule.network.name().to_owned()]);
    let targets: Vec<String> = rule.targets.iter().map(ToString::to_string).collect();
    line(text, "targets", &targets);
    let paths = |paths: &[std::path::PathBuf]| -> Vec<String> {
        paths.iter().map(|path| quoted_path(path)).collect()
    };
    line(text, "read", &paths(&rule.read));
    line(text, "write", &paths(&rule.write));
    let layers: Vec<String> = rule
        .require
        .iter()
        .map(|layer| layer.name().to_owned())
        .collect();
    line(text, "require", &layers);
}

fn template(text: &mut String, template: &[ArgumentPattern]) {
    for pattern in template {
        let mut words = vec![quoted(&pattern.source())];
        words.extend(pattern.hole.iter().flat_map(hole));
        line(text, "argument", &words);
    }
}

fn hole(hole: &Hole) -> Vec<String> {
    let number = |number: &dyn std::fmt::Display| number.to_string();
    let mut words = match &hole.kind {
        HoleKind::Integer { min, max } => vec!["integer".to_owned(), number(min), number(max)],
        HoleKind::Ports { ports_max } => vec!["ports".to_owned(), number(ports_max)],
        HoleKind::Address => vec!["address".to_owned()],
        HoleKind::Hostname { names } => quoted_list("hostname", names),
        HoleKind::Enum { values } => quoted_list("enum", values),
        HoleKind::Path { below } => vec!["path".to_owned(), quoted_path(below)],
        HoleKind::Text { pattern, bytes_max } => {
            vec![
                "text".to_owned(),
                quoted(pattern.source()),
                number(bytes_max),
            ]
        }
    };
    if let Some(count_max) = hole.count_max {
        words.push(format!("count={count_max}"));
    }
    if hole.option {
        words.push("option".to_owned());
    }
    words
}

fn quoted_list(kind: &str, texts: &[String]) -> Vec<String> {
    let texts = texts.iter().map(|text| quoted(text));
    std::iter::once(kind.to_owned()).chain(texts).collect()
}

fn file_tree(text: &mut String, tree: &FileTree) {
    let access = FileAccess::ALL
        .into_iter()
        .filter(|access| tree.admits(*access));
    let access: Vec<&str> = access.map(FileAccess::name).collect();
    let access = if access.is_empty() {
        "-".to_owned()
    } else {
        access.join(",")
    };
    line(
        text,
        "files",
        &[
            quoted_path(&tree.path),
            access,
            tree.bytes_max.to_string(),
            tree.files_max.to_string(),
        ],
    );
}

fn signals(text: &mut String, rule: &SignalRule) {
    let or_any = |value: Option<String>| value.unwrap_or_else(|| "any".to_owned());
    line(
        text,
        "signals",
        &[
            quoted_path(&rule.program),
            or_any(rule.uid.map(|uid| uid.to_string())),
            or_any(rule.process.map(|(pid, start)| format!("{pid}@{start}"))),
            rule.signals.join(","),
        ],
    );
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// `text` in double quotes; `"` and `\` with a backslash before, control characters as `\u00XX`.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
