//! What of a plan does not change during the run: who waits for whom, and what lies in which loop.
//!
//! A *region* is the whole plan, or the body of a loop: everything in it that lies in no inner loop,
//! in whatever blocks. A region has one set of steps for each item of its loop.

use std::collections::HashMap;

use crate::plan::{Block, NodeIndex, NodeKind, Plan};

/// A plan that cannot be driven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// More nodes than positions.
    #[error("the plan has {nodes} steps, over the limit of {NODES_MAX}")]
    TooManyNodes {
        /// How many it has.
        nodes: usize,
    },
    /// A node lies in one that is not before it, or refers to one that does not exist.
    #[error(
        "step {node} of the plan refers to step {other}, which is no step that it can lie in or wait for"
    )]
    BadReference {
        /// The position of the node.
        node: NodeIndex,
        /// What it refers to.
        other: NodeIndex,
    },
    /// Two nodes have the same name.
    #[error("two steps of the plan are called {id}")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// A node waits for one that it cannot see.
    #[error("step {id} waits for {other}, which lies in a loop that {id} is not in")]
    Invisible {
        /// The name of the node.
        id: String,
        /// The other.
        other: String,
    },
    /// Nodes wait for each other.
    #[error("step {id} waits for itself")]
    Cycle {
        /// One of them.
        id: String,
    },
}

/// Most steps of a plan.
pub const NODES_MAX: usize = 1 << 20;

/// What of a plan does not change.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub regions: Vec<Region>,
    pub nodes: Vec<NodeLayout>,
    /// The nodes that lie in no block.
    pub top: Vec<u32>,
    pub by_id: HashMap<String, u32>,
    /// The `let` steps that set a variable, in the order of the plan.
    pub variables: HashMap<String, Vec<u32>>,
    /// The `assets` steps that make a group, in the order of the plan.
    pub groups: HashMap<String, Vec<u32>>,
}

/// The plan itself, or the body of a loop.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    /// The region around it.
    pub parent: Option<u32>,
    /// Its nodes, ascending.
    pub nodes: Vec<u32>,
    /// Its nodes that wait for nodes of regions around it, and for which.
    pub outer: Vec<(u32, u32)>,
}

/// One node.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeLayout {
    pub region: u32,
    /// Its position in the region.
    pub local: u32,
    /// The region of its body.
    pub body: Option<u32>,
    /// The nodes directly in its blocks, by [`slot`].
    pub children: [Vec<u32>; 4],
    /// What it waits for: once each, ascending, without the nodes that it lies in.
    pub dependencies: Vec<u32>,
    /// How many of them lie in the same region.
    pub pending: u32,
    /// The nodes of the same region that wait for it.
    pub dependents: Vec<u32>,
}

/// The blocks that lie in the same region as their node.
pub(super) const BLOCKS: [Block; 3] = [Block::Then, Block::Else, Block::Fallback];

const fn slot(block: Block) -> usize {
    match block {
        Block::Then => 0,
        Block::Else => 1,
        Block::Body => 2,
        Block::Fallback => 3,
    }
}

fn position(index: NodeIndex) -> u32 {
    // Plans are at most `NODES_MAX` long, which is checked first.
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Layout {
    /// Reads it off a plan, in time linear in the plan.
    ///
    /// # Errors
    /// [`PlanFault`] for a plan that would never end.
    pub fn new(plan: &Plan) -> Result<Layout, PlanFault> {
        if plan.nodes.len() > NODES_MAX {
            return Err(PlanFault::TooManyNodes {
                nodes: plan.nodes.len(),
            });
        }
        let mut layout = Layout {
            regions: vec![Region::default()],
            nodes: vec![NodeLayout::default(); plan.nodes.len()],
            top: Vec::new(),
            by_id: HashMap::with_capacity(plan.nodes.len()),
            variables: HashMap::new(),
            groups: HashMap::new(),
        };
        for index in 0..plan.nodes.len() {
            layout.place(plan, index)?;
        }
        for index in 0..plan.nodes.len() {
            layout.connect(plan, index)?;
        }
        layout.refuse_cycles(plan)?;
        Ok(layout)
    }

    /// The nodes directly in a block of a node; those in no block for none.
    pub fn children(&self, owner: Option<(u32, Block)>) -> &[u32] {
        match owner {
            None => &self.top,
            Some((node, block)) => &self.nodes[node as usize].children[slot(block)],
        }
    }

    fn place(&mut self, plan: &Plan, index: NodeIndex) -> Result<(), PlanFault> {
        let node = &plan.nodes[index];
        let own = position(index);
        let region = match node.parent {
            None => {
                self.top.push(own);
                0
            }
            Some((parent, block)) => {
                if parent >= index {
                    return Err(PlanFault::BadReference {
                        node: index,
                        other: parent,
                    });
                }
                let around = &mut self.nodes[parent];
                around.children[slot(block)].push(own);
                match (block, around.body) {
                    (Block::Body, Some(body)) => body,
                    (Block::Body, None) => {
                        return Err(PlanFault::BadReference {
                            node: index,
                            other: parent,
                        });
                    }
                    _ => around.region,
                }
            }
        };
        let local = position(self.regions[region as usize].nodes.len());
        self.regions[region as usize].nodes.push(own);
        self.nodes[index].region = region;
        self.nodes[index].local = local;
        if self.by_id.insert(node.id.clone(), own).is_some() {
            return Err(PlanFault::DuplicateId {
                id: node.id.clone(),
            });
        }
        self.name(&node.kind, own, region);
        Ok(())
    }

    fn name(&mut self, kind: &NodeKind, own: u32, region: u32) {
        match kind {
            NodeKind::Let(values) => {
                for (name, _) in values {
                    self.variables.entry(name.clone()).or_default().push(own);
                }
            }
            NodeKind::Assets(groups) => {
                for group in groups {
                    let name = group.name.value.clone();
                    self.groups.entry(name).or_default().push(own);
                }
            }
            NodeKind::ForEach { .. } => {
                self.nodes[own as usize].body = Some(position(self.regions.len()));
                self.regions.push(Region {
                    parent: Some(region),
                    ..Region::default()
                });
            }
            _ => {}
        }
    }

    fn connect(&mut self, plan: &Plan, index: NodeIndex) -> Result<(), PlanFault> {
        let node = &plan.nodes[index];
        let own = position(index);
        let mut dependencies: Vec<u32> = Vec::with_capacity(node.needs.len() + node.after.len());
        for &other in node.needs.iter().chain(&node.after) {
            if other >= plan.nodes.len() || other == index {
                return Err(PlanFault::BadReference { node: index, other });
            }
            if !lies_in(plan, index, other) {
                dependencies.push(position(other));
            }
        }
        dependencies.sort_unstable();
        dependencies.dedup();
        let region = self.nodes[index].region;
        for &other in &dependencies {
            let theirs = self.nodes[other as usize].region;
            if theirs == region {
                self.nodes[other as usize].dependents.push(own);
                self.nodes[index].pending += 1;
            } else if self.encloses(theirs, region) {
                self.regions[region as usize].outer.push((own, other));
            } else {
                return Err(PlanFault::Invisible {
                    id: node.id.clone(),
                    other: plan.nodes[other as usize].id.clone(),
                });
            }
        }
        self.nodes[index].dependencies = dependencies;
        Ok(())
    }

    /// Whether `outer` is `region` or lies around it.
    pub fn encloses(&self, outer: u32, region: u32) -> bool {
        let mut current = Some(region);
        while let Some(region) = current {
            if region == outer {
                return true;
            }
            current = self.regions[region as usize].parent;
        }
        false
    }

    /// Whether every node can begin and end (Kahn's algorithm over the moments of all nodes). A node
    /// has three: it begins; its own blocks are over; it ends. What lies in a block begins after the
    /// first one, ends before the second one, or, in a fallback, begins after the second and ends
    /// before the third. A node begins after what it waits for ended.
    fn refuse_cycles(&self, plan: &Plan) -> Result<(), PlanFault> {
        let count = self.nodes.len() * 3;
        let mut followers: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut missing = vec![0_u32; count];
        let mut edge = |from: u32, to: u32| {
            followers[from as usize].push(to);
            missing[to as usize] += 1;
        };
        for (index, node) in self.nodes.iter().enumerate() {
            let begin = position(index) * 3;
            let (over, end) = (begin + 1, begin + 2);
            edge(begin, over);
            edge(over, end);
            for &other in &node.dependencies {
                edge(other * 3 + 2, begin);
            }
            if let Some((parent, block)) = plan.nodes[index].parent {
                let around = position(parent) * 3;
                let inner = if block == Block::Fallback { 1 } else { 0 };
                edge(around + inner, begin);
                edge(end, around + inner + 1);
            }
        }
        let mut free: Vec<u32> = (0..position(count))
            .filter(|&moment| missing[moment as usize] == 0)
            .collect();
        let mut passed = 0;
        while let Some(moment) = free.pop() {
            passed += 1;
            for &next in &followers[moment as usize] {
                missing[next as usize] -= 1;
                if missing[next as usize] == 0 {
                    free.push(next);
                }
            }
        }
        match missing.iter().position(|&count| count > 0) {
            Some(moment) if passed < count => Err(PlanFault::Cycle {
                id: plan.nodes[moment / 3].id.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether a node lies in another one, in whatever block.
fn lies_in(plan: &Plan, node: NodeIndex, other: NodeIndex) -> bool {
    let mut current = node;
    while let Some((parent, _)) = plan.nodes[current].parent {
        if parent == other {
            return true;
        }
        if parent < other {
            return false;
        }
        current = parent;
    }
    false
}
