//! The value of an expression.

mod access;
mod macros;
pub(super) mod operators;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::ast::{Kind, Node};
use super::fault::{Fault, Faulty, INVALID_ARGUMENT, MISSING, TYPE_MISMATCH, UNKNOWN_NAME, shown};
use super::parser::Parsed;
use super::val::{Key, Val};
use super::work::Work;
use super::{Environment, Reference, Root};

/// The value of an expression as JSON.
///
/// # Errors
/// The fault of the sub-expression that has no value, and budgets.
pub(super) fn evaluate(parsed: &Parsed, environment: &dyn Environment) -> Faulty<Value> {
    let slots: Vec<Slot<'_>> = parsed.references.iter().map(|_| Slot::new()).collect();
    let mut evaluator = Evaluator {
        environment,
        references: &parsed.references,
        slots: &slots,
        locals: Vec::new(),
        work: Work::default(),
    };
    let value = evaluator.value(&parsed.root)?;
    evaluator.work.at = parsed.root.at;
    value.to_json(&mut evaluator.work)
}

/// The value of a reference, looked up when it is first needed.
type Slot<'e> = OnceCell<Option<Cow<'e, Value>>>;

/// An evaluation: `'e` is the environment, and `'s` what the evaluation itself keeps.
struct Evaluator<'s, 'e> {
    environment: &'e dyn Environment,
    references: &'s [Reference],
    slots: &'s [Slot<'e>],
    /// Values of the variables of the macros around, the innermost last.
    locals: Vec<Val<'s>>,
    work: Work,
}

impl<'s, 'e> Evaluator<'s, 'e> {
    /// The value of a node.
    fn value(&mut self, node: &'s Node) -> Faulty<Val<'s>> {
        self.work.at = node.at;
        self.work.step(1)?;
        match &node.kind {
            Kind::Literal(literal) => Ok(Val::literal(literal)),
            Kind::Reference(index) => self.reference(*index),
            Kind::Local(index) => Ok(self.locals.get(*index).cloned().unwrap_or(Val::Null)),
            Kind::List(nodes) => {
                let values = self.values(nodes)?;
                self.work.at = node.at;
                Val::made_list(&mut self.work, values)
            }
            Kind::Map(entries) => self.map(node.at, entries),
            Kind::Not(operand) => self.not(node.at, operand),
            Kind::Negate(operand) => {
                let value = self.value(operand)?;
                self.work.at = node.at;
                operators::negate(&self.work, &value)
            }
            Kind::And(sides) => self.logic(sides, false),
            Kind::Or(sides) => self.logic(sides, true),
            Kind::Chain(first, links) => {
                let mut left = self.value(first)?;
                for link in links {
                    let right = self.value(&link.right)?;
                    self.work.at = link.at;
                    left = operators::apply(&mut self.work, link.operator, &left, &right)?;
                }
                Ok(left)
            }
            Kind::Conditional(arms, otherwise) => {
                for (test, then) in arms {
                    if self.truth(test, "? :")? {
                        return self.value(then);
                    }
                }
                self.value(otherwise)
            }
            Kind::Member(base, accesses) => {
                let mut value = self.value(base)?;
                for access in accesses {
                    value = self.access(value, access)?;
                }
                Ok(value)
            }
            Kind::Has(operand, field) => self.has(node.at, operand, field),
            Kind::HasReference(index) => {
                let value = self.slot(*index);
                Ok(Val::Bool(value.is_some_and(|value| !value.is_null())))
            }
            Kind::Call(function, nodes) => {
                let arguments = self.values(nodes)?;
                self.work.at = node.at;
                function.call(&mut self.work, &arguments)
            }
            Kind::Coalesce(nodes) => self.coalesce(nodes),
        }
    }

    fn values(&mut self, nodes: &'s [Node]) -> Faulty<Vec<Val<'s>>> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn map(&mut self, at: u32, entries: &'s [(Node, Node)]) -> Faulty<Val<'s>> {
        let mut values = BTreeMap::new();
        for (key_node, value_node) in entries {
            let key = self.value(key_node)?;
            let value = self.value(value_node)?;
            self.work.at = key_node.at;
            let Some(key) = Key::of(&key).filter(|_| !matches!(key, Val::Double(_))) else {
                return Err(self.work.fault(
                    TYPE_MISMATCH,
                    format!("the key is of type {}", key.type_of()),
                    "keys are strings, ints, uints and bools",
                ));
            };
            if values.insert(key, value).is_some() {
                return Err(self.work.fault(
                    INVALID_ARGUMENT,
                    "the key stands twice in the map",
                    "remove one of them",
                ));
            }
        }
        self.work.at = at;
        Val::made_map(&mut self.work, values)
    }

    fn slot(&self, index: usize) -> Option<&'s Value> {
        let slot = self.slots.get(index)?;
        let reference = self.references.get(index)?;
        let value = slot.get_or_init(|| {
            let field = reference.field.as_deref();
            self.environment
                .value(reference.root, &reference.name, field)
        });
        value.as_deref()
    }

    fn reference(&self, index: usize) -> Faulty<Val<'s>> {
        match self.slot(index) {
            Some(value) => Ok(Val::of(value)),
            None => Err(self.absent(index)),
        }
    }

    fn absent(&self, index: usize) -> Box<Fault> {
        let name = self.references.get(index).map(|one| match one.root {
            Root::Variable => format!("vars.{}", one.name),
            Root::Assets => format!("assets.{}", one.name),
            Root::Step => format!("steps.{}.{}", one.name, one.field.as_deref().unwrap_or("")),
            Root::Binding => one.name.clone(),
        });
        self.work.fault(
            UNKNOWN_NAME,
            format!("`{}` has no value here", shown(&name.unwrap_or_default())),
            "run the step that gives it before",
        )
    }

    /// `&&` where `decisive` is false, and `||` where it is true: a side with that value decides,
    /// whatever faults the others have.
    fn logic(&mut self, sides: &'s [Node], decisive: bool) -> Faulty<Val<'s>> {
        let operator = if decisive { "||" } else { "&&" };
        let mut first_fault = None;
        for side in sides {
            match self.truth(side, operator) {
                Ok(value) if value == decisive => return Ok(Val::Bool(decisive)),
                Ok(_) => (),
                Err(fault) => self.absorb(&mut first_fault, fault)?,
            }
        }
        match first_fault {
            Some(fault) => Err(fault),
            None => Ok(Val::Bool(!decisive)),
        }
    }

    /// Keeps a fault for later, which takes steps, as its message was made.
    fn absorb(&mut self, kept: &mut Option<Box<Fault>>, fault: Box<Fault>) -> Faulty<()> {
        if fault.is_final() {
            return Err(fault);
        }
        self.work.step(20)?;
        kept.get_or_insert(fault);
        Ok(())
    }

    /// The value of a node that has to be a bool.
    fn truth(&mut self, node: &'s Node, wanted_by: &str) -> Faulty<bool> {
        match self.value(node)? {
            Val::Bool(value) => Ok(value),
            other => {
                self.work.at = node.at;
                Err(not_a_bool(&self.work, &other, wanted_by))
            }
        }
    }

    fn not(&mut self, at: u32, operand: &'s Node) -> Faulty<Val<'s>> {
        match self.value(operand)? {
            Val::Bool(value) => Ok(Val::Bool(!value)),
            other => {
                self.work.at = at;
                Err(not_a_bool(&self.work, &other, "!"))
            }
        }
    }

    /// The first value that is there and not null; null if there is none.
    fn coalesce(&mut self, nodes: &'s [Node]) -> Faulty<Val<'s>> {
        for node in nodes {
            match self.value(node) {
                Ok(Val::Null) => (),
                Ok(value) => return Ok(value),
                Err(fault) if fault.code == MISSING => self.work.step(20)?,
                Err(fault) => return Err(fault),
            }
        }
        Ok(Val::Null)
    }
}

fn not_a_bool(work: &Work, value: &Val<'_>, wanted_by: &str) -> Box<Fault> {
    work.fault(
        TYPE_MISMATCH,
        format!(
            "{wanted_by} needs a bool, and this is of type {}",
            value.type_of()
        ),
        "compare it, such as value == 1, value != null or value.size() > 0",
    )
}
