//! Policies, capsules and programs of steps: what the machine has to have before a run.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use tenzik_policy::{EffectCode, LIMIT_FIELDS, LimitField, Policy, decide_exec};

use crate::place::{Place, Problem};
use crate::scenario::{Common, Located, Scenario, ValueTemplate};

use super::world::{CapsuleFacts, Missing, PlanWorld, ProgramFacts};
use super::{NodeIndex, StagePlan, ToolUse};

/// The adapter of steps that name none.
const LOCAL: &str = "local";

/// A policy by its name, and the limits that a step changes.
type PolicyKey = (Option<String>, Vec<(String, u64)>);

/// Asks the machine once for each thing.
pub(super) struct Stages<'a> {
    world: &'a dyn PlanWorld,
    named: BTreeMap<&'a str, Option<Arc<Policy>>>,
    limited: HashMap<PolicyKey, Option<Arc<Policy>>>,
    capsules: HashMap<(String, *const Policy), Result<CapsuleFacts, Missing>>,
    programs: HashMap<PathBuf, Result<ProgramFacts, Missing>>,
    /// The programs that steps may start.
    pub(super) tools: Vec<ToolUse>,
}

impl<'a> Stages<'a> {
    /// Reads the policies of a scenario.
    pub(super) fn new(
        scenario: &'a Scenario,
        world: &'a dyn PlanWorld,
        problems: &mut Vec<Problem>,
    ) -> Stages<'a> {
        let mut named = BTreeMap::new();
        for (name, path) in &scenario.policies {
            let policy = match world.policy(&path.value) {
                Ok(policy) => Some(Arc::new(policy)),
                Err(missing) => {
                    problems.push(problem(path.place, missing));
                    None
                }
            };
            named.insert(name.value.as_str(), policy);
        }
        Stages {
            world,
            named,
            limited: HashMap::new(),
            capsules: HashMap::new(),
            programs: HashMap::new(),
            tools: Vec::new(),
        }
    }

    /// Commitments of the policies by their names, for the digest of the plan.
    pub(super) fn commits(&self) -> Vec<(String, [u8; 32])> {
        let commit = |policy: &Arc<Policy>| *policy.commit().as_bytes();
        let named = self.named.iter();
        let mut commits: Vec<(String, [u8; 32])> = named
            .filter_map(|(name, policy)| Some(((*name).to_owned(), commit(policy.as_ref()?))))
            .collect();
        commits.push((
            String::new(),
            *self.world.default_policy().commit().as_bytes(),
        ));
        commits
    }

    /// The policy of a step, with its own limits.
    pub(super) fn policy(
        &mut self,
        common: &Common,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Policy>> {
        let limits = common.limits.iter();
        let key = (
            common.grants.as_ref().map(|name| name.value.clone()),
            limits
                .map(|(name, value)| (name.value.clone(), *value))
                .collect(),
        );
        if let Some(known) = self.limited.get(&key) {
            return known.clone();
        }
        let policy = self.named_policy(common, problems);
        let policy = policy.and_then(|policy| self.with_limits(policy, common, problems));
        self.limited.insert(key, policy.clone());
        policy
    }

    fn named_policy(&self, common: &Common, problems: &mut Vec<Problem>) -> Option<Arc<Policy>> {
        let Some(name) = &common.grants else {
            return Some(Arc::new(self.world.default_policy()));
        };
        match self.named.get(name.value.as_str()) {
            Some(policy) => policy.clone(),
            None => {
                let otherwise = "add it to policies: at the top of the scenario";
                problems.push(Problem::new(
                    name.place,
                    "unknown_policy",
                    format!(
                        "there is no policy {}",
                        tenzik_capsule::escaped(&name.value)
                    ),
                    crate::nearest::remedy(&name.value, self.named.keys().copied(), otherwise),
                ));
                None
            }
        }
    }

    fn with_limits(
        &self,
        policy: Arc<Policy>,
        common: &Common,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Policy>> {
        if common.limits.is_empty() {
            return Some(policy);
        }
        let mut changed = Policy::clone(&policy);
        for (name, value) in &common.limits {
            let Some(field) = LimitField::named(&name.value) else {
                let known = LIMIT_FIELDS.iter().map(|field| field.name);
                problems.push(Problem::new(
                    name.place,
                    "unknown_key",
                    format!("there is no limit {}", tenzik_capsule::escaped(&name.value)),
                    crate::nearest::remedy(&name.value, known, "docs/limits.md has the names"),
                ));
                return None;
            };
            let set = field.value(&policy.limits);
            if common.grants.is_some() && *value > set {
                problems.push(Problem::new(
                    name.place,
                    "limit_raised",
                    format!(
                        "{} is {value}, and the step's policy allows {set}",
                        name.value
                    ),
                    "raise it in the policy: a scenario only lowers what a policy says",
                ));
                return None;
            }
            field.set(&mut changed.limits, *value);
        }
        if let Err(error) = changed.limits.check() {
            let place = common
                .limits
                .first()
                .map_or_else(Place::default, |(name, _)| name.place);
            problems.push(Problem::new(
                place,
                "bad_value",
                error.to_string(),
                "choose a value inside the range",
            ));
            return None;
        }
        Some(Arc::new(self.world.bounded(changed)))
    }

    /// A capsule under a policy.
    pub(super) fn stage(
        &mut self,
        capsule: &Located<String>,
        common: &Common,
        policy: &Arc<Policy>,
        problems: &mut Vec<Problem>,
    ) -> Option<StagePlan> {
        // Policies live as long as this, so their addresses tell them apart.
        let key = (capsule.value.clone(), Arc::as_ptr(policy));
        let world = self.world;
        let facts = self
            .capsules
            .entry(key)
            .or_insert_with(|| world.capsule(&capsule.value, policy));
        let facts = match facts {
            Ok(facts) => facts.clone(),
            Err(missing) => {
                problems.push(problem(capsule.place, missing.clone()));
                return None;
            }
        };
        Some(StagePlan {
            capsule: facts.word,
            capsule_id: facts.id,
            policy: Arc::clone(policy),
            policy_name: common.grants.as_ref().map(|name| name.value.clone()),
            is_pure: facts.needs.iter().all(|capability| capability.is_pure()),
            adapter: self.adapter(common, problems)?,
        })
    }

    fn adapter(&self, common: &Common, problems: &mut Vec<Problem>) -> Option<String> {
        let Some(name) = &common.on else {
            return Some(LOCAL.to_owned());
        };
        let known = self.world.adapters();
        if known.contains(&name.value.as_str()) {
            return Some(name.value.clone());
        }
        problems.push(Problem::new(
            name.place,
            "unknown_adapter",
            format!(
                "there is no adapter {}",
                tenzik_capsule::escaped(&name.value)
            ),
            format!("write one of {}", known.join(", ")),
        ));
        None
    }

    /// Makes sure that the rules of this name, of which there has to be one, have their program.
    pub(super) fn tool(
        &mut self,
        node: NodeIndex,
        name: &str,
        place: Place,
        stage: &StagePlan,
        arguments: String,
        problems: &mut Vec<Problem>,
    ) {
        let rules = stage
            .policy
            .rules
            .exec
            .iter()
            .filter(|rule| rule.name == name);
        let mut programs: Vec<&PathBuf> = rules.map(|rule| &rule.program).collect();
        programs.dedup();
        if programs.is_empty() {
            let policy = stage.policy_name.as_deref().unwrap_or("default");
            let refused = Missing {
                code: EffectCode::Exec.code(),
                message: format!(
                    "the policy {policy} has no [[exec]] rule named {}",
                    tenzik_capsule::escaped(name)
                ),
                remedy: "add a rule to the policy, or name another policy in grants:".to_owned(),
            };
            problems.push(problem(place, refused));
            return;
        }
        for program in programs {
            let world = self.world;
            let facts = self
                .programs
                .entry(program.clone())
                .or_insert_with(|| world.program(program));
            match facts {
                Ok(facts) => self.tools.push(ToolUse {
                    node,
                    name: name.to_owned(),
                    program: facts.clone(),
                    arguments: arguments.clone(),
                }),
                Err(missing) => problems.push(problem(place, missing.clone())),
            }
        }
    }

    /// The adapter, policy and secret of a `secret` step.
    pub(super) fn secret(
        &mut self,
        name: &Located<String>,
        policy: &Arc<Policy>,
        problems: &mut Vec<Problem>,
    ) {
        let secrets = policy.rules.secrets.iter();
        let known: Vec<&str> = secrets.map(|secret| secret.name.as_str()).collect();
        if !known.contains(&name.value.as_str()) {
            let otherwise = "add [secrets.NAME] to the policy, and name that in grants:";
            problems.push(Problem::new(
                name.place,
                "unknown_secret",
                format!(
                    "the step's policy has no secret {}",
                    tenzik_capsule::escaped(&name.value)
                ),
                crate::nearest::remedy(&name.value, known, otherwise),
            ));
        }
    }
}

/// Refuses arguments that are known now and that no rule admits.
pub(super) fn check_arguments(
    argv: &[ValueTemplate],
    stage: &StagePlan,
    place: Place,
    problems: &mut Vec<Problem>,
) {
    let Some(literal) = argv
        .iter()
        .map(literal_text)
        .collect::<Option<Vec<String>>>()
    else {
        return;
    };
    if let Err(refusal) = decide_exec(&stage.policy.rules, &literal) {
        let refused = Missing {
            code: refusal.code,
            message: refusal.message,
            remedy: refusal.remedy,
        };
        problems.push(problem(place, refused));
    }
}

/// The text of a value that has no expression.
pub(super) fn literal_text(value: &ValueTemplate) -> Option<String> {
    match value {
        ValueTemplate::Text(template) => template.literal().map(str::to_owned),
        ValueTemplate::Literal(value, _) => match value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            serde_json::Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        },
        ValueTemplate::List(..) | ValueTemplate::Map(..) => None,
    }
}

fn problem(place: Place, missing: Missing) -> Problem {
    // Codes of capsules and policies have lists of their own.
    Problem {
        place,
        code: missing.code,
        message: missing.message,
        remedy: missing.remedy,
    }
}
