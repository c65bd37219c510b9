//! What stands in a cell.

use std::borrow::Cow;

use serde_json::Value;

/// Entries of a list that a cell shows.
const LIST_SHOWN_MAX: usize = 100;

/// The value at `key`, which may be several keys with dots between them; a key that is there as a
/// whole wins. Positions in lists are numbers.
pub(super) fn at<'a>(row: &'a Value, key: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(key) {
        return Some(value);
    }
    key.split('.').try_fold(row, |value, name| match value {
        Value::Object(map) => map.get(name),
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The value as text: nothing for `null` and what is not there, entries of a list with commas between
/// them, anything deeper as JSON.
pub(super) fn text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Array(list)) if list.iter().all(is_plain) => {
            let mut texts: Vec<Cow<'_, str>> = list
                .iter()
                .take(LIST_SHOWN_MAX)
                .map(|entry| text(Some(entry)))
                .collect();
            if let Some(more) = list
                .len()
                .checked_sub(LIST_SHOWN_MAX)
                .filter(|more| *more > 0)
            {
                texts.push(Cow::Owned(format!("… {more} more")));
            }
            Cow::Owned(texts.join(", "))
        }
        Some(other) => Cow::Owned(other.to_string()),
    }
}

fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Whether a column holds numbers alone, with or without empty cells.
pub(super) fn is_numeric<'a>(values: impl Iterator<Item = Option<&'a Value>>) -> bool {
    let mut any = false;
    for value in values {
        match value {
            None | Some(Value::Null) => {}
            Some(Value::Number(_)) => any = true,
            Some(_) => return false,
        }
    }
    any
}
