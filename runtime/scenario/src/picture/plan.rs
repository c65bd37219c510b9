//! A plan as SVG.

use super::dot::block_name;
use super::edges::Tree;
use super::label::{detail, name, tooltip};
use super::layout::{Area, HEAD, NODE, layout};
use super::svg::{Svg, px};
use crate::plan::Plan;
use crate::scenario::Effect;
use crate::text::{truncated, visible};

const MARGIN: i64 = 20;
const TOP: i64 = 44;

/// Steps that are drawn; a plan may have 10,000, and no page shows as many.
const NODES_MAX: usize = 10_000;

/// The picture of a plan: steps in layers, those below depend on those above; solid lines are
/// `needs`, dashed ones `after`, boxes in boxes are blocks, thick borders are effects that must not be
/// repeated. A line that follows from others is left out.
pub fn plan_svg(plan: &Plan) -> String {
    let tree = Tree::of(plan);
    let layout = layout(plan, &tree);
    let mut svg = Svg::new();
    let title = truncated(&visible(&plan.name), 80).into_owned();
    svg.text((px(MARGIN), px(26)), &title, "strong", "");
    let moved = |area: &Area| Area {
        x: area.x + MARGIN,
        y: area.y + TOP,
        ..*area
    };
    let nodes: Vec<Area> = layout.nodes.iter().take(NODES_MAX).map(moved).collect();
    let mut blocks = layout.blocks.iter().peekable();
    for (index, area) in nodes.iter().enumerate() {
        if tree
            .children
            .get(index)
            .is_some_and(|children| !children.is_empty())
        {
            let (corner, size) = shape(area);
            svg.rectangle(corner, size, "group", 10, None);
        }
        // Blocks follow their steps, so that inner ones are drawn over outer ones.
        while let Some((_, block, area)) = blocks.next_if(|(of, ..)| *of == index) {
            let area = moved(area);
            let (corner, size) = shape(&area);
            svg.rectangle(corner, size, "group", 8, None);
            svg.text(
                (px(area.x + 10), px(area.y + 15)),
                block_name(*block),
                "dim small",
                "",
            );
        }
    }
    for (index, to) in nodes.iter().enumerate() {
        for (from, hard) in tree.essential(index) {
            if let Some(from) = nodes.get(from) {
                edge(&mut svg, from, to, hard);
            }
        }
    }
    for (area, node) in nodes.iter().zip(&plan.nodes) {
        let class = format!(
            "node k-{}{}",
            node.kind.key(),
            if node.effect == Effect::AtMostOnce {
                " once"
            } else {
                ""
            }
        );
        let height = if area.height > NODE.1 {
            HEAD - 8
        } else {
            NODE.1
        };
        svg.begin_group();
        svg.rectangle(
            (px(area.x), px(area.y)),
            (px(area.width), px(height)),
            &class,
            8,
            Some(&tooltip(node)),
        );
        let middle = area.y + height / 2;
        svg.text((px(area.x + 10), px(middle - 3)), &name(node), "strong", "");
        svg.text(
            (px(area.x + 10), px(middle + 13)),
            &detail(node),
            "dim small",
            "",
        );
        svg.end_group();
    }
    let width = layout.size.0.max(260) + 2 * MARGIN;
    svg.document(width, layout.size.1 + TOP + MARGIN, &plan.name)
}

type Shape = (
    (super::svg::Hundredths, super::svg::Hundredths),
    (super::svg::Hundredths, super::svg::Hundredths),
);

fn shape(area: &Area) -> Shape {
    ((px(area.x), px(area.y)), (px(area.width), px(area.height)))
}

/// From the lower border of a step to the upper one of another, with an arrow.
fn edge(svg: &mut Svg, from: &Area, to: &Area, hard: bool) {
    let (x1, y1) = (from.x + from.width / 2, from.y + from.height);
    let (x2, y2) = (to.x + to.width / 2, to.y - 6);
    let bend = ((y2 - y1) / 2).clamp(10, 60);
    let class = if hard { "edge" } else { "edge after" };
    svg.path(
        &format!("M{x1} {y1}C{x1} {} {x2} {} {x2} {y2}", y1 + bend, y2 - bend),
        class,
    );
    svg.path(&format!("M{} {y2}h8l-4 6z", x2 - 4), "head");
}
