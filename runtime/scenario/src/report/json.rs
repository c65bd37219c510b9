//! A report as JSON.

use serde_json::{Value, json};

use super::{Rows, add_line, with_lines};

/// `{"title","columns":[{"title","key"}],"rows":[…]}`: rows as they are, with all their keys, a line
/// for each.
pub(super) fn render(report: &Rows<'_>) -> String {
    let columns: Vec<Value> = report
        .columns
        .iter()
        .map(|column| json!({ "title": column.title, "key": column.key }))
        .collect();
    let value = json!({ "title": report.title, "columns": columns, "rows": [] });
    let mut lines = String::new();
    let _ = report.rows.iter().all(|row| add_line(&mut lines, row));
    with_lines(&value, "rows", &lines)
}
