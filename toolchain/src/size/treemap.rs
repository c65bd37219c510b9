//! An account as a picture: SVG, the same bytes for the same account.

mod squarify;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use squarify::{Area, squarify};

use super::{Account, NO_CRATE, Piece, PieceKind};

/// The whole picture, in pixels.
const WIDTH: f64 = 1_200.0;
const HEIGHT: f64 = 800.0;
/// Room for the title above the map and the legend below it.
const TITLE: f64 = 76.0;
const LEGEND: f64 = 64.0;
const EDGE: f64 = 20.0;
/// Height of the strip that names a group.
const STRIP: f64 = 20.0;
/// Rectangles that are drawn in a group; the smallest are drawn as one.
const LEAVES_MAX: usize = 400;
/// Groups that are drawn.
const GROUPS_MAX: usize = 24;
/// A character's width as a part of the font size; wide enough for capital letters.
const CHARACTER: f64 = 0.61;

/// Colours of crates and sections: fill of the group, fill of what is in it.
const COLOURS: [(&str, &str); 9] = [
    ("#2b5c8a", "#cfe1f2"),
    ("#9c5221", "#fbe0c8"),
    ("#2f6b3c", "#d3ecd6"),
    ("#6b3f8f", "#e6daf1"),
    ("#8a2f45", "#f6d5dc"),
    ("#1f6f70", "#cdeaea"),
    ("#6d6320", "#f0ebc4"),
    ("#4b5563", "#e2e5ea"),
    ("#7c4a1e", "#efdfcf"),
];

/// Names with more than one crate's functions share the code section; every other section is a
/// group of its own, and the smallest share one.
struct Group<'a> {
    name: String,
    bytes: u64,
    pieces: Vec<&'a Piece>,
}

/// Draws an account as a treemap: sections, the crates of the code section, and what is in them.
/// `name` is the title, `limit` the size that the capsule may have.
pub fn treemap(account: &Account, name: &str, limit: u64) -> String {
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let bytes = account.bytes();
    title(&mut svg, name, bytes, limit);
    let map = Area {
        x: EDGE,
        y: TITLE,
        width: WIDTH - 2.0 * EDGE,
        height: HEIGHT - TITLE - LEGEND,
    };
    let groups = groups(account);
    let sizes: Vec<u64> = groups.iter().map(|group| group.bytes).collect();
    for (index, (group, area)) in groups.iter().zip(squarify(&sizes, map)).enumerate() {
        draw_group(&mut svg, group, area, colour(index), bytes);
    }
    legend(&mut svg, &groups, bytes);
    svg.push_str("</svg>\n");
    svg
}

fn colour(index: usize) -> (&'static str, &'static str) {
    let place = index % COLOURS.len();
    COLOURS
        .get(place)
        .copied()
        .unwrap_or(("#444444", "#eeeeee"))
}

/// Groups, largest first.
fn groups(account: &Account) -> Vec<Group<'_>> {
    let mut by_name: BTreeMap<String, Group<'_>> = BTreeMap::new();
    let named = account
        .pieces
        .iter()
        .any(|piece| piece.crate_name.is_some());
    for piece in &account.pieces {
        let name = match (piece.kind, &piece.crate_name) {
            (PieceKind::Function, crate_name) if named => {
                format!("code · {}", crate_name.as_deref().unwrap_or(NO_CRATE))
            }
            _ => piece.section.clone(),
        };
        let group = by_name.entry(name.clone()).or_insert_with(|| Group {
            name,
            bytes: 0,
            pieces: Vec::new(),
        });
        group.bytes += piece.bytes;
        group.pieces.push(piece);
    }
    let mut groups: Vec<Group<'_>> = by_name.into_values().collect();
    groups.sort_by(|left, right| (right.bytes, &left.name).cmp(&(left.bytes, &right.name)));
    let total = account.bytes();
    // What would be too small to read shares a group.
    let large = groups
        .iter()
        .take(GROUPS_MAX)
        .filter(|group| group.bytes.saturating_mul(70) >= total)
        .count();
    let small = groups.split_off(large);
    if small.len() > 1 {
        groups.push(Group {
            name: "other sections".to_owned(),
            bytes: small.iter().map(|group| group.bytes).sum(),
            pieces: small.into_iter().flat_map(|group| group.pieces).collect(),
        });
    } else {
        groups.extend(small);
    }
    groups.sort_by(|left, right| (right.bytes, &left.name).cmp(&(left.bytes, &right.name)));
    groups
}

fn draw_group(svg: &mut String, group: &Group<'_>, area: Area, colour: (&str, &str), total: u64) {
    let (dark, light) = colour;
    let what = format!("{}: {}", group.name, share(group.bytes, total));
    rectangle(svg, area.inside(1.0, 0.0), dark, &what);
    let strip = if area.height > 3.0 * STRIP && area.width > 60.0 {
        STRIP
    } else {
        0.0
    };
    if strip > 0.0 {
        let bytes = format!("{} B", grouped(group.bytes));
        let room = fits(area.width - 14.0, 12.0);
        let label = [
            format!("{}  {bytes}", group.name),
            group.name.clone(),
            bytes,
        ]
        .into_iter()
        .find(|label| label.chars().count() <= room);
        let label = label.unwrap_or_else(|| cut(&group.name, room));
        text(
            svg,
            (area.x + 7.0, area.y + 15.0),
            12.0,
            "#ffffff",
            "bold",
            &label,
        );
    }
    let mut pieces = group.pieces.clone();
    pieces.sort_by_key(|piece| (std::cmp::Reverse(piece.bytes), piece.offset));
    let rest = pieces.split_off(pieces.len().min(LEAVES_MAX));
    let rest_bytes: u64 = rest.iter().map(|piece| piece.bytes).sum();
    let mut leaves: Vec<(String, u64)> = pieces
        .iter()
        .map(|piece| (leaf_name(piece), piece.bytes))
        .collect();
    if !rest.is_empty() {
        leaves.push((format!("{} more", rest.len()), rest_bytes));
    }
    leaves.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let sizes: Vec<u64> = leaves.iter().map(|(_, bytes)| *bytes).collect();
    for ((name, bytes), area) in leaves.iter().zip(squarify(&sizes, area.inside(3.0, strip))) {
        draw_leaf(svg, name, *bytes, area.inside(0.75, 0.0), light, total);
    }
}

/// Framing is named after its section, which the strip may not be.
fn leaf_name(piece: &Piece) -> String {
    match piece.kind {
        PieceKind::Framing => format!("{} framing", piece.section),
        PieceKind::Import => format!("import {}", piece.name),
        PieceKind::Export => format!("export {}", piece.name),
        _ => piece.name.clone(),
    }
}

fn draw_leaf(svg: &mut String, name: &str, bytes: u64, area: Area, fill: &str, total: u64) {
    rectangle(svg, area, fill, &format!("{name}: {}", share(bytes, total)));
    let size = if area.width > 150.0 && area.height > 44.0 {
        13.0
    } else {
        11.0
    };
    let room = fits(area.width - 8.0, size);
    if room < 4 || area.height < size + 5.0 {
        return;
    }
    let lines = ((area.height - 4.0) / (size + 3.0)).floor() as usize;
    let number = format!("{} B", grouped(bytes));
    let mut wrapped = wrap(
        &short(name, room),
        room,
        lines.saturating_sub(1).clamp(1, 4),
    );
    if lines > wrapped.len() && number.len() <= room {
        wrapped.push(number);
    }
    let last = wrapped.len();
    for (index, line) in wrapped.iter().enumerate() {
        let at = (area.x + 4.0, area.y + (index + 1) as f64 * (size + 3.0));
        let is_number = index + 1 == last && last > 1;
        text(
            svg,
            at,
            size,
            if is_number { "#555555" } else { "#111111" },
            "normal",
            line,
        );
    }
}

/// The longest form of a path that fits two lines: the end of a path tells the most.
fn short(name: &str, room: usize) -> String {
    if name.chars().count() <= room || !name.contains("::") {
        return name.to_owned();
    }
    let plain = without_types(name);
    let parts: Vec<&str> = plain.split("::").collect();
    let tails = (1..parts.len()).map(|from| parts.get(from..).unwrap_or_default().join("::"));
    let mut last = plain.clone();
    for tail in tails {
        last = tail;
        if last.chars().count() <= room * 2 {
            break;
        }
    }
    last
}

/// `report::<impl parser::Parser>::text` as `report::Parser::text`.
fn without_types(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name;
    while let Some((before, inside)) = rest.split_once('<') {
        let (mut depth, mut end) = (1, inside.len());
        for (at, character) in inside.char_indices() {
            depth += i32::from(character == '<');
            depth -= i32::from(character == '>');
            if depth == 0 {
                end = at;
                break;
            }
        }
        let (of, after) = inside.split_at(end);
        let of = of.strip_prefix("impl ").unwrap_or(of);
        let of = of.split(" as ").next().unwrap_or(of);
        let of = of.split('<').next().unwrap_or(of);
        plain.push_str(before);
        if before.is_empty() || before.ends_with("::") {
            plain.push_str(of.rsplit("::").next().unwrap_or(of));
        }
        rest = after.strip_prefix('>').unwrap_or(after);
    }
    plain + rest
}

fn wrap(name: &str, room: usize, lines: usize) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let (mut wrapped, mut rest) = (Vec::new(), characters.as_slice());
    while !rest.is_empty() && wrapped.len() < lines {
        let last = wrapped.len() + 1 == lines;
        if rest.len() <= room || last {
            wrapped.push(cut(&rest.iter().collect::<String>(), room));
            break;
        }
        // Break behind a sign where there is one in the second half of the line.
        let is_break = |place: &usize| {
            let sign = rest
                .get(*place)
                .is_some_and(|sign| !sign.is_alphanumeric() && *sign != '<');
            sign && rest.get(place + 1) != Some(&':')
        };
        let sign = (0..room).rev().find(is_break);
        let length = sign.map_or(room, |sign| sign + 1);
        let length = if length * 2 > room { length } else { room };
        let (line, later) = rest.split_at(length);
        wrapped.push(line.iter().collect());
        rest = later;
    }
    wrapped
}

fn title(svg: &mut String, name: &str, bytes: u64, limit: u64) {
    let name = cut(name, 60);
    text(svg, (EDGE, 34.0), 22.0, "#111111", "bold", &name);
    let percent = bytes as f64 * 100.0 / limit.max(1) as f64;
    let used = format!(
        "{} B of {} B allowed ({percent:.1} %)",
        grouped(bytes),
        grouped(limit)
    );
    let colour = if bytes > limit { "#b3261e" } else { "#333333" };
    text(svg, (EDGE, 58.0), 14.0, colour, "normal", &used);
    let bar = Area {
        x: WIDTH - EDGE - 420.0,
        y: 46.0,
        width: 420.0,
        height: 14.0,
    };
    // The whole bar is the larger of the two; the rest is free or too much.
    let whole = bytes.max(limit).max(1) as f64;
    rectangle(svg, bar, "#e5e7eb", &used);
    let filled = |bytes: u64| Area {
        width: bar.width * bytes as f64 / whole,
        ..bar
    };
    if bytes > limit {
        rectangle(svg, filled(bytes), "#b3261e", &used);
    }
    rectangle(svg, filled(bytes.min(limit)), "#2b5c8a", &used);
}

fn legend(svg: &mut String, groups: &[Group<'_>], total: u64) {
    let (mut x, mut y) = (EDGE, HEIGHT - LEGEND + 24.0);
    for (index, group) in groups.iter().enumerate() {
        let label = format!("{} {}", cut(&group.name, 32), share(group.bytes, total));
        let width = 30.0 + label.chars().count() as f64 * 12.0 * CHARACTER;
        if x + width > WIDTH - EDGE {
            (x, y) = (EDGE, y + 22.0);
        }
        if y > HEIGHT - 8.0 {
            return;
        }
        let mark = Area {
            x,
            y: y - 11.0,
            width: 12.0,
            height: 12.0,
        };
        rectangle(svg, mark, colour(index).0, &label);
        text(svg, (x + 18.0, y), 12.0, "#333333", "normal", &label);
        x += width;
    }
}

fn share(bytes: u64, total: u64) -> String {
    let percent = bytes as f64 * 100.0 / total.max(1) as f64;
    format!("{} B, {percent:.1} %", grouped(bytes))
}

fn rectangle(svg: &mut String, area: Area, fill: &str, title: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\"><title>{}</title></rect>",
        area.x,
        area.y,
        area.width,
        area.height,
        escape(title)
    );
}

fn text(svg: &mut String, at: (f64, f64), size: f64, fill: &str, weight: &str, text: &str) {
    let (x, y) = at;
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{fill}\" pointer-events=\"none\">{}</text>",
        escape(text)
    );
}

fn fits(width: f64, size: f64) -> usize {
    (width / (size * CHARACTER)).max(0.0).floor() as usize
}

fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    kept + "…"
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text inside an element; characters that XML 1.0 does not have are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
