use serde_json::{Value, json};

use super::{FORM_BYTES_MAX, columns_of, render, rows_of};
use crate::scenario::{ReportColumn, ReportFormat};
use crate::work::ReportWork;

fn report(rows: Value, columns: &[&str]) -> ReportWork {
    ReportWork {
        title: "Sweep of the lab".to_owned(),
        formats: Vec::new(),
        rows: rows.as_array().unwrap().clone(),
        columns: columns
            .iter()
            .map(|key| ReportColumn {
                title: (*key).to_owned(),
                key: (*key).to_owned(),
            })
            .collect(),
    }
}

/// What `nmap-parse` writes, shortened.
fn nmap() -> Value {
    json!({
        "scanner": "nmap", "args": "nmap -sT", "start": 1,
        "hosts": [
            { "status": "up",
              "addresses": [{ "addr": "00:00:5E:00:53:01", "type": "mac" }, { "addr": "10.0.0.1", "type": "ipv4" }],
              "hostnames": ["db.lab", "db2.lab"], "os": [],
              "ports": [
                { "protocol": "tcp", "port": 22, "state": "open", "reason": "syn-ack", "service": "ssh",
                  "product": "OpenSSH", "version": "9.6", "scripts": [], "cpe": [] },
                { "protocol": "udp", "port": 53, "state": "closed" } ] },
            { "status": "up", "addresses": [{ "addr": "10.0.0.2", "type": "ipv4" }], "hostnames": [], "ports": [] },
            { "status": "down", "addresses": [{ "addr": "10.0.0.3", "type": "ipv4" }], "hostnames": [], "ports": [] }
        ],
        "runstats": { "exit": "success", "up": 2, "down": 1, "total": 3 },
    })
}

#[test]
fn reports_of_nmap_become_a_row_for_each_port() {
    let rows = rows_of(json!([[nmap()], null, [[{ "host": "x" }]], 7]));
    let expected = json!([
        { "host": "10.0.0.1", "hostname": "db.lab", "port": 22, "protocol": "tcp", "state": "open",
          "service": "ssh", "product": "OpenSSH", "version": "9.6" },
        { "host": "10.0.0.1", "hostname": "db.lab", "port": 53, "protocol": "udp", "state": "closed" },
        { "host": "10.0.0.2", "state": "up" },
        { "host": "x" },
        { "value": 7 },
    ]);
    assert_eq!(Value::Array(rows.clone()), expected);
    let keys: Vec<String> = columns_of(&rows)
        .into_iter()
        .map(|column| column.key)
        .collect();
    let order = [
        "host", "hostname", "port", "protocol", "state", "service", "product", "version", "value",
    ];
    assert_eq!(keys, order);
}

#[test]
fn nonsense_in_the_place_of_a_report_of_nmap_is_bounded() {
    for hosts in [
        json!([null, 1, "x", [], {}]),
        json!([{ "ports": [null, 1, "x", []] }]),
        json!([{ "addresses": {}, "hostnames": 3, "ports": 4 }]),
    ] {
        for row in rows_of(json!({ "hosts": hosts, "runstats": {} })) {
            assert!(row.is_object());
        }
    }
    // Each row repeats the name of its host: a long one would multiply.
    let ports = vec![json!({ "port": 1 }); 1000];
    let long = "x".repeat(1 << 20);
    let rows =
        rows_of(json!({ "hosts": [{ "hostnames": [long], "ports": ports }], "runstats": {} }));
    assert_eq!(rows.len(), 1000);
    assert!(rows.iter().all(|row| row.to_string().len() < 700));
    let deep = (0..100).fold(json!({ "a": 1 }), |value, _| Value::Array(vec![value]));
    assert_eq!(rows_of(deep), [json!({ "a": 1 })]);
}

#[test]
fn the_table() {
    let rows = json!([
        { "host": "10.0.0.1", "port": 22, "note": "grün 漢字" },
        { "host": "10.0.0.20", "port": 8080, "note": "line\nfeed\u{1b}[2J" },
        { "host": null, "note": ["a", 1, true], "deep": { "x": [1] } },
        { "note": "y".repeat(90) },
    ]);
    let text = render(
        &report(rows, &["host", "port", "note", "deep.x"]),
        ReportFormat::Table,
    );
    let ys = "y".repeat(59);
    let expected = format!(
        "Sweep of the lab\n\n\
         host       port  note                                                          deep.x\n\
         ─────────  ────  ────────────────────────────────────────────────────────────  ──────\n\
         10.0.0.1     22  grün 漢字\n\
         10.0.0.20  8080  line\\nfeed\\u{{1b}}[2J\n\
         {blank:17}a, 1, true{blank:52}1\n\
         {blank:17}{ys}…\n\
         \n4 rows\n",
        blank = "",
    );
    assert_eq!(text, expected);
    let empty = render(&report(json!([]), &[]), ReportFormat::Table);
    assert_eq!(empty, "Sweep of the lab\n\n0 rows\n");
}

#[test]
fn columns_that_no_row_has_give_way() {
    let text = render(
        &report(json!([nmap()]), &["args", "hosts", "runstats"]),
        ReportFormat::Table,
    );
    assert!(
        text.contains("host") && text.contains("10.0.0.1") && !text.contains("runstats"),
        "{text}"
    );
}

#[test]
fn the_json_has_everything() {
    let rows = json!([{ "a": 1, "hidden": [1, { "b": null }] }]);
    let text = render(&report(rows.clone(), &["a"]), ReportFormat::Json);
    let value: Value = serde_json::from_str(&text).unwrap();
    let columns = json!([{ "title": "a", "key": "a" }]);
    assert_eq!(
        value,
        json!({ "title": "Sweep of the lab", "columns": columns, "rows": rows })
    );
}

const HOSTILE: &str = "</td></script></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u{202e}\u{1b}[31m\0 javascript:alert(1) [a](http://evil) {0}";

#[test]
fn no_cell_leaves_its_place_in_a_page() {
    let mut work = report(
        json!([{ HOSTILE: HOSTILE, "state": HOSTILE, "host": HOSTILE }]),
        &[HOSTILE, "state", "host"],
    );
    work.title = HOSTILE.to_owned();
    let page = render(&work, ReportFormat::Html);
    assert!(!page.contains("<img") && !page.contains("alert(1)</script>"));
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("<style>").count(), 1);
    for hidden in ['\u{202e}', '\u{1b}', '\0'] {
        assert!(!page.contains(hidden));
    }
    // Nothing is fetched and nothing from outside runs.
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    for reach in ["http:", "https:", "src=", "href=", "style=", "url("] {
        let body = page.replace(&crate::text::markup(HOSTILE), "");
        assert!(!body.contains(reach), "{reach}");
    }
}

#[test]
fn sarif_has_a_result_for_each_row() {
    let rows = json!([
        { "severity": "High", "ruleId": "weak-tls", "message": "TLS 1.0 [x](y) {0}\u{1b}", "uri": "src/a b.rs", "line": 7, "column": 3 },
        { "severity": "info", "ruleId": "banner", "file": "/etc/x" , "line": 0 },
        { "level": "strange", "ruleId": "weak-tls", "uri": "https://h/p?q=1#f" },
        { "host": "10.0.0.1", "port": 22, "protocol": "tcp", "tags": 5 },
        { "uri": "javascript:alert(1)" },
        {},
    ]);
    let text = render(&report(rows, &["host", "port"]), ReportFormat::Sarif);
    let log: Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let levels: Vec<&str> = results
        .iter()
        .map(|result| result["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["error", "note", "warning", "note", "note", "note"]);
    let rules = json!([{ "id": "weak-tls" }, { "id": "banner" }, { "id": "finding" }]);
    assert_eq!(run["tool"]["driver"]["rules"], rules);
    assert_eq!(results[2]["ruleIndex"], 0);
    assert_eq!(
        results[0]["message"]["text"],
        "TLS 1.0 \\[x\\](y) {{0}}\\\\u{{1b}}"
    );
    assert_eq!(results[3]["message"]["text"], "host: 10.0.0.1, port: 22");
    let place = |index: usize| &results[index]["locations"][0]["physicalLocation"];
    assert_eq!(place(0)["artifactLocation"]["uri"], "src/a%20b.rs");
    assert_eq!(
        place(0)["region"],
        json!({ "startLine": 7, "startColumn": 3 })
    );
    assert_eq!(place(1)["artifactLocation"]["uri"], "file:///etc/x");
    assert!(place(1).get("region").is_none());
    assert_eq!(place(2)["artifactLocation"]["uri"], "https://h/p?q=1#f");
    assert_eq!(
        place(4)["artifactLocation"]["uri"],
        "javascript%3Aalert%281%29"
    );
    let name = &results[3]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(name, "10.0.0.1:22/tcp");
    assert_eq!(results[3]["properties"]["row"]["tags"], 5);
    assert!(results[5].get("locations").is_none());
}

/// The same rows give the same bytes, and no text is too long for a message.
#[test]
fn forms_are_stable_and_bounded() {
    let work = report(
        json!([{ "a": "x".repeat(3 << 20), "b": "é".repeat(1 << 20) }]),
        &["a", "b"],
    );
    for format in [
        ReportFormat::Table,
        ReportFormat::Json,
        ReportFormat::Html,
        ReportFormat::Sarif,
    ] {
        let text = render(&work, format);
        assert_eq!(text, render(&work, format));
        assert!(text.ends_with('\n') && text.len() < 8 << 20);
    }
    assert!(render(&work, ReportFormat::Table).len() < 2_000);
}

/// Deep rows are not mostly indentation, and what has many cells is left off soon.
#[test]
fn forms_of_deep_and_repeated_rows_are_short() {
    let mut deep = json!(0);
    for _ in 0..96 {
        deep = json!([deep]);
    }
    let rows: Vec<Value> = (0..100).map(|_| json!({ "a": deep })).collect();
    let rows = report(Value::from(rows), &["a"]);
    for format in [ReportFormat::Json, ReportFormat::Sarif] {
        let text = render(&rows, format);
        assert!(text.len() < 100 * 1_000, "{}", text.len());
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }
    let long = json!([{ "a": "&".repeat(1 << 20) }]);
    let page = render(&report(long, &["a"; 64]), ReportFormat::Html);
    assert!(page.len() > FORM_BYTES_MAX && page.len() < FORM_BYTES_MAX + (8 << 20));
    for empty in [json!([]), json!([{ "\"rows\": []": "\"results\": []" }])] {
        for format in [ReportFormat::Json, ReportFormat::Sarif] {
            let text = render(&report(empty.clone(), &["a"]), format);
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        }
    }
}
