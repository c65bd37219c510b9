//! Reports: rows of findings in four forms, and what became of a run.
//!
//! Cells are text of capsules and scanned machines: in every form they stay text.

mod cell;
mod rows;

mod html;
mod json;
mod page;
mod sarif;
mod table;

mod run;

pub use rows::{COLUMNS_MAX, ROWS_MAX, columns_of, rows_of};
pub use run::{
    ArtifactReport, AttemptReport, HistoryError, RunHistory, RunReport, RunRow, StepReport,
};

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::scenario::{ReportColumn, ReportFormat};
use crate::work::ReportWork;

/// Most cells of a report.
pub const CELLS_MAX: usize = 1_000_000;
/// Most bytes of the rows of a report, as JSON.
pub const ROWS_BYTES_MAX: u64 = 16 << 20;
/// Most bytes of a report in one form. [`render`] may write a little more, but not much.
pub const FORM_BYTES_MAX: usize = 64 << 20;

/// Writes a report in one form, with a line feed at the end. Rows pass [`rows_of`] first; where there
/// are no columns, or none of them has a value in any row, those of [`columns_of`] are shown.
pub fn render(work: &ReportWork, format: ReportFormat) -> String {
    let rows = rows_of(Value::Array(work.rows.clone()));
    let has_value =
        |column: &ReportColumn| rows.iter().any(|row| cell::at(row, &column.key).is_some());
    let columns = if rows.is_empty() || work.columns.iter().any(has_value) {
        Cow::Borrowed(work.columns.as_slice())
    } else {
        Cow::Owned(columns_of(&rows))
    };
    let report = Rows {
        title: &work.title,
        rows: &rows,
        columns: &columns,
    };
    match format {
        ReportFormat::Table => table::render(&report),
        ReportFormat::Json => json::render(&report),
        ReportFormat::Html => html::render(&report),
        ReportFormat::Sarif => sarif::render(&report),
    }
}

/// The usual end of the name of a file in a form.
pub const fn extension(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Table => "txt",
        ReportFormat::Json => "json",
        ReportFormat::Html => "html",
        ReportFormat::Sarif => "sarif",
    }
}

/// `value` for people, with these lines, each a value, in place of its empty list `key`: what is deep
/// would be mostly indentation.
fn with_lines(value: &Value, key: &str, lines: &str) -> String {
    let text = format!("{value:#}\n");
    // Quotes inside of texts are escaped, so that only a key can look so.
    let empty = format!("\"{key}\": []");
    match (lines.is_empty(), text.split_once(&empty)) {
        (false, Some((before, behind))) => format!("{before}\"{key}\": [\n{lines}]{behind}"),
        _ => text,
    }
}

/// Adds a value as a line; false when the form is too large already.
fn add_line(lines: &mut String, value: &Value) -> bool {
    if !lines.is_empty() {
        lines.truncate(lines.len() - 1);
        lines.push_str(",\n");
    }
    // Writing to a `String` cannot fail.
    let _ = writeln!(lines, "{value}");
    lines.len() <= FORM_BYTES_MAX
}

/// A report whose rows are maps, with columns.
struct Rows<'a> {
    title: &'a str,
    rows: &'a [Value],
    columns: &'a [ReportColumn],
}

#[cfg(test)]
mod tests;
