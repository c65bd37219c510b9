//! The JSON that subcommands share. Every shape is documented in docs/json.md and stable within a
//! major version.

use serde_json::{Value, json};
use tenzik_runtime::{Finding, Severity, Usage, Validation, escaped};

/// A finding: `{"code","severity","message","remedy","offset"?,"function"?,"function_name"?}`.
pub(crate) fn finding(finding: &Finding) -> Value {
    let mut value = json!({
        "code": finding.code.code(),
        "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": finding.message,
        "cause": finding.code.cause(),
        "remedy": finding.remedy,
    });
    if let Some(offset) = finding.location.offset {
        value["offset"] = json!(offset);
    }
    if let Some(index) = finding.location.function_index {
        value["function"] = json!(index);
    }
    if let Some(name) = &finding.location.function_name {
        // Between the quotes that `escaped` adds for people.
        value["function_name"] = json!(escaped(name).trim_matches('"'));
    }
    value
}

/// The use of a run.
pub(crate) fn usage(usage: &Usage) -> Value {
    let calls: serde_json::Map<String, Value> = usage
        .host_calls_by_function
        .iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect();
    json!({
        "fuel": usage.fuel,
        "fuel_exact": usage.fuel_exact,
        "memory_bytes": usage.memory_bytes,
        "wall_us": usage.wall_us,
        "host_us": usage.host_us,
        "io_wait_us": usage.io_wait_us,
        "host_calls": usage.host_calls,
        "host_calls_by_function": calls,
        "input_bytes": usage.input_bytes,
        "effect_bytes": usage.effect_bytes,
        "output_bytes": usage.output_bytes,
        "log_bytes": usage.log_bytes,
    })
}

/// The parts of a module: `[{"name","bytes"}]`.
pub(crate) fn sections(validation: &Validation) -> Value {
    let parts = validation
        .sections()
        .iter()
        .map(|part| json!({ "name": part.name, "bytes": part.bytes }));
    Value::Array(parts.collect())
}
