//! Which instruction a source map of Binaryen means.
//!
//! Some versions write a location where the instruction stands. Others, such as 108, write it where
//! the expression begins, which is at the first of its operands, outermost expression first:
//!
//! ```text
//! (i32.add (local.get 0) (i32.const 1))     20 00  41 01  6a
//!                                           ^      ^
//!           i32.add, then local.get, here __|      |__ i32.const
//! ```

use std::collections::{BTreeMap, HashMap};
use std::mem::{Discriminant, discriminant};

use wasmparser::{
    BinaryReaderError, FuncValidator, FuncValidatorAllocations, FunctionBody, Operator, Parser,
    ValidPayload, Validator, ValidatorResources,
};

/// An instruction of the module that the optimiser made.
#[derive(Clone, Copy)]
struct Node<'a> {
    offset: usize,
    /// What it is, without its numbers.
    kind: Discriminant<Operator<'a>>,
}

/// Pairs of new and old offset. `segments` are pairs of an offset in `wasm` and a place in `from`,
/// which is the instructions of the old module.
pub(super) fn match_instructions<'a>(
    wasm: &'a [u8],
    segments: &[(usize, usize)],
    from: &[(Operator<'a>, usize)],
) -> Option<Vec<(usize, usize)>> {
    let nodes = nodes(wasm).ok()?;
    let from: Vec<Node<'a>> = from
        .iter()
        .map(|(operator, offset)| Node {
            offset: *offset,
            kind: discriminant(operator),
        })
        .collect();
    let mut by_start: BTreeMap<usize, Vec<Node<'a>>> = BTreeMap::new();
    for (start, node) in &nodes {
        by_start.entry(*start).or_default().push(*node);
    }
    // The outermost expression is the last one that is complete.
    by_start.values_mut().for_each(|nodes| nodes.reverse());
    let by_offset: HashMap<usize, Vec<Node<'a>>> = nodes
        .iter()
        .map(|(_, node)| (node.offset, vec![*node]))
        .collect();
    let where_it_begins = aligned(segments, &from, |at| by_start.get(&at));
    let where_it_stands = aligned(segments, &from, |at| by_offset.get(&at));
    // The reading in which more instructions are still what they were is the right one.
    let same = |pairs: &[(Node<'a>, Node<'a>)]| {
        pairs
            .iter()
            .filter(|(to, from)| to.kind == from.kind)
            .count()
    };
    let pairs = match same(&where_it_stands) > same(&where_it_begins) {
        true => where_it_stands,
        false => where_it_begins,
    };
    // An optimiser gives a replacement the place of what it replaces. That says where an instruction
    // is from only if it is still the same, or if it was inlined: then it is within that call.
    let calls = [
        discriminant(&Operator::Call { function_index: 0 }),
        discriminant(&Operator::CallIndirect {
            type_index: 0,
            table_index: 0,
        }),
    ];
    let pairs = pairs
        .into_iter()
        .filter(|(to, from)| to.kind == from.kind || calls.contains(&from.kind));
    Some(pairs.map(|(to, from)| (to.offset, from.offset)).collect())
}

fn aligned<'n, 'a: 'n>(
    segments: &[(usize, usize)],
    from: &[Node<'a>],
    at: impl Fn(usize) -> Option<&'n Vec<Node<'a>>>,
) -> Vec<(Node<'a>, Node<'a>)> {
    let mut pairs = Vec::new();
    for group in segments.chunk_by(|(left, _), (right, _)| left == right) {
        let Some(nodes) = group.first().and_then(|(offset, _)| at(*offset)) else {
            continue;
        };
        let olds: Vec<Node<'a>> = group
            .iter()
            .filter_map(|(_, old)| from.get(*old).copied())
            .collect();
        if olds.len() == nodes.len() {
            pairs.extend(nodes.iter().copied().zip(olds));
        } else {
            pairs.extend(subsequence(nodes, &olds));
        }
    }
    pairs
}

/// Where fewer locations than instructions are known: those that go to one instruction only,
/// whether they are taken from the front or from the back.
fn subsequence<'a>(nodes: &[Node<'a>], olds: &[Node<'a>]) -> Vec<(Node<'a>, Node<'a>)> {
    let forward = greedy(nodes.iter().enumerate(), olds.iter().enumerate());
    let backward = greedy(
        nodes.iter().enumerate().rev(),
        olds.iter().enumerate().rev(),
    );
    let both = forward.iter().filter(|pair| backward.contains(pair));
    both.filter_map(|(to, from)| Some((*nodes.get(*to)?, *olds.get(*from)?)))
        .collect()
}

fn greedy<'n, 'a: 'n>(
    mut nodes: impl Iterator<Item = (usize, &'n Node<'a>)>,
    olds: impl Iterator<Item = (usize, &'n Node<'a>)>,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (place, old) in olds {
        let Some((to, _)) = nodes.find(|(_, node)| node.kind == old.kind) else {
            return Vec::new();
        };
        pairs.push((to, place));
    }
    pairs
}

/// Every instruction but `else` and `end`, in order, with the offset where its expression begins.
fn nodes(wasm: &[u8]) -> Result<Vec<(usize, Node<'_>)>, BinaryReaderError> {
    let mut validator = Validator::new();
    let mut nodes = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
            let validator = function.into_validator(FuncValidatorAllocations::default());
            nodes.extend(Expressions::of(validator, &body)?);
        }
    }
    Ok(nodes)
}

/// Where the expressions begin that gave the values on the stack.
struct Expressions {
    validator: FuncValidator<ValidatorResources>,
    values: Vec<usize>,
    /// Of each open block: where it begins, and how many values were below it.
    blocks: Vec<(usize, usize)>,
}

impl Expressions {
    fn of<'a>(
        validator: FuncValidator<ValidatorResources>,
        body: &FunctionBody<'a>,
    ) -> Result<Vec<(usize, Node<'a>)>, BinaryReaderError> {
        let mut state = Expressions {
            validator,
            values: Vec::new(),
            blocks: Vec::new(),
        };
        let mut locals = body.get_binary_reader();
        state.validator.read_locals(&mut locals)?;
        let mut reader = body.get_operators_reader()?;
        let mut nodes = Vec::new();
        while !reader.eof() {
            let offset = reader.original_position();
            let operator = reader.read()?;
            if let Some(start) = state.step(offset, &operator)? {
                let kind = discriminant(&operator);
                nodes.push((start, Node { offset, kind }));
            }
        }
        Ok(nodes)
    }

    /// Where the expression of this instruction begins; `None` for `else` and `end`.
    fn step(
        &mut self,
        offset: usize,
        operator: &Operator<'_>,
    ) -> Result<Option<usize>, BinaryReaderError> {
        let (taken, given) = operator.operator_arity(&self.validator).unwrap_or((0, 0));
        let below = self.blocks.last().map_or(0, |(_, below)| *below);
        self.validator.op(offset, operator)?;
        let start = match operator {
            Operator::End => {
                let (start, below) = self.blocks.pop().unwrap_or((offset, 0));
                self.values.truncate(below);
                self.values.resize(below + given as usize, start);
                None
            }
            Operator::Else => {
                self.values.truncate(below);
                None
            }
            _ => {
                let first = self.values.len().saturating_sub(taken as usize).max(below);
                let start = self.values.get(first).copied().unwrap_or(offset);
                self.values.truncate(first);
                if matches!(
                    operator,
                    Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. }
                ) {
                    self.blocks.push((start, self.values.len()));
                }
                let after = self.values.len() + given as usize;
                self.values.resize(after, start);
                Some(start)
            }
        };
        Ok(start)
    }
}
