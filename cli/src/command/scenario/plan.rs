//! `tenzik scenario plan`: what a run would do.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::evidence::Digest;
use tenzik_runtime::scenario::picture;
use tenzik_runtime::scenario::plan::{AfterError, Block, Node, NodeKind, Plan, groups};
use tenzik_runtime::{Capability, escaped};

use crate::exit_code::ExitCode;
use crate::failure;
use crate::output_guard;
use crate::plan_world::MachineWorld;
use crate::printer::{self, grouped};
use crate::run_output::write_whole;
use crate::scenario_file::{Refusal, ScenarioFileArguments, ScenarioText, policy_files};

/// Hexadecimal digits of a digest that people see.
const DIGEST_SHOWN: usize = 12;

/// Show what a scenario would do: order, what can run at the same time, grants, programs.
#[derive(Args, Debug)]
#[command(after_help = "\
    Nothing is started. Expressions are shown as they are written, since values are known only at run time.\n\
    Versions of programs come from the records of the package manager.")]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    scenario: ScenarioFileArguments,
    /// Print the graph for Graphviz instead.
    #[arg(long, conflicts_with = "json")]
    dot: bool,
    /// Draw the plan into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &PlanArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(refusal) => refusal.report(arguments.json),
    }
}

fn attempt(arguments: &PlanArguments) -> Result<ExitCode, Refusal> {
    let scenario = &arguments.scenario;
    let text = ScenarioText::read(&scenario.file)?;
    let world = MachineWorld::new(&text.directory, &scenario.ceiling, true)?;
    let plan = text.plan(&scenario.var, &world)?;
    if let Some(path) = &arguments.svg {
        let policies = policy_files(&text.parse()?, &text.directory);
        let ceilings = scenario.ceiling.iter().cloned();
        let files = [scenario.file.clone()]
            .into_iter()
            .chain(policies)
            .chain(ceilings);
        output_guard::check(path, files.map(|file| ("a file of the scenario", file)))?;
        write_whole(path, picture::plan_svg(&plan).as_bytes())
            .map_err(|error| failure::file("cannot write the picture", path, &error))?;
    }
    if arguments.dot {
        printer::result(picture::dot(&plan).trim_end());
    } else if arguments.json {
        printer::json(&plan_json(&plan));
    } else {
        printer::result(shown(&plan).trim_end());
    }
    Ok(ExitCode::Ok)
}

/// The plan for people.
fn shown(plan: &Plan) -> String {
    let mut text = format!(
        "{}: {} steps, at most {} jobs at a time{}\n",
        plan.name,
        grouped(plan.nodes.len() as u64),
        plan.concurrency,
        plan.timeout_ms
            .map_or_else(String::new, |ms| format!(", at most {} ms", grouped(ms))),
    );
    for (number, group) in groups(plan).iter().enumerate() {
        text += &format!("\ngroup {}\n", number + 1);
        for node in group.iter().filter_map(|index| plan.nodes.get(*index)) {
            text += &step_shown(plan, node);
        }
    }
    if !plan.tools.is_empty() {
        text += "\nprograms\n";
    }
    for tool in &plan.tools {
        let step = plan
            .nodes
            .get(tool.node)
            .map_or("", |node| node.id.as_str());
        text += &format!(
            "  {step}: {} · {} · blake3 {}…\n    {}\n",
            tool.program.path.display(),
            tool.program
                .version
                .as_deref()
                .unwrap_or("version not recorded"),
            tool.program.digest.get(..DIGEST_SHOWN).unwrap_or_default(),
            escaped(&tool.arguments).trim_matches('"'),
        );
    }
    text
}

fn step_shown(plan: &Plan, node: &Node) -> String {
    let id = |index: &usize| plan.nodes.get(*index).map_or("", |node| node.id.as_str());
    let ids = |list: &[usize]| list.iter().map(id).collect::<Vec<_>>().join(" ");
    let mut facts = vec![node.kind.key().to_owned()];
    facts.extend(node.kind.stages().map(|stage| stage.capsule.clone()));
    if let Some((key, written)) = node.kind.input() {
        facts.push(format!("{key} {}", escaped(written)));
    }
    if let Some((parent, block)) = node.parent {
        facts.push(format!("{} of {}", block_name(block), id(&parent)));
    }
    if !node.needs.is_empty() {
        facts.push(format!("needs {}", ids(&node.needs)));
    }
    if !node.after.is_empty() {
        facts.push(format!("after {}", ids(&node.after)));
    }
    if let Some(when) = &node.when {
        facts.push(format!("when {}", escaped(when.source()).trim_matches('"')));
    }
    if has_job(&node.kind) {
        facts.push(node.effect.name().to_owned());
        facts.extend(node.timeout_ms.map(|ms| format!("{} ms", grouped(ms))));
    }
    if let Some(retries) = node.retries.as_ref().filter(|retries| retries.count > 0) {
        facts.push(format!("{} retries", retries.count));
    }
    match node.on_error {
        AfterError::Stop => {}
        AfterError::Continue => facts.push("goes on after errors".to_owned()),
        AfterError::Fallback => facts.push("has a fallback".to_owned()),
    }
    for stage in node.kind.stages().filter(|stage| !stage.is_pure) {
        let policy = stage.policy_name.as_deref().unwrap_or("default");
        facts.push(format!(
            "grants {policy}: {}",
            grants(stage.policy.grants.iter())
        ));
    }
    format!("  {}: {}\n", node.id, facts.join(" · "))
}

/// Whether the step is performed, other than by the driver alone.
fn has_job(kind: &NodeKind) -> bool {
    !matches!(
        kind,
        NodeKind::Let(_) | NodeKind::Assets(_) | NodeKind::If(_) | NodeKind::ForEach { .. }
    )
}

fn grants(list: impl Iterator<Item = Capability>) -> String {
    list.map(Capability::name).collect::<Vec<_>>().join(" ")
}

const fn block_name(block: Block) -> &'static str {
    match block {
        Block::Then => "then",
        Block::Else => "else",
        Block::Body => "do",
        Block::Fallback => "fallback",
    }
}

fn plan_json(plan: &Plan) -> Value {
    let id = |index: &usize| plan.nodes.get(*index).map(|node| node.id.clone());
    let ids = |list: &[usize]| list.iter().filter_map(id).collect::<Vec<_>>();
    let stage = |stage: &tenzik_runtime::scenario::plan::StagePlan| {
        json!({
            "capsule": stage.capsule,
            "capsule_id": stage.capsule_id,
            "policy": stage.policy_name,
            "policy_commit": Digest::from_bytes(*stage.policy.commit().as_bytes()).to_string(),
            "grants": stage.policy.grants.iter().map(Capability::name).collect::<Vec<_>>(),
            "pure": stage.is_pure,
            "adapter": stage.adapter,
        })
    };
    let step = |node: &Node| {
        json!({
            "id": node.id,
            "name": node.name,
            "kind": node.kind.key(),
            "line": node.place.line,
            "column": node.place.column,
            "parent": node.parent.and_then(|(parent, _)| id(&parent)),
            "block": node.parent.map(|(_, block)| block_name(block)),
            "needs": ids(&node.needs),
            "after": ids(&node.after),
            "when": node.when.as_ref().map(|when| when.source()),
            "effect": has_job(&node.kind).then(|| node.effect.name()),
            "timeout_ms": node.timeout_ms,
            "retries": node.retries.as_ref().map_or(0, |retries| retries.count),
            "on_error": match node.on_error {
                AfterError::Stop => "stop",
                AfterError::Continue => "continue",
                AfterError::Fallback => "fallback",
            },
            "input": node.kind.input().map(|(key, written)| json!({ key: written })),
            "stages": node.kind.stages().map(stage).collect::<Vec<_>>(),
        })
    };
    let program = |tool: &tenzik_runtime::scenario::plan::ToolUse| {
        json!({
            "step": id(&tool.node),
            "name": tool.name,
            "path": tool.program.path.to_string_lossy(),
            "blake3": tool.program.digest,
            "version": tool.program.version,
            "arguments": tool.arguments,
        })
    };
    json!({
        "status": "ok",
        "exit": 0,
        "name": plan.name,
        "digest": plan.digest,
        "concurrency": plan.concurrency,
        "timeout_ms": plan.timeout_ms,
        "vars": plan.vars,
        "groups": groups(plan).iter().map(|group| ids(group)).collect::<Vec<_>>(),
        "steps": plan.nodes.iter().map(step).collect::<Vec<_>>(),
        "programs": plan.tools.iter().map(program).collect::<Vec<_>>(),
    })
}
