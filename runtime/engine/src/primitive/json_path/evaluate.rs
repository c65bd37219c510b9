//! Evaluates a query, and counts the steps.
//!
//! Each node that a segment selects is taken through the remaining segments at once, so no lists
//! of nodes are kept. Recursion goes one level deeper into the document with each segment, filter
//! or comparison of contents, and is thereby bounded by its depth.

mod compare;
mod filter;

use tenzik_host_abi::Status;

use super::document::{Document, Kind, NodeId, ROOT};
use super::meter::{COPIED_BYTES_PER_STEP, Meter, TEXT_BYTES_PER_STEP};
use super::pattern::{Program, Scratch};
use super::query::{Constant, Plan, Segment, Selector, Slice};
use super::text::Text;
use super::value::Value;

pub(super) use compare::sort_steps;
pub(super) use filter::PATTERN_STEPS;

/// The JSON array of the values that `plan` selects from `document`.
///
/// # Errors
/// [`Status::TooLarge`] if it has more than `result_bytes_max` bytes; [`Status::TooComplex`] if
/// `meter` runs out or a pattern from the document is too complex.
pub(super) fn evaluate(
    document: &Document,
    plan: &Plan,
    result_bytes_max: usize,
    meter: &mut Meter,
) -> Result<Vec<u8>, Status> {
    let mut evaluator = Evaluator {
        document,
        constants: Vec::new(),
        scratch: Scratch::default(),
        meter,
    };
    for constant in &plan.constants {
        let known = evaluator.constant(constant)?;
        evaluator.constants.push(known);
    }
    let mut result = vec![b'['];
    evaluator.each(&plan.query.segments, ROOT, &mut |evaluator, id| {
        let source = evaluator.document.source(id).as_bytes();
        evaluator
            .meter
            .spend(1 + source.len() / COPIED_BYTES_PER_STEP)?;
        if result.len() + source.len() + 1 > result_bytes_max {
            return Err(Stop::Failed(Status::TooLarge));
        }
        result.extend_from_slice(source);
        result.push(b',');
        Ok(())
    })?;
    match result.last_mut() {
        Some(comma) if *comma == b',' => *comma = b']',
        _ => result.push(b']'),
    }
    if result.len() > result_bytes_max {
        Err(Status::TooLarge)
    } else {
        Ok(result)
    }
}

/// Why no further nodes are wanted.
enum Stop {
    Enough,
    Failed(Status),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Stop {
        Stop::Failed(status)
    }
}

/// The value of a [`Constant`].
enum Known<'a> {
    Condition(bool),
    Operand(Value<'a>),
    Pattern(Program),
}

struct Evaluator<'a> {
    document: &'a Document,
    constants: Vec<Known<'a>>,
    scratch: Scratch,
    meter: &'a mut Meter,
}

/// What is done with each selected node.
type Visit<'v, 'a> = dyn FnMut(&mut Evaluator<'a>, NodeId) -> Result<(), Stop> + 'v;

impl<'a> Evaluator<'a> {
    fn constant(&mut self, constant: &'a Constant) -> Result<Known<'a>, Status> {
        Ok(match constant {
            Constant::Condition(condition) => Known::Condition(self.condition(condition, ROOT)?),
            Constant::Operand(operand) => Known::Operand(self.operand(operand, ROOT)?),
            Constant::Pattern(operand) => Known::Pattern(self.document_pattern(operand)?),
        })
    }

    /// Visits the nodes that `segments` select from `id`, until `visit` has enough.
    fn each(
        &mut self,
        segments: &'a [Segment],
        id: NodeId,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<(), Status> {
        match self.walk(segments, id, visit) {
            Ok(()) | Err(Stop::Enough) => Ok(()),
            Err(Stop::Failed(status)) => Err(status),
        }
    }

    fn walk(
        &mut self,
        segments: &'a [Segment],
        id: NodeId,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<(), Stop> {
        let Some((segment, rest)) = segments.split_first() else {
            return visit(self, id);
        };
        if !segment.is_descendant {
            return self.select(segment, rest, id, visit);
        }
        for descendant in self.document.descendants(id) {
            self.meter.spend(1)?;
            self.select(segment, rest, descendant, visit)?;
        }
        Ok(())
    }

    fn select(
        &mut self,
        segment: &'a Segment,
        rest: &'a [Segment],
        id: NodeId,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<(), Stop> {
        let kind = self.document.kind(id);
        for selector in &segment.selectors {
            self.meter.spend(1)?;
            match selector {
                Selector::Name(name) if kind == Kind::Object => {
                    if let Some(member) = self.member(id, name)? {
                        self.walk(rest, member, visit)?;
                    }
                }
                Selector::Index(index) if kind == Kind::Array => {
                    if let Some(element) = self.element(id, *index)? {
                        self.walk(rest, element, visit)?;
                    }
                }
                Selector::Slice(slice) if kind == Kind::Array => {
                    self.slice(id, slice, rest, visit)?;
                }
                Selector::Wildcard => {
                    for child in self.document.children(id) {
                        self.meter.spend(1)?;
                        self.walk(rest, child, visit)?;
                    }
                }
                Selector::Filter(condition) => {
                    for child in self.document.children(id) {
                        self.meter.spend(1)?;
                        if self.condition(condition, child)? {
                            self.walk(rest, child, visit)?;
                        }
                    }
                }
                Selector::Name(_) | Selector::Index(_) | Selector::Slice(_) => {}
            }
        }
        Ok(())
    }

    /// The last member of this name.
    fn member(&mut self, object: NodeId, name: &str) -> Result<Option<NodeId>, Status> {
        let mut found = None;
        for member in self.document.children(object) {
            self.meter.spend(1 + name.len() / TEXT_BYTES_PER_STEP)?;
            if self.document.name(member).equals(Text::plain(name)) {
                found = Some(member);
            }
        }
        Ok(found)
    }

    fn element(&mut self, array: NodeId, index: i64) -> Result<Option<NodeId>, Status> {
        let mut children = self.document.children(array);
        let mut skipped = index;
        if index < 0 {
            for _ in children.clone() {
                self.meter.spend(1)?;
                skipped += 1;
            }
            if skipped < 0 {
                return Ok(None);
            }
        }
        for child in &mut children {
            self.meter.spend(1)?;
            if skipped == 0 {
                return Ok(Some(child));
            }
            skipped -= 1;
        }
        Ok(None)
    }

    /// Section 2.3.4.2.2.
    fn slice(
        &mut self,
        array: NodeId,
        slice: &Slice,
        rest: &'a [Segment],
        visit: &mut Visit<'_, 'a>,
    ) -> Result<(), Stop> {
        let mut elements = Vec::new();
        for child in self.document.children(array) {
            self.meter.spend(1)?;
            elements.push(child);
        }
        let length = elements.len() as i64;
        let from_front = |bound: i64| if bound < 0 { length + bound } else { bound };
        let (low, high) = if slice.step < 0 {
            (-1, length - 1)
        } else {
            (0, length)
        };
        let (first, last) = if slice.step < 0 {
            (high, low)
        } else {
            (low, high)
        };
        let start = slice
            .start
            .map_or(first, from_front)
            .clamp(low, high.max(low));
        let end = slice.end.map_or(last, from_front).clamp(low, high.max(low));
        let mut at = start;
        while slice.step > 0 && at < end || slice.step < 0 && at > end {
            self.meter.spend(1)?;
            if let Some(element) = usize::try_from(at).ok().and_then(|at| elements.get(at)) {
                self.walk(rest, *element, visit)?;
            }
            at += slice.step;
        }
        Ok(())
    }
}
