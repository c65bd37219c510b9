//! A report as a page.

use super::cell::{at, is_numeric, text};
use super::page::{Look, Table, page};
use super::{FORM_BYTES_MAX, Rows};

/// Keys whose values are words with a meaning.
const WORDS: [&str; 4] = ["severity", "level", "state", "status"];

/// Keys whose values are names of machines.
const NAMES: [&str; 6] = ["host", "hostname", "address", "uri", "path", "digest"];

pub(super) fn render(report: &Rows<'_>) -> String {
    let count = report.rows.len();
    let header = format!(
        "<p class=\"meta\">{count} {}</p>\n",
        if count == 1 { "row" } else { "rows" }
    );
    if count == 0 {
        let main = "<div class=\"card\"><p class=\"empty\">There are no rows.</p></div>\n";
        return page(report.title, &header, main);
    }
    let looks: Vec<Look> = report
        .columns
        .iter()
        .map(|column| {
            let mut values = report.rows.iter().map(|row| at(row, &column.key));
            match column.key.as_str() {
                key if NAMES.contains(&key) => Look::Code,
                _ if is_numeric(&mut values) => Look::Number,
                _ => Look::Text,
            }
        })
        .collect();
    let columns = || report.columns.iter().zip(looks.iter().copied());
    let mut table = Table::new(columns().map(|(column, look)| (column.title.as_str(), look)));
    for row in report.rows {
        table.begin_row();
        for (column, look) in columns() {
            let value = text(at(row, &column.key));
            if table.bytes() > FORM_BYTES_MAX {
                break;
            }
            match WORDS.contains(&column.key.as_str()) {
                true => table.badge(&value),
                false => table.cell(&value, look),
            }
        }
        table.end_row();
        if table.bytes() > FORM_BYTES_MAX {
            break;
        }
    }
    page(report.title, &header, &table.finish())
}
