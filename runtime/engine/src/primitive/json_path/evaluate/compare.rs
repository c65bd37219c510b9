//! Equality and order of values (RFC 9535 section 2.3.5.2.2).

use std::cmp::Ordering;

use tenzik_host_abi::Status;

use super::Evaluator;
use crate::primitive::json_path::document::{Kind, NodeId};
use crate::primitive::json_path::meter::TEXT_BYTES_PER_STEP;
use crate::primitive::json_path::number;
use crate::primitive::json_path::text::Text;
use crate::primitive::json_path::value::Value;

/// The steps of bringing the members of two objects with `members` members each into the order of
/// their names, for each member.
pub(in super::super) fn sort_steps(members: u64, name_bytes_max: u64) -> u64 {
    let comparisons = u64::from(members.max(1).ilog2()) + 3;
    2 * comparisons * (1 + name_bytes_max / TEXT_BYTES_PER_STEP as u64)
}

impl<'a> Evaluator<'a> {
    /// Whether `left` is less than `right`, or also, if `or_equal`, equal to it.
    pub(super) fn less(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        or_equal: bool,
    ) -> Result<bool, Status> {
        let ordering = match (left, right) {
            (Value::Number(left), Value::Number(right)) => self.compare_numbers(left, right)?,
            (Value::Text(left), Value::Text(right)) => {
                self.spend_on_texts(*left, *right)?;
                left.compare(*right)
            }
            _ => {
                return if or_equal {
                    self.equal(left, right)
                } else {
                    Ok(false)
                };
            }
        };
        Ok(ordering == Ordering::Less || or_equal && ordering == Ordering::Equal)
    }

    pub(super) fn equal(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Status> {
        match (left, right) {
            (Value::Nothing, Value::Nothing) | (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            (Value::Number(left), Value::Number(right)) => {
                Ok(self.compare_numbers(left, right)? == Ordering::Equal)
            }
            (Value::Text(left), Value::Text(right)) => {
                self.spend_on_texts(*left, *right)?;
                Ok(left.equals(*right))
            }
            (Value::Array(left), Value::Array(right))
            | (Value::Object(left), Value::Object(right)) => self.equal_nodes(*left, *right),
            _ => Ok(false),
        }
    }

    fn equal_nodes(&mut self, left: NodeId, right: NodeId) -> Result<bool, Status> {
        self.meter.spend(1)?;
        let document = self.document;
        match (document.kind(left), document.kind(right)) {
            _ if left == right => Ok(true),
            (Kind::Array, Kind::Array) => self.equal_arrays(left, right),
            (Kind::Object, Kind::Object) => self.equal_objects(left, right),
            (Kind::Array | Kind::Object, _) | (_, Kind::Array | Kind::Object) => Ok(false),
            _ => self.equal(
                &Value::of_node(document, left),
                &Value::of_node(document, right),
            ),
        }
    }

    fn equal_arrays(&mut self, left: NodeId, right: NodeId) -> Result<bool, Status> {
        let (mut lefts, mut rights) = (self.document.children(left), self.document.children(right));
        loop {
            match (lefts.next(), rights.next()) {
                (Some(left), Some(right)) if self.equal_nodes(left, right)? => {}
                (None, None) => return Ok(true),
                _ => return Ok(false),
            }
        }
    }

    /// Members are compared in the order of their names; those of the same name in the order of
    /// their text.
    fn equal_objects(&mut self, left: NodeId, right: NodeId) -> Result<bool, Status> {
        let document = self.document;
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        let (mut left_members, mut right_members) =
            (document.children(left), document.children(right));
        loop {
            match (left_members.next(), right_members.next()) {
                (Some(left), Some(right)) => {
                    self.meter.spend(1)?;
                    lefts.push(left);
                    rights.push(right);
                }
                (None, None) => break,
                _ => return Ok(false),
            }
        }
        let members = lefts.len();
        let steps = sort_steps(members as u64, document.shape.name_bytes_max);
        self.meter
            .spend(members.saturating_mul(usize::try_from(steps).unwrap_or(usize::MAX)))?;
        let same_name =
            |(left, right): (&NodeId, &NodeId)| document.name(*left).equals(document.name(*right));
        if !lefts.iter().zip(&rights).all(same_name) {
            lefts.sort_by(|left, right| document.name(*left).compare(document.name(*right)));
            rights.sort_by(|left, right| document.name(*left).compare(document.name(*right)));
            if !lefts.iter().zip(&rights).all(same_name) {
                return Ok(false);
            }
        }
        for (left, right) in lefts.into_iter().zip(rights) {
            if !self.equal_nodes(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn compare_numbers(&mut self, left: &str, right: &str) -> Result<Ordering, Status> {
        self.meter
            .spend((left.len() + right.len()) / TEXT_BYTES_PER_STEP)?;
        Ok(number::compare(left, right))
    }

    fn spend_on_texts(&mut self, left: Text<'_>, right: Text<'_>) -> Result<(), Status> {
        self.meter
            .spend(left.source_bytes().min(right.source_bytes()) / TEXT_BYTES_PER_STEP)
    }
}
