//! A report as a table of text.

use super::cell::{at, is_numeric, text};
use super::{FORM_BYTES_MAX, Rows};
use crate::text::{padded, truncated, visible, width};

/// Columns of a terminal that one cell takes.
const CELL_COLUMNS_MAX: usize = 60;

pub(super) fn render(report: &Rows<'_>) -> String {
    let columns: Vec<Column> = report
        .columns
        .iter()
        .map(|column| Column {
            title: shown(&column.title),
            right: is_numeric(report.rows.iter().map(|row| at(row, &column.key))),
            cells: report
                .rows
                .iter()
                .map(|row| shown(&text(at(row, &column.key))))
                .collect(),
        })
        .collect();
    let mut out = format!("{}\n\n", visible(report.title));
    if !report.rows.is_empty() {
        out.push_str(&grid(&columns, report.rows.len(), FORM_BYTES_MAX));
        out.push('\n');
    }
    let count = report.rows.len();
    out.push_str(&format!(
        "{count} {}\n",
        if count == 1 { "row" } else { "rows" }
    ));
    out
}

/// Columns of text with a head and a line below it, ready to be shown; no more lines where they have
/// more than `bytes_max` bytes.
pub(super) fn grid(columns: &[Column], count: usize, bytes_max: usize) -> String {
    let widths: Vec<usize> = columns.iter().map(Column::width).collect();
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
        out.len() <= bytes_max
    };
    let columns_of = || columns.iter().zip(&widths);
    line(&mut columns_of().map(|(column, width)| padded(&column.title, *width, column.right)));
    line(&mut widths.iter().map(|width| "─".repeat(*width)));
    for index in 0..count {
        let is_room = line(&mut columns_of().map(|(column, width)| {
            let cell = column.cells.get(index).map_or("", String::as_str);
            padded(cell, *width, column.right)
        }));
        if !is_room {
            break;
        }
    }
    out
}

/// A column; its texts are visible and short.
pub(super) struct Column {
    pub(super) title: String,
    pub(super) right: bool,
    pub(super) cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| width(cell));
        cells.chain([width(&self.title)]).max().unwrap_or(0)
    }
}

/// A text as a cell.
pub(super) fn shown(text: &str) -> String {
    // Escaping makes at most ten characters of one: what is beyond is cut either way.
    let beginning = text.char_indices().nth(CELL_COLUMNS_MAX * 4);
    let beginning = beginning.map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let cell = truncated(&visible(beginning), CELL_COLUMNS_MAX).into_owned();
    match beginning.len() < text.len() && !cell.ends_with('…') {
        true => cell + "…",
        false => cell,
    }
}
