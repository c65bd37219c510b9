//! A policy under the ceilings of operators. Nothing here widens anything.

mod exec;
mod files;

use std::sync::Arc;

use tenzik_host_abi::{Capability, CapabilitySet};

use crate::ceiling::Ceiling;
use crate::effect_refusal::cited;
use crate::limits::{LIMIT_FIELDS, Limits};
use crate::path::shown;
use crate::policy::Policy;
use crate::rules::{ArtifactGrant, Origin, Rules, SecretGrant, SignalRule};

/// Narrowings that are kept for explanations.
const NARROWINGS_MAX: usize = 1_000;

/// What is left of a policy, and what was taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The policy that holds.
    pub policy: Policy,
    /// What ceilings took, in the order of ceilings and of the policy.
    pub narrowings: Vec<Narrowing>,
}

/// One thing that a policy asks and a ceiling does not allow, or not wholly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// The capability that it is about; `None` for a limit.
    pub capability: Option<Capability>,
    /// The rule that it is about; `None` for a limit and for a pure capability.
    pub rule: Option<Origin>,
    /// What is narrowed: the name of a limit or capability, or a rule and its key.
    pub what: String,
    /// What the policy asks.
    pub asked: String,
    /// What is left.
    pub left: String,
    /// Where the ceiling bounds it.
    pub by: Origin,
}

impl Policy {
    /// What of this policy is left under all `ceilings`. Without any it is the policy itself.
    #[must_use]
    pub fn under(&self, ceilings: &[Ceiling]) -> Policy {
        self.narrowed(ceilings).policy
    }

    /// The same as [`under`](Policy::under), with what was taken and by which ceiling.
    pub fn narrowed(&self, ceilings: &[Ceiling]) -> Effective {
        let mut notes = Notes::default();
        let mut policy = self.clone();
        for ceiling in ceilings {
            policy = narrow(&policy, ceiling, &mut notes);
        }
        Effective {
            policy,
            narrowings: notes.narrowings,
        }
    }
}

/// What was taken so far.
#[derive(Default)]
struct Notes {
    narrowings: Vec<Narrowing>,
}

impl Notes {
    fn add(
        &mut self,
        subject: Subject,
        (asked, left): (impl Into<String>, impl Into<String>),
        by: &Origin,
    ) {
        if self.narrowings.len() < NARROWINGS_MAX {
            self.narrowings.push(Narrowing {
                capability: subject.capability,
                rule: subject.rule,
                what: subject.what,
                asked: asked.into(),
                left: left.into(),
                by: by.clone(),
            });
        }
    }
}

/// What a narrowing is about.
struct Subject {
    capability: Option<Capability>,
    rule: Option<Origin>,
    what: String,
}

impl Subject {
    fn limit(name: &str) -> Subject {
        Subject {
            capability: None,
            rule: None,
            what: name.to_owned(),
        }
    }

    fn pure(capability: Capability) -> Subject {
        Subject {
            capability: Some(capability),
            rule: None,
            what: capability.name().to_owned(),
        }
    }

    fn rule(capability: Capability, origin: &Origin, name: &str) -> Subject {
        Subject {
            capability: Some(capability),
            rule: Some(origin.clone()),
            what: cited(origin, name),
        }
    }
}

fn narrow(policy: &Policy, ceiling: &Ceiling, notes: &mut Notes) -> Policy {
    let limits = limits(&policy.limits, ceiling, notes);
    let pure = pure(policy.grants, ceiling, notes);
    let asked = &policy.rules;
    let secrets = secrets(&asked.secrets, ceiling, notes);
    let rules = Rules {
        exec: exec::meet(&asked.exec, ceiling, &secrets, notes),
        files: files::meet(&asked.files, ceiling, notes),
        signals: signals(&asked.signals, ceiling, notes),
        artifacts: artifacts(asked.artifacts.as_ref(), ceiling, notes),
        secrets,
    };
    // An effect that was denied stays denied, whatever the rules.
    let effects = policy.grants.intersection(rules.grants());
    Policy {
        limits,
        grants: pure.union(effects),
        rules: Arc::new(rules),
    }
}

fn limits(asked: &Limits, ceiling: &Ceiling, notes: &mut Notes) -> Limits {
    let mut limits = asked.clone();
    for field in LIMIT_FIELDS {
        let (own, most) = (field.value(asked), field.value(ceiling.limits()));
        if most < own {
            field.set(&mut limits, most);
            let values = (own.to_string(), most.to_string());
            let by = ceiling.limit_origin(field.name);
            notes.add(Subject::limit(field.name), values, &by);
        }
    }
    limits
}

fn pure(grants: CapabilitySet, ceiling: &Ceiling, notes: &mut Notes) -> CapabilitySet {
    let asked = grants.intersection(CapabilitySet::of(&Capability::PURE));
    for lost in asked.minus(ceiling.pure()).iter() {
        let change = ("granted", "nothing");
        notes.add(Subject::pure(lost), change, &ceiling.pure_origin());
    }
    asked.intersection(ceiling.pure())
}

/// A secret is what its source is, whatever its name.
fn secrets(asked: &[SecretGrant], ceiling: &Ceiling, notes: &mut Notes) -> Vec<SecretGrant> {
    let allowed = &ceiling.others().secrets;
    let mut kept = Vec::new();
    for secret in asked {
        if allowed.iter().any(|other| other.source == secret.source) {
            kept.push(secret.clone());
            continue;
        }
        let name = format!("secret {}", secret.name);
        notes.add(
            Subject::rule(Capability::Secret, &secret.origin, &name),
            (
                "granted",
                "nothing: no secret of the ceiling has this source",
            ),
            &ceiling.whole(),
        );
    }
    kept
}

fn artifacts(
    asked: Option<&ArtifactGrant>,
    ceiling: &Ceiling,
    notes: &mut Notes,
) -> Option<ArtifactGrant> {
    let asked = asked?;
    let subject = |key: &str| {
        let name = format!("[artifacts]{key}");
        Subject::rule(Capability::Artifact, &asked.origin, &name)
    };
    let Some(most) = &ceiling.others().artifacts else {
        let change = ("granted", "nothing: the ceiling has no [artifacts]");
        notes.add(subject(""), change, &ceiling.whole());
        return None;
    };
    let mut min = |key: &str, own: u64, most_of_it: u64| {
        if most_of_it < own {
            let change = (own.to_string(), most_of_it.to_string());
            notes.add(subject(key), change, &most.origin);
        }
        own.min(most_of_it)
    };
    Some(ArtifactGrant {
        bytes_max: min(" bytes", asked.bytes_max, most.bytes_max),
        count_max: min(" count", asked.count_max, most.count_max),
        origin: asked.origin.clone(),
    })
}

fn signals(asked: &[SignalRule], ceiling: &Ceiling, notes: &mut Notes) -> Vec<SignalRule> {
    let mut kept: Vec<SignalRule> = Vec::new();
    for rule in asked {
        let name = shown(&rule.program);
        let subject = || Subject::rule(Capability::ProcessSignal, &rule.origin, &name);
        let before = kept.len();
        for other in &ceiling.others().signals {
            let Some(met) = meet_signals(rule, other) else {
                continue;
            };
            if met != *rule {
                let change = (described(rule), described(&met));
                notes.add(subject(), change, &other.origin);
            }
            if !kept.contains(&met) && kept.len() < exec::RULES_MAX {
                kept.push(met);
            }
        }
        if kept.len() == before && !kept.iter().any(|known| known.origin == rule.origin) {
            let change = (
                described(rule),
                "nothing: no rule of the ceiling admits it".to_owned(),
            );
            notes.add(subject(), change, &ceiling.whole());
        }
    }
    kept
}

fn meet_signals(rule: &SignalRule, other: &SignalRule) -> Option<SignalRule> {
    let signals = rule
        .signals
        .iter()
        .filter(|signal| other.signals.contains(signal));
    let met = SignalRule {
        program: rule.program.clone(),
        uid: meet_options(rule.uid, other.uid)?,
        process: meet_options(rule.process, other.process)?,
        signals: signals.cloned().collect(),
        origin: rule.origin.clone(),
    };
    (rule.program == other.program && !met.signals.is_empty()).then_some(met)
}

/// What fits both, where `None` fits everything; `None` if nothing does.
fn meet_options<T: PartialEq>(own: Option<T>, other: Option<T>) -> Option<Option<T>> {
    match (own, other) {
        (None, any) | (any, None) => Some(any),
        (Some(own), Some(other)) => (own == other).then_some(Some(own)),
    }
}

fn described(rule: &SignalRule) -> String {
    let mut text = rule.signals.join(", ");
    if let Some(uid) = rule.uid {
        text += &format!(" of user {uid}");
    }
    if let Some((pid, start)) = rule.process {
        text += &format!(" to process {pid} started at {start}");
    }
    text
}
