//! What depends on what: by `needs` and `after`, and by the data that expressions refer to.

use std::collections::{BTreeSet, HashSet};

use crate::cel::{Expression, Reference, Root, Type};
use crate::place::{Place, Problem};
use crate::scenario::{Located, Scenario, StepKind, ValueTemplate};

use super::NodeIndex;
use super::flat::{Flat, Position};
use super::names::{Names, needs_success, step_fields};
use super::visit::{Role, expressions};

/// The edges of one step, each to a step of a block that it lies in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edges {
    pub(super) needs: BTreeSet<NodeIndex>,
    pub(super) after: BTreeSet<NodeIndex>,
}

/// Finds edges and checks names and types on the way.
pub(super) struct EdgeFinder<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) flat: &'a Flat<'a>,
    defaults: HashSet<&'a str>,
}

impl Edges {
    /// Everything that is waited for.
    pub(super) fn targets(&self) -> impl Iterator<Item = NodeIndex> + use<'_> {
        self.needs.iter().chain(&self.after).copied()
    }
}

impl<'a> EdgeFinder<'a> {
    pub(super) fn new(scenario: &'a Scenario, flat: &'a Flat<'a>) -> EdgeFinder<'a> {
        EdgeFinder {
            scenario,
            flat,
            defaults: scenario
                .vars
                .iter()
                .map(|(name, _)| name.value.as_str())
                .collect(),
        }
    }

    /// The edges of the step at `index`.
    pub(super) fn edges(&self, index: NodeIndex, problems: &mut Vec<Problem>) -> Edges {
        let mut edges = Edges::default();
        let Some(flat) = self.flat.steps.get(index) else {
            return edges;
        };
        let step = flat.step;
        let position = self.flat.position(index);
        let mut excused = BTreeSet::new();
        for (names, is_need) in [(&step.common.needs, true), (&step.common.after, false)] {
            for name in names {
                let Some(target) = self.named(index, &position, name, problems) else {
                    continue;
                };
                if is_need {
                    edges.needs.insert(target);
                } else {
                    edges.after.insert(target);
                    excused.insert(target);
                }
            }
        }
        if let StepKind::Assets(groups) = &step.kind {
            for (number, group) in groups.iter().enumerate() {
                for name in &group.groups {
                    let earlier = groups.iter().take(number);
                    let mut earlier = earlier.map(|known| known.name.value.as_str());
                    if !earlier.any(|known| known == name.value) {
                        let target = self.group(index, &position, name, problems);
                        edges.needs.extend(target);
                    }
                }
            }
        }
        expressions(step, &mut |expression, role| {
            let end = matches!(role, Role::Collect).then(|| self.flat.end_of_body(index));
            let from = end.as_ref().unwrap_or(&position);
            self.check(expression, role, from, problems);
            for reference in expression.references() {
                self.follow(index, from, reference, &excused, &mut edges, problems);
            }
        });
        if let StepKind::ForEach { items, .. } = &step.kind {
            self.check_items(items, &position, problems);
        }
        edges.after.retain(|target| !edges.needs.contains(target));
        edges
    }

    fn named(
        &self,
        index: NodeIndex,
        position: &Position,
        name: &Located<String>,
        problems: &mut Vec<Problem>,
    ) -> Option<NodeIndex> {
        let Some(target) = self.flat.by_id.get(name.value.as_str()).copied() else {
            let known = self.flat.by_id.keys().copied();
            let remedy = crate::nearest::remedy(&name.value, known, "name a step of this scenario");
            problems.push(Problem::new(
                name.place,
                "unknown_step",
                format!("there is no step {}", tenzik_capsule::escaped(&name.value)),
                remedy,
            ));
            return None;
        };
        self.target(index, position, target, name.place, problems)
    }

    /// The step that makes a group which another group takes in.
    fn group(
        &self,
        index: NodeIndex,
        position: &Position,
        name: &Located<String>,
        problems: &mut Vec<Problem>,
    ) -> Option<NodeIndex> {
        let definer = self.flat.groups.get(name.value.as_str());
        let Some(definer) = definer.filter(|definer| **definer != index) else {
            let known = self.flat.groups.keys().copied();
            let remedy = match definer {
                Some(_) => "define it above this one".to_owned(),
                None => crate::nearest::remedy(&name.value, known, "define it in an assets step"),
            };
            problems.push(Problem::new(
                name.place,
                "unknown_name",
                format!(
                    "there is no group {} yet",
                    tenzik_capsule::escaped(&name.value)
                ),
                remedy,
            ));
            return None;
        };
        self.target(index, position, *definer, name.place, problems)
    }

    /// The step to wait for, to see `target`.
    fn target(
        &self,
        index: NodeIndex,
        position: &Position,
        target: NodeIndex,
        place: Place,
        problems: &mut Vec<Problem>,
    ) -> Option<NodeIndex> {
        let id = |index: NodeIndex| {
            let step = self.flat.steps.get(index);
            step.map_or("", |step| step.step.id.value.as_str())
        };
        let Some(lifted) = self.flat.lifted(position, target) else {
            problems.push(not_visible(place, id(target)));
            return None;
        };
        let is_around = self
            .flat
            .chain(index)
            .any(|(ancestor, _)| ancestor == lifted);
        if lifted == index || is_around {
            let message = if target == index {
                format!("the step {} refers to itself", id(index))
            } else {
                format!(
                    "the step {} lies in {}, which cannot end before it",
                    id(index),
                    id(lifted)
                )
            };
            let remedy = "refer to steps that end before this one begins";
            problems.push(Problem::new(place, "cycle", message, remedy));
            return None;
        }
        Some(lifted)
    }

    fn follow(
        &self,
        index: NodeIndex,
        from: &Position,
        reference: &Reference,
        excused: &BTreeSet<NodeIndex>,
        edges: &mut Edges,
        problems: &mut Vec<Problem>,
    ) {
        let name = reference.name.as_str();
        // What does not exist, or cannot be seen, is a problem of names that was told already.
        let visible = |target: &NodeIndex| self.flat.lifted(from, *target).is_some();
        match reference.root {
            Root::Binding => {}
            Root::Variable => {
                let setters = self.flat.variables.get(name).map_or(&[][..], Vec::as_slice);
                let has_default = self.defaults.contains(name);
                for setter in setters.iter().filter(|setter| visible(setter)) {
                    if *setter == index && (has_default || self.is_set_before(index, reference)) {
                        continue;
                    }
                    let Some(target) = self.target(index, from, *setter, reference.place, problems)
                    else {
                        continue;
                    };
                    if has_default {
                        edges.after.insert(target);
                    } else {
                        edges.needs.insert(target);
                    }
                }
            }
            Root::Assets => {
                let definer = self
                    .flat
                    .groups
                    .get(name)
                    .filter(|definer| visible(definer));
                let target = definer.and_then(|definer| {
                    self.target(index, from, *definer, reference.place, problems)
                });
                edges.needs.extend(target);
            }
            Root::Step => {
                let Some(step) = self.flat.by_id.get(name).filter(|step| visible(step)) else {
                    return;
                };
                if self.is_inside(index, *step)
                    && from.blocks().next().map(|block| block.0) == Some(index)
                {
                    return;
                }
                let Some(target) = self.target(index, from, *step, reference.place, problems)
                else {
                    return;
                };
                if needs_success(reference.field.as_deref()) && !excused.contains(&target) {
                    edges.needs.insert(target);
                } else {
                    edges.after.insert(target);
                }
            }
        }
    }

    /// Whether an entry of the same `let`, above the reference, sets the variable.
    fn is_set_before(&self, index: NodeIndex, reference: &Reference) -> bool {
        let step = self.flat.steps.get(index).map(|flat| &flat.step.kind);
        let Some(StepKind::Let(values)) = step else {
            return false;
        };
        let mut names = values.iter().map(|(name, _)| name);
        names.any(|name| {
            // The entry that the reference stands in is the last one above it.
            let entries = values.iter().rev().map(|(name, _)| name);
            let mut above = entries.filter(|entry| entry.place < reference.place);
            let own = above.next().map(|entry| entry.place);
            name.value == reference.name && own.is_some_and(|own| name.place < own)
        })
    }

    fn is_inside(&self, outer: NodeIndex, inner: NodeIndex) -> bool {
        self.flat
            .chain(inner)
            .any(|(ancestor, _)| ancestor == outer)
    }

    fn check(
        &self,
        expression: &Expression,
        role: Role,
        from: &Position,
        problems: &mut Vec<Problem>,
    ) {
        let names = Names {
            scenario: self.scenario,
            flat: self.flat,
            from,
            retry: role == Role::Retry,
        };
        for reference in expression.references() {
            if let Some(problem) = self.of_step(reference, from) {
                problems.push(problem);
                return;
            }
        }
        let found = match expression.check(&names) {
            Ok(found) => found,
            Err(more) => {
                problems.extend(more);
                return;
            }
        };
        let (wanted, name) = match role {
            Role::Condition | Role::Retry => (Type::Bool, "true or false"),
            Role::Rows => (Type::List, "a list"),
            Role::Items | Role::Collect | Role::Text | Role::Value => return,
        };
        if found != wanted && found != Type::Dyn {
            problems.push(mismatch(expression.place(), found, name));
        }
    }

    /// What is wrong with a reference to a step that exists.
    fn of_step(&self, reference: &Reference, from: &Position) -> Option<Problem> {
        if reference.root != Root::Step {
            return None;
        }
        let step = *self.flat.by_id.get(reference.name.as_str())?;
        if self.flat.lifted(from, step).is_none() {
            return Some(not_visible(reference.place, &reference.name));
        }
        let field = reference.field.as_deref()?;
        if step_fields().any(|known| known == field) {
            return None;
        }
        Some(Problem::new(
            reference.place,
            "unknown_name",
            format!("a step has no field {}", tenzik_capsule::escaped(field)),
            format!(
                "write one of {}",
                step_fields().collect::<Vec<_>>().join(", ")
            ),
        ))
    }

    fn check_items(&self, items: &ValueTemplate, from: &Position, problems: &mut Vec<Problem>) {
        let none = match items {
            ValueTemplate::List(items, _) => items.is_empty(),
            ValueTemplate::Literal(value, _) => value.as_array().is_some_and(Vec::is_empty),
            _ => false,
        };
        if none {
            problems.push(Problem::new(
                items.place(),
                "unreachable_step",
                "the loop has no items, so its block never runs",
                "give it items, or remove it",
            ));
            return;
        }
        let found = match items {
            ValueTemplate::List(..) => return,
            ValueTemplate::Map(..) => Type::Map,
            ValueTemplate::Literal(value, _) => super::names::type_of(value),
            ValueTemplate::Text(template) => {
                let names = Names {
                    scenario: self.scenario,
                    flat: self.flat,
                    from,
                    retry: false,
                };
                match template.check(&names) {
                    Ok(found) => found,
                    // Told with the expression.
                    Err(_) => return,
                }
            }
        };
        if found != Type::List && found != Type::Dyn {
            problems.push(mismatch(items.place(), found, "a list"));
        }
    }
}

fn not_visible(place: Place, id: &str) -> Problem {
    Problem::new(
        place,
        "step_not_visible",
        format!("the step {id} lies in a loop or a fallback that this step is not part of"),
        "refer to the step around it, whose output has what its block gives",
    )
}

fn mismatch(place: Place, found: Type, wanted: &str) -> Problem {
    Problem::new(
        place,
        "type_mismatch",
        format!("this is {}, where {wanted} is needed", shown(found)),
        format!("write an expression that gives {wanted}"),
    )
}

fn shown(found: Type) -> &'static str {
    match found {
        Type::Dyn => "a value",
        Type::Null => "null",
        Type::Bool => "true or false",
        Type::Int | Type::Uint | Type::Double => "a number",
        Type::String => "a text",
        Type::Bytes => "bytes",
        Type::List => "a list",
        Type::Map => "a map",
        Type::Type => "a type",
    }
}
