//! What goes into jobs, what comes out, and the bounds of both.

use std::sync::Arc;

use serde_json::json;
use tenzik_scenario::driver::{
    Action, Driver, DriverOptions, Event, OUTPUT_BYTES_MAX, STEPS_MAX, StepState,
};
use tenzik_scenario::plan::{Node, NodeKind, Plan};
use tenzik_scenario::{
    FileInput, OutputFormat, ReportColumn, RunInput, Work, WorkEnding, WorkInput,
};

use super::notation::{event, key, result};
use super::outline;

/// A run that has begun, and its first actions.
pub fn begun(plan: Plan) -> (Driver, Vec<Action>) {
    let options = DriverOptions {
        seed: [1; 32],
        session: Some("of-the-run".to_owned()),
    };
    let mut driver = Driver::new(Arc::new(plan), options).expect("the plan ends");
    let actions = driver.handle(Event::Begin).expect("it begins");
    (driver, actions)
}

/// A plan of one step, `a`.
pub fn alone(kind: NodeKind) -> Plan {
    let mut plan = outline::empty();
    plan.nodes.push(Node {
        kind,
        ..outline::job("a")
    });
    plan
}

/// The work of the first job, or why there is none.
fn work(plan: Plan) -> Result<Work, String> {
    let (driver, actions) = begun(plan);
    let start = actions.into_iter().find_map(|action| match action {
        Action::Start(start) => Some(start.work),
        _ => None,
    });
    start.ok_or_else(|| failure(&driver, "a"))
}

/// Why a step failed.
pub fn failure(driver: &Driver, path: &str) -> String {
    match driver.step(path).map(|step| step.state) {
        Some(StepState::Failed { code, message, .. }) => format!("{code}: {message}"),
        other => panic!("{path} is {other:?}"),
    }
}

fn input(plan: Plan) -> Result<String, String> {
    Ok(match work(plan)? {
        Work::Capsule(work) => match work.input {
            WorkInput::Bytes(bytes) => String::from_utf8(bytes).expect("it is UTF-8"),
            WorkInput::File(file) => file.absolute().display().to_string(),
            WorkInput::Artifact(digest) => digest,
        },
        other => panic!("{other:?}"),
    })
}

fn run(input: RunInput) -> Plan {
    alone(NodeKind::Run {
        stage: outline::stage(),
        input,
        output: OutputFormat::Text,
        seed: None,
    })
}

fn tool(argv: &[&str], parameters: &[(&str, &str)]) -> Plan {
    alone(NodeKind::ToolScan {
        stage: outline::stage(),
        parser: outline::stage(),
        argv: argv.iter().map(|&argument| argument.to_owned()).collect(),
        parameters: parameters
            .iter()
            .map(|&(name, source)| (name.to_owned(), outline::value(source)))
            .collect(),
    })
}

#[test]
fn texts_are_input_as_they_are_and_other_values_as_json() {
    let value = |source| run(RunInput::Value(outline::value(source)));
    assert_eq!(input(run(RunInput::Empty)), Ok(String::new()));
    assert_eq!(input(value("a b")), Ok("a b".to_owned()));
    assert_eq!(input(value("{\"a\":[1]}")), Ok("{\"a\":[1]}".to_owned()));
    assert_eq!(input(value("null")), Ok("null".to_owned()));
}

#[test]
fn files_lie_beside_the_scenario() {
    let file = |source: &str| {
        run(RunInput::File(FileInput {
            path: outline::template(source),
        }))
    };
    assert_eq!(input(file("data/x")), Ok("/scenario/data/x".to_owned()));
    assert_eq!(input(file("/etc/hosts")), Ok("/etc/hosts".to_owned()));
    assert!(input(file("")).is_err_and(|why| why.starts_with("expression_failed: 1:1: the path")));
    assert!(input(file("a\0b")).is_err());
    assert!(input(file(&"a".repeat(4_097))).is_err_and(|why| why.contains("4097 bytes")));
}

#[test]
fn artifacts_are_named_by_digests() {
    let artifact = |source: &str| run(RunInput::Artifact(outline::template(source)));
    let digest = "0f".repeat(32);
    assert_eq!(input(artifact(&digest)), Ok(digest.clone()));
    for wrong in [&digest[1..], &digest.to_uppercase(), "", "../../etc/passwd"] {
        assert!(input(artifact(wrong)).is_err(), "{wrong}");
    }
    assert!(input(artifact("${{ null }}")).is_err_and(|why| why.contains("null")));
}

#[test]
fn the_artifact_of_a_step_can_be_the_input_of_another() {
    let mut plan = run(RunInput::Artifact(outline::template(
        "${{ steps.b.artifact }}",
    )));
    plan.nodes.push(outline::job("b"));
    plan.nodes[0].needs = vec![1];
    let (mut driver, _) = begun(plan);
    let actions = driver.handle(event("ok b#1")).expect("it fits");
    let Some(Action::Start(start)) = actions.last() else {
        panic!("{actions:?}");
    };
    let Work::Capsule(work) = &start.work else {
        panic!("{start:?}");
    };
    assert_eq!(work.input, WorkInput::Artifact("ab".repeat(32)));
    assert_eq!(start.session.as_deref(), Some("of-the-run"));
}

#[test]
fn parameters_of_a_scan_are_a_json_object() {
    let plan = alone(NodeKind::Scan {
        stage: outline::stage(),
        parameters: [
            ("target", "127.0.0.1"),
            ("ports", "[22,80]"),
            ("none", "null"),
        ]
        .map(|(name, source)| (name.to_owned(), outline::value(source)))
        .to_vec(),
    });
    assert_eq!(
        input(plan),
        Ok("{\"ports\":[22,80],\"target\":\"127.0.0.1\"}".to_owned())
    );
}

#[test]
fn parameters_of_tools_fill_their_arguments() {
    let parameters = [
        ("url", "http://127.0.0.1/{x}"),
        ("depth", "3"),
        ("extra", "[\"-k\",\"a b\",7]"),
        ("empty", "[]"),
        ("map", "{}"),
    ];
    let argv = |argv: &[&str]| input(tool(argv, &parameters));
    assert_eq!(
        argv(&[
            "gobuster",
            "--url={url}",
            "{extra...}",
            "{empty...}",
            "d{depth}{depth}"
        ]),
        Ok(
            json!({"argv": ["gobuster", "--url=http://127.0.0.1/{x}", "-k", "a b", "7", "d33"]})
                .to_string()
        )
    );
    assert_eq!(
        argv(&["find", "{}", "{ }", "{", "}{", "a{b c}"]),
        Ok(json!({"argv": ["find", "{}", "{ }", "{", "}{", "a{b c}"]}).to_string())
    );
    assert!(argv(&["x", "{missing}"]).is_err_and(|why| why.contains("missing has no value")));
    assert!(argv(&["x", "{extra}"]).is_err_and(|why| why.contains("extra is a list")));
    assert!(argv(&["x", "{map...}"]).is_err_and(|why| why.contains("map is a map")));
    assert!(argv(&["{empty...}"]).is_err_and(|why| why.contains("0 arguments")));
    assert_eq!(
        argv(&["x", "{missing...}"]),
        Ok("{\"argv\":[\"x\"]}".to_owned())
    );
    let many = vec!["x"; 5_000];
    assert!(argv(&many).is_err_and(|why| why.contains("4096")));
}

#[test]
fn a_tool_has_two_stages_and_gives_json() {
    let Ok(Work::Capsule(work)) = work(tool(&["x"], &[])) else {
        panic!("no work");
    };
    assert_eq!((work.stages.len(), work.output), (2, OutputFormat::Json));
}

fn report(rows: &str, columns: Vec<ReportColumn>) -> Result<Work, String> {
    work(alone(NodeKind::Report {
        title: outline::template("A ${{ 1 + 1 }}"),
        formats: Vec::new(),
        rows: outline::expression(rows),
        columns,
    }))
}

#[test]
fn rows_of_a_report_are_flattened() {
    let Ok(Work::Report(found)) =
        report("[[{'b': 1}, {'a': 2}], null, {'c': [3]}, []]", Vec::new())
    else {
        panic!("no report");
    };
    assert_eq!(found.title, "A 2");
    assert_eq!(
        found.rows,
        [json!({"b": 1}), json!({"a": 2}), json!({"c": [3]})]
    );
    let keys: Vec<&str> = found
        .columns
        .iter()
        .map(|column| column.key.as_str())
        .collect();
    assert_eq!(keys, ["b", "a", "c"]);
    let Ok(Work::Report(other)) = report("[1, 'x']", Vec::new()) else {
        panic!("no report");
    };
    assert_eq!(other.rows, [json!({"value": 1}), json!({"value": "x"})]);
    let Ok(Work::Report(none)) = report("[]", Vec::new()) else {
        panic!("no report");
    };
    assert!(none.rows.is_empty() && none.columns.is_empty());
}

/// A loop of scans gives a list of reports, with null for items that failed.
#[test]
fn reports_of_nmap_become_findings() {
    let host = |address: &str, ports: &str| {
        format!(
            "{{'addresses': [{{'addr': '{address}', 'type': 'ipv4'}}], 'status': 'up', 'ports': [{ports}]}}"
        )
    };
    let scan = |hosts: &str| format!("{{'hosts': [{hosts}], 'runstats': {{'exit': 'success'}}}}");
    let first = scan(&host(
        "10.0.0.1",
        "{'port': 22, 'protocol': 'tcp', 'state': 'open', 'service': 'ssh', 'product': 'OpenSSH'}, \
         {'port': 80, 'protocol': 'tcp', 'state': 'closed'}",
    ));
    let second = scan(&host("10.0.0.2", ""));
    let Ok(Work::Report(found)) = report(&format!("[{first}, null, {second}]"), Vec::new()) else {
        panic!("no report");
    };
    assert_eq!(
        found.rows,
        [
            json!({"host": "10.0.0.1", "port": 22, "protocol": "tcp", "state": "open",
                   "service": "ssh", "product": "OpenSSH"}),
            json!({"host": "10.0.0.1", "port": 80, "protocol": "tcp", "state": "closed"}),
            json!({"host": "10.0.0.2", "state": "up"}),
        ]
    );
    let keys = found.columns.iter().map(|column| column.key.as_str());
    assert_eq!(
        keys.collect::<Vec<_>>(),
        ["host", "port", "protocol", "state", "service", "product"]
    );
}

#[test]
fn rows_are_bounded() {
    let items = vec!["0"; 400].join(",");
    let maps = vec!["{}"; 300].join(",");
    for row in [
        format!("[{maps}]"),
        format!("{{'hosts': [{{'ports': [{maps}]}}], 'runstats': {{}}}}"),
    ] {
        let few = report(&format!("[0, 1].map(x, {row})"), Vec::new());
        assert!(matches!(few, Ok(Work::Report(few)) if few.rows.len() == 600));
        let many = report(&format!("[{items}].map(x, {row})"), Vec::new());
        assert!(many.is_err_and(|why| why.contains("more than 100000 rows")));
    }
}

#[test]
fn reports_are_bounded() {
    // Of many keys, the first ones are columns.
    let keys = |from: usize, count: usize| {
        let entries = (from..from + count).map(|key| format!("'k{key}': 0"));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
    };
    let few = report(&format!("[{}, {}]", keys(0, 40), keys(40, 40)), Vec::new());
    assert!(matches!(few, Ok(Work::Report(few)) if few.columns.len() == 64));
    let items = vec!["0"; 200].join(",");
    let rows = vec!["{}"; 100].join(",");
    let rows = format!("[{}, [{items}].map(x, [{rows}])]", keys(0, 64));
    let many = report(&rows, Vec::new());
    let why = many.expect_err("it has too many cells");
    assert!(
        why.contains("report_too_large") && why.contains("cells"),
        "{why}"
    );
    let column = ReportColumn {
        title: "k".to_owned(),
        key: "k".to_owned(),
    };
    let wide = report("[{'k': 0}]", vec![column; 65]);
    assert!(wide.is_err_and(|why| why.contains("65 columns, more than 64")));
}

#[test]
fn outputs_are_bounded() {
    let (mut driver, _) = begun(outline::plan("a job continue\nb job"));
    let size = usize::try_from(OUTPUT_BYTES_MAX).expect("it is small");
    let told = |job, bytes| Event::JobEnded {
        job: key(job),
        result: result(WorkEnding::Ok, json!("x".repeat(bytes))),
    };
    driver.handle(told("a#1", size - 1)).expect("it fits");
    assert!(failure(&driver, "a").starts_with("output_too_large"));
    driver.handle(told("b#1", size - 2)).expect("it fits");
    assert!(driver.step("b").is_some_and(|step| step.state.is_final()));
}

#[test]
fn all_outputs_together_are_bounded() {
    let steps: Vec<String> = (0..65)
        .map(|index| format!("s{index} job continue"))
        .collect();
    let mut plan = outline::plan(&steps.join("\n"));
    plan.concurrency = 100;
    let (mut driver, _) = begun(plan);
    let output = json!("x".repeat(4 << 20)[..(4 << 20) - 2]);
    for index in 0..65 {
        let job = key(&format!("s{index}#1"));
        let result = result(WorkEnding::Ok, output.clone());
        driver
            .handle(Event::JobEnded { job, result })
            .expect("it fits");
    }
    let ok = driver
        .steps()
        .filter(|step| matches!(step.state, StepState::Ok { .. }))
        .count();
    assert_eq!(
        ok, 63,
        "256 MiB hold 63 outputs of 4 MiB and their surroundings"
    );
    assert!(failure(&driver, "s64").starts_with("outputs_too_large"));
}

#[test]
fn items_that_ended_take_no_room() {
    let list: Vec<usize> = (0..66).collect();
    let plan = format!(
        "l loop {} parallel=1 collect=index\n  do:\n    a job",
        json!(list)
    );
    let mut plan = outline::plan(&plan);
    if let NodeKind::ForEach { items_max, .. } = &mut plan.nodes[0].kind {
        *items_max = 1_000;
    }
    let (mut driver, _) = begun(plan);
    let output = json!("x".repeat(4 << 20)[..(4 << 20) - 2]);
    for index in 0..66 {
        let job = key(&format!("l[{index}].a#1"));
        let result = result(WorkEnding::Ok, output.clone());
        driver
            .handle(Event::JobEnded { job, result })
            .expect("it fits");
    }
    assert_eq!(
        driver.step("l").map(|step| step.output.as_ref().clone()),
        Some(json!(list))
    );
}

#[test]
fn the_steps_of_a_run_are_bounded() {
    let list = json!(vec![0; 1_000]);
    let plan = format!(
        "o loop {list} parallel=1000\n  do:\n    i loop {list} parallel=1\n      do:\n        a job"
    );
    let (driver, _) = begun(outline::plan(&plan));
    let bad = driver
        .steps()
        .find(|step| matches!(step.state, StepState::Failed { .. }));
    let path = bad.expect("one of the loops is too large").path;
    assert!(failure(&driver, &path).starts_with("too_many_steps"));
    assert!((driver.steps().count() as u64) < STEPS_MAX);
}

#[test]
fn seeds_differ_by_step_attempt_and_run() {
    let seed = |run: u8| {
        let options = DriverOptions {
            seed: [run; 32],
            session: None,
        };
        let plan = outline::plan("a job\nb job");
        let mut driver = Driver::new(Arc::new(plan), options).expect("the plan ends");
        let actions = driver.handle(Event::Begin).expect("it begins");
        let seeds = actions.into_iter().filter_map(|action| match action {
            Action::Start(start) => Some(start.work),
            _ => None,
        });
        let seeds = seeds.map(|work| match work {
            Work::Capsule(work) => work.seed,
            other => panic!("{other:?}"),
        });
        seeds.collect::<Vec<u64>>()
    };
    assert_eq!(seed(1), seed(1));
    assert_ne!(seed(1), seed(2));
    assert_ne!(seed(1)[0], seed(1)[1]);
}
