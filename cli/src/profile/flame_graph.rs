//! A flame graph: a box for each stack, as wide as the fuel it and all above it used.

use tenzik_runtime::{FuelProfile, ProfileFrame, Stack};

use crate::printer::grouped;
use crate::svg::Picture;

use super::labels::{Kind, Labels};

const WIDTH: f64 = 1_200.0;
const MARGIN: f64 = 12.0;
const ROW_HEIGHT: f64 = 19.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 34.0;

/// Width of a character of 12 pixels in a font whose characters have one width.
const CHARACTER_WIDTH: f64 = 7.3;

/// Boxes narrower than this are left out, with all above them.
const BOX_WIDTH_MIN: f64 = 0.4;

/// What the host uses is blue, what is no function is grey.
const HOST: &str = "#8ab8f0";
const OTHER: &str = "#d0d7de";

/// Colours of the capsule's own crates and of functions without one.
const CAPSULE: [&str; 8] = [
    "#f6b26b", "#f4cc70", "#ee9a78", "#e8b8a0", "#d9c46a", "#f29c9c", "#dcb46e", "#f0a860",
];

/// One box.
struct Cell {
    stack: usize,
    /// Fuel left of it.
    start: u64,
    /// Fuel of the stack and all above it.
    total: u64,
    row: usize,
}

/// The picture of a profile. `title` says what was profiled.
pub(crate) fn flame_graph(profile: &FuelProfile, labels: &Labels, title: &str) -> String {
    let totals = totals(&profile.stacks);
    let whole = totals.first().copied().unwrap_or_default();
    let (cells, left_out) = cells(profile, labels, &totals);
    let rows = cells.iter().map(|cell| cell.row + 1).max().unwrap_or(0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a picture has no more precision"
    )]
    let height = TOP + rows as f64 * ROW_HEIGHT + BOTTOM;
    let style = ".s{fill:#57606a} g:hover>rect{stroke:#1f2328}";
    let mut picture = Picture::new(WIDTH, height, title, style);
    picture.text(
        (MARGIN, 24.0),
        title,
        "style=\"font-size:15px;font-weight:bold\"",
    );
    let at_least = if profile.outcome.usage.fuel_exact {
        ""
    } else {
        "at least "
    };
    let mut subtitle = format!(
        "{at_least}{} units of fuel; a box is as wide as the fuel of its function and of all that it called",
        grouped(whole)
    );
    if left_out > 0 {
        subtitle += &format!("; {} narrower boxes left out", grouped(left_out));
    }
    picture.text((MARGIN, 43.0), &subtitle, "class=\"s\"");
    for cell in &cells {
        draw(&mut picture, profile, labels, cell, (whole, height));
    }
    legend(&mut picture, height - 12.0);
    picture.finish()
}

/// Fuel of each stack with all above it.
fn totals(stacks: &[Stack]) -> Vec<u64> {
    let mut totals: Vec<u64> = stacks.iter().map(|stack| stack.fuel).collect();
    for (index, stack) in stacks.iter().enumerate().skip(1).rev() {
        let total = totals.get(index).copied().unwrap_or_default();
        if let Some(below) = totals.get_mut(stack.below) {
            *below += total;
        }
    }
    totals
}

/// The boxes that are wide enough, from the left and from below, and how many are not. Boxes beside
/// each other are in the order of their labels.
fn cells(profile: &FuelProfile, labels: &Labels, totals: &[u64]) -> (Vec<Cell>, u64) {
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); profile.stacks.len()];
    for (index, stack) in profile.stacks.iter().enumerate().skip(1) {
        if totals.get(index).is_some_and(|total| *total > 0)
            && let Some(above) = above.get_mut(stack.below)
        {
            above.push(index);
        }
    }
    let label = |index: &usize| {
        let stack = profile.stacks.get(*index);
        stack
            .map_or("", |stack| labels.label(stack.frame))
            .to_owned()
    };
    let whole = totals.first().copied().unwrap_or_default();
    let mut cells = Vec::new();
    let mut left_out = 0;
    let mut waiting = vec![(0, 0, 0)];
    while let Some((stack, start, row)) = waiting.pop() {
        let total = totals.get(stack).copied().unwrap_or_default();
        if pixels(total, whole) < BOX_WIDTH_MIN && row > 0 {
            left_out += 1;
            continue;
        }
        cells.push(Cell {
            stack,
            start,
            total,
            row,
        });
        let mut children = above.get_mut(stack).map(std::mem::take).unwrap_or_default();
        children.sort_by_cached_key(label);
        let mut start = start;
        for child in children {
            waiting.push((child, start, row + 1));
            start += totals.get(child).copied().unwrap_or_default();
        }
    }
    (cells, left_out)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture has no more precision"
)]
fn pixels(fuel: u64, whole: u64) -> f64 {
    fuel as f64 / whole.max(1) as f64 * (WIDTH - 2.0 * MARGIN)
}

fn draw(
    picture: &mut Picture,
    profile: &FuelProfile,
    labels: &Labels,
    cell: &Cell,
    (whole, height): (u64, f64),
) {
    let Some(stack) = profile.stacks.get(cell.stack) else {
        return;
    };
    let label = if cell.row == 0 {
        "all"
    } else {
        labels.label(stack.frame)
    };
    let kind = labels.kind(stack.frame);
    let (x, width) = (
        MARGIN + pixels(cell.start, whole),
        pixels(cell.total, whole),
    );
    #[expect(
        clippy::cast_precision_loss,
        reason = "a picture has no more precision"
    )]
    let y = height - BOTTOM - (cell.row + 1) as f64 * ROW_HEIGHT;
    let percent = pixels(cell.total, whole) / pixels(whole, whole) * 100.0;
    let calls = if cell.row == 0 {
        String::new()
    } else {
        format!(", {} calls", grouped(stack.calls))
    };
    picture.begin_titled(&format!(
        "{label}\n{} units of fuel ({percent:.2} %), {} of its own{calls}",
        grouped(cell.total),
        grouped(stack.fuel)
    ));
    // Functions side by side are easier to tell apart in two shades.
    let shade = match stack.frame {
        ProfileFrame::Function(index) if index % 2 == 1 => "0.82",
        _ => "1",
    };
    let fill = format!(
        "fill=\"{}\" fill-opacity=\"{shade}\" stroke=\"#ffffff\" stroke-width=\"0.6\" rx=\"1.5\"",
        colour(kind, label)
    );
    picture.rectangle((x, y), (width, ROW_HEIGHT - 1.0), &fill);
    if let Some(text) = fitting(label, width) {
        picture.text((x + 4.0, y + 13.0), &text, "pointer-events=\"none\"");
    }
    picture.end_titled();
}

/// The label, or the last part of its path, or as much of that as fits; nothing where that would say
/// nothing.
fn fitting(label: &str, width: f64) -> Option<String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number of characters, and no fewer than none"
    )]
    let room = ((width - 8.0) / CHARACTER_WIDTH).max(0.0) as usize;
    let last = label.rsplit("::").next().unwrap_or(label);
    if let Some(fits) = [label, last].into_iter().find(|text| text.len() <= room) {
        return Some(fits.to_owned());
    }
    let head = last.get(..room.checked_sub(2)?)?;
    (room >= 7).then(|| format!("{head}.."))
}

/// Functions of one crate have one colour.
fn colour(kind: Kind, label: &str) -> &'static str {
    match kind {
        Kind::Host => HOST,
        Kind::Other => OTHER,
        Kind::Capsule => {
            let crate_name = label.split("::").next().unwrap_or_default();
            let crate_name = crate_name.trim_start_matches(['<', '&', ' ']);
            let known = if label.contains("::") { crate_name } else { "" };
            // FNV-1a: the same colour for the same name, in every picture.
            let hash = known.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            let count = CAPSULE.len() as u64;
            let index = usize::try_from((hash >> 32) % count).unwrap_or_default();
            CAPSULE.get(index).copied().unwrap_or(OTHER)
        }
    }
}

fn legend(picture: &mut Picture, y: f64) {
    let entries = [
        (
            colour(Kind::Capsule, ""),
            "capsule, one colour for each crate",
        ),
        (HOST, "host function"),
        (OTHER, "not a function, or not told apart"),
    ];
    let mut x = MARGIN;
    for (fill, text) in entries {
        picture.rectangle(
            (x, y - 10.0),
            (11.0, 11.0),
            &format!("fill=\"{fill}\" rx=\"2\""),
        );
        picture.text((x + 17.0, y), text, "class=\"s\"");
        #[expect(
            clippy::cast_precision_loss,
            reason = "a picture has no more precision"
        )]
        let width = text.len() as f64 * CHARACTER_WIDTH;
        x += width + 48.0;
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn labels_are_as_long_as_their_boxes() {
        let label = "alloc::vec::with_capacity";
        for (width, text) in [
            (300.0, Some(label)),
            (120.0, Some("with_capacity")),
            (80.0, Some("with_ca..")),
            (30.0, None),
            (0.4, None),
        ] {
            assert_eq!(fitting(label, width).as_deref(), text, "{width}");
        }
    }
}
