//! A timeline of a run as SVG.

use super::svg::{CHARACTER, Hundredths, Svg, px};
use super::ticks::{distance, label};
use super::timeline::{Lane, Span, SpanKind, Timeline};
use crate::text::{duration, truncated, visible, width};

const WIDTH: i64 = 1100;
const LANE: i64 = 22;
const BAR: i64 = 14;
const TOP: i64 = 64;
const PAD: i64 = 14;

/// Lanes that are drawn; a line says how many more there are.
const LANES_MAX: usize = 2_000;

/// Bars of one lane that are drawn.
const SPANS_MAX: usize = 200;

/// Columns of a label.
const LABEL_MAX: usize = 44;

/// The picture of a run: a lane for each step, bars for its jobs and waits. The pointer shows times.
pub fn gantt_svg(timeline: &Timeline) -> String {
    let (svg, height) = draw(timeline);
    svg.document(WIDTH, height, &timeline.title)
}

/// The picture as a part of a page that has [`super::STYLE`].
pub fn gantt_inline(timeline: &Timeline) -> String {
    let (svg, height) = draw(timeline);
    svg.inline(WIDTH, height, &timeline.title)
}

/// Where times are.
struct Axis {
    left: i64,
    begin: u64,
    span: u64,
}

impl Axis {
    fn at(&self, ms: u64) -> Hundredths {
        let after = u128::from(ms.saturating_sub(self.begin).min(self.span));
        let room = u128::from((px(WIDTH - PAD - self.left).0).unsigned_abs());
        let place = after * room / u128::from(self.span);
        Hundredths(px(self.left).0 + i64::try_from(place).unwrap_or(0))
    }
}

fn draw(timeline: &Timeline) -> (Svg, i64) {
    let lanes = timeline.lanes.get(..LANES_MAX).unwrap_or(&timeline.lanes);
    let more = timeline.lanes.len() - lanes.len();
    let labels: Vec<String> = lanes.iter().map(lane_label).collect();
    let columns = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let axis = Axis {
        left: PAD * 2 + i64::try_from(columns).unwrap_or(0) * CHARACTER / 100,
        begin: timeline.begin_ms,
        span: timeline.end_ms.saturating_sub(timeline.begin_ms).max(1),
    };
    let count = i64::try_from(lanes.len()).unwrap_or(0);
    let bottom = TOP + count * LANE;
    let mut svg = Svg::new();
    svg.text(
        (px(PAD), px(24)),
        &truncated(&visible(&timeline.title), 100),
        "strong",
        "",
    );
    let took = duration(axis.span.saturating_mul(1_000));
    svg.text((px(WIDTH - PAD), px(24)), &took, "dim", "end");
    legend(&mut svg, lanes);
    for (row, _) in lanes.iter().enumerate().filter(|(row, _)| row % 2 == 0) {
        let y = TOP + i64::try_from(row).unwrap_or(0) * LANE;
        svg.rectangle((px(0), px(y)), (px(WIDTH), px(LANE)), "band", 0, None);
    }
    ticks(&mut svg, &axis, bottom);
    for (row, (lane, label)) in lanes.iter().zip(&labels).enumerate() {
        let y = TOP + i64::try_from(row).unwrap_or(0) * LANE;
        svg.text((px(PAD), px(y + 15)), label, "", "");
        for span in lane.spans.iter().take(SPANS_MAX) {
            bar(&mut svg, &axis, span, y);
        }
    }
    let mut height = bottom + 28;
    if more > 0 {
        svg.text(
            (px(PAD), px(height)),
            &format!("and {more} more steps"),
            "dim",
            "",
        );
        height += 20;
    }
    (svg, height)
}

fn lane_label(lane: &Lane) -> String {
    let indent = "  ".repeat(lane.depth.min(8));
    format!("{indent}{}", truncated(&visible(&lane.label), LABEL_MAX))
}

fn legend(svg: &mut Svg, lanes: &[Lane]) {
    let mut x = px(PAD);
    for kind in SpanKind::ALL {
        let mut spans = lanes.iter().flat_map(|lane| &lane.spans);
        if !spans.any(|span| span.kind == kind) {
            continue;
        }
        let (class, name) = kind.look();
        svg.rectangle((x, px(36)), (px(10), px(10)), class, 2, None);
        svg.text((Hundredths(x.0 + 1_500), px(45)), name, "dim small", "");
        let columns = i64::try_from(width(name)).unwrap_or(0);
        x = Hundredths(x.0 + 3_200 + columns * 640);
    }
}

fn ticks(svg: &mut Svg, axis: &Axis, bottom: i64) {
    let step = distance(axis.span, 10);
    for at in (0..=axis.span / step).map(|count| count.saturating_mul(step)) {
        let x = axis.at(axis.begin.saturating_add(at));
        svg.line((x, px(TOP)), (x, px(bottom)), "grid");
        // The last label must not leave the picture.
        let anchor = if x.0 > px(WIDTH - 40).0 {
            "end"
        } else {
            "middle"
        };
        svg.text((x, px(bottom + 15)), &label(at, step), "dim small", anchor);
    }
}

fn bar(svg: &mut Svg, axis: &Axis, span: &Span, lane_y: i64) {
    let (class, _) = span.kind.look();
    let thin = matches!(
        span.kind,
        SpanKind::Wait | SpanKind::Block | SpanKind::FailedBlock
    );
    let height = if thin { BAR / 2 } else { BAR };
    let from = axis.at(span.from_ms);
    // What takes no time is seen all the same.
    let long = Hundredths((axis.at(span.to_ms).0 - from.0).max(250));
    let y = lane_y + (LANE - height) / 2;
    svg.rectangle(
        (from, px(y)),
        (long, px(height)),
        class,
        2,
        Some(&span.title),
    );
}
