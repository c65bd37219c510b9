//! What follows from the shape of a plan: paths, blocks, and what may be in them.

use std::sync::Arc;

use tenzik_scenario::driver::{SkipReason, StepState, StepView};
use tenzik_scenario::plan::{AfterError, Block, NodeKind};

use super::super::generate::loops;
use super::Watch;

impl Watch {
    /// The path of a node as seen from a step.
    pub(super) fn seen(&self, path: &str, node: usize) -> Arc<str> {
        let depth = loops(&self.plan, self.plan.nodes[node].parent).len();
        let id = &self.plan.nodes[node].id;
        let around: Vec<&str> = path.split('.').take(depth).chain([id.as_str()]).collect();
        Arc::from(around.join("."))
    }

    /// The steps around a step, the innermost first, and the block of each.
    pub(super) fn owners(&self, node: usize, path: &str) -> Vec<(usize, Block, Arc<str>)> {
        let mut found = Vec::new();
        let mut current = self.plan.nodes[node].parent;
        while let Some((index, block)) = current {
            found.push((index, block, self.seen(path, index)));
            current = self.plan.nodes[index].parent;
        }
        found
    }

    /// Every step of the block that a step succeeded with is over, and none of them fails the block.
    pub(super) fn whole(&self, node: usize, path: &str, by_fallback: bool) {
        for (other, state) in &self.states {
            let id = other.rsplit('.').next().unwrap_or(other);
            let inner = self.plan.nodes.iter().find(|inner| inner.id == id);
            let Some((inner, (owner, block))) =
                inner.and_then(|inner| Some((inner, inner.parent?)))
            else {
                continue;
            };
            let counts = owner == node
                && (block == Block::Fallback) == by_fallback
                && *self.seen(other, owner) == *path;
            if !counts {
                continue;
            }
            let fits = match state {
                StepState::Ok { .. } => true,
                StepState::Failed { .. } => inner.on_error == AfterError::Continue,
                StepState::Skipped(SkipReason::NotChosen | SkipReason::Needs { .. }) => true,
                _ => false,
            };
            assert!(fits, "{path} is ok while {other} in it is {state:?}");
        }
    }

    /// Whether a step failed, or is going to, so that nothing new starts in its block.
    pub(super) fn stops(&self, node: usize, path: &str) -> bool {
        let on_error = self.plan.nodes[node].on_error;
        let dooming = match self.states.get(path) {
            Some(StepState::Failed { .. }) => return on_error != AfterError::Continue,
            Some(StepState::Running { .. }) => match on_error {
                AfterError::Stop => [Block::Then, Block::Else, Block::Body].as_slice(),
                AfterError::Continue => &[],
                AfterError::Fallback => &[Block::Fallback],
            },
            _ => return false,
        };
        let inner = self.plan.nodes.iter().enumerate();
        inner
            .filter(|(_, inner)| {
                inner
                    .parent
                    .is_some_and(|(owner, block)| owner == node && dooming.contains(&block))
            })
            .any(|(index, inner)| match inner.parent {
                Some((_, Block::Body)) => self.an_item_stops(node, path),
                _ => self.stops(index, &self.seen(path, index)),
            })
    }

    /// Whether a step of an item of a loop stops that item.
    fn an_item_stops(&self, node: usize, path: &str) -> bool {
        self.states.keys().any(|other| {
            let id = other
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('['))
                .and_then(|rest| rest.split_once("]."))
                .map(|(_, id)| id);
            self.plan.nodes.iter().enumerate().any(|(index, inner)| {
                inner.parent == Some((node, Block::Body))
                    && id == Some(inner.id.as_str())
                    && self.stops(index, other)
            })
        })
    }

    /// A step that had its turn and was not chosen needs nothing that failed.
    pub(super) fn not_chosen(&self, node: usize, path: &str) {
        let owners = self.owners(node, path);
        if let Some((index, block, owner)) = owners.first() {
            let running = matches!(self.states.get(owner), Some(StepState::Running { .. }));
            let chosen = match (&self.plan.nodes[*index].kind, block) {
                (NodeKind::If(condition), Block::Then) => condition.source() == "true",
                (NodeKind::If(condition), Block::Else) => condition.source() == "false",
                (_, block) => *block == Block::Body,
            };
            // Where a fallback runs, the step's own blocks may never have had their turn.
            let falls_back = self.plan.nodes[*index].on_error == AfterError::Fallback;
            if !running || !chosen || falls_back {
                return;
            }
        }
        for &need in &self.plan.nodes[node].needs {
            if owners.iter().any(|owner| owner.0 == need) {
                continue;
            }
            let state = self.states.get(&self.seen(path, need));
            assert!(
                matches!(
                    state,
                    Some(StepState::Ok { .. } | StepState::Skipped(SkipReason::NotChosen))
                ),
                "{path} is not chosen while it needs {need}, which is {state:?}"
            );
        }
    }

    /// Whether a step lies in an item of a loop that goes on although an item of it failed, below
    /// a step of the block in question.
    pub(super) fn in_doomed_loop(&self, node: usize, inner: usize, path: &str) -> bool {
        let mut current = node;
        while current != inner {
            let Some((parent, block)) = self.plan.nodes[current].parent else {
                return false;
            };
            if block == Block::Body {
                let items = format!("{}[", self.seen(path, parent));
                let failed = self.states.iter().any(|(other, state)| {
                    other.starts_with(&items) && matches!(state, StepState::Failed { .. })
                });
                if failed {
                    return true;
                }
            }
            current = parent;
        }
        false
    }

    /// Whether a step makes the run fail: it failed, or was skipped since another one did, and no
    /// fallback made that good.
    pub(super) fn is_bad(&self, step: &StepView) -> bool {
        let own = matches!(
            step.state,
            StepState::Failed { .. }
                | StepState::Skipped(SkipReason::Needs { .. } | SkipReason::Stopped { .. })
        );
        own && !self
            .owners(step.node, &step.path)
            .iter()
            .any(|(_, block, owner)| {
                *block != Block::Fallback
                    && matches!(
                        self.states.get(owner),
                        Some(StepState::Ok {
                            by_fallback: true,
                            ..
                        })
                    )
            })
    }

    pub(super) fn all_chosen_are_ok(&self, steps: &[StepView]) {
        for step in steps {
            let chosen = self.is_chosen(step.node, &step.path);
            let fits = match step.state {
                StepState::Ok { by_fallback, .. } => chosen && !by_fallback,
                StepState::Skipped(SkipReason::NotChosen) => !chosen,
                _ => false,
            };
            assert!(fits, "{} is {:?}, chosen: {chosen}", step.path, step.state);
        }
        let mut wanted = 0;
        self.count(None, "", &mut wanted);
        assert_eq!(steps.len(), wanted, "items are missing");
    }

    /// Whether a step is to run where nothing fails.
    fn is_chosen(&self, node: usize, path: &str) -> bool {
        let own = &self.plan.nodes[node];
        let owners = self.owners(node, path);
        let around = owners.first().is_none_or(|(index, block, owner)| {
            let block_runs = match (&self.plan.nodes[*index].kind, block) {
                (_, Block::Fallback) => false,
                (NodeKind::If(condition), Block::Then) => condition.source() == "true",
                (NodeKind::If(condition), _) => condition.source() != "true",
                _ => true,
            };
            block_runs && self.is_chosen(*index, owner)
        });
        let is_owner = |other: usize| owners.iter().any(|owner| owner.0 == other);
        around
            && own.when.as_ref().is_none_or(|when| when.source() == "true")
            && own
                .needs
                .iter()
                .filter(|&&other| !is_owner(other))
                .all(|&other| {
                    matches!(
                        self.states.get(&self.seen(path, other)),
                        Some(StepState::Ok { .. })
                    )
                })
    }

    /// How many steps there are where nothing fails.
    fn count(&self, parent: Option<(usize, Block)>, prefix: &str, wanted: &mut usize) {
        for (index, node) in self.plan.nodes.iter().enumerate() {
            if node.parent != parent {
                continue;
            }
            *wanted += 1;
            let path = format!("{prefix}{}", node.id);
            for block in [Block::Then, Block::Else, Block::Fallback] {
                self.count(Some((index, block)), prefix, wanted);
            }
            if let NodeKind::ForEach {
                items: tenzik_scenario::ValueTemplate::Literal(items, _),
                ..
            } = &node.kind
                && self.is_chosen(index, &path)
            {
                for item in 0..items.as_array().map_or(0, Vec::len) {
                    self.count(
                        Some((index, Block::Body)),
                        &format!("{path}[{item}]."),
                        wanted,
                    );
                }
            }
        }
    }
}
