//! `tenzik show` and `tenzik report`: what the journal knows of a run, and what a step reported.

use serde_json::Value;

use crate::peers::{file, said, with_packages};
use crate::world::World;

const SCENARIO: &str = r#"version: 1
name: lab
steps:
  - id: sweep
    for_each: [a, b]
    as: x
    do:
      - id: count
        run: { capsule: echo, input: "${{ x }}" }
  - id: findings
    needs: [sweep]
    report:
      title: "Lab <b>"
      rows: "${{ [{'host': '10.0.0.1', 'port': 22, 'state': 'open'}] }}"
      formats: [table, json, html, sarif]
"#;

/// A world in which the scenario ran, and the id of the run.
fn ran() -> (World, String) {
    let home = World::new();
    home.write("lab.yaml", SCENARIO);
    home.tenzik(["scenario", "run", "--no-guard", "lab.yaml"])
        .exits(0);
    let runs = home.tenzik(["runs", "--json"]).exits(0).json();
    let run = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    (home, run)
}

#[test]
fn a_run_is_shown_and_reported() {
    let (home, run) = ran();
    let lines = home
        .tenzik(["scenario", "run", "--no-guard", "lab.yaml"])
        .exits(0);
    let lines = String::from_utf8(lines.stdout).unwrap();
    assert!(
        lines.contains("sweep[1].count ok") && lines.contains("run ok after"),
        "{lines}"
    );
    assert!(!lines.contains('\u{1b}'), "{lines}");

    let shown = home.tenzik(["show", &run, "--svg", "run.svg"]).exits(0);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("sweep[0].count") && shown.contains('█'),
        "{shown}"
    );
    let picture = std::fs::read_to_string(home.path("run.svg")).unwrap();
    assert!(picture.contains("sweep[1].count"));
    let object = home.tenzik(["show", &run, "--json"]).exits(0).json();
    assert_eq!(object["run"]["counts"]["ok"], 4);

    let table = home.tenzik(["report", &run]).exits(0);
    assert!(
        String::from_utf8(table.stdout)
            .unwrap()
            .contains("4 steps: 4 ok")
    );
    let object = home.tenzik(["report", &run, "--json"]).exits(0).json();
    assert_eq!(
        (&object["run"], &object["status"]),
        (&Value::from(run.as_str()), &Value::from("ok"))
    );
    home.tenzik(["report", &run, "--format", "html", "-o", "run.html"])
        .exits(0);
    let page = std::fs::read_to_string(home.path("run.html")).unwrap();
    assert!(page.contains("Content-Security-Policy") && page.contains("<svg"));
}

#[test]
fn the_report_of_a_step_has_the_forms_that_it_asked_for() {
    let (home, run) = ran();
    let form = |form: &str| {
        home.tenzik(["report", &run, "--step", "findings", "--format", form])
            .exits(0)
            .stdout
    };
    let table = String::from_utf8(form("table")).unwrap();
    assert!(table.contains("10.0.0.1    22  open"), "{table}");
    let html = String::from_utf8(form("html")).unwrap();
    assert!(html.contains("Lab &lt;b&gt;") && !html.contains("Lab <b>"));
    let json: Value = serde_json::from_slice(&form("json")).unwrap();
    assert_eq!(json["rows"][0]["port"], 22);
    if let Some(schema) = file("sarif-2.1.0.json") {
        let output = with_packages("schema.py", schema.to_str().unwrap(), &form("sarif"));
        assert_eq!(said(&output.unwrap()).trim(), "valid");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let (home, run) = ran();
    for arguments in [
        &["report", &run, "--step", "nix\u{1b}"][..],
        &[
            "report",
            &run,
            "--step",
            "sweep[0].count",
            "--format",
            "sarif",
        ],
        &["report", &run, "--format", "sarif"],
        &["report", "ffffffff"],
        &["show", "ffffffff"],
    ] {
        let ended = home.tenzik(arguments).exits(2);
        assert!(
            ended.stdout.is_empty() && ended.stderr.contains("remedy"),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains('\u{1b}'));
    }
}
