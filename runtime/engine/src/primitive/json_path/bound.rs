//! An upper bound of the steps that a query takes on a document, known before it is evaluated.
//!
//! A query only ever goes from a value to values inside of it, and what it does at a value costs
//! what the value's children, text or inside cost. Values of one nesting depth do not overlap, so
//! a sum over a whole depth is known from the [`Shape`] of the document. It remains to bound how
//! often a value of each depth is visited; that is a [`Reach`]. A child segment visits the values
//! one level deeper, once for each selector; a descendant segment visits a value once for each
//! visit of any value around it, of which there is one at each smaller depth.
//!
//! The costs here mirror the calls of `Meter::spend` in the evaluation, one by one.

use super::document::{DEPTH_MAX, Level, Shape};
use super::evaluate::{PATTERN_STEPS, sort_steps};
use super::meter::{COPIED_BYTES_PER_STEP, TEXT_BYTES_PER_STEP};
use super::pattern::DOCUMENT_PATTERN_WEIGHT_MAX;
use super::query::{
    Anchor, Condition, Constant, Literal, Operand, Pattern, Plan, Query, Segment, Selector,
};

/// The longest number that `count` or `length` gives.
const COUNT_BYTES_MAX: u64 = 20;

/// The steps of evaluating `plan` on a document of this shape, at most. All arithmetic saturates.
pub(super) fn work(plan: &Plan, shape: &Shape) -> u64 {
    let bound = Bound::new(shape);
    let constants = plan
        .constants
        .iter()
        .map(|constant| bound.constant(constant));
    let (steps, reach) = bound.query(&plan.query, &Reach::root());
    let copied = bound.sum(&reach, |level| level.bytes) / COPIED_BYTES_PER_STEP as u64;
    constants
        .fold(0, u64::saturating_add)
        .saturating_add(steps)
        .saturating_add(copied)
}

/// For each depth, how often any value of that depth is visited, at most.
#[derive(Clone)]
struct Reach(Vec<u64>);

impl Reach {
    /// The root, once.
    fn root() -> Reach {
        let mut visits = vec![0; DEPTH_MAX + 2];
        visits[0] = 1;
        Reach(visits)
    }

    /// Every child as often as its parent, times `selectors`.
    fn children(&self, selectors: u64) -> Reach {
        let deeper = self
            .0
            .iter()
            .take(DEPTH_MAX + 1)
            .map(|visits| visits.saturating_mul(selectors));
        Reach(std::iter::once(0).chain(deeper).collect())
    }

    /// Every value as often as itself and all around it.
    fn descendants(&self) -> Reach {
        let mut visits = 0u64;
        let sums = self.0.iter().map(|own| {
            visits = visits.saturating_add(*own);
            visits
        });
        Reach(sums.collect())
    }
}

/// What it costs, summed over all current nodes, to use an operand up in different ways.
#[derive(Clone, Copy, Default)]
struct Extent {
    /// The bytes of a number, each time.
    number_bytes: u64,
    /// Comparing it as a text.
    text: u64,
    /// Comparing it as an array or object.
    inside: u64,
    /// Taking its length.
    length: u64,
    /// Places in its text that a pattern looks at.
    places: u64,
}

struct Bound<'a> {
    shape: &'a Shape,
    /// For each depth, the sums over the values of that depth and everything inside of them.
    inside: Vec<Level>,
    /// Comparing one value inside of an array or object, without its text.
    pair: u64,
}

impl<'a> Bound<'a> {
    fn new(shape: &'a Shape) -> Bound<'a> {
        let mut inside = shape.levels.to_vec();
        for depth in (0..=DEPTH_MAX).rev() {
            inside[depth].nodes += inside[depth + 1].nodes;
            inside[depth].scalar_bytes += inside[depth + 1].scalar_bytes;
        }
        let sorting = sort_steps(shape.children_max, shape.name_bytes_max);
        let pair = (2 + text_steps(2 * shape.number_bytes_max)).saturating_add(sorting);
        Bound {
            shape,
            inside,
            pair,
        }
    }

    fn constant(&self, constant: &Constant) -> u64 {
        match constant {
            Constant::Condition(condition) => self.condition(condition, &Reach::root()),
            Constant::Operand(operand) => self.operand(operand, &Reach::root()).0,
            Constant::Pattern(operand) => self
                .operand(operand, &Reach::root())
                .0
                .saturating_add(PATTERN_STEPS as u64),
        }
    }

    /// The steps of evaluating `query` for all nodes of `current`, and what it selects.
    fn query(&self, query: &Query, current: &Reach) -> (u64, Reach) {
        let mut reach = match query.anchor {
            Anchor::Root => Reach::root(),
            Anchor::Current => current.clone(),
        };
        let mut steps = 0u64;
        for segment in &query.segments {
            if segment.is_descendant {
                reach = reach.descendants();
                steps = steps.saturating_add(self.nodes(&reach));
            }
            steps = steps.saturating_add(self.selectors(segment, &reach));
            reach = reach.children(segment.selectors.len() as u64);
        }
        (steps.saturating_add(self.nodes(&reach)), reach)
    }

    fn selectors(&self, segment: &Segment, reach: &Reach) -> u64 {
        let nodes = self.nodes(reach);
        let candidates = reach.children(1);
        let children = self.nodes(&candidates);
        segment.selectors.iter().fold(0, |steps: u64, selector| {
            let selecting = match selector {
                Selector::Name(name) => children.saturating_mul(1 + text_steps(name.len() as u64)),
                Selector::Wildcard => children,
                Selector::Index(_) | Selector::Slice(_) => children.saturating_mul(2),
                Selector::Filter(condition) => {
                    children.saturating_add(self.condition(condition, &candidates))
                }
            };
            steps.saturating_add(nodes).saturating_add(selecting)
        })
    }

    fn condition(&self, condition: &Condition, current: &Reach) -> u64 {
        let times = self.nodes(current);
        let inner = match condition {
            Condition::Or(terms) | Condition::And(terms) => {
                terms.iter().fold(0, |steps: u64, term| {
                    steps.saturating_add(self.condition(term, current))
                })
            }
            Condition::Not(negated) => self.condition(negated, current),
            Condition::Exists(query) => self.query(query, current).0,
            Condition::Compare(left, _, right) => {
                let (left_steps, left) = self.operand(left, current);
                let (right_steps, right) = self.operand(right, current);
                let numbers = text_steps(left.number_bytes.saturating_add(right.number_bytes));
                left_steps
                    .saturating_add(right_steps)
                    .saturating_add(times.saturating_mul(numbers.saturating_add(1)))
                    .saturating_add(left.text.min(right.text))
                    .saturating_add(left.inside.min(right.inside))
            }
            Condition::Matches(text, pattern, _) => {
                let (steps, text) = self.operand(text, current);
                let weight = match pattern {
                    Pattern::Literal(program) => program.weight(),
                    Pattern::Constant(_) => DOCUMENT_PATTERN_WEIGHT_MAX,
                };
                steps.saturating_add(text.places.saturating_mul(weight as u64))
            }
            Condition::Constant(_) => 0,
        };
        inner.saturating_add(times)
    }

    /// The steps of evaluating `operand` for all nodes of `current`, and its extent.
    fn operand(&self, operand: &Operand, current: &Reach) -> (u64, Extent) {
        let times = self.nodes(current);
        let counted = Extent {
            number_bytes: COUNT_BYTES_MAX,
            ..Extent::default()
        };
        let (steps, extent) = match operand {
            Operand::Literal(literal) => (0, literal_extent(literal, times)),
            Operand::Value(query) => {
                let (steps, reach) = self.query(query, current);
                (steps, self.extent(&reach))
            }
            Operand::Count(query) => (self.query(query, current).0, counted),
            Operand::Length(of) => {
                let (steps, extent) = self.operand(of, current);
                (steps.saturating_add(extent.length), counted)
            }
            Operand::Constant(_) => (0, self.any_value().times(times)),
        };
        (steps.saturating_add(times), extent)
    }

    fn extent(&self, reach: &Reach) -> Extent {
        let bytes = self.sum(reach, |level| level.scalar_bytes);
        let children = self.nodes(&reach.children(1));
        let (mut nodes_inside, mut bytes_inside) = (0u64, 0u64);
        for (visits, level) in reach.0.iter().zip(&self.inside) {
            nodes_inside = nodes_inside.saturating_add(visits.saturating_mul(level.nodes));
            bytes_inside = bytes_inside.saturating_add(visits.saturating_mul(level.scalar_bytes));
        }
        Extent {
            number_bytes: self.shape.number_bytes_max.max(COUNT_BYTES_MAX),
            text: text_steps(bytes),
            inside: nodes_inside
                .saturating_mul(self.pair)
                .saturating_add(text_steps(bytes_inside)),
            length: text_steps(bytes).saturating_add(children),
            places: bytes,
        }
    }

    /// The extent of one value that may be anywhere in the document.
    fn any_value(&self) -> Extent {
        let anywhere = self.extent(&Reach::root().descendants());
        Extent {
            inside: self.extent(&Reach::root()).inside,
            ..anywhere
        }
    }

    fn nodes(&self, reach: &Reach) -> u64 {
        self.sum(reach, |level| level.nodes)
    }

    /// The sum of something over all visits.
    fn sum(&self, reach: &Reach, of: impl Fn(&Level) -> u64) -> u64 {
        let visits = reach.0.iter().zip(&self.shape.levels);
        visits.fold(0, |sum: u64, (visits, level)| {
            sum.saturating_add(visits.saturating_mul(of(level)))
        })
    }
}

impl Extent {
    fn times(self, times: u64) -> Extent {
        Extent {
            number_bytes: self.number_bytes,
            text: self.text.saturating_mul(times),
            inside: self.inside.saturating_mul(times),
            length: self.length.saturating_mul(times),
            places: self.places.saturating_mul(times),
        }
    }
}

fn literal_extent(literal: &Literal, times: u64) -> Extent {
    match literal {
        Literal::Null | Literal::Bool(_) => Extent::default(),
        Literal::Number(number) => Extent {
            number_bytes: number.len() as u64,
            ..Extent::default()
        },
        Literal::Text(text) => {
            let bytes = text.len() as u64;
            let steps = times.saturating_mul(text_steps(bytes));
            let places = times.saturating_mul(bytes + 1);
            Extent {
                text: steps,
                length: steps,
                places,
                ..Extent::default()
            }
        }
    }
}

/// The steps of any number of texts that have so many bytes together.
fn text_steps(bytes: u64) -> u64 {
    bytes / TEXT_BYTES_PER_STEP as u64
}
