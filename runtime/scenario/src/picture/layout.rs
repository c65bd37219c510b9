//! Places for the steps of a plan: each block in layers, wrapped where they are wide.

use std::collections::HashMap;

use super::edges::Tree;
use crate::plan::{Block, NodeIndex, Plan};

/// Pixels.
pub(super) const NODE: (i64, i64) = (196, 44);
pub(super) const HEAD: i64 = 44;
pub(super) const BLOCK_NAME: i64 = 20;
const GAP: (i64, i64) = (18, 30);
const PAD: i64 = 12;

/// Most pixels of a row of a block before it wraps.
const ROW_MAX: i64 = 1_250;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
}

/// Where everything is.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Each step; one with blocks holds them.
    pub(super) nodes: Vec<Area>,
    /// The blocks of steps.
    pub(super) blocks: Vec<(NodeIndex, Block, Area)>,
    /// The whole.
    pub(super) size: (i64, i64),
}

/// Lays a plan out.
pub(super) fn layout(plan: &Plan, tree: &Tree) -> Layout {
    let mut layout = Layout {
        nodes: vec![Area::default(); plan.nodes.len()],
        ..Layout::default()
    };
    // A step stands behind those around it: from the last to the first, the sizes of what is in a
    // step are known before its own.
    let mut places: HashMap<(NodeIndex, Block), Placed> = HashMap::new();
    for index in (0..plan.nodes.len()).rev() {
        let children = tree.children.get(index).map_or(&[][..], Vec::as_slice);
        let mut size = (NODE.0, NODE.1);
        let mut x = PAD;
        for block in [Block::Then, Block::Else, Block::Body, Block::Fallback] {
            let steps: Vec<NodeIndex> = children
                .iter()
                .filter(|(of, _)| *of == block)
                .map(|(_, step)| *step)
                .collect();
            if steps.is_empty() {
                continue;
            }
            let placed = place(&steps, tree, &layout.nodes);
            size.1 = size
                .1
                .max(HEAD + BLOCK_NAME + placed.size.1 + 2 * PAD + PAD);
            x += placed.size.0 + 2 * PAD + PAD;
            places.insert((index, block), placed);
        }
        size.0 = size.0.max(x);
        if let Some(area) = layout.nodes.get_mut(index) {
            (area.width, area.height) = size;
        }
    }
    let top = place(&tree.roots, tree, &layout.nodes);
    layout.size = top.size;
    put(&top, (0, 0), &mut layout.nodes);
    for (index, children) in tree.children.iter().enumerate() {
        let Some(around) = layout
            .nodes
            .get(index)
            .copied()
            .filter(|_| !children.is_empty())
        else {
            continue;
        };
        let mut x = around.x + PAD;
        for block in [Block::Then, Block::Else, Block::Body, Block::Fallback] {
            let Some(placed) = places.get(&(index, block)) else {
                continue;
            };
            let area = Area {
                x,
                y: around.y + HEAD,
                width: placed.size.0 + 2 * PAD,
                height: placed.size.1 + BLOCK_NAME + 2 * PAD,
            };
            put(
                placed,
                (x + PAD, area.y + BLOCK_NAME + PAD),
                &mut layout.nodes,
            );
            x += area.width + PAD;
            layout.blocks.push((index, block, area));
        }
    }
    layout
}

/// The steps of a block, relative to its corner.
struct Placed {
    steps: Vec<(NodeIndex, i64, i64)>,
    size: (i64, i64),
}

fn put(placed: &Placed, corner: (i64, i64), nodes: &mut [Area]) {
    for (index, x, y) in &placed.steps {
        if let Some(area) = nodes.get_mut(*index) {
            (area.x, area.y) = (corner.0 + x, corner.1 + y);
        }
    }
}

fn place(steps: &[NodeIndex], tree: &Tree, sizes: &[Area]) -> Placed {
    let mut placed = Placed {
        steps: Vec::new(),
        size: (0, 0),
    };
    let size = |step: NodeIndex| {
        sizes
            .get(step)
            .map_or(NODE, |area| (area.width, area.height))
    };
    // The middle of each step that has a place, for those that follow it.
    let mut middles: HashMap<NodeIndex, i64> = HashMap::new();
    let mut y = 0;
    for mut layer in layers(steps, tree) {
        layer.sort_by_cached_key(|step| (middle_of_sources(*step, tree, &middles), *step));
        let (mut x, mut height) = (0, 0);
        for step in layer {
            let (wide, high) = size(step);
            if x > 0 && x + wide > ROW_MAX {
                (x, y, height) = (0, y + height + GAP.1 / 2, 0);
            }
            placed.steps.push((step, x, y));
            middles.insert(step, x + wide / 2);
            placed.size.0 = placed.size.0.max(x + wide);
            (x, height) = (x + wide + GAP.0, height.max(high));
            placed.size.1 = placed.size.1.max(y + height);
        }
        y += height + GAP.1;
    }
    placed
}

fn middle_of_sources(step: NodeIndex, tree: &Tree, middles: &HashMap<NodeIndex, i64>) -> i64 {
    let sources = tree.before.get(step).map_or(&[][..], Vec::as_slice);
    let known: Vec<i64> = sources
        .iter()
        .filter_map(|(from, _)| middles.get(from).copied())
        .collect();
    match i64::try_from(known.len()) {
        Ok(count) if count > 0 => known.iter().sum::<i64>() / count,
        _ => 0,
    }
}

/// Steps whose sources are all in layers before. What goes in circles, as no plan does, comes last.
fn layers(steps: &[NodeIndex], tree: &Tree) -> Vec<Vec<NodeIndex>> {
    let mut open: HashMap<NodeIndex, usize> = steps.iter().map(|step| (*step, 0)).collect();
    let mut follow: HashMap<NodeIndex, Vec<NodeIndex>> = HashMap::new();
    for step in steps {
        for (from, _) in tree.before.get(*step).into_iter().flatten() {
            if open.contains_key(from) {
                follow.entry(*from).or_default().push(*step);
                *open.entry(*step).or_default() += 1;
            }
        }
    }
    let mut layers = Vec::new();
    let mut layer: Vec<NodeIndex> = steps
        .iter()
        .copied()
        .filter(|step| open.get(step) == Some(&0))
        .collect();
    let mut placed = 0;
    while !layer.is_empty() {
        let mut next = Vec::new();
        placed += layer.len();
        for step in layer
            .iter()
            .flat_map(|step| follow.get(step).into_iter().flatten())
        {
            let count = open.entry(*step).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                next.push(*step);
            }
        }
        layers.push(std::mem::replace(&mut layer, next));
    }
    if placed < steps.len() {
        layers.push(
            steps
                .iter()
                .copied()
                .filter(|step| open.get(step) != Some(&0))
                .collect(),
        );
    }
    layers
}
