//! Conditions, operands and functions (RFC 9535 sections 2.3.5 and 2.4).

use tenzik_host_abi::Status;

use super::{Evaluator, Known, Stop};
use crate::primitive::json_path::document::{NodeId, ROOT};
use crate::primitive::json_path::meter::TEXT_BYTES_PER_STEP;
use crate::primitive::json_path::pattern::{
    DOCUMENT_PATTERN_WEIGHT_MAX, Mode, PATTERN_BYTES_MAX, Program,
};
use crate::primitive::json_path::query::{
    Anchor, Comparator, Condition, Operand, Pattern, Query, Slot,
};
use crate::primitive::json_path::value::Value;

/// The steps of making a program of a pattern from the document.
pub(in super::super) const PATTERN_STEPS: usize = 4096;

impl<'a> Evaluator<'a> {
    /// Whether `condition` is true for the current node `id`.
    pub(super) fn condition(
        &mut self,
        condition: &'a Condition,
        id: NodeId,
    ) -> Result<bool, Status> {
        self.meter.spend(1)?;
        match condition {
            Condition::Or(terms) => {
                for term in terms {
                    if self.condition(term, id)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::And(terms) => {
                for term in terms {
                    if !self.condition(term, id)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Not(negated) => Ok(!self.condition(negated, id)?),
            Condition::Exists(query) => {
                let mut exists = false;
                self.each(&query.segments, start(query, id), &mut |evaluator, _| {
                    evaluator.meter.spend(1)?;
                    exists = true;
                    Err(Stop::Enough)
                })?;
                Ok(exists)
            }
            Condition::Compare(left, comparator, right) => {
                let (left, right) = (self.operand(left, id)?, self.operand(right, id)?);
                self.compare(&left, *comparator, &right)
            }
            Condition::Matches(text, pattern, mode) => {
                let text = self.operand(text, id)?;
                self.matches(&text, pattern, *mode)
            }
            Condition::Constant(slot) => Ok(matches!(
                self.constants.get(*slot),
                Some(Known::Condition(true))
            )),
        }
    }

    /// The value of `operand` for the current node `id`.
    pub(super) fn operand(
        &mut self,
        operand: &'a Operand,
        id: NodeId,
    ) -> Result<Value<'a>, Status> {
        self.meter.spend(1)?;
        match operand {
            Operand::Literal(literal) => Ok(Value::of_literal(literal)),
            Operand::Value(query) => self.only_value(query, id),
            Operand::Count(query) => {
                let mut count = 0;
                self.each(&query.segments, start(query, id), &mut |evaluator, _| {
                    evaluator.meter.spend(1)?;
                    count += 1;
                    Ok(())
                })?;
                Ok(Value::of_count(count))
            }
            Operand::Length(of) => {
                let value = self.operand(of, id)?;
                self.length(&value)
            }
            Operand::Constant(slot) => Ok(self.known_operand(*slot)),
        }
    }

    fn known_operand(&self, slot: Slot) -> Value<'a> {
        match self.constants.get(slot) {
            Some(Known::Operand(value)) => value.clone(),
            _ => Value::Nothing,
        }
    }

    /// The value of the node that `query` selects, if it is only one.
    fn only_value(&mut self, query: &'a Query, id: NodeId) -> Result<Value<'a>, Status> {
        let (mut count, mut found) = (0, ROOT);
        self.each(&query.segments, start(query, id), &mut |evaluator, node| {
            evaluator.meter.spend(1)?;
            count += 1;
            found = node;
            if count > 1 { Err(Stop::Enough) } else { Ok(()) }
        })?;
        Ok(if count == 1 {
            Value::of_node(self.document, found)
        } else {
            Value::Nothing
        })
    }

    /// Section 2.4.4: code points, elements or members.
    fn length(&mut self, value: &Value<'a>) -> Result<Value<'a>, Status> {
        match value {
            Value::Text(text) => {
                self.meter
                    .spend(text.source_bytes() / TEXT_BYTES_PER_STEP)?;
                Ok(Value::of_count(text.length()))
            }
            Value::Array(id) | Value::Object(id) => {
                let mut count = 0;
                for _ in self.document.children(*id) {
                    self.meter.spend(1)?;
                    count += 1;
                }
                Ok(Value::of_count(count))
            }
            _ => Ok(Value::Nothing),
        }
    }

    /// Sections 2.4.6 and 2.4.7.
    fn matches(
        &mut self,
        value: &Value<'a>,
        pattern: &Pattern,
        mode: Mode,
    ) -> Result<bool, Status> {
        let Value::Text(text) = value else {
            return Ok(false);
        };
        let program = match pattern {
            Pattern::Literal(program) => program,
            Pattern::Constant(slot) => match self.constants.get(*slot) {
                Some(Known::Pattern(program)) => program,
                _ => return Ok(false),
            },
        };
        program.matches(text.code_points(), mode, &mut self.scratch, self.meter)
    }

    /// The program of a pattern that is not written in the query.
    pub(super) fn document_pattern(&mut self, operand: &'a Operand) -> Result<Program, Status> {
        let Value::Text(text) = self.operand(operand, ROOT)? else {
            return Ok(Program::never());
        };
        self.meter.spend(PATTERN_STEPS)?;
        if text.source_bytes() > PATTERN_BYTES_MAX {
            return Err(Status::TooComplex);
        }
        let pattern: Option<String> = text.code_points().map(char::from_u32).collect();
        pattern.map_or(Ok(Program::never()), |pattern| {
            Program::new(&pattern, DOCUMENT_PATTERN_WEIGHT_MAX)
        })
    }

    /// Section 2.3.5.2.2.
    fn compare(
        &mut self,
        left: &Value<'a>,
        comparator: Comparator,
        right: &Value<'a>,
    ) -> Result<bool, Status> {
        match comparator {
            Comparator::Equal => self.equal(left, right),
            Comparator::NotEqual => Ok(!self.equal(left, right)?),
            Comparator::Less => self.less(left, right, false),
            Comparator::LessOrEqual => self.less(left, right, true),
            Comparator::Greater => self.less(right, left, false),
            Comparator::GreaterOrEqual => self.less(right, left, true),
        }
    }
}

/// Where `query` begins if `current` is the current node.
fn start(query: &Query, current: NodeId) -> NodeId {
    match query.anchor {
        Anchor::Root => ROOT,
        Anchor::Current => current,
    }
}
