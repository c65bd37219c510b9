//! What follows a value: names, indexes, functions and macros.

use super::super::Type;
use super::super::ast::{Access, AccessKind, Kind, Node};
use super::super::fault::{Fault, Faulty, MISSING, TYPE_MISMATCH, shown};
use super::super::val::{Key, Map, Val};
use super::Evaluator;
use crate::nearest::nearest;

/// What to do about a key that is missing.
const ABSENT: &str = "test it with has(…), or give another value with coalesce(…)";

/// Keys that are compared with one that is missing.
const KEYS_COMPARED_MAX: usize = 100;

impl<'s> Evaluator<'s, '_> {
    pub(super) fn access(&mut self, value: Val<'s>, access: &'s Access) -> Faulty<Val<'s>> {
        match &access.kind {
            AccessKind::Field(name) => {
                self.work.at = access.at;
                self.work.step(1)?;
                match &value {
                    Val::Map(map) => map.field(name).ok_or_else(|| self.missing_key(map, name)),
                    other => Err(self.no_fields(other, name)),
                }
            }
            AccessKind::Index(node) => {
                let index = self.value(node)?;
                self.work.at = access.at;
                self.index(&value, &index, matches!(node.kind, Kind::Literal(_)))
            }
            AccessKind::Method(function, nodes) => {
                let mut arguments = Vec::with_capacity(nodes.len() + 1);
                arguments.push(value);
                for node in nodes {
                    arguments.push(self.value(node)?);
                }
                self.work.at = access.at;
                self.work.step(1)?;
                function.call(&mut self.work, &arguments)
            }
            AccessKind::Macro(found, bodies) => self.comprehend(access.at, *found, &value, bodies),
        }
    }

    /// `has(operand.field)`.
    pub(super) fn has(&mut self, at: u32, operand: &'s Node, field: &str) -> Faulty<Val<'s>> {
        let value = self.value(operand)?;
        self.work.at = at;
        match &value {
            Val::Map(map) => Ok(Val::Bool(map.field(field).is_some())),
            other => Err(self.no_fields(other, field)),
        }
    }

    /// `value[index]`; a key that is no literal is not shown, as it may be secret.
    fn index(&mut self, value: &Val<'s>, index: &Val<'s>, is_literal: bool) -> Faulty<Val<'s>> {
        match (value, index) {
            (Val::List(list), Val::Int(_) | Val::Uint(_) | Val::Double(_)) => {
                let position = match Key::of(index) {
                    Some(Key::Int(position)) => usize::try_from(position).ok(),
                    Some(Key::Uint(position)) => usize::try_from(position).ok(),
                    _ => None,
                };
                position.and_then(|position| list.get(position)).ok_or_else(|| {
                    let shown = match index {
                        Val::Int(index) => index.to_string(),
                        Val::Uint(index) => index.to_string(),
                        _ => "a double".to_owned(),
                    };
                    let message = format!("the list has {} elements and none at {shown}", list.len());
                    let remedy = "positions begin at 0; coalesce(list[0], otherwise) gives another value";
                    self.work.fault(MISSING, message, remedy)
                })
            }
            (Val::Map(map), index) => {
                if let Val::Text(text) = index {
                    self.work.scan(text.as_str().len())?;
                }
                let key = Key::of(index).ok_or_else(|| {
                    let message = format!("the key is of type {}", index.type_of());
                    let remedy = "keys are strings, ints, uints and bools";
                    self.work.fault(TYPE_MISMATCH, message, remedy)
                })?;
                map.get(&key).ok_or_else(|| match &key {
                    Key::Text(text) if is_literal => self.missing_key(map, text.as_str()),
                    _ => {
                        let message = format!(
                            "the map has {} keys and none is this {}",
                            map.len(),
                            index.type_of()
                        );
                        self.work.fault(MISSING, message, ABSENT)
                    }
                })
            }
            (Val::Null, _) => Err(self.work.fault(
                MISSING,
                "null has no elements",
                "test it first: value != null && value[0] == 1, or coalesce(value[0], otherwise)",
            )),
            (other, index) => {
                let (other, index) = (other.type_of(), index.type_of());
                let message = format!("{other}[{index}] is not defined");
                let remedy = match other {
                    Type::String => "write text.charAt(position) or text.substring(from, to)",
                    Type::List => "the position of an element is an int",
                    _ => "only lists and maps have elements",
                };
                Err(self.work.fault(TYPE_MISMATCH, message, remedy))
            }
        }
    }

    fn missing_key(&self, map: &Map<'_>, name: &str) -> Box<Fault> {
        let message = format!(
            "the map has {} keys and none is `{}`",
            map.len(),
            shown(name)
        );
        let entries = match map.len() {
            0..=KEYS_COMPARED_MAX => map.entries(),
            _ => Vec::new(),
        };
        let keys = entries.iter().filter_map(|(key, _)| match key {
            Key::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let remedy = match nearest(name, keys) {
            Some(near) => format!("did you mean `{}`", shown(near)),
            None => ABSENT.to_owned(),
        };
        self.work.fault(MISSING, message, remedy)
    }

    fn no_fields(&self, value: &Val<'_>, name: &str) -> Box<Fault> {
        let name = shown(name);
        if matches!(value, Val::Null) {
            let message = format!("null has no `{name}`");
            let remedy = "test it first: value != null, or give another value with coalesce(…)";
            return self.work.fault(MISSING, message, remedy);
        }
        let kind = value.type_of();
        let remedy = match kind {
            Type::String => "read JSON with json(text), or give the step output: json",
            Type::List => "take an element first, such as list[0], or all with list.map(x, x.name)",
            _ => "only maps have names",
        };
        self.work.fault(
            TYPE_MISMATCH,
            format!("type {kind} has no `{name}`"),
            remedy,
        )
    }
}
