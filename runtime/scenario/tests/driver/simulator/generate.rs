//! Random plans: blocks in blocks, loops, branches, fallbacks, retries, effects and dependencies.

use serde_json::json;
use tenzik_scenario::plan::{AfterError, Block, Node, NodeKind, Plan};
use tenzik_scenario::{Backoff, Effect, Place, Retries, ValueTemplate};

use super::chance::Chance;
use crate::driver::outline;

/// Most steps of a plan.
const NODES: usize = 24;
/// Deepest nesting.
const DEPTH: usize = 3;

/// Whether anything may fail before it runs.
#[derive(Clone, Copy, PartialEq)]
pub enum Expressions {
    /// Every expression has a value of the right type.
    Good,
    /// Some have not.
    Mixed,
}

/// A plan.
pub fn plan(chance: &mut Chance, expressions: Expressions) -> Plan {
    let mut plan = outline::empty();
    plan.concurrency = u32::try_from(1 + chance.below(4)).expect("small");
    let budget = 4 + chance.below(NODES);
    let top = 3 + chance.below(10);
    block(&mut plan, chance, None, top, budget, 0, expressions);
    plan
}

fn block(
    plan: &mut Plan,
    chance: &mut Chance,
    parent: Option<(usize, Block)>,
    count: usize,
    budget: usize,
    depth: usize,
    expressions: Expressions,
) {
    for _ in 0..count {
        if plan.nodes.len() >= budget {
            return;
        }
        let index = plan.nodes.len();
        let mut node = outline::job(&format!("s{index}"));
        node.parent = parent;
        let wrong = expressions == Expressions::Mixed && chance.percent(2);
        let condition = if chance.percent(85) { "true" } else { "false" };
        let condition = if wrong { "7" } else { condition };
        let nested = depth < DEPTH && chance.percent(35);
        if nested && chance.percent(50) {
            node.kind = NodeKind::If(outline::expression(condition));
        } else if nested {
            node.kind = loop_of(chance, wrong);
        } else if chance.percent(10) {
            let one = ValueTemplate::Literal(json!(1), Place::default());
            node.kind = NodeKind::Let(vec![("v".to_owned(), one)]);
        }
        common(plan, chance, &mut node, expressions);
        let (kind, on_error) = (node.kind.clone(), node.on_error);
        plan.nodes.push(node);
        let inner = |plan: &mut Plan, chance: &mut Chance, block_kind| {
            let count = chance.below(4);
            let parent = Some((index, block_kind));
            block(plan, chance, parent, count, budget, depth + 1, expressions);
        };
        match kind {
            NodeKind::If(_) => {
                inner(plan, chance, Block::Then);
                inner(plan, chance, Block::Else);
            }
            NodeKind::ForEach { .. } => inner(plan, chance, Block::Body),
            _ => {}
        }
        if on_error == AfterError::Fallback {
            inner(plan, chance, Block::Fallback);
        }
    }
}

fn loop_of(chance: &mut Chance, wrong: bool) -> NodeKind {
    let items: Vec<usize> = (0..chance.below(5)).collect();
    let mut kind = outline::for_each(&if wrong {
        "{}".to_owned()
    } else {
        json!(items).to_string()
    });
    if let NodeKind::ForEach { parallel, .. } = &mut kind {
        *parallel = u32::try_from(1 + chance.below(3)).expect("small");
    }
    kind
}

fn common(plan: &Plan, chance: &mut Chance, node: &mut Node, expressions: Expressions) {
    node.effect = *chance.pick(&[Effect::Pure, Effect::Idempotent, Effect::AtMostOnce]);
    node.on_error = match chance.below(20) {
        0..7 => AfterError::Stop,
        7..17 => AfterError::Continue,
        _ => AfterError::Fallback,
    };
    if chance.percent(25) {
        node.retries = Some(Retries {
            count: u32::try_from(1 + chance.below(2)).expect("small"),
            backoff: Backoff::default(),
            when: None,
        });
    }
    if chance.percent(8) {
        let source = match chance.below(10) {
            0 if expressions == Expressions::Mixed => "[]",
            0..4 => "false",
            _ => "true",
        };
        node.when = Some(outline::expression(source));
    }
    let seen = visible(plan, node.parent);
    if seen.is_empty() {
        return;
    }
    for _ in 0..chance.below(5).saturating_sub(2) {
        // Mostly of the same block: what lies in other blocks is seldom chosen.
        let near: Vec<usize> = seen
            .iter()
            .copied()
            .filter(|&other| plan.nodes[other].parent == node.parent)
            .collect();
        let from = match near.is_empty() || chance.percent(20) {
            true => &seen,
            false => &near,
        };
        let other = *chance.pick(from);
        if chance.percent(60) {
            node.needs.push(other);
        } else {
            node.after.push(other);
        }
    }
}

/// Steps before a place that a step there may wait for: not in loops that it is not in. Some lie
/// around it, which counts as nothing to wait for.
fn visible(plan: &Plan, parent: Option<(usize, Block)>) -> Vec<usize> {
    let own = loops(plan, parent);
    (0..plan.nodes.len())
        .filter(|&index| {
            let theirs = loops(plan, plan.nodes[index].parent);
            own.starts_with(&theirs)
        })
        .collect()
}

/// The loops around a place, the outermost first.
pub fn loops(plan: &Plan, parent: Option<(usize, Block)>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut current = parent;
    while let Some((index, block)) = current {
        if block == Block::Body {
            found.push(index);
        }
        current = plan.nodes[index].parent;
    }
    found.reverse();
    found
}
