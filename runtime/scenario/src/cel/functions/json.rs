//! JSON as text.

use super::super::fault::{Faulty, INVALID_ARGUMENT, LIMIT};
use super::super::limits::STRING_BYTES_MAX;
use super::super::val::Val;
use super::super::work::Work;
use super::conversions::excluded;

pub(super) fn read<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::Text(text)] = arguments else {
        return Err(excluded(work));
    };
    let text = text.as_str();
    if text.len() > STRING_BYTES_MAX {
        let message = format!(
            "a JSON text of {} bytes; at most {STRING_BYTES_MAX} are read",
            text.len()
        );
        return Err(work.fault(LIMIT, message, "read it in a capsule"));
    }
    work.scan(text.len().saturating_mul(4))?;
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let message = format!(
            "the text is no JSON: line {} column {} of it",
            error.line(),
            error.column()
        );
        work.fault(
            INVALID_ARGUMENT,
            message,
            "give the step output: json, or check what it writes",
        )
    })?;
    Val::copied(work, &value)
}

pub(super) fn write<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [value] = arguments else {
        return Err(excluded(work));
    };
    let text = value.to_json(work)?.to_string();
    work.text(text.len())?;
    Ok(Val::made_text(&text))
}
