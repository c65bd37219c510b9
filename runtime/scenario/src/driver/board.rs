//! Where a run stands: every step of every item, and the blocks that run.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::plan::Block;

use super::failure::Failure;
use super::layout::Layout;
use super::state::{ItemCounts, StepState, StepView};

pub(super) type InstanceId = u32;
pub(super) type ScopeId = u32;
pub(super) type FrameId = u32;

/// A step, or one of its instances in a loop.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub node: u32,
    pub scope: ScopeId,
    /// The block that it takes part in; none until that begins.
    pub frame: Option<FrameId>,
    /// How many steps it still waits for.
    pub pending: u32,
    /// Attempts that were begun.
    pub attempt: u32,
    pub state: StepState,
    /// Its wait is over and the next attempt may begin.
    pub fired: bool,
    /// Its wait was ended: a timer that fires all the same means nothing.
    pub unwaited: bool,
    /// Something in it failed, and its success does not undo that.
    pub tainted: bool,
    pub path: Arc<str>,
    pub output: Arc<Value>,
    /// Bytes that its output takes.
    pub memory: u64,
    /// The digest of its output.
    pub artifact: Option<Arc<str>>,
    /// Why the last attempt failed.
    pub failure: Option<Box<Failure>>,
    /// The block that it runs.
    pub block: Option<Box<BlockRun>>,
    /// Its fallback that runs or ran.
    pub fallback: Option<FrameId>,
    /// Steps of inner loops that wait for it.
    pub waiters: Vec<InstanceId>,
}

/// What runs in a step.
#[derive(Clone, Debug)]
pub(super) enum BlockRun {
    If(FrameId),
    Loop(LoopRun),
}

/// A loop that runs.
#[derive(Clone, Debug)]
pub(super) struct LoopRun {
    /// A list.
    pub items: Arc<Value>,
    /// Bytes that the items take.
    pub items_memory: u64,
    /// The next item.
    pub next: usize,
    /// The items that run, by position.
    pub active: BTreeMap<u32, FrameId>,
    /// The scopes of all items that began, by position.
    pub scopes: Vec<ScopeId>,
    /// What the items gave.
    pub results: BTreeMap<u32, Value>,
    /// Bytes that the results take.
    pub results_memory: u64,
    pub failed: u32,
    /// The first failure and its item.
    pub first: Option<(u32, Failure)>,
    /// No new items.
    pub halted: bool,
    /// An item was stopped from outside.
    pub cut: bool,
}

impl LoopRun {
    /// How many items there are.
    pub fn count(&self) -> usize {
        self.items.as_array().map_or(0, Vec::len)
    }

    /// How far it is.
    pub fn counts(&self) -> ItemCounts {
        ItemCounts {
            all: self.count(),
            ended: self.next - self.active.len(),
        }
    }
}

/// The steps of the plan, or of one item.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub region: u32,
    /// The scope around it, the loop in that, and the position of the item.
    pub parent: Option<(ScopeId, InstanceId, u32)>,
    /// Its first instance.
    pub base: InstanceId,
    /// Its place in the order of the plan: nodes of loops and positions of items, by turns.
    pub order: Arc<[u32]>,
}

/// A block that runs, or ran.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Its step and which block; none for the whole plan.
    pub owner: Option<(InstanceId, Block)>,
    pub scope: ScopeId,
    /// Steps that are not final.
    pub remaining: u32,
    /// Nothing new starts in it, because of the step of this path.
    pub stopped: Option<Arc<str>>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// A step of it did not run, or not to its end, because of something outside.
    pub cut: bool,
    pub tainted: bool,
}

/// A place in the order of the plan.
#[derive(Clone, Debug)]
pub(super) struct Order {
    prefix: Arc<[u32]>,
    node: u32,
    pub id: InstanceId,
}

impl Ord for Order {
    fn cmp(&self, other: &Order) -> Ordering {
        if Arc::ptr_eq(&self.prefix, &other.prefix) {
            return self.node.cmp(&other.node);
        }
        let own = self.prefix.iter().chain([&self.node]);
        own.cmp(other.prefix.iter().chain([&other.node]))
    }
}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Order) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Order) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Order {}

/// Every step of every item, and the blocks that run.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    pub instances: Vec<Instance>,
    pub scopes: Vec<Scope>,
    pub frames: Vec<Frame>,
    /// Bytes of memory that outputs and lists take.
    pub kept: u64,
}

fn position(length: usize) -> u32 {
    // `limits::STEPS_MAX` bounds all three tables.
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Board {
    pub fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id as usize]
    }

    pub fn instance_mut(&mut self, id: InstanceId) -> &mut Instance {
        &mut self.instances[id as usize]
    }

    pub fn frame(&self, id: FrameId) -> &Frame {
        &self.frames[id as usize]
    }

    pub fn frame_mut(&mut self, id: FrameId) -> &mut Frame {
        &mut self.frames[id as usize]
    }

    /// The loop that an instance runs.
    pub fn loop_run(&mut self, id: InstanceId) -> Option<&mut LoopRun> {
        match self.instance_mut(id).block.as_deref_mut() {
            Some(BlockRun::Loop(run)) => Some(run),
            _ => None,
        }
    }

    /// The instance of a node of the same region.
    pub fn sibling(&self, layout: &Layout, scope: ScopeId, node: u32) -> InstanceId {
        self.scopes[scope as usize].base + layout.nodes[node as usize].local
    }

    /// The instance of a node as seen from a scope: of that scope, or of one around it.
    pub fn visible(&self, layout: &Layout, scope: ScopeId, node: u32) -> Option<InstanceId> {
        let region = layout.nodes[node as usize].region;
        let mut current = Some(scope);
        while let Some(scope) = current {
            let here = &self.scopes[scope as usize];
            if here.region == region {
                return Some(self.sibling(layout, scope, node));
            }
            current = here.parent.map(|(parent, _, _)| parent);
        }
        None
    }

    pub fn order(&self, id: InstanceId) -> Order {
        let instance = self.instance(id);
        Order {
            prefix: Arc::clone(&self.scopes[instance.scope as usize].order),
            node: instance.node,
            id,
        }
    }

    pub fn view(&self, id: InstanceId) -> StepView {
        let instance = self.instance(id);
        StepView {
            path: Arc::clone(&instance.path),
            node: instance.node as usize,
            state: instance.state.clone(),
            output: Arc::clone(&instance.output),
            items: match (&instance.state, instance.block.as_deref()) {
                (StepState::Running { .. }, Some(BlockRun::Loop(run))) => Some(run.counts()),
                _ => None,
            },
        }
    }

    /// Whether nothing new starts in the block of an instance.
    pub fn is_stopped(&self, id: InstanceId) -> bool {
        self.instance(id)
            .frame
            .is_some_and(|frame| self.frame(frame).stopped.is_some())
    }

    /// Adds a scope: the whole plan, or the item of a loop. The names come from `ids`.
    pub fn add_scope<'a>(
        &mut self,
        layout: &Layout,
        region: u32,
        parent: Option<(ScopeId, InstanceId, u32)>,
        null: &Arc<Value>,
        ids: impl Fn(u32) -> &'a str,
    ) -> ScopeId {
        let scope = position(self.scopes.len());
        let base = position(self.instances.len());
        let (order, prefix) = match parent {
            None => (Arc::from([]), String::new()),
            Some((around, owner, item)) => {
                let owner = self.instance(owner);
                let mut order = self.scopes[around as usize].order.to_vec();
                order.extend([owner.node, item]);
                (Arc::from(order), format!("{}[{item}].", owner.path))
            }
        };
        for &node in &layout.regions[region as usize].nodes {
            self.instances.push(Instance {
                node,
                scope,
                frame: None,
                pending: layout.nodes[node as usize].pending,
                attempt: 0,
                state: StepState::Waiting,
                fired: false,
                unwaited: false,
                tainted: false,
                path: match prefix.as_str() {
                    "" => Arc::from(ids(node)),
                    prefix => Arc::from([prefix, ids(node)].concat()),
                },
                output: Arc::clone(null),
                memory: 0,
                artifact: None,
                failure: None,
                block: None,
                fallback: None,
                waiters: Vec::new(),
            });
        }
        self.scopes.push(Scope {
            region,
            parent,
            base,
            order,
        });
        for &(node, other) in &layout.regions[region as usize].outer {
            let waiter = self.sibling(layout, scope, node);
            let Some(other) = self.visible(layout, scope, other) else {
                continue;
            };
            if !self.instance(other).state.is_final() {
                self.instance_mut(other).waiters.push(waiter);
                self.instance_mut(waiter).pending += 1;
            }
        }
        scope
    }

    /// Adds a block that begins.
    pub fn add_frame(
        &mut self,
        owner: Option<(InstanceId, Block)>,
        scope: ScopeId,
        children: usize,
    ) -> FrameId {
        let frame = position(self.frames.len());
        self.frames.push(Frame {
            owner,
            scope,
            remaining: position(children),
            stopped: None,
            failure: None,
            cut: false,
            tainted: false,
        });
        frame
    }

    /// Lets go of the outputs of a scope: nothing can refer to them any more.
    pub fn release(&mut self, layout: &Layout, scope: ScopeId, null: &Arc<Value>) {
        let Scope { region, base, .. } = self.scopes[scope as usize];
        let count = layout.regions[region as usize].nodes.len();
        for instance in &mut self.instances[base as usize..][..count] {
            self.kept = self.kept.saturating_sub(instance.memory);
            instance.memory = 0;
            instance.output = Arc::clone(null);
        }
    }

    /// All instances, in the order of the plan, the items of loops by their position.
    pub fn in_order(&self, layout: &Layout) -> Vec<InstanceId> {
        let mut found = Vec::with_capacity(self.instances.len());
        if self.scopes.is_empty() {
            return found;
        }
        // Nodes of a scope from a position on.
        let mut rest: Vec<(ScopeId, usize)> = vec![(0, 0)];
        while let Some((scope, mut at)) = rest.pop() {
            let Scope { region, base, .. } = self.scopes[scope as usize];
            let count = layout.regions[region as usize].nodes.len();
            while at < count {
                let id = base + position(at);
                at += 1;
                found.push(id);
                if let Some(BlockRun::Loop(run)) = self.instance(id).block.as_deref() {
                    rest.push((scope, at));
                    rest.extend(run.scopes.iter().rev().map(|&scope| (scope, 0)));
                    break;
                }
            }
        }
        found
    }
}
