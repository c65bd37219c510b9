//! Values to rows.

mod nmap;

use serde_json::{Map, Value};

use crate::scenario::ReportColumn;

/// Most rows of a report; what is over it is replaced by one row that says so.
pub const ROWS_MAX: usize = 100_000;

/// Most columns of a report.
pub const COLUMNS_MAX: usize = 64;

/// Keys in the order in which they are read best; others follow as they come.
const ORDER: [&str; 22] = [
    "severity",
    "level",
    "ruleId",
    "host",
    "hostname",
    "address",
    "port",
    "protocol",
    "state",
    "service",
    "product",
    "version",
    "name",
    "title",
    "status",
    "message",
    "description",
    "uri",
    "line",
    "column",
    "value",
    "remedy",
];

/// The rows of a value: lists within lists are opened up, reports of nmap (the JSON of `nmap-parse`
/// and `nmap-scan`) become a row for each port, maps stay as they are, other values become
/// `{"value": …}`, and `null` nothing.
pub fn rows_of(value: Value) -> Vec<Value> {
    let mut rows = Vec::new();
    // What is still to be done, the next one last.
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Null => {}
            Value::Array(list) => open.extend(list.into_iter().rev()),
            Value::Object(map) if nmap::is_report(&map) => nmap::rows(&map, &mut rows),
            Value::Object(map) => rows.push(Value::Object(map)),
            other => rows.push(Value::Object(Map::from_iter([("value".to_owned(), other)]))),
        }
        if rows.len() > ROWS_MAX {
            rows.truncate(ROWS_MAX);
            let message = format!("more than {ROWS_MAX} rows; the others are left out");
            rows.push(serde_json::json!({ "severity": "warning", "message": message }));
            break;
        }
    }
    rows
}

/// Columns for all keys of the rows, at most 64, titled by their keys.
pub fn columns_of(rows: &[Value]) -> Vec<ReportColumn> {
    let mut keys: Vec<&str> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    'rows: for map in rows.iter().filter_map(Value::as_object) {
        for key in map.keys() {
            if keys.len() >= COLUMNS_MAX {
                break 'rows;
            }
            if seen.insert(key.as_str()) {
                keys.push(key);
            }
        }
    }
    let rank = |key: &str| ORDER.iter().position(|known| *known == key);
    keys.sort_by_key(|key| rank(key).unwrap_or(ORDER.len()));
    let column = |key: &str| ReportColumn {
        title: key.to_owned(),
        key: key.to_owned(),
    };
    keys.into_iter().map(column).collect()
}
