//! What names mean at a place of a scenario.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cel::{Reference, Root, Scope, Type};
use crate::scenario::{OutputFormat, Scenario, StepKind, ValueTemplate};

use super::flat::{Flat, Position};
use super::{Block, NodeIndex};

/// Fields of a finished step that are there only if it succeeded.
const OF_SUCCESS: [&str; 3] = ["artifact", "exit", "output"];
/// Fields of every finished step.
const OF_ANY: [&str; 3] = ["attempts", "error", "status"];

/// Whether a reference to this field needs the step's success.
pub(super) fn needs_success(field: Option<&str>) -> bool {
    field.is_some_and(|field| OF_SUCCESS.contains(&field))
}

/// The names at one place.
pub(super) struct Names<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) flat: &'a Flat<'a>,
    pub(super) from: &'a Position,
    /// Whether `error` is known.
    pub(super) retry: bool,
}

impl Names<'_> {
    fn variable(&self, name: &str) -> Option<Type> {
        let mut defaults = self.scenario.vars.iter();
        if let Some((_, value)) = defaults.find(|(known, _)| known.value == name) {
            let is_set = self.flat.variables.contains_key(name);
            return Some(if is_set { Type::Dyn } else { type_of(value) });
        }
        let mut setters = self.flat.variables.get(name)?.iter();
        let seen = setters.any(|setter| self.flat.lifted(self.from, *setter).is_some());
        seen.then_some(Type::Dyn)
    }

    fn field(&self, step: NodeIndex, field: Option<&str>) -> Option<Type> {
        let Some(field) = field else {
            return Some(Type::Map);
        };
        match field {
            "status" => Some(Type::String),
            // Null for a step that did not fail.
            "error" => Some(Type::Dyn),
            "attempts" => Some(Type::Int),
            "artifact" | "exit" => Some(Type::Dyn),
            "output" => {
                let kind = &self.flat.steps.get(step)?.step.kind;
                Some(match kind {
                    StepKind::Run { output, .. } | StepKind::Exec { output, .. } => match output {
                        // It is null where the step did not succeed.
                        OutputFormat::Text
                        | OutputFormat::Lines
                        | OutputFormat::Json
                        | OutputFormat::Bytes => Type::Dyn,
                    },
                    _ => Type::Dyn,
                })
            }
            _ => None,
        }
    }

    fn binding(&self, name: &str) -> Option<Type> {
        if name == "error" {
            return self.retry.then_some(Type::Map);
        }
        for (ancestor, block) in self.from.blocks() {
            let step = self.flat.steps.get(ancestor)?.step;
            let (Block::Body, StepKind::ForEach { binding, items, .. }) = (block, &step.kind)
            else {
                continue;
            };
            if binding.value == name {
                return Some(type_of_item(items));
            }
            if index_binding(&binding.value) == name {
                return Some(Type::Int);
            }
        }
        None
    }
}

/// What the position of an item is called.
pub(super) fn index_binding(binding: &str) -> String {
    match binding {
        "item" => "index".to_owned(),
        name => format!("{name}_index"),
    }
}

fn type_of_item(items: &ValueTemplate) -> Type {
    let ValueTemplate::Text(template) = items else {
        return Type::Dyn;
    };
    let [expression] = template.expressions() else {
        return Type::Dyn;
    };
    match expression.references() {
        [reference]
            if reference.root == Root::Assets
                && expression.source().trim() == format!("assets.{}", reference.name) =>
        {
            Type::String
        }
        _ => Type::Dyn,
    }
}

/// The type of a value.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Number(number) if number.is_i64() => Type::Int,
        Value::Number(number) if number.is_u64() => Type::Uint,
        Value::Number(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Array(_) => Type::List,
        Value::Object(_) => Type::Map,
    }
}

impl Scope for Names<'_> {
    fn type_of(&self, reference: &Reference) -> Option<Type> {
        match reference.root {
            Root::Variable => self.variable(&reference.name),
            Root::Assets => {
                let definer = self.flat.groups.get(reference.name.as_str())?;
                self.flat.lifted(self.from, *definer).map(|_| Type::List)
            }
            Root::Step => {
                let step = *self.flat.by_id.get(reference.name.as_str())?;
                self.flat.lifted(self.from, step)?;
                self.field(step, reference.field.as_deref())
            }
            Root::Binding => self.binding(&reference.name),
        }
    }

    fn known(&self, root: Root) -> BTreeSet<String> {
        match root {
            Root::Variable => {
                let defaults = self
                    .scenario
                    .vars
                    .iter()
                    .map(|(name, _)| name.value.clone());
                let set = self.flat.variables.keys().map(|name| (*name).to_owned());
                defaults.chain(set).collect()
            }
            Root::Assets => self
                .flat
                .groups
                .keys()
                .map(|name| (*name).to_owned())
                .collect(),
            Root::Step => {
                let ids = self.flat.by_id.iter();
                let seen = ids.filter(|(_, index)| self.flat.lifted(self.from, **index).is_some());
                seen.map(|(id, _)| (*id).to_owned()).collect()
            }
            Root::Binding => {
                let mut names = BTreeSet::new();
                if self.retry {
                    names.insert("error".to_owned());
                }
                for (ancestor, block) in self.from.blocks() {
                    let step = self.flat.steps.get(ancestor).map(|step| step.step);
                    if let (Block::Body, Some(StepKind::ForEach { binding, .. })) =
                        (block, step.map(|step| &step.kind))
                    {
                        names.insert(binding.value.clone());
                        names.insert(index_binding(&binding.value));
                    }
                }
                names
            }
        }
    }
}

/// The fields of a step that expressions may name.
pub(super) fn step_fields() -> impl Iterator<Item = &'static str> {
    OF_SUCCESS.into_iter().chain(OF_ANY)
}
