//! What the bytes of an output become.

use std::io::{self, Write};

use serde_json::Value;

use crate::scenario::OutputFormat;
use crate::work::WorkEnding;

/// Most bytes of the JSON text of an output value.
pub const OUTPUT_VALUE_BYTES_MAX: usize = 4 << 20;

/// Most levels of an output that is JSON: rows of the journal, which it becomes a part of, have to be
/// readable, and JSON of more than 128 levels is not.
pub const OUTPUT_DEPTH_MAX: usize = 96;

/// The most that one byte of text can become in JSON: `\u0000`.
const ESCAPE_BYTES_MAX: usize = 6;

/// The value of an output.
///
/// # Errors
/// How the step fails: `output_too_large`, `output_too_deep`, `output_not_text` or `output_not_json`.
pub fn output_value(bytes: &[u8], format: OutputFormat) -> Result<Value, WorkEnding> {
    if format == OutputFormat::Bytes {
        return Ok(Value::Null);
    }
    if bytes.len() > OUTPUT_VALUE_BYTES_MAX {
        return Err(too_large(bytes.len()));
    }
    let value = match format {
        OutputFormat::Bytes => Value::Null,
        OutputFormat::Json => json(bytes)?,
        OutputFormat::Text => Value::from(text(bytes)?),
        OutputFormat::Lines => text(bytes)?.lines().map(Value::from).collect(),
    };
    if bytes.len() > OUTPUT_VALUE_BYTES_MAX / ESCAPE_BYTES_MAX || format == OutputFormat::Lines {
        let mut counter = Counter(0);
        // Writing to a counter does not fail.
        let _ = serde_json::to_writer(&mut counter, &value);
        if counter.0 > OUTPUT_VALUE_BYTES_MAX {
            return Err(too_large(counter.0));
        }
    }
    Ok(value)
}

/// How a step ends whose output is too large for a value.
pub fn output_too_large(bytes: u64) -> WorkEnding {
    too_large(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn too_large(bytes: usize) -> WorkEnding {
    let message = format!(
        "the output has {bytes} bytes as a value; at most {OUTPUT_VALUE_BYTES_MAX} are allowed; say output: bytes and pass on its artifact"
    );
    failed("output_too_large", message)
}

fn json(bytes: &[u8]) -> Result<Value, WorkEnding> {
    if is_deeper(bytes, OUTPUT_DEPTH_MAX) {
        let message = format!(
            "the output is nested deeper than {OUTPUT_DEPTH_MAX} levels; say output: text, or bytes and pass on its artifact"
        );
        return Err(failed("output_too_deep", message));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!(
            "the output is not JSON: line {}, column {}; say output: text, or bytes",
            error.line(),
            error.column()
        );
        failed("output_not_json", message)
    })
}

/// Whether lists and maps lie deeper within each other, if the bytes are JSON.
fn is_deeper(bytes: &[u8], most: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}

fn text(bytes: &[u8]) -> Result<&str, WorkEnding> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("the output is not UTF-8: byte {at}; say output: bytes");
        failed("output_not_text", message)
    })
}

fn failed(code: &str, message: String) -> WorkEnding {
    WorkEnding::Failed {
        code: code.to_owned(),
        exit: 0,
        message,
    }
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{OUTPUT_VALUE_BYTES_MAX, output_value};
    use crate::scenario::OutputFormat;
    use crate::work::WorkEnding;

    fn code(bytes: &[u8], format: OutputFormat) -> String {
        match output_value(bytes, format) {
            Err(WorkEnding::Failed { code, .. }) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bytes_become_values() {
        let value = |bytes: &[u8], format| output_value(bytes, format).unwrap();
        assert_eq!(value(b"a\nb", OutputFormat::Text), json!("a\nb"));
        assert_eq!(value(b"a\r\nb\n", OutputFormat::Lines), json!(["a", "b"]));
        assert_eq!(value(b"[1]", OutputFormat::Json), json!([1]));
        assert_eq!(value(b"\xff", OutputFormat::Bytes), json!(null));
    }

    #[test]
    fn what_is_no_value_fails_the_step() {
        assert_eq!(code(b"\xff", OutputFormat::Text), "output_not_text");
        assert_eq!(code(b"{", OutputFormat::Json), "output_not_json");
        let nested = "[".repeat(100_000);
        assert_eq!(
            code(nested.as_bytes(), OutputFormat::Json),
            "output_too_deep"
        );
        let deep = |levels: usize| "[".repeat(levels) + "\"[\\\"[\"" + &"]".repeat(levels);
        assert!(output_value(deep(96).as_bytes(), OutputFormat::Json).is_ok());
        for levels in [97, 127] {
            let text = deep(levels);
            assert_eq!(code(text.as_bytes(), OutputFormat::Json), "output_too_deep");
        }
        let control = vec![1; OUTPUT_VALUE_BYTES_MAX / 4];
        assert_eq!(code(&control, OutputFormat::Text), "output_too_large");
        let feeds = vec![b'\n'; OUTPUT_VALUE_BYTES_MAX / 2];
        assert_eq!(code(&feeds, OutputFormat::Lines), "output_too_large");
        let large = vec![b'a'; OUTPUT_VALUE_BYTES_MAX + 1];
        assert_eq!(code(&large, OutputFormat::Text), "output_too_large");
    }
}
