//! What can run at the same time, as far as the plan knows before the run.

use super::{NodeIndex, Plan};

/// Nodes in groups: each node is in the group after all that it waits for, and after the step that it
/// lies in. Nodes of one group wait for nothing of each other.
pub fn groups(plan: &Plan) -> Vec<Vec<NodeIndex>> {
    let mut children: Vec<Vec<NodeIndex>> = vec![Vec::new(); plan.nodes.len()];
    for (index, node) in plan.nodes.iter().enumerate() {
        if let Some((parent, _)) = node.parent
            && let Some(list) = children.get_mut(parent)
        {
            list.push(index);
        }
    }
    let mut levels: Vec<Level> = vec![Level::default(); plan.nodes.len()];
    for index in order(plan, &children) {
        let Some(node) = plan.nodes.get(index) else {
            continue;
        };
        let ends = node.needs.iter().chain(&node.after);
        let ends = ends
            .filter_map(|target| levels.get(*target))
            .map(|level| level.end + 1);
        let around = node.parent.and_then(|(parent, _)| levels.get(parent));
        let begin = ends
            .chain(around.map(|level| level.begin + 1))
            .max()
            .unwrap_or(0);
        if let Some(level) = levels.get_mut(index) {
            level.begin = begin;
            level.end = level.end.max(begin);
        }
        let mut above = node.parent;
        while let Some((parent, _)) = above {
            let Some(level) = levels.get_mut(parent) else {
                break;
            };
            if level.end >= begin {
                break;
            }
            level.end = begin;
            above = plan.nodes.get(parent).and_then(|node| node.parent);
        }
    }
    let mut groups: Vec<Vec<NodeIndex>> = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        if groups.len() <= level.begin {
            groups.resize(level.begin + 1, Vec::new());
        }
        if let Some(group) = groups.get_mut(level.begin) {
            group.push(index);
        }
    }
    groups
}

#[derive(Clone, Copy, Default)]
struct Level {
    begin: usize,
    end: usize,
}

/// Every node behind what it waits for, with all that lies inside of that.
fn order(plan: &Plan, children: &[Vec<NodeIndex>]) -> Vec<NodeIndex> {
    let mut done = vec![false; plan.nodes.len()];
    let mut order = Vec::with_capacity(plan.nodes.len());
    let mut stack: Vec<(NodeIndex, bool)> = Vec::new();
    let roots = plan.nodes.iter().enumerate();
    let roots: Vec<NodeIndex> = roots
        .filter(|(_, node)| node.parent.is_none())
        .map(|(index, _)| index)
        .collect();
    stack.extend(roots.into_iter().rev().map(|root| (root, false)));
    while let Some((index, opened)) = stack.pop() {
        if done.get(index).copied().unwrap_or(true) {
            continue;
        }
        if !opened {
            stack.push((index, true));
            if let Some(node) = plan.nodes.get(index) {
                let waits = node.needs.iter().chain(&node.after);
                stack.extend(waits.map(|target| (*target, false)));
            }
            continue;
        }
        if let Some(mark) = done.get_mut(index) {
            *mark = true;
        }
        order.push(index);
        let inside = children.get(index).into_iter().flatten();
        stack.extend(inside.rev().map(|child| (*child, false)));
    }
    order
}
