//! `tenzik policy explain`: what a capsule asks for, what a policy grants, what ceilings leave of it.

use std::ffi::OsString;

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::policy::{
    Ceiling, FileTree, LIMIT_FIELDS, LimitField, Narrowing, Origin, Rules,
};
use tenzik_runtime::{Capability, CapabilitySet, Examination, Policy};

use super::check::{commit, narrowed_line, narrowed_object};
use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::json;
use crate::policy_arguments::{LimitArguments, PolicyArguments, Resolved};
use crate::printer::{self, grouped};

/// Show what a capsule asks for, what a policy grants, and what ceilings leave of it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tenzik policy explain nmap-scan --policy nmap.toml\n  tenzik policy explain nmap-scan --policy nmap.toml --ceiling team.toml --json\n\n\
    The exit code is that which tenzik validate would have under this policy."
)]
pub(crate) struct ExplainArguments {
    /// Path of a module (with a /, or ending in .wasm or .wat), or name of an embedded capsule.
    #[arg(value_name = "CAPSULE")]
    capsule: OsString,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    limits: LimitArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ExplainArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let source = CapsuleSource::of(&arguments.capsule)?;
    let resolved = arguments.policy.resolve(&arguments.limits)?;
    let examination = source.examine(&resolved.effective.policy)?;
    let exit = examination
        .first_error()
        .map_or(ExitCode::Ok, |finding| ExitCode::from(finding.code.class()));
    let explanation = Explanation {
        policy: match arguments.policy.profile_name() {
            Some(profile) => format!("profile {profile}"),
            None => resolved
                .file
                .as_ref()
                .map_or_else(String::new, |file| file.file.to_string()),
        },
        asks: examination.validation().needs(),
        claims: examination
            .validation()
            .capsule()
            .and_then(|capsule| capsule.manifest())
            .map(|manifest| manifest.needs()),
        resolved: &resolved,
    };
    if arguments.json {
        printer::json(&explanation.object(&source, &examination, exit));
    } else {
        explanation.print(&source, &examination);
    }
    Ok(exit)
}

struct Explanation<'a> {
    /// What the policy is called.
    policy: String,
    /// What the imports need.
    asks: CapabilitySet,
    /// What the manifest claims, if there is one.
    claims: Option<CapabilitySet>,
    resolved: &'a Resolved,
}

/// One capability in all respects.
struct Row<'a> {
    capability: Capability,
    is_asked: bool,
    is_claimed: Option<bool>,
    /// What grants a pure capability.
    granted_by: Option<String>,
    /// What the policy says about an effect.
    rules: Vec<Rule<'a>>,
    /// What ceilings took of the capability as a whole.
    narrowings: Vec<&'a Narrowing>,
    is_effective: bool,
}

/// A rule, and what is left of it.
struct Rule<'a> {
    origin: &'a Origin,
    name: String,
    narrowings: Vec<&'a Narrowing>,
    is_effective: bool,
}

impl Explanation<'_> {
    fn effective(&self) -> &Policy {
        &self.resolved.effective.policy
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let rows = Capability::ALL.into_iter().map(|capability| {
            let narrowings = self.resolved.effective.narrowings.iter();
            let of_it = |narrowing: &&Narrowing| {
                narrowing.capability == Some(capability) && narrowing.rule.is_none()
            };
            let is_claimed = self.claims.map(|claims| claims.contains(capability));
            let is_granted = self.resolved.asked.grants.contains(capability);
            Row {
                capability,
                is_asked: self.asks.contains(capability),
                is_claimed,
                granted_by: (is_granted && capability.is_pure())
                    .then(|| self.pure_granted_by(capability)),
                rules: self.rules(capability),
                narrowings: narrowings.filter(of_it).collect(),
                is_effective: self.asks.contains(capability)
                    && is_claimed != Some(false)
                    && self.effective().grants.contains(capability),
            }
        });
        rows.collect()
    }

    /// The rules that grant an effect.
    fn rules(&self, capability: Capability) -> Vec<Rule<'_>> {
        let left = named(&self.effective().rules, capability);
        let asked = named(&self.resolved.asked.rules, capability).into_iter();
        let rules = asked.map(|(origin, name)| {
            let narrowings = self.resolved.effective.narrowings.iter();
            Rule {
                origin,
                name,
                narrowings: narrowings
                    .filter(|narrowing| narrowing.rule.as_ref() == Some(origin))
                    .collect(),
                is_effective: left.iter().any(|(other, _)| *other == origin)
                    || self.has_tree_below(origin, capability),
            }
        });
        rules.collect()
    }

    /// Whether a ceiling leaves something below the tree that stands there, though not the whole tree.
    fn has_tree_below(&self, origin: &Origin, capability: Capability) -> bool {
        let grants = |tree: &&FileTree| match capability {
            Capability::FileRead => tree.read,
            Capability::FileWrite => tree.write || tree.append,
            _ => false,
        };
        let mut asked = self.resolved.asked.rules.files.iter();
        let Some(tree) = asked.find(|tree| tree.origin == *origin) else {
            return false;
        };
        let mut left = self.effective().rules.files.iter().filter(grants);
        left.any(|other| other.path.starts_with(&tree.path))
    }

    fn pure_granted_by(&self, capability: Capability) -> String {
        if !self.resolved.start.grants.contains(capability) {
            return "--grant".to_owned();
        }
        let file = self.resolved.file.as_ref();
        let origin = file.and_then(|file| {
            let profile = file.profile.as_ref().map(|(_, origin)| origin);
            file.grants.as_ref().or(profile)
        });
        origin.map_or_else(|| self.policy.clone(), ToString::to_string)
    }

    /// Where a limit is set.
    fn limit_set_by(&self, field: &LimitField) -> String {
        let of = |policy: &Policy| field.value(&policy.limits);
        if of(&self.resolved.asked) != of(&self.resolved.start) {
            return "the command line".to_owned();
        }
        let Some(file) = &self.resolved.file else {
            return self.policy.clone();
        };
        let own = file.limits.iter().find(|(known, _)| *known == field.name);
        let profile = file.profile.as_ref().map(|(_, origin)| origin);
        match own.map(|(_, origin)| origin).or(profile) {
            Some(origin) => origin.to_string(),
            None => "profile default".to_owned(),
        }
    }

    fn print(&self, source: &CapsuleSource, examination: &Examination) {
        line("capsule", &source.shown());
        line("policy", &self.policy);
        for ceiling in &self.resolved.ceilings {
            line("ceiling", ceiling.file());
        }
        for row in self.rows() {
            if row.is_asked || row.granted_by.is_some() || !row.rules.is_empty() {
                row.print();
            }
        }
        for field in LIMIT_FIELDS {
            let (asked, left) = (&self.resolved.asked, self.effective());
            let (asked, left) = (field.value(&asked.limits), field.value(&left.limits));
            let set_by = self.limit_set_by(field);
            let by = self.narrowed_limit(field).map(|narrowing| &narrowing.by);
            match by {
                None => line(field.name, &format!("{} by {set_by}", grouped(asked))),
                Some(by) => line(
                    field.name,
                    &format!(
                        "{} by {by}, of {} by {set_by}",
                        grouped(left),
                        grouped(asked)
                    ),
                ),
            }
        }
        line("policy_commit", &commit(self.effective()));
        match examination.first_error() {
            None => printer::result("The capsule may run under this policy."),
            Some(first) => {
                printer::error(
                    &format!("{}: {}", source.shown(), first.message),
                    &first.remedy,
                );
            }
        }
    }

    /// What bounds a limit most: the last ceiling that lowered it.
    fn narrowed_limit(&self, field: &LimitField) -> Option<&Narrowing> {
        let narrowings = self.resolved.effective.narrowings.iter();
        narrowings
            .rev()
            .find(|narrowing| narrowing.capability.is_none() && narrowing.what == field.name)
    }

    fn object(&self, source: &CapsuleSource, examination: &Examination, exit: ExitCode) -> Value {
        let limits = LIMIT_FIELDS.iter().map(|field| {
            let mut object = json!({
                "name": field.name,
                "asked": field.value(&self.resolved.asked.limits),
                "set_by": self.limit_set_by(field),
                "effective": field.value(&self.effective().limits),
            });
            if let Some(narrowing) = self.narrowed_limit(field) {
                object["by"] = json!(narrowing.by.to_string());
            }
            object
        });
        let ceilings = self.resolved.ceilings.iter().map(Ceiling::file);
        json!({
            "exit": exit.number(),
            "capsule": source.shown(),
            "accepted": exit == ExitCode::Ok,
            "policy": self.policy,
            "policy_commit": commit(self.effective()),
            "ceilings": ceilings.collect::<Vec<_>>(),
            "capabilities": self.rows().iter().map(Row::object).collect::<Vec<_>>(),
            "limits": limits.collect::<Vec<_>>(),
            "findings": examination.findings().iter().map(json::finding).collect::<Vec<_>>(),
        })
    }
}

fn line(name: &str, text: &str) {
    printer::result(&format!("{name:<17}{text}"));
}

/// The rules about an effect, with what people call them.
fn named(rules: &Rules, capability: Capability) -> Vec<(&Origin, String)> {
    let trees = |is_granted: fn(&FileTree) -> bool| -> Vec<(&Origin, String)> {
        let trees = rules.files.iter().filter(|tree| is_granted(tree));
        trees
            .map(|tree| (&tree.origin, shown(&tree.path)))
            .collect()
    };
    match capability {
        Capability::Artifact => {
            let grant = rules.artifacts.iter();
            grant
                .map(|grant| (&grant.origin, "[artifacts]".to_owned()))
                .collect()
        }
        Capability::Exec => {
            let rules = rules.exec.iter();
            rules
                .map(|rule| {
                    let name = format!("{} ({})", rule.name, shown(&rule.program));
                    (&rule.origin, name)
                })
                .collect()
        }
        Capability::FileRead => trees(|tree| tree.read),
        Capability::FileWrite => trees(|tree| tree.write || tree.append),
        Capability::ProcessSignal => {
            let rules = rules.signals.iter();
            rules
                .map(|rule| (&rule.origin, shown(&rule.program)))
                .collect()
        }
        Capability::Secret => {
            let secrets = rules.secrets.iter();
            secrets
                .map(|secret| (&secret.origin, secret.name.clone()))
                .collect()
        }
        Capability::Base64
        | Capability::Hash
        | Capability::Json
        | Capability::Random
        | Capability::Time => Vec::new(),
    }
}

impl Row<'_> {
    fn print(&self) {
        let asked = match (self.is_asked, self.is_claimed) {
            (true, Some(false)) => "asked for, not claimed by its manifest",
            (true, _) => "asked for",
            (false, _) => "not asked for",
        };
        let granted = match (&self.granted_by, self.rules.len()) {
            (Some(by), _) => format!("granted by {by}"),
            (None, 0) => "not granted".to_owned(),
            (None, 1) => "granted by a rule".to_owned(),
            (None, count) => format!("granted by {count} rules"),
        };
        let word = if self.is_effective { "yes" } else { "no" };
        line(
            self.capability.name(),
            &format!("{word:<4} {asked}, {granted}"),
        );
        for narrowing in &self.narrowings {
            line("", &format!("     {}", narrowed_line(narrowing)));
        }
        for rule in &self.rules {
            let left = match (rule.is_effective, rule.narrowings.is_empty()) {
                (true, true) => "as it stands",
                (true, false) => "narrowed",
                (false, _) => "nothing left",
            };
            line("", &format!("     {} {}: {left}", rule.origin, rule.name));
            for narrowing in &rule.narrowings {
                line("", &format!("       {}", narrowed_line(narrowing)));
            }
        }
    }

    fn object(&self) -> Value {
        let objects = |narrowings: &[&Narrowing]| -> Vec<Value> {
            let narrowings = narrowings.iter();
            narrowings
                .map(|narrowing| narrowed_object(narrowing))
                .collect()
        };
        let rules = self.rules.iter().map(|rule| {
            json!({
                "at": rule.origin.to_string(),
                "name": rule.name,
                "effective": rule.is_effective,
                "narrowed": objects(&rule.narrowings),
            })
        });
        let mut object = json!({
            "name": self.capability.name(),
            "asked": self.is_asked,
            "rules": rules.collect::<Vec<_>>(),
            "narrowed": objects(&self.narrowings),
            "effective": self.is_effective,
        });
        if let Some(by) = &self.granted_by {
            object["granted_by"] = json!(by);
        }
        if let Some(is_claimed) = self.is_claimed {
            object["claimed"] = json!(is_claimed);
        }
        object
    }
}
