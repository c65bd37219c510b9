//! Rules for programs under a ceiling: what both a rule and a rule of the ceiling for the same
//! program allow. Where the ceiling has several for it, each gives a rule of its own, in its order.

use std::fmt::Display;
use std::path::PathBuf;

use tenzik_host_abi::Capability;

use super::{Notes, Subject};
use crate::ceiling::Ceiling;
use crate::hole::Template;
use crate::path::{is_below, shown};
use crate::policy_file::ParsedExec;
use crate::rules::{EnvValue, ExecRule, NetworkScope, SecretGrant, TargetRange};

/// Rules that are kept of one kind; those beyond are dropped.
pub(super) const RULES_MAX: usize = 1_024;

/// Targets that are kept of one rule; those beyond are dropped.
const TARGETS_MAX: usize = 1_024;

pub(super) fn meet(
    asked: &[ExecRule],
    ceiling: &Ceiling,
    secrets: &[SecretGrant],
    notes: &mut Notes,
) -> Vec<ExecRule> {
    let mut kept = Vec::new();
    for rule in asked {
        let mut why = "no rule of the ceiling names its program".to_owned();
        let mut is_kept = false;
        for bound in ceiling
            .exec()
            .iter()
            .filter(|bound| bound.rule.program == rule.program)
        {
            match meet_rule(rule, bound, secrets) {
                Err(reason) => why = format!("{reason} ({})", bound.rule.origin),
                Ok(met) => {
                    note_changes(rule, &met, bound, notes);
                    is_kept = true;
                    if !kept.contains(&met) && kept.len() < RULES_MAX {
                        kept.push(met);
                    }
                }
            }
        }
        if !is_kept {
            let subject = Subject::rule(Capability::Exec, &rule.origin, &rule.name);
            let change = ("granted".to_owned(), format!("nothing: {why}"));
            notes.add(subject, change, &ceiling.whole());
        }
    }
    kept
}

fn meet_rule(
    rule: &ExecRule,
    bound: &ParsedExec,
    secrets: &[SecretGrant],
) -> Result<ExecRule, String> {
    let most = &bound.rule;
    check_env(rule, bound, secrets)?;
    let blake3 = match (rule.blake3, most.blake3) {
        (Some(own), Some(other)) if own != other => {
            return Err("the ceiling pins another program".to_owned());
        }
        (own, other) => own.or(other),
    };
    let write = meet_trees(rule.write.iter(), || most.write.iter());
    let seen = meet_trees(rule.read.iter().chain(&rule.write), || {
        most.read.iter().chain(&most.write)
    });
    let read = seen
        .into_iter()
        .filter(|path| !write.iter().any(|tree| is_below(path, tree)))
        .collect();
    let mut bounds = rule.bounds.clone();
    if bound.has_args {
        bounds.push(Template {
            arguments: most.arguments.clone(),
            origin: most.origin.clone(),
        });
    }
    let mut require = [rule.require.as_slice(), &most.require].concat();
    require.sort_unstable();
    require.dedup();
    let targets = meet_targets(&rule.targets, &most.targets);
    let network = match rule.network.min(most.network) {
        NetworkScope::Targets if targets.is_empty() => NetworkScope::None,
        scope => scope,
    };
    let pass_env = rule
        .pass_env
        .iter()
        .filter(|name| most.pass_env.contains(name));
    Ok(ExecRule {
        name: rule.name.clone(),
        program: rule.program.clone(),
        follow: rule.follow && most.follow,
        blake3,
        arguments: rule.arguments.clone(),
        bounds,
        env: rule.env.clone(),
        pass_env: pass_env.cloned().collect(),
        cwd: rule.cwd.clone(),
        stdin: rule.stdin && most.stdin,
        stdin_bytes_max: rule.stdin_bytes_max.min(most.stdin_bytes_max),
        stdout_bytes_max: rule.stdout_bytes_max.min(most.stdout_bytes_max),
        stderr_bytes_max: rule.stderr_bytes_max.min(most.stderr_bytes_max),
        deadline_ms: rule.deadline_ms.min(most.deadline_ms),
        concurrency_max: rule.concurrency_max.min(most.concurrency_max),
        memory_bytes_max: rule.memory_bytes_max.min(most.memory_bytes_max),
        processes_max: rule.processes_max.min(most.processes_max),
        file_bytes_max: rule.file_bytes_max.min(most.file_bytes_max),
        network,
        targets,
        read,
        write,
        require,
        origin: rule.origin.clone(),
    })
}

/// A variable is never dropped: a program without it may do more, not less.
fn check_env(rule: &ExecRule, bound: &ParsedExec, secrets: &[SecretGrant]) -> Result<(), String> {
    for variable in &rule.env {
        let (name, value) = variable;
        if let EnvValue::Secret(secret) = value
            && !secrets.iter().any(|known| known.name == *secret)
        {
            return Err(format!(
                "its variable {name} holds the secret {secret}, which is not allowed"
            ));
        }
        if bound.has_env && !bound.rule.env.contains(variable) {
            return Err(format!(
                "the ceiling has env, and the variable {name} not in it"
            ));
        }
    }
    Ok(())
}

/// The trees that lie in both, without those inside of another.
fn meet_trees<'a, I: Iterator<Item = &'a PathBuf>>(
    asked: impl Iterator<Item = &'a PathBuf>,
    allowed: impl Fn() -> I,
) -> Vec<PathBuf> {
    let mut met: Vec<&PathBuf> = asked
        .flat_map(|own| {
            allowed().filter_map(move |other| match () {
                () if is_below(own, other) => Some(own),
                () if is_below(other, own) => Some(other),
                () => None,
            })
        })
        .collect();
    // A tree comes before what lies inside of it.
    met.sort_unstable();
    let mut outermost: Vec<PathBuf> = Vec::new();
    for path in met {
        if !outermost.iter().any(|tree| is_below(path, tree)) {
            outermost.push(path.clone());
        }
    }
    outermost
}

fn meet_targets(asked: &[TargetRange], allowed: &[TargetRange]) -> Vec<TargetRange> {
    let mut met: Vec<TargetRange> = Vec::new();
    for own in asked {
        for other in allowed {
            if let Some(both) = own.intersection(other)
                && !met.contains(&both)
                && met.len() < TARGETS_MAX
            {
                met.push(both);
            }
        }
    }
    met.sort_by_key(ToString::to_string);
    met
}

/// Says what of a rule is less than it asks.
fn note_changes(rule: &ExecRule, met: &ExecRule, bound: &ParsedExec, notes: &mut Notes) {
    let mut note = |key: &str, asked: String, left: String| {
        if asked != left {
            let name = format!("{} {key}", rule.name);
            let subject = Subject::rule(Capability::Exec, &rule.origin, &name);
            notes.add(subject, (asked, left), &bound.rule.origin);
        }
    };
    let pinned = |rule: &ExecRule| match rule.blake3 {
        Some(digest) => blake3::Hash::from_bytes(digest).to_hex().to_string(),
        None => "not pinned".to_owned(),
    };
    note("follow", rule.follow.to_string(), met.follow.to_string());
    note("blake3", pinned(rule), pinned(met));
    note("pass_env", list(&rule.pass_env), list(&met.pass_env));
    note("stdin", rule.stdin.to_string(), met.stdin.to_string());
    for (key, asked, left) in [
        ("stdin_bytes", rule.stdin_bytes_max, met.stdin_bytes_max),
        ("stdout_bytes", rule.stdout_bytes_max, met.stdout_bytes_max),
        ("stderr_bytes", rule.stderr_bytes_max, met.stderr_bytes_max),
        ("memory", rule.memory_bytes_max, met.memory_bytes_max),
        ("file_bytes", rule.file_bytes_max, met.file_bytes_max),
        (
            "processes",
            rule.processes_max.into(),
            met.processes_max.into(),
        ),
        (
            "concurrency",
            rule.concurrency_max.into(),
            met.concurrency_max.into(),
        ),
    ] {
        note(key, asked.to_string(), left.to_string());
    }
    let milliseconds = |number: u64| format!("{number} ms");
    note(
        "deadline",
        milliseconds(rule.deadline_ms),
        milliseconds(met.deadline_ms),
    );
    note(
        "network",
        rule.network.name().to_owned(),
        met.network.name().to_owned(),
    );
    note("targets", list(&rule.targets), list(&met.targets));
    let paths = |paths: &[PathBuf]| list(&paths.iter().map(|path| shown(path)).collect::<Vec<_>>());
    note("read", paths(&rule.read), paths(&met.read));
    note("write", paths(&rule.write), paths(&met.write));
    let layers = |rule: &ExecRule| {
        list(
            &rule
                .require
                .iter()
                .map(|layer| layer.name())
                .collect::<Vec<_>>(),
        )
    };
    note("require", layers(rule), layers(met));
    if bound.has_args {
        note(
            "args",
            "its own template".to_owned(),
            "also the template of the ceiling".to_owned(),
        );
    }
}

/// The elements of a list for people, bounded.
fn list<T: Display>(elements: &[T]) -> String {
    const SHOWN_MAX: usize = 8;
    if elements.is_empty() {
        return "nothing".to_owned();
    }
    let mut shown: Vec<String> = elements
        .iter()
        .take(SHOWN_MAX)
        .map(ToString::to_string)
        .collect();
    if elements.len() > SHOWN_MAX {
        shown.push(format!("{} more", elements.len() - SHOWN_MAX));
    }
    shown.join(", ")
}
