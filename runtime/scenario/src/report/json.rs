//! A report as JSON.

use serde_json::{Value, json};

use super::Rows;

/// `{"title","columns":[{"title","key"}],"rows":[…]}`: rows as they are, with all their keys.
pub(super) fn render(report: &Rows<'_>) -> String {
    let columns: Vec<Value> = report
        .columns
        .iter()
        .map(|column| json!({ "title": column.title, "key": column.key }))
        .collect();
    let value = json!({ "title": report.title, "columns": columns, "rows": report.rows });
    format!("{value:#}\n")
}
