//! From a scenario to a plan, or to everything that is wrong with it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use tenzik_policy::Policy;

use crate::cel::{Environment, Expression, Root};
use crate::place::{Place, Problem};
use crate::scenario::{
    Common, Effect, Located, OnError, Scenario, Step, StepKind, Tool, ValueTemplate,
};

use super::builtin::BUILTIN;
use super::edges::{EdgeFinder, Edges};
use super::flat::Flat;
use super::inputs;
use super::stages::{Stages, check_arguments, literal_text};
use super::world::PlanWorld;
use super::{
    AfterError, Node, NodeIndex, NodeKind, Plan, StagePlan, cycles, names, parameters, targets,
    vars,
};

/// Most problems that are told.
const PROBLEMS_MAX: usize = 100;
/// Jobs at a time where the scenario says nothing.
const CONCURRENCY: u32 = 4;
/// Milliseconds of an attempt where nothing says anything.
const TIMEOUT_MS: u64 = 30_000;
/// Milliseconds that a step has beyond the deadline of its programs.
const BEYOND_DEADLINE_MS: u64 = 5_000;

/// A scenario to be planned.
pub struct PlanRequest<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its text.
    pub source: &'a str,
    /// The directory that its relative paths start from.
    pub directory: PathBuf,
    /// Variables of the command line: names and texts.
    pub vars: &'a [(String, String)],
}

/// Resolves every name of a scenario.
///
/// # Errors
/// At most 100 problems, in the order of their places.
pub fn plan(request: &PlanRequest<'_>, world: &dyn PlanWorld) -> Result<Plan, Vec<Problem>> {
    let scenario = request.scenario;
    let mut problems = Vec::new();
    let flat = Flat::of(scenario, &mut problems);
    let (variables, fixed_vars) = vars::variables(scenario, &flat, request.vars, &mut problems);
    let finder = EdgeFinder::new(scenario, &flat);
    let edges: Vec<Edges> = (0..flat.steps.len())
        .map(|index| finder.edges(index, &mut problems))
        .collect();
    if let Err(problem) = cycles::order(&flat, &edges) {
        problems.push(problem);
    }
    let mut lowering = Lowering {
        scenario,
        directory: &request.directory,
        stages: Stages::new(scenario, world, &mut problems),
        problems,
    };
    let mut nodes = Vec::with_capacity(flat.steps.len());
    for ((index, flat), edges) in flat.steps.iter().enumerate().zip(edges) {
        let node = lowering.node(index, flat.step);
        nodes.extend(node.map(|node| Node {
            parent: flat.parent,
            needs: edges.needs.into_iter().collect(),
            after: edges.after.into_iter().collect(),
            ..node
        }));
    }
    let Lowering {
        stages,
        mut problems,
        ..
    } = lowering;
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.place);
        problems.dedup();
        problems.truncate(PROBLEMS_MAX);
        return Err(problems);
    }
    let digest = digest(request, &stages, &nodes);
    Ok(Plan {
        name: scenario.name.clone(),
        directory: request.directory.clone(),
        digest,
        vars: variables,
        fixed_vars,
        concurrency: scenario.concurrency.unwrap_or(CONCURRENCY),
        timeout_ms: scenario.timeout_ms,
        tools: stages.tools,
        nodes,
    })
}

/// The digest of everything that a plan depends on.
fn digest(request: &PlanRequest<'_>, stages: &Stages<'_>, nodes: &[Node]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(b"tenzik.plan.v1");
    add(request.source.as_bytes());
    for (name, text) in request.vars {
        add(name.as_bytes());
        add(text.as_bytes());
    }
    for (name, commit) in stages.commits() {
        add(name.as_bytes());
        add(&commit);
    }
    for stage in nodes.iter().flat_map(|node| node.kind.stages()) {
        add(stage.capsule.as_bytes());
        add(stage.capsule_id.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

struct Lowering<'a> {
    scenario: &'a Scenario,
    directory: &'a Path,
    stages: Stages<'a>,
    problems: Vec<Problem>,
}

impl Lowering<'_> {
    fn node(&mut self, index: NodeIndex, step: &Step) -> Option<Node> {
        let common = &step.common;
        self.check_reachable(step);
        let policy = self.stages.policy(common, &mut self.problems);
        let kind = self.kind(index, step, policy.as_ref())?;
        let effect = self.effect(step, &kind);
        let timeout_ms = match &kind {
            NodeKind::Let(_) | NodeKind::Assets(_) | NodeKind::If(_) | NodeKind::ForEach { .. } => {
                common.timeout_ms
            }
            _ => Some(common.timeout_ms.unwrap_or_else(|| default_timeout(&kind))),
        };
        Some(Node {
            id: step.id.value.clone(),
            place: step.place,
            name: common.name.clone(),
            parent: None,
            needs: Vec::new(),
            after: Vec::new(),
            when: common.when.clone(),
            kind,
            effect,
            timeout_ms,
            retries: common.retries.clone(),
            on_error: match &common.on_error {
                OnError::Stop => AfterError::Stop,
                OnError::Continue => AfterError::Continue,
                OnError::Fallback(_) => AfterError::Fallback,
            },
            session: common.session.as_ref().map(|session| session.value.clone()),
        })
    }

    fn kind(
        &mut self,
        index: NodeIndex,
        step: &Step,
        policy: Option<&Arc<Policy>>,
    ) -> Option<NodeKind> {
        let common = &step.common;
        Some(match &step.kind {
            StepKind::Let(values) => NodeKind::Let(
                values
                    .iter()
                    .map(|(name, value)| (name.value.clone(), value.clone()))
                    .collect(),
            ),
            StepKind::Assets(groups) => {
                targets::check(groups, &mut self.problems);
                NodeKind::Assets(groups.clone())
            }
            StepKind::Secret(name) => {
                let policy = policy?;
                self.stages.secret(name, policy, &mut self.problems);
                NodeKind::Secret {
                    name: name.value.clone(),
                    policy: Arc::clone(policy),
                }
            }
            StepKind::Run {
                capsule,
                input,
                output,
                seed,
            } => {
                inputs::check(input, self.directory, policy?, &mut self.problems);
                NodeKind::Run {
                    stage: self
                        .stages
                        .stage(capsule, common, policy?, &mut self.problems)?,
                    input: input.clone(),
                    output: *output,
                    seed: *seed,
                }
            }
            StepKind::Exec { argv, output } => {
                let stage = self.exec(step, policy?)?;
                self.check_argv(index, argv, step.place, &stage);
                NodeKind::Exec {
                    stage,
                    argv: argv.clone(),
                    output: *output,
                }
            }
            StepKind::Scan { tool, parameters } => {
                self.scan(index, step, (tool, parameters), policy?)?
            }
            StepKind::If { condition, .. } => NodeKind::If(condition.clone()),
            StepKind::ForEach {
                items,
                binding,
                parallel,
                items_max,
                collect,
                ..
            } => NodeKind::ForEach {
                items: items.clone(),
                index_binding: names::index_binding(&binding.value),
                binding: binding.value.clone(),
                parallel: parallel.unwrap_or(self.scenario.concurrency.unwrap_or(CONCURRENCY)),
                items_max: *items_max,
                collect: collect.clone(),
            },
            StepKind::Report {
                title,
                formats,
                rows,
                columns,
            } => NodeKind::Report {
                title: title.clone(),
                formats: formats.clone(),
                rows: rows.clone(),
                columns: columns.clone(),
            },
        })
    }

    /// The capsule that runs a program.
    fn exec(&mut self, step: &Step, policy: &Arc<Policy>) -> Option<StagePlan> {
        let capsule = Located {
            value: "exec".to_owned(),
            place: step.place,
        };
        self.stages
            .stage(&capsule, &step.common, policy, &mut self.problems)
    }

    fn check_argv(
        &mut self,
        index: NodeIndex,
        argv: &[ValueTemplate],
        place: Place,
        stage: &StagePlan,
    ) {
        let Some(name) = argv.first().and_then(literal_text) else {
            self.problems.push(Problem::new(
                argv.first().map_or(place, ValueTemplate::place),
                "bad_value",
                "the program is not known before the run",
                "write the name of exec rules as the first argument, without an expression",
            ));
            return;
        };
        let place = argv.first().map_or(place, ValueTemplate::place);
        let before = self.problems.len();
        let arguments = shown(argv);
        self.stages
            .tool(index, &name, place, stage, arguments, &mut self.problems);
        if self.problems.len() == before {
            check_arguments(argv, stage, place, &mut self.problems);
        }
    }

    fn scan(
        &mut self,
        index: NodeIndex,
        step: &Step,
        (tool, given): (&Located<String>, &[(Located<String>, ValueTemplate)]),
        policy: &Arc<Policy>,
    ) -> Option<NodeKind> {
        if let Some(row) = self
            .scenario
            .tools
            .iter()
            .find(|row| row.name.value == tool.value)
        {
            return self.tool_scan(index, step, row, (tool, given), policy);
        }
        let Some(builtin) = BUILTIN.iter().find(|builtin| builtin.name == tool.value) else {
            let known = self
                .scenario
                .tools
                .iter()
                .map(|row| row.name.value.as_str());
            let known = known.chain(BUILTIN.iter().map(|builtin| builtin.name));
            let otherwise = "built in is nmap; add others to tools: at the top of the scenario";
            self.problems.push(Problem::new(
                tool.place,
                "unknown_tool",
                format!("there is no tool {}", tenzik_capsule::escaped(&tool.value)),
                crate::nearest::remedy(&tool.value, known, otherwise),
            ));
            return None;
        };
        let known = builtin.parameters();
        let parameters = parameters::check(tool, &known, builtin.one_of, given, &mut self.problems);
        let capsule = Located {
            value: builtin.capsule.to_owned(),
            place: tool.place,
        };
        let stage = self
            .stages
            .stage(&capsule, &step.common, policy, &mut self.problems)?;
        let arguments = builtin.arguments.to_owned();
        let program = builtin.program;
        self.stages.tool(
            index,
            program,
            tool.place,
            &stage,
            arguments,
            &mut self.problems,
        );
        Some(NodeKind::Scan { stage, parameters })
    }

    fn tool_scan(
        &mut self,
        index: NodeIndex,
        step: &Step,
        row: &Tool,
        (tool, given): (&Located<String>, &[(Located<String>, ValueTemplate)]),
        policy: &Arc<Policy>,
    ) -> Option<NodeKind> {
        let parameters = parameters::check(tool, &row.parameters, &[], given, &mut self.problems);
        let stage = self.exec(step, policy)?;
        // The parser reads what a program wrote: it needs no grant of its own.
        let pure = Common {
            limits: step.common.limits.clone(),
            ..Common::default()
        };
        let parser_policy = self.stages.policy(&pure, &mut self.problems)?;
        let parser = self
            .stages
            .stage(&row.parser, &pure, &parser_policy, &mut self.problems)?;
        let argv: Vec<String> = row
            .argv
            .iter()
            .map(|argument| argument.value.clone())
            .collect();
        let name = argv.first().map_or("", String::as_str);
        let arguments = argv.join(" ");
        self.stages.tool(
            index,
            name,
            tool.place,
            &stage,
            arguments,
            &mut self.problems,
        );
        Some(NodeKind::ToolScan {
            stage,
            parser,
            argv,
            parameters,
        })
    }

    /// What a repetition would do, and whether the step says the truth about it.
    fn effect(&mut self, step: &Step, kind: &NodeKind) -> Effect {
        let has_effects = kind.stages().any(|stage| !stage.is_pure);
        let usual = match kind {
            NodeKind::Scan { .. } | NodeKind::ToolScan { .. } => Effect::Idempotent,
            _ if has_effects => Effect::AtMostOnce,
            // A secret may have changed meanwhile.
            NodeKind::Secret { .. } => Effect::Idempotent,
            _ => Effect::Pure,
        };
        let effect = step.common.effect.as_ref();
        if let Some(said) = effect.filter(|said| said.value == Effect::Pure && has_effects) {
            self.problems.push(Problem::new(
                said.place,
                "effect_not_pure",
                "the step is said to be pure, but its capsule has effects",
                "write idempotent if a repetition does no harm, else at_most_once",
            ));
        }
        let effect = effect.map_or(usual, |said| said.value);
        if step
            .common
            .retries
            .as_ref()
            .is_some_and(|retries| retries.count > 0)
            && effect == Effect::AtMostOnce
        {
            self.problems.push(Problem::new(
                step.id.place,
                "retries_at_most_once",
                format!(
                    "the step {} must not be repeated, but has retries",
                    step.id.value
                ),
                "write effect: idempotent if a repetition does no harm, or remove retries",
            ));
        }
        effect
    }

    fn check_reachable(&mut self, step: &Step) {
        let unreachable = |place: Place, message: &str| {
            Problem::new(
                place,
                "unreachable_step",
                message,
                "remove it, or let the condition depend on something",
            )
        };
        if let Some(when) = &step.common.when
            && constant(when) == Some(false)
        {
            let message = format!("the step {} never runs: its when is false", step.id.value);
            self.problems.push(unreachable(when.place(), &message));
        }
        if let StepKind::If {
            condition,
            then,
            otherwise,
        } = &step.kind
        {
            let never = match constant(condition) {
                Some(true) => otherwise.first(),
                Some(false) => then.first(),
                None => None,
            };
            if let Some(first) = never {
                let message = "the steps from here never run: the condition of the if is constant";
                self.problems.push(unreachable(first.place, message));
            }
        }
    }
}

fn default_timeout(kind: &NodeKind) -> u64 {
    let rules = kind.stages().flat_map(|stage| &stage.policy.rules.exec);
    let longest = rules.map(|rule| rule.deadline_ms).max();
    longest.map_or(TIMEOUT_MS, |longest| {
        TIMEOUT_MS.max(longest.saturating_add(BEYOND_DEADLINE_MS))
    })
}

/// The value of a condition that depends on nothing.
fn constant(condition: &Expression) -> Option<bool> {
    struct Nothing;
    impl Environment for Nothing {
        fn value(&self, _: Root, _: &str, _: Option<&str>) -> Option<Cow<'_, Value>> {
            None
        }
    }
    if !condition.references().is_empty() {
        return None;
    }
    condition.evaluate(&Nothing).ok()?.as_bool()
}

/// The arguments for people, expressions as they are written.
fn shown(argv: &[ValueTemplate]) -> String {
    let text = |value: &ValueTemplate| match value {
        ValueTemplate::Text(template) => template.source().to_owned(),
        ValueTemplate::Literal(value, _) => {
            literal_text(&ValueTemplate::Literal(value.clone(), Place::default()))
                .unwrap_or_else(|| value.to_string())
        }
        ValueTemplate::List(..) | ValueTemplate::Map(..) => "…".to_owned(),
    };
    argv.iter().map(text).collect::<Vec<_>>().join(" ")
}
