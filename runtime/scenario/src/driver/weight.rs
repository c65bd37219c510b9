//! How large a value is.

use std::fmt::{self, Write};

use serde_json::Value;

/// How large a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Bytes as JSON without spaces; texts as if nothing but quotes and controls were escaped.
    pub json: u64,
    /// Bytes of memory, about.
    pub memory: u64,
}

struct Counter(u64);

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len() as u64;
        Ok(())
    }
}

/// Bytes of a node of a tree map, per entry, about.
const ENTRY: u64 = 64;

impl Weight {
    /// Of a value; takes no stack, however deep it is.
    pub fn of(value: &Value) -> Weight {
        let mut weight = Weight::default();
        let mut rest = vec![value];
        while let Some(value) = rest.pop() {
            weight.memory += size_of::<Value>() as u64;
            match value {
                Value::Null | Value::Bool(true) => weight.json += 4,
                Value::Bool(false) => weight.json += 5,
                Value::Number(number) => {
                    let mut counter = Counter(0);
                    // Counting never fails.
                    let _ = write!(counter, "{number}");
                    weight.json += counter.0;
                }
                Value::String(text) => weight.text(text),
                Value::Array(items) => {
                    weight.json += 1 + (items.len() as u64).max(1);
                    rest.extend(items);
                }
                Value::Object(entries) => {
                    weight.json += 1 + (entries.len() as u64).max(1);
                    for (key, value) in entries {
                        weight.text(key);
                        weight.json += 1;
                        weight.memory += ENTRY;
                        rest.push(value);
                    }
                }
            }
        }
        weight
    }

    fn text(&mut self, text: &str) {
        let escaped: u64 = text
            .bytes()
            .map(|byte| match byte {
                b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
                0..0x20 => 5,
                _ => 0,
            })
            .sum();
        self.json += 2 + text.len() as u64 + escaped;
        self.memory += text.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_counted_as_it_is_written() {
        for value in [
            json!(null),
            json!([]),
            json!({}),
            json!([1, -2.5, true, false, null, "a\"b\\\n\u{1}é"]),
            json!({"a": {"b": [[], [1]]}, "ü": 1e300}),
        ] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(Weight::of(&value).json, text.len() as u64, "{text}");
        }
    }
}
