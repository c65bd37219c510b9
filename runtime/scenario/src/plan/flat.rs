//! The steps of a scenario in one list, with the blocks that they lie in.

use std::collections::{BTreeMap, HashMap};

use crate::place::{Place, Problem};
use crate::scenario::{OnError, Scenario, Step, StepKind};

use super::{Block, NodeIndex};

/// Most steps of a scenario.
pub(super) const STEPS_MAX: usize = 100_000;

/// Steps in the order of the file, each behind the step that it lies in.
pub(super) struct Flat<'a> {
    pub(super) steps: Vec<FlatStep<'a>>,
    pub(super) by_id: HashMap<&'a str, NodeIndex>,
    /// `let` steps by the variables that they set.
    pub(super) variables: BTreeMap<&'a str, Vec<NodeIndex>>,
    /// The step that defines each group.
    pub(super) groups: BTreeMap<&'a str, NodeIndex>,
}

/// One step and where it lies.
pub(super) struct FlatStep<'a> {
    pub(super) step: &'a Step,
    pub(super) parent: Option<(NodeIndex, Block)>,
}

impl<'a> Flat<'a> {
    pub(super) fn of(scenario: &'a Scenario, problems: &mut Vec<Problem>) -> Flat<'a> {
        let mut flat = Flat {
            steps: Vec::new(),
            by_id: HashMap::new(),
            variables: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        flat.block(&scenario.steps, None, problems);
        flat
    }

    /// Nesting is bounded by that of the file.
    fn block(
        &mut self,
        steps: &'a [Step],
        parent: Option<(NodeIndex, Block)>,
        problems: &mut Vec<Problem>,
    ) {
        for step in steps {
            if self.steps.len() >= STEPS_MAX {
                problems.push(Problem::new(
                    step.place,
                    "too_many_steps",
                    format!("this is step {} of the scenario", STEPS_MAX + 1),
                    format!("a scenario has at most {STEPS_MAX} steps; use for_each"),
                ));
                return;
            }
            let index = self.steps.len();
            self.steps.push(FlatStep { step, parent });
            self.register(step, index, problems);
            match &step.kind {
                StepKind::If {
                    then, otherwise, ..
                } => {
                    self.block(then, Some((index, Block::Then)), problems);
                    self.block(otherwise, Some((index, Block::Else)), problems);
                }
                StepKind::ForEach { steps, .. } => {
                    self.block(steps, Some((index, Block::Body)), problems);
                }
                _ => {}
            }
            if let OnError::Fallback(steps) = &step.common.on_error {
                self.block(steps, Some((index, Block::Fallback)), problems);
            }
        }
    }

    fn register(&mut self, step: &'a Step, index: NodeIndex, problems: &mut Vec<Problem>) {
        if let Some(first) = self.by_id.get(step.id.value.as_str()) {
            let first = self.steps.get(*first).map(|first| first.step.id.place);
            problems.push(twice("step", &step.id.value, step.id.place, first));
        } else {
            self.by_id.insert(&step.id.value, index);
        }
        match &step.kind {
            StepKind::Let(values) => {
                for (name, _) in values {
                    let setters = self.variables.entry(name.value.as_str()).or_default();
                    setters.push(index);
                    let others = setters.len() > 1;
                    if others && !self.exclusive(&name.value, index) {
                        problems.push(Problem::new(
                            name.place,
                            "variable_twice",
                            format!("the variable {} is set by another step too", name.value),
                            "use another name; only the two blocks of one if may set the same variable",
                        ));
                    }
                }
            }
            StepKind::Assets(groups) => {
                for group in groups {
                    if self
                        .groups
                        .insert(group.name.value.as_str(), index)
                        .is_some()
                    {
                        problems.push(twice("group", &group.name.value, group.name.place, None));
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether at most one of the steps that set this variable can ever run: they lie in different
    /// blocks of one `if`.
    fn exclusive(&self, variable: &str, new: NodeIndex) -> bool {
        let setters = self.variables.get(variable).map_or(&[][..], Vec::as_slice);
        let others = setters.iter().filter(|setter| **setter != new);
        others.fold(
            setters.iter().filter(|s| **s == new).count() == 1,
            |all, other| all && self.excludes(*other, new),
        )
    }

    fn excludes(&self, first: NodeIndex, second: NodeIndex) -> bool {
        let chain: BTreeMap<NodeIndex, Block> = self.chain(first).collect();
        let mut chain_of_second = self.chain(second);
        chain_of_second.any(|(ancestor, block)| {
            matches!(
                (chain.get(&ancestor), block),
                (Some(Block::Then), Block::Else) | (Some(Block::Else), Block::Then)
            )
        })
    }

    /// The steps around a step with the block of each that it lies in, the nearest first.
    pub(super) fn chain(
        &self,
        index: NodeIndex,
    ) -> impl Iterator<Item = (NodeIndex, Block)> + use<'_, 'a> {
        let parent = |index: NodeIndex| self.steps.get(index).and_then(|step| step.parent);
        std::iter::successors(parent(index), move |(ancestor, _)| parent(*ancestor))
    }

    /// The blocks around a step, the nearest first, the scenario itself last.
    pub(super) fn position(&self, index: NodeIndex) -> Position {
        let parent = |index: NodeIndex| self.steps.get(index).and_then(|step| step.parent);
        let mut around = vec![parent(index)];
        around.extend(self.chain(index).map(|(ancestor, _)| parent(ancestor)));
        Position(around)
    }

    /// The end of the body of a loop: where its `collect` is evaluated.
    pub(super) fn end_of_body(&self, index: NodeIndex) -> Position {
        let Position(mut around) = self.position(index);
        around.insert(0, Some((index, Block::Body)));
        Position(around)
    }

    /// The step itself, or the one around it, that lies in a block of `from`; none if the step lies
    /// in a loop or a fallback that `from` is not part of.
    pub(super) fn lifted(&self, from: &Position, to: NodeIndex) -> Option<NodeIndex> {
        let parent = |index: NodeIndex| self.steps.get(index).and_then(|step| step.parent);
        let mut seen = to;
        loop {
            let block = parent(seen);
            if from.0.contains(&block) {
                return Some(seen);
            }
            match block {
                Some((ancestor, Block::Then | Block::Else)) => seen = ancestor,
                _ => return None,
            }
        }
    }
}

/// The blocks around a place in a scenario, the nearest first; `None` is the scenario itself.
pub(super) struct Position(Vec<Option<(NodeIndex, Block)>>);

impl Position {
    /// The loops and other blocks around it.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (NodeIndex, Block)> + use<'_> {
        self.0.iter().copied().flatten()
    }
}

fn twice(what: &str, name: &str, place: Place, first: Option<Place>) -> Problem {
    let at = first.map_or_else(String::new, |first| format!(", first at {first}"));
    Problem::new(
        place,
        "name_twice",
        format!("there are two of the {what} {name}{at}"),
        "give it another name",
    )
}
