use serde_json::{Value, json};

use super::{RunHistory, RunReport, RunRow};
use crate::picture::{SpanKind, gantt_svg, gantt_text};

/// A run with a loop, a retry, a reused result, a failure and what follows from it.
fn rows() -> Vec<(&'static str, Option<&'static str>, u64, Value)> {
    let began = 1_795_255_200_000;
    let key = |path: &str, attempt: u32| json!({ "path": path, "attempt": attempt });
    let intent = |path: &str, attempt: u32, node: usize| json!({ "path": path, "attempt": attempt, "node": node, "effect": "idempotent" });
    let ended = |path: &str, attempt: u32, status: &str, from: u64| {
        json!({ "path": path, "attempt": attempt, "status": status, "output": [1, 2], "started_ms": began + from,
                "usage": { "fuel": 7 }, "artifacts": [{ "name": "output", "digest": "ab", "bytes": 12 }] })
    };
    let mut failed = ended("sweep[1].scan", 1, "failed", 40);
    (failed["code"], failed["exit"], failed["message"]) =
        (json!("fuel_exhausted"), json!(22), json!("out of fuel"));
    let mut reused = ended("parse", 1, "ok", 900);
    reused["reused"] = json!(true);
    vec![
        (
            "run_started",
            None,
            began,
            json!({ "scenario": "lab", "session": "nightly", "pid": 1, "source": "{}" }),
        ),
        (
            "settled",
            None,
            began + 10,
            json!({ "path": "targets", "node": 0, "state": "ok", "attempts": 0 }),
        ),
        (
            "settled",
            None,
            began + 20,
            json!({ "path": "sweep", "node": 1, "state": "running", "attempts": 1 }),
        ),
        (
            "intent",
            Some("j1"),
            began + 30,
            intent("sweep[0].scan", 1, 2),
        ),
        (
            "queued",
            None,
            began + 30,
            json!({ "path": "sweep[1].scan", "attempt": 1, "reason": "busy" }),
        ),
        (
            "intent",
            Some("j2"),
            began + 40,
            intent("sweep[1].scan", 1, 2),
        ),
        (
            "outcome",
            Some("j1"),
            began + 530,
            ended("sweep[0].scan", 1, "ok", 30),
        ),
        (
            "settled",
            None,
            began + 530,
            json!({ "path": "sweep[0].scan", "node": 2, "state": "ok", "attempts": 1 }),
        ),
        ("outcome", Some("j2"), began + 140, failed),
        ("timer", None, began + 300, key("sweep[1].scan", 2)),
        (
            "intent",
            Some("j3"),
            began + 300,
            intent("sweep[1].scan", 2, 2),
        ),
        (
            "outcome",
            Some("j3"),
            began + 800,
            ended("sweep[1].scan", 2, "ok", 300),
        ),
        (
            "settled",
            None,
            began + 800,
            json!({ "path": "sweep[1].scan", "node": 2, "state": "ok", "attempts": 2 }),
        ),
        (
            "intent",
            Some("ja"),
            began + 300,
            intent("sweep[10].scan", 1, 2),
        ),
        (
            "refused",
            Some("ja"),
            began + 310,
            json!({ "path": "sweep[10].scan", "attempt": 1, "code": "memory_guard", "message": "too full", "remedy": "x" }),
        ),
        (
            "settled",
            None,
            began + 310,
            json!({ "path": "sweep[10].scan", "node": 2, "state": "failed", "attempts": 1, "code": "memory_guard", "exit": 0, "message": "too full" }),
        ),
        (
            "settled",
            None,
            began + 820,
            json!({ "path": "sweep", "node": 1, "state": "failed", "attempts": 0, "code": "items_failed", "exit": 0, "message": "1 of 3 items failed" }),
        ),
        ("intent", Some("j4"), began + 900, intent("parse", 1, 3)),
        ("outcome", Some("j4"), began + 901, reused),
        (
            "settled",
            None,
            began + 901,
            json!({ "path": "parse", "node": 3, "state": "ok", "attempts": 1, "reused": true }),
        ),
        (
            "settled",
            None,
            began + 902,
            json!({ "path": "last", "node": 4, "state": "skipped", "reason": "needs", "because": "sweep" }),
        ),
        (
            "run_ended",
            None,
            began + 1_250,
            json!({ "event": "run_ended", "end": "failed", "steps": { "ok": 3 }, "elapsed_ms": 1_250 }),
        ),
    ]
}

fn report_of(rows: &[(&str, Option<&str>, u64, Value)], alive: bool) -> RunReport {
    let mut history = RunHistory::new("0123456789abcdef0123456789abcdef");
    for (kind, job, at_ms, body) in rows {
        let body = body.to_string();
        let row = RunRow {
            kind,
            job: *job,
            at_ms: *at_ms,
            body: &body,
        };
        history.read(row).unwrap();
    }
    history.finish(alive)
}

#[test]
fn rows_become_a_report() {
    let report = report_of(&rows(), false);
    assert_eq!(
        (report.status.as_str(), report.elapsed_ms(), report.reused),
        ("failed", 1_250, 1)
    );
    assert_eq!(report.session.as_deref(), Some("nightly"));
    let steps: Vec<(&str, &str)> = report
        .steps
        .iter()
        .map(|step| (&*step.path, &*step.state))
        .collect();
    let expected = [
        ("targets", "ok"),
        ("sweep", "failed"),
        ("sweep[0].scan", "ok"),
        ("sweep[1].scan", "ok"),
        ("sweep[10].scan", "failed"),
        ("parse", "ok"),
        ("last", "skipped"),
    ];
    assert_eq!(steps, expected);
    let retried = &report.steps[3];
    let statuses: Vec<&str> = retried
        .attempts
        .iter()
        .map(|attempt| &*attempt.status)
        .collect();
    assert_eq!(statuses, ["failed", "ok"]);
    assert_eq!(retried.attempts[0].code.as_deref(), Some("fuel_exhausted"));
    assert_eq!(retried.attempts[1].job.as_deref(), Some("j3"));
    assert_eq!(
        report.artifact("sweep[1].scan", "output").unwrap().bytes,
        12
    );
    assert_eq!(report.artifact("sweep[1].scan", "none"), None);
    assert_eq!(
        report.counted(),
        "7 steps: 4 ok (1 reused), 2 failed, 1 skipped"
    );
}

#[test]
fn the_table_of_a_run() {
    let table = report_of(&rows(), false).to_table();
    let expected = "\
0123456789abcdef0123456789abcdef  lab  failed
began 2026-11-21 10:00:00 UTC, took 1.25 s; 7 steps: 4 ok (1 reused), 2 failed, 1 skipped

step            state    jobs    began    took  what happened
──────────────  ───────  ────  ───────  ──────  ──────────────────────────────────
targets         ok              +10 ms    0 ms
sweep           failed          +20 ms  800 ms  items_failed: 1 of 3 items failed
sweep[0].scan   ok          1   +30 ms  500 ms
sweep[1].scan   ok          2   +40 ms  760 ms
sweep[10].scan  failed      1  +300 ms   10 ms  memory_guard: too full
parse           ok          1  +900 ms    1 ms  reused
last            skipped                         needs sweep, which did not succeed
";
    assert_eq!(table, expected);
}

/// A run that was killed at any row has a report.
#[test]
fn rows_may_end_anywhere() {
    let rows = rows();
    for length in 0..rows.len() {
        let report = report_of(rows.get(..length).unwrap(), false);
        assert_eq!(report.status, "interrupted");
        report.to_table();
        report.to_html();
        gantt_svg(&report.timeline());
    }
    assert_eq!(report_of(&rows[..3], true).status, "running");
}

#[test]
fn a_lost_job_that_is_done_again_has_two_entries() {
    let intent = |job, at| {
        (
            "intent",
            Some(job),
            at,
            json!({ "path": "a", "attempt": 1, "node": 0, "effect": "pure" }),
        )
    };
    let rows = [
        (
            "run_started",
            None,
            0,
            json!({ "scenario": "x", "pid": 1, "source": "" }),
        ),
        intent("j1", 5),
        ("run_resumed", None, 50, json!({})),
        ("lost", Some("j1"), 51, json!({ "path": "a", "attempt": 1 })),
        intent("j2", 52),
    ];
    let report = report_of(&rows, true);
    let attempts: Vec<(&str, Option<&str>)> = report.steps[0]
        .attempts
        .iter()
        .map(|attempt| (&*attempt.status, attempt.job.as_deref()))
        .collect();
    assert_eq!(attempts, [("lost", Some("j1")), ("running", Some("j2"))]);
    assert_eq!((report.resumed, report.status.as_str()), (1, "running"));
}

#[test]
fn bodies_that_are_not_what_they_should_be_are_refused_or_passed_over() {
    let mut history = RunHistory::new("x");
    for body in [
        "",
        "[",
        "7",
        r#"{"path":7}"#,
        r#"{"attempt":-1}"#,
        r#"{"artifacts":{}}"#,
    ] {
        let row = RunRow {
            kind: "outcome",
            job: None,
            at_ms: 1,
            body,
        };
        assert!(history.read(row).is_err(), "{body}");
    }
    for (kind, body) in [
        ("outcome", "{}"),
        ("later", r#"{"path":"a"}"#),
        ("cancel", "{}"),
    ] {
        history
            .read(RunRow {
                kind,
                job: None,
                at_ms: u64::MAX,
                body,
            })
            .unwrap();
    }
    assert_eq!(history.finish(false).steps, []);
}

#[test]
fn the_timeline_has_bars_for_waits_and_attempts() {
    let timeline = report_of(&rows(), false).timeline();
    let lane = timeline
        .lanes
        .iter()
        .find(|lane| lane.label == "sweep[1].scan")
        .unwrap();
    let kinds: Vec<SpanKind> = lane.spans.iter().map(|span| span.kind).collect();
    assert_eq!(
        kinds,
        [
            SpanKind::Wait,
            SpanKind::Failed,
            SpanKind::Wait,
            SpanKind::Ok
        ]
    );
    assert!(!timeline.lanes.iter().any(|lane| lane.label == "last"));
}

#[test]
fn the_page_of_a_run_holds_its_timeline() {
    let mut rows = rows();
    rows[0].3["scenario"] = json!("<script>alert(1)</script>");
    rows[13].3["path"] = json!("</title><img src=x>");
    let page = report_of(&rows, false).to_html();
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("<img") && page.contains("<svg class=\"p\""));
    // Styles of elements would be refused by the page's own policy.
    assert!(!page.contains(" style=\""));
    assert_eq!(page.matches("<style>").count(), 1);
}

/// The picture of the documentation is of this run; `UPDATE=1` draws it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "UPDATE is a variable of tests")]
fn the_timeline_of_the_documentation_is_this_one() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/timeline.svg");
    let svg = gantt_svg(&report_of(&rows(), false).timeline());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &svg).unwrap();
    }
    assert!(
        std::fs::read_to_string(file).unwrap() == svg,
        "UPDATE=1 cargo test -p tenzik-scenario"
    );
}

#[test]
fn the_timeline_of_a_run_as_text() {
    let text = gantt_text(&report_of(&rows(), false).timeline(), 56);
    let expected = "\
targets           ─                           0.00 ms
sweep             ✗✗✗✗✗✗✗✗✗✗✗✗✗✗✗✗✗✗          800 ms
  sweep[0].scan   ████████████                500 ms
  sweep[1].scan   ✗✗✗···███████████           770 ms
  sweep[10].scan        ✗                     10.0 ms
parse                               ▒         1.00 ms
";
    assert_eq!(text, expected);
}
