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

/// Bytes of a value itself.
const SLOT: u64 = size_of::<Value>() as u64;
/// Bytes that an allocation takes besides what was asked for, about.
const ALLOCATION: u64 = 16;
/// Entries of a node of a tree map that is as empty as such nodes get.
const NODE_ENTRIES_MIN: u64 = 5;
/// Bytes of a node of a tree map: it has room for eleven keys and values, and for twelve children.
const NODE: u64 = (11 * (size_of::<String>() + size_of::<Value>()) + 32) as u64 + ALLOCATION;

impl Weight {
    /// Of a value; takes no stack, however deep it is.
    pub fn of(value: &Value) -> Weight {
        let mut weight = Weight {
            json: 0,
            memory: SLOT,
        };
        let mut rest = vec![value];
        while let Some(value) = rest.pop() {
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
                    if !items.is_empty() {
                        // Lists grow by doubling, from room for four.
                        let room = (items.len() as u64).next_power_of_two().max(4);
                        weight.memory += room * SLOT + ALLOCATION;
                    }
                    rest.extend(items);
                }
                Value::Object(entries) => {
                    weight.json += 1 + (entries.len() as u64).max(1);
                    weight.memory += (entries.len() as u64).div_ceil(NODE_ENTRIES_MIN) * NODE;
                    for (key, value) in entries {
                        weight.text(key);
                        weight.json += 1;
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
        if !text.is_empty() {
            self.memory += text.len() as u64 + ALLOCATION;
        }
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
    /// What a program takes that counts its allocations, as glibc and mimalloc round them.
    #[test]
    fn memory_is_that_of_the_allocator() {
        let maps: Vec<Value> = (0..1_000).map(|_| json!({"a": {}})).collect();
        let weight = Weight::of(&Value::from(maps)).memory;
        assert!((650_000..850_000).contains(&weight), "{weight}");
        let lists: Vec<Value> = (0..1_000).map(|_| json!([1])).collect();
        let weight = Weight::of(&Value::from(lists)).memory;
        assert!((140_000..200_000).contains(&weight), "{weight}");
        let text = Weight::of(&json!("x".repeat(1_000))).memory;
        assert!((1_000..1_100).contains(&text), "{text}");
    }
}
