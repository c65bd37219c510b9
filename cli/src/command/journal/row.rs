//! Rows of the journal for people and programs.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use tenzik_runtime::Timestamp;
use tenzik_runtime::journal::Row;

/// A time of the journal as RFC 3339 has it.
pub(crate) fn time(at_ms: u64) -> String {
    Timestamp::from_unix_millis(at_ms).map_or_else(
        |_| format!("{at_ms} ms after 1970"),
        |time| time.to_string(),
    )
}

/// The first characters of an id: enough to name it, in most journals.
pub(crate) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// One JSON object in one line. The body is last, byte by byte as it is in the journal, so that the
/// hash can be computed again.
pub(crate) fn json_line(row: &Row) -> String {
    let mut head = json!({
        "seq": row.seq,
        "at": time(row.at_ms),
        "at_ms": row.at_ms,
        "run": row.run,
        "kind": row.kind.name(),
        "hash": row.hash.to_hex(),
    });
    if let Some(job) = &row.job {
        head["job"] = json!(job);
    }
    let one_line = !row.body.contains(['\n', '\r']);
    if one_line && serde_json::from_str::<IgnoredAny>(&row.body).is_ok() {
        let head = head.to_string();
        let open = head.strip_suffix('}').unwrap_or(&head);
        return format!("{open},\"body\":{}}}", row.body);
    }
    head["body_text"] = Value::from(row.body.as_str());
    head.to_string()
}

/// What is shown of a body.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Shown {
    path: Option<String>,
    attempt: Option<u64>,
    scenario: Option<String>,
    effect: Option<String>,
    status: Option<String>,
    state: Option<String>,
    reused: bool,
    assumed: Option<String>,
    end: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}

/// One line for people.
pub(crate) fn line(row: &Row) -> String {
    let shown: Shown = serde_json::from_str(&row.body).unwrap_or_default();
    let mut text = format!(
        "{:>7}  {}  {:<8}  {:<13}",
        row.seq,
        time(row.at_ms),
        short(&row.run),
        row.kind.name()
    );
    if let Some(job) = &row.job {
        text += "  ";
        text += short(job);
    }
    let attempt = shown
        .attempt
        .filter(|attempt| *attempt > 1)
        .map(|attempt| format!("attempt {attempt}"));
    let words = [
        shown.scenario,
        shown.path,
        attempt,
        shown.effect,
        shown.status.or(shown.state),
        shown.reused.then(|| "reused".to_owned()),
        shown.assumed,
        shown.end,
        shown.code,
        shown.reason,
        shown.message,
    ];
    for word in words.into_iter().flatten() {
        text += "  ";
        // A message may have lines of its own; a row has one.
        text.extend(word.chars().map(|character| match character {
            '\n' | '\t' => ' ',
            other => other,
        }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{json_line, line};
    use tenzik_runtime::journal::{Hash, Row, RowKind};

    fn row(body: &str) -> Row {
        Row {
            seq: 7,
            run: "0123456789abcdef".to_owned(),
            kind: RowKind::Outcome,
            job: Some("fedcba9876543210".to_owned()),
            at_ms: 1_763_596_800_000,
            body: body.to_owned(),
            hash: Hash([0; 32]),
        }
    }

    #[test]
    fn a_body_stays_as_it_is() {
        let body = r#"{"b":1.50, "a":1e400,"a":[]}"#;
        let text = json_line(&row(body));
        let body_in_it = text.split_once(r#","body":"#).unwrap().1;
        assert_eq!(body_in_it.strip_suffix('}'), Some(body));
    }

    #[test]
    fn what_is_no_json_becomes_a_text() {
        let deep = "[".repeat(100_000);
        for body in ["", "{", "1}", "1\n", "{}{}", deep.as_str()] {
            let value: serde_json::Value = serde_json::from_str(&json_line(&row(body))).unwrap();
            assert_eq!(value["body_text"], body);
            assert!(value.get("body").is_none());
        }
    }

    #[test]
    fn a_line_for_people_is_one_line() {
        let text = line(&row(
            r#"{"path":"a","attempt":2,"status":"failed","message":"x\ny"}"#,
        ));
        assert_eq!(
            text,
            "      7  2025-11-20T00:00:00.000Z  01234567  outcome        fedcba98  a  attempt 2  failed  x y"
        );
        assert!(!line(&row("nothing")).is_empty());
    }
}
