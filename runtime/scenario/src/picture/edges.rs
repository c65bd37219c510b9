//! Which steps of a block depend on which.

use std::collections::BTreeSet;

use crate::plan::{Block, NodeIndex, Plan};

/// Steps that are looked at to find out whether an edge follows from others.
const SEARCH_MAX: usize = 256;

/// The steps of a plan as a tree, and the edges between those of one block.
pub(super) struct Tree {
    /// The steps of the plan itself.
    pub(super) roots: Vec<NodeIndex>,
    /// The steps of each step, with the blocks that they are in, in the order of the file.
    pub(super) children: Vec<Vec<(Block, NodeIndex)>>,
    /// For each step, those of the same block that it depends on: true for `needs`, false for
    /// `after`.
    pub(super) before: Vec<Vec<(NodeIndex, bool)>>,
}

impl Tree {
    pub(super) fn of(plan: &Plan) -> Tree {
        let count = plan.nodes.len();
        let mut tree = Tree {
            roots: Vec::new(),
            children: vec![Vec::new(); count],
            before: Vec::new(),
        };
        for (index, node) in plan.nodes.iter().enumerate() {
            // A parent stands before its steps, so that nothing goes in circles.
            match node.parent.filter(|(parent, _)| *parent < index) {
                None => tree.roots.push(index),
                Some((parent, block)) => {
                    if let Some(children) = tree.children.get_mut(parent) {
                        children.push((block, index));
                    }
                }
            }
        }
        tree.before = edges(plan);
        tree
    }

    /// What a step depends on without what follows from the rest, as far as a short search finds.
    pub(super) fn essential(&self, to: NodeIndex) -> Vec<(NodeIndex, bool)> {
        let sources = |index: NodeIndex| self.before.get(index).map_or(&[][..], Vec::as_slice);
        let direct = sources(to);
        let mut seen: BTreeSet<NodeIndex> = BTreeSet::new();
        let above = |index: NodeIndex| sources(index).iter().map(|(from, _)| *from);
        let mut open: Vec<NodeIndex> = direct.iter().flat_map(|(from, _)| above(*from)).collect();
        while let Some(index) = open.pop().filter(|_| seen.len() < SEARCH_MAX) {
            if seen.insert(index) {
                open.extend(above(index));
            }
        }
        let left = direct.iter().filter(|(from, _)| !seen.contains(from));
        left.copied().collect()
    }
}

/// An edge that leaves a block belongs to the step around it that stands beside its source.
fn edges(plan: &Plan) -> Vec<Vec<(NodeIndex, bool)>> {
    let mut before = vec![BTreeSet::new(); plan.nodes.len()];
    let parent = |index: NodeIndex| {
        let parent = plan.nodes.get(index).and_then(|node| node.parent);
        parent.filter(|(parent, _)| *parent < index)
    };
    for (index, node) in plan.nodes.iter().enumerate() {
        let needs = node.needs.iter().map(|from| (*from, true));
        for (from, hard) in needs.chain(node.after.iter().map(|from| (*from, false))) {
            let mut target = Some(index);
            while let Some(to) = target.filter(|to| parent(*to) != parent(from)) {
                target = parent(to).map(|(around, _)| around);
            }
            if let Some(to) = target.filter(|to| *to != from)
                && let Some(sources) = before.get_mut(to)
            {
                sources.insert((from, hard));
            }
        }
    }
    before.into_iter().map(reduced).collect()
}

/// Of two edges between the same steps the stronger one.
fn reduced(edges: BTreeSet<(NodeIndex, bool)>) -> Vec<(NodeIndex, bool)> {
    let soft_twin = |edge: &(NodeIndex, bool)| !edge.1 && edges.contains(&(edge.0, true));
    edges
        .iter()
        .filter(|edge| !soft_twin(edge))
        .copied()
        .collect()
}
