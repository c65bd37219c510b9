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

pub use rows::{ROWS_MAX, columns_of, rows_of};
pub use run::{
    ArtifactReport, AttemptReport, HistoryError, RunHistory, RunReport, RunRow, StepReport,
};

use std::borrow::Cow;

use serde_json::Value;

use crate::scenario::{ReportColumn, ReportFormat};
use crate::work::ReportWork;

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

/// A report whose rows are maps, with columns.
struct Rows<'a> {
    title: &'a str,
    rows: &'a [Value],
    columns: &'a [ReportColumn],
}

#[cfg(test)]
mod tests;
