use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Lane, Span, SpanKind, Timeline, dot, gantt_svg, plan_svg};
use crate::cel::Expression;
use crate::place::{Origin, Place};
use crate::plan::{AfterError, Block, Node, NodeKind, Plan, StagePlan};
use crate::scenario::{Effect, OutputFormat, RunInput, ValueTemplate};

fn node(id: &str, parent: Option<(usize, Block)>, needs: &[usize], kind: NodeKind) -> Node {
    Node {
        id: id.to_owned(),
        place: Place::default(),
        name: None,
        parent,
        needs: needs.to_vec(),
        after: Vec::new(),
        when: None,
        kind,
        effect: Effect::Pure,
        timeout_ms: None,
        retries: None,
        on_error: AfterError::Stop,
        session: None,
    }
}

fn capsule(name: &str) -> NodeKind {
    NodeKind::Run {
        stage: StagePlan {
            capsule: name.to_owned(),
            capsule_id: String::new(),
            policy: Arc::default(),
            policy_name: None,
            is_pure: true,
            adapter: "local".to_owned(),
        },
        input: RunInput::Empty,
        output: OutputFormat::Text,
        seed: None,
    }
}

fn each() -> NodeKind {
    NodeKind::ForEach {
        items: ValueTemplate::Literal(json!([1]), Place::default()),
        binding: "host".to_owned(),
        index_binding: "host_index".to_owned(),
        parallel: 4,
        items_max: 1000,
        collect: None,
    }
}

fn plan(name: &str, nodes: Vec<Node>) -> Plan {
    Plan {
        name: name.to_owned(),
        directory: PathBuf::new(),
        digest: String::new(),
        vars: Map::new(),
        fixed_vars: Vec::new(),
        concurrency: 4,
        timeout_ms: None,
        tools: Vec::new(),
        nodes,
    }
}

fn small() -> Plan {
    let condition = Expression::parse("assets.web.size() > 3", Origin::default()).unwrap();
    let mut nodes = vec![
        node("targets", None, &[], NodeKind::Assets(Vec::new())),
        node("sweep", None, &[0], each()),
        node("scan", Some((1, Block::Body)), &[0], capsule("nmap-scan")),
        node(
            "check",
            Some((1, Block::Body)),
            &[2],
            capsule("/x/mine.wasm"),
        ),
        node("many", None, &[1], NodeKind::If(condition)),
        node("all", Some((4, Block::Then)), &[], capsule("jq")),
        node("few", Some((4, Block::Else)), &[1], capsule("jq")),
        node(
            "findings",
            None,
            &[4, 1],
            NodeKind::Let(vec![(
                "x".to_owned(),
                ValueTemplate::Literal(Value::Null, Place::default()),
            )]),
        ),
    ];
    nodes[7].after = vec![0];
    nodes[2].effect = Effect::AtMostOnce;
    plan("loopback-sweep", nodes)
}

const HOSTILE: &str = "</text></svg><script>alert(1)</script>\"'&\\\u{1b}\u{202e}\n}; x -> y;";

fn hostile() -> Plan {
    let mut nodes = vec![
        node(HOSTILE, None, &[], capsule(HOSTILE)),
        node("b", None, &[0], each()),
    ];
    nodes[0].name = Some(HOSTILE.to_owned());
    // What no planner writes: edges to itself, forward, to nowhere and in circles.
    nodes[0].needs = vec![0, 1, 99];
    nodes.push(node("c", Some((77, Block::Body)), &[1], each()));
    nodes.push(node("d", Some((3, Block::Body)), &[2], each()));
    plan(HOSTILE, nodes)
}

fn is_well_formed(svg: &str) {
    // No text ends where it should not, so that every tag is one of ours.
    let tags = [
        "svg", "/svg", "style", "/style", "title", "/title", "rect", "/rect", "text", "/text",
        "line", "path", "g", "/g", "?xml",
    ];
    for part in svg.split('<').skip(1) {
        let name = part.split([' ', '>', '/']).next().unwrap();
        let name = if part.starts_with('/') {
            part.split('>').next().unwrap()
        } else {
            name
        };
        assert!(tags.contains(&name), "{name}");
    }
    for tag in ["svg", "style", "title", "text", "g"] {
        let opened =
            svg.matches(&format!("<{tag} ")).count() + svg.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    assert!(!svg.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn plans_are_drawn() {
    let svg = plan_svg(&small());
    is_well_formed(&svg);
    for text in [
        ">sweep<",
        ">do<",
        ">then<",
        ">else<",
        "k-assets",
        "k-run once",
    ] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    assert_eq!(svg, plan_svg(&small()));
    // Of six edges between steps of one block two follow from others.
    assert_eq!(svg.matches("class=\"edge").count(), 4);
    assert_eq!(dot(&small()).matches(" -> ").count(), 6 + 3);
    is_well_formed(&plan_svg(&plan("empty", Vec::new())));
}

#[test]
fn hostile_names_stay_text() {
    is_well_formed(&plan_svg(&hostile()));
    let text = dot(&hostile());
    assert!(
        !text.contains("\n}; x") && text.contains("}; x -> y;"),
        "{text}"
    );
    // The backslash of the name is doubled twice over, so that no quote ends early.
    assert!(
        text.contains(r#"alert(1)</script>\"'&\\\\u{1b}"#) || text.contains(r#"\"'&\\\\"#),
        "{text}"
    );
}

/// No two steps of a block lie over each other, and every step lies in its block.
#[test]
fn nothing_overlaps() {
    let plan = wide(200);
    let tree = super::edges::Tree::of(&plan);
    let layout = super::layout::layout(&plan, &tree);
    let areas = &layout.nodes;
    for (index, node) in plan.nodes.iter().enumerate() {
        let area = areas[index];
        for (other, beside) in plan.nodes.iter().enumerate().skip(index + 1) {
            let that = areas[other];
            if node.parent == beside.parent {
                let apart = area.x + area.width <= that.x
                    || that.x + that.width <= area.x
                    || area.y + area.height <= that.y
                    || that.y + that.height <= area.y;
                assert!(apart, "{} {}: {area:?} {that:?}", node.id, beside.id);
            }
        }
        if let Some((parent, _)) = node.parent {
            let around = areas[parent];
            assert!(area.x > around.x && area.x + area.width < around.x + around.width);
            assert!(
                area.y > around.y && area.y + area.height < around.y + around.height,
                "{area:?} {around:?}"
            );
        }
    }
}

/// A plan with loops in it and steps that depend on one or two others.
pub(crate) fn wide(count: usize) -> Plan {
    let nodes = (0..count).map(|index| {
        let id = format!("step-{index}");
        match index % 10 {
            0 => node(
                &id,
                None,
                &if index >= 10 {
                    vec![index - 10]
                } else {
                    vec![]
                },
                each(),
            ),
            1..=3 => node(
                &id,
                Some((index - index % 10, Block::Body)),
                &if index % 10 > 1 {
                    vec![index - 1]
                } else {
                    vec![]
                },
                capsule("scan"),
            ),
            5 => node(
                &id,
                None,
                &[index - 1, index - 5],
                NodeKind::Let(Vec::new()),
            ),
            _ => node(&id, None, &[index - 4], capsule("jq")),
        }
    });
    plan("wide", nodes.collect())
}

/// Ten thousand steps: a layout that compares each with each would take minutes.
#[test]
fn large_plans_are_drawn_too() {
    let svg = plan_svg(&wide(10_000));
    assert!(svg.matches("class=\"node").count() == 10_000 && svg.len() < 16 << 20);
    assert!(dot(&wide(10_000)).len() < 16 << 20);
}

#[test]
fn timelines_are_drawn() {
    let span = |kind, from_ms, to_ms| Span {
        kind,
        from_ms,
        to_ms,
        title: HOSTILE.to_owned(),
    };
    let lane = |label: &str, spans| Lane {
        label: label.to_owned(),
        depth: 99,
        spans,
    };
    let timeline = Timeline {
        title: HOSTILE.to_owned(),
        begin_ms: 1_000,
        end_ms: 3_500,
        lanes: vec![
            lane(
                HOSTILE,
                vec![
                    span(SpanKind::Ok, 1_000, 2_000),
                    span(SpanKind::Lost, 2_000, u64::MAX),
                ],
            ),
            lane("backwards", vec![span(SpanKind::Failed, 3_000, 0)]),
            lane("none", Vec::new()),
        ],
    };
    let svg = gantt_svg(&timeline);
    is_well_formed(&svg);
    assert!(
        svg.contains(">500 ms<") && svg.contains(">2.50 s<"),
        "{svg}"
    );
    assert_eq!(svg, gantt_svg(&timeline));
    // Nothing, no time, and all the time there is.
    for (begin_ms, end_ms) in [(0, 0), (5, 1), (0, u64::MAX)] {
        is_well_formed(&gantt_svg(&Timeline {
            begin_ms,
            end_ms,
            ..timeline.clone()
        }));
    }
    let many = Timeline {
        lanes: vec![lane("x", vec![span(SpanKind::Ok, 0, 1); 300]); 3_000],
        ..Timeline::default()
    };
    let svg = gantt_svg(&many);
    assert!(svg.contains("and 1000 more steps") && svg.len() < 256 << 20);
}

/// Pictures of the documentation are drawn from what is above; `UPDATE=1` draws them anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "UPDATE is a variable of tests")]
fn the_picture_of_the_documentation_is_this_one() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/plan.svg");
    let svg = plan_svg(&small());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &svg).unwrap();
    }
    assert!(
        std::fs::read_to_string(file).unwrap() == svg,
        "UPDATE=1 cargo test -p tenzik-scenario"
    );
}

/// Graphviz reads what is written in its language.
#[test]
#[expect(clippy::disallowed_methods, reason = "the program is another one's")]
fn graphviz_reads_the_graph() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    for plan in [small(), hostile(), wide(50), plan("empty", Vec::new())] {
        let started = Command::new("dot")
            .arg("-Tsvg")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            let why = "graphviz is not there: apt-get install graphviz";
            let _ = writeln!(std::io::stderr().lock(), "NOT TESTED: {why}");
            let ci =
                std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
            assert!(!ci, "{why}");
            return;
        };
        let text = dot(&plan);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !error.contains("syntax"),
            "{error}\n{text}"
        );
    }
}
