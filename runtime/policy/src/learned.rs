//! The least policy under which a run can be repeated.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tenzik_host_abi::{Capability, CapabilitySet};

use crate::decide_file::FileAccess;
use crate::hole::ArgumentPattern;
use crate::keys::{
    ARTIFACT_BYTES, ARTIFACT_COUNT, AmountKey, CONCURRENCY, DEADLINE, FILE_BYTES, LIST_MAX,
    LONG_LIST_MAX, MEMORY, PROCESSES, STDERR_BYTES, STDIN_BYTES, STDOUT_BYTES, TEXT_BYTES_MAX,
    TREE_BYTES, TREE_FILES,
};
use crate::limits::{LIMIT_FIELDS, Limits};
use crate::policy::Policy;
use crate::rules::{
    ArtifactGrant, EnvValue, ExecRule, FileTree, NetworkScope, Origin, Protocol, Rules,
    SecretGrant, SecretSource, SignalRule, TargetRange,
};

/// Different requests to one rule that are written out. With more of them its own template is kept.
const LITERALS_MAX: usize = 16;

/// What a run asked for and was granted. Indices are those of the policy that it ran under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// A program was started.
    Exec(ObservedExec),
    /// A file was touched.
    File {
        /// The path that was asked for.
        path: PathBuf,
        /// How.
        access: FileAccess,
        /// Bytes that were written.
        bytes: u64,
    },
    /// A process was signalled.
    Signal {
        /// The rule.
        rule: usize,
        /// Name of the signal.
        signal: String,
    },
    /// An artifact was written.
    Artifact {
        /// Its bytes.
        bytes: u64,
    },
    /// A secret was used.
    Secret {
        /// Its name.
        name: String,
    },
}

/// A program that was started, and what it used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedExec {
    /// The rule.
    pub rule: usize,
    /// The request.
    pub argv: Vec<String>,
    /// Whether the capsule wrote to its standard input.
    pub stdin: bool,
    /// Bytes that the capsule wrote to its standard input.
    pub stdin_bytes: u64,
    /// Bytes of its standard output.
    pub stdout_bytes: u64,
    /// Bytes of its standard error.
    pub stderr_bytes: u64,
    /// Milliseconds that it ran.
    pub wall_ms: u64,
    /// Processes of the rule that ran at its start, itself among them.
    pub concurrent: u32,
    /// Where it connected to.
    pub connected: Vec<(Protocol, IpAddr, u16)>,
    /// Whether it needs the memory, processes and file sizes of the rule rather than the defaults,
    /// because how much of them it used is not known; nor where it connected to, if `connected` is
    /// empty.
    pub keep_limits: bool,
}

impl Policy {
    /// The least policy under which a run can be repeated that did what was `observed`, of a capsule that
    /// `needs` these capabilities, and needed each of `limits` at least: requests to programs as they
    /// were, or by the template of their rule where there are many; the directories of the files that
    /// were touched; and defaults wherever they suffice, so that a line is there only if it is needed.
    ///
    /// Of rules for programs trees and variables are kept, since what a program does with them is not
    /// seen. `require` and pins are not: a run does not need them. Whoever keeps the policy adds them.
    #[must_use]
    pub fn learned(&self, needs: CapabilitySet, limits: &Limits, observed: &[Observed]) -> Policy {
        let exec = exec(&self.rules, observed);
        let secrets = secrets(&self.rules, &exec, observed);
        let rules = Rules {
            exec,
            files: files(&self.rules, observed),
            signals: signals(&self.rules, observed),
            artifacts: artifacts(self.rules.artifacts.as_ref(), observed),
            secrets,
        };
        let rules = linkable(rules, needs);
        let pure = needs.intersection(CapabilitySet::of(&Capability::PURE));
        Policy {
            limits: least_limits(&self.limits, limits),
            grants: pure.union(rules.grants()),
            rules: Arc::new(rules),
        }
    }
}

/// The default where it suffices, else what the run had.
fn least_limits(had: &Limits, needed: &Limits) -> Limits {
    let mut limits = Limits::DEFAULT;
    for field in LIMIT_FIELDS {
        if field.value(needed) > field.value(&limits) {
            field.set(&mut limits, field.value(had));
        }
    }
    limits
}

/// The default where `used` is within it, else what the rule has.
fn least(key: &AmountKey, used: u64, had: u64) -> u64 {
    if used <= key.default {
        key.default
    } else {
        had
    }
}

fn exec(rules: &Rules, observed: &[Observed]) -> Vec<ExecRule> {
    let mut by_rule: BTreeMap<usize, Vec<&ObservedExec>> = BTreeMap::new();
    for exec in observed.iter().filter_map(|observed| match observed {
        Observed::Exec(exec) => Some(exec),
        _ => None,
    }) {
        by_rule.entry(exec.rule).or_default().push(exec);
    }
    let groups: Vec<Group<'_>> = by_rule
        .into_iter()
        .filter_map(|(index, runs)| Group::new(rules.exec.get(index)?, runs))
        .collect();
    let literals: usize = groups.iter().map(|group| group.requests.len()).sum();
    let is_room = literals <= LIST_MAX;
    groups
        .iter()
        .flat_map(|group| group.rules(is_room))
        .collect()
}

/// The uses of one rule.
struct Group<'a> {
    rule: &'a ExecRule,
    runs: Vec<&'a ObservedExec>,
    /// The different requests, without the name before them.
    requests: Vec<&'a [String]>,
}

impl<'a> Group<'a> {
    fn new(rule: &'a ExecRule, runs: Vec<&'a ObservedExec>) -> Option<Group<'a>> {
        let mut requests: Vec<&[String]> =
            runs.iter().filter_map(|run| run.argv.get(1..)).collect();
        requests.sort_unstable();
        requests.dedup();
        (!requests.is_empty()).then_some(Group {
            rule,
            runs,
            requests,
        })
    }

    /// One rule for each request, or the template where they are too many or too long for a file.
    fn rules(&self, is_room: bool) -> Vec<ExecRule> {
        let fits = |request: &&[String]| {
            // A brace is written twice.
            request.len() <= LONG_LIST_MAX
                && request
                    .iter()
                    .all(|argument| argument.len() <= TEXT_BYTES_MAX / 2)
        };
        let are_literal =
            is_room && self.requests.len() <= LITERALS_MAX && self.requests.iter().all(fits);
        if !are_literal {
            return vec![ExecRule {
                arguments: self.rule.arguments.clone(),
                network: self.rule.network,
                targets: self.rule.targets.clone(),
                ..least_rule(self.rule, &self.runs)
            }];
        }
        let rules = self.requests.iter().map(|request| {
            let runs = self.runs.iter().copied();
            let runs = runs.filter(|run| run.argv.get(1..) == Some(request));
            ExecRule {
                arguments: request.iter().map(|argument| literal(argument)).collect(),
                ..least_rule(self.rule, &runs.collect::<Vec<_>>())
            }
        });
        rules.collect()
    }
}

fn literal(argument: &str) -> ArgumentPattern {
    ArgumentPattern {
        prefix: argument.to_owned(),
        hole: None,
        suffix: String::new(),
    }
}

/// The rule with what `runs` used of it.
fn least_rule(rule: &ExecRule, runs: &[&ObservedExec]) -> ExecRule {
    let most = |used: fn(&ObservedExec) -> u64| runs.iter().map(|run| used(run)).max().unwrap_or(0);
    let keep = runs.iter().any(|run| run.keep_limits);
    let kept = |key: &AmountKey, had: u64| {
        if keep && had > key.default {
            had
        } else {
            key.default
        }
    };
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let connected: Vec<_> = runs.iter().flat_map(|run| &run.connected).collect();
    let is_used = |target: &&TargetRange| {
        connected
            .iter()
            .any(|(protocol, address, port)| target.admits(*protocol, *address, *port))
    };
    let (network, targets) = match rule.network {
        // Where it connected to is not always known.
        NetworkScope::Targets if connected.is_empty() && keep => {
            (NetworkScope::Targets, rule.targets.clone())
        }
        NetworkScope::Targets if connected.is_empty() => (NetworkScope::None, Vec::new()),
        NetworkScope::Targets => {
            let targets = rule.targets.iter().filter(is_used);
            (NetworkScope::Targets, targets.copied().collect())
        }
        NetworkScope::None => (NetworkScope::None, Vec::new()),
        NetworkScope::Host => (NetworkScope::Host, TargetRange::everything().to_vec()),
    };
    ExecRule {
        blake3: None,
        bounds: Vec::new(),
        stdin: runs.iter().any(|run| run.stdin),
        stdin_bytes_max: least(
            &STDIN_BYTES,
            most(|run| run.stdin_bytes),
            rule.stdin_bytes_max,
        ),
        stdout_bytes_max: least(
            &STDOUT_BYTES,
            most(|run| run.stdout_bytes),
            rule.stdout_bytes_max,
        ),
        stderr_bytes_max: least(
            &STDERR_BYTES,
            most(|run| run.stderr_bytes),
            rule.stderr_bytes_max,
        ),
        deadline_ms: least(&DEADLINE, most(|run| run.wall_ms), rule.deadline_ms),
        concurrency_max: small(least(
            &CONCURRENCY,
            most(|run| run.concurrent.into()),
            rule.concurrency_max.into(),
        )),
        memory_bytes_max: kept(&MEMORY, rule.memory_bytes_max),
        processes_max: small(kept(&PROCESSES, rule.processes_max.into())),
        file_bytes_max: kept(&FILE_BYTES, rule.file_bytes_max),
        network,
        targets,
        require: Vec::new(),
        ..rule.clone()
    }
}

fn files(rules: &Rules, observed: &[Observed]) -> Vec<FileTree> {
    let mut trees: BTreeMap<PathBuf, FileTree> = BTreeMap::new();
    let mut add = |path: PathBuf, had: &FileTree, access: FileAccess, bytes: u64| {
        let tree = trees.entry(path.clone()).or_insert_with(|| FileTree {
            path,
            read: false,
            write: false,
            append: false,
            bytes_max: 0,
            files_max: 0,
            origin: had.origin.clone(),
        });
        match access {
            FileAccess::Read => tree.read = true,
            FileAccess::Write => tree.write = true,
            FileAccess::Append => tree.append = true,
        }
        // What is used, until all of it is known.
        tree.bytes_max = tree.bytes_max.saturating_add(bytes);
        tree.files_max += u64::from(access != FileAccess::Read);
    };
    let holder = |path: &PathBuf| {
        let around = rules
            .files
            .iter()
            .filter(|tree| path.starts_with(&tree.path));
        around.max_by_key(|tree| tree.path.as_os_str().len())
    };
    let touched: Vec<(&PathBuf, FileAccess, u64)> = observed
        .iter()
        .filter_map(|observed| match observed {
            Observed::File {
                path,
                access,
                bytes,
            } => Some((path, *access, *bytes)),
            _ => None,
        })
        .collect();
    let mut directories: Vec<_> = touched
        .iter()
        .filter_map(|(path, _, _)| path.parent())
        .collect();
    directories.sort_unstable();
    directories.dedup();
    for (path, access, bytes) in &touched {
        let Some(had) = holder(path) else {
            continue;
        };
        let directory = match path.parent().filter(|_| directories.len() <= LIST_MAX) {
            Some(parent) => parent.to_owned(),
            None => had.path.clone(),
        };
        add(directory, had, *access, *bytes);
    }
    let trees = trees.into_values().map(|tree| {
        let had = holder(&tree.path);
        FileTree {
            bytes_max: least(
                &TREE_BYTES,
                tree.bytes_max,
                had.map_or(0, |had| had.bytes_max),
            ),
            files_max: least(
                &TREE_FILES,
                tree.files_max,
                had.map_or(0, |had| had.files_max),
            ),
            ..tree
        }
    });
    trees.collect()
}

fn signals(rules: &Rules, observed: &[Observed]) -> Vec<SignalRule> {
    let mut learned: Vec<SignalRule> = Vec::new();
    for (rule, signal) in observed.iter().filter_map(|observed| match observed {
        Observed::Signal { rule, signal } => Some((rules.signals.get(*rule)?, signal)),
        _ => None,
    }) {
        let known = learned
            .iter_mut()
            .find(|known| known.program == rule.program);
        match known {
            Some(known) if known.signals.contains(signal) => {}
            Some(known) => {
                known.signals.push(signal.clone());
                known.signals.sort_unstable();
            }
            None => learned.push(SignalRule {
                uid: None,
                process: None,
                signals: vec![signal.clone()],
                ..rule.clone()
            }),
        }
    }
    learned
}

fn artifacts(had: Option<&ArtifactGrant>, observed: &[Observed]) -> Option<ArtifactGrant> {
    let sizes = observed.iter().filter_map(|observed| match observed {
        Observed::Artifact { bytes } => Some(*bytes),
        _ => None,
    });
    let (count, bytes) = sizes.fold((0_u64, 0_u64), |(count, total), bytes| {
        (count + 1, total.saturating_add(bytes))
    });
    let had = had.filter(|_| count > 0)?;
    Some(ArtifactGrant {
        bytes_max: least(&ARTIFACT_BYTES, bytes, had.bytes_max),
        count_max: least(&ARTIFACT_COUNT, count, had.count_max),
        origin: had.origin.clone(),
    })
}

fn secrets(rules: &Rules, exec: &[ExecRule], observed: &[Observed]) -> Vec<SecretGrant> {
    let is_used = |secret: &&SecretGrant| {
        let of_program = |(_, value): &(String, EnvValue)| matches!(value, EnvValue::Secret(name) if *name == secret.name);
        exec.iter().any(|rule| rule.env.iter().any(of_program))
            || observed.iter().any(
                |observed| matches!(observed, Observed::Secret { name } if *name == secret.name),
            )
    };
    rules.secrets.iter().filter(is_used).cloned().collect()
}

/// A capsule is accepted only if all its imports are granted, also those that it did not use. For
/// those a rule stands there that allows nothing, except for artifacts.
fn linkable(mut rules: Rules, needs: CapabilitySet) -> Rules {
    let unused = || PathBuf::from(UNUSED);
    for capability in needs.minus(rules.grants()).iter() {
        match capability {
            Capability::Artifact => {
                rules.artifacts = Some(ArtifactGrant {
                    bytes_max: ARTIFACT_BYTES.default,
                    count_max: ARTIFACT_COUNT.default,
                    origin: Origin::default(),
                });
            }
            Capability::Exec => rules.exec.push(unused_rule()),
            Capability::FileRead | Capability::FileWrite => {
                let is_read = capability == Capability::FileRead;
                let known = rules.files.iter().position(|tree| tree.path == unused());
                let tree = known.map(|index| rules.files.remove(index));
                rules.files.push(FileTree {
                    path: unused(),
                    read: is_read || tree.is_some_and(|tree| tree.read),
                    write: !is_read,
                    append: false,
                    bytes_max: TREE_BYTES.default,
                    files_max: TREE_FILES.default,
                    origin: Origin::default(),
                });
            }
            Capability::ProcessSignal => rules.signals.push(SignalRule {
                program: unused(),
                uid: None,
                process: None,
                signals: vec!["TERM".to_owned()],
                origin: Origin::default(),
            }),
            Capability::Secret => rules.secrets.push(SecretGrant {
                name: "unused".to_owned(),
                source: SecretSource::File(unused()),
                origin: Origin::default(),
            }),
            Capability::Base64
            | Capability::Hash
            | Capability::Json
            | Capability::Random
            | Capability::Time => {}
        }
    }
    rules
}

/// Where nothing is.
const UNUSED: &str = "/nonexistent/unused";

/// A rule for a program that is not there.
fn unused_rule() -> ExecRule {
    let small = |key: &AmountKey| u32::try_from(key.default).unwrap_or(u32::MAX);
    ExecRule {
        name: "unused".to_owned(),
        program: PathBuf::from(UNUSED),
        follow: false,
        blake3: None,
        arguments: Vec::new(),
        bounds: Vec::new(),
        env: Vec::new(),
        pass_env: Vec::new(),
        cwd: PathBuf::from("/"),
        stdin: false,
        stdin_bytes_max: STDIN_BYTES.default,
        stdout_bytes_max: STDOUT_BYTES.default,
        stderr_bytes_max: STDERR_BYTES.default,
        deadline_ms: DEADLINE.default,
        concurrency_max: small(&CONCURRENCY),
        memory_bytes_max: MEMORY.default,
        processes_max: small(&PROCESSES),
        file_bytes_max: FILE_BYTES.default,
        network: NetworkScope::None,
        targets: Vec::new(),
        read: Vec::new(),
        write: Vec::new(),
        require: Vec::new(),
        origin: Origin::default(),
    }
}
