//! Plans in a few lines: one step in a line, the steps of its blocks below, further in.
//!
//! ```text
//! concurrency 2
//! a job
//! b job needs=a retries=2 backoff=100 effect=once
//! c if true
//!   then:
//!     d job
//! e loop [1,2] parallel=2
//!   do:
//!     f job input=${{item}}
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};
use tenzik_policy::Policy;
use tenzik_scenario::cel::{Expression, Template};
use tenzik_scenario::plan::{AfterError, Block, Node, NodeKind, Plan, StagePlan};
use tenzik_scenario::{
    Backoff, Effect, Origin, OutputFormat, Place, ReportColumn, ReportFormat, Retries, RunInput,
    ValueTemplate,
};

/// A stage of a capsule that nobody runs.
pub fn stage() -> StagePlan {
    thread_local! {
        static POLICY: Arc<Policy> = Arc::default();
    }
    StagePlan {
        capsule: "echo".to_owned(),
        capsule_id: "00".repeat(32),
        policy: POLICY.with(Arc::clone),
        policy_name: None,
        is_pure: true,
        adapter: "local".to_owned(),
    }
}

/// An empty plan.
pub fn empty() -> Plan {
    Plan {
        name: "test".to_owned(),
        directory: PathBuf::from("/scenario"),
        digest: String::new(),
        vars: Map::new(),
        fixed_vars: Vec::new(),
        concurrency: 4,
        timeout_ms: None,
        tools: Vec::new(),
        nodes: Vec::new(),
    }
}

/// A step that runs a capsule over nothing.
pub fn job(id: &str) -> Node {
    Node {
        id: id.to_owned(),
        place: Place::default(),
        name: None,
        parent: None,
        needs: Vec::new(),
        after: Vec::new(),
        when: None,
        kind: NodeKind::Run {
            stage: stage(),
            input: RunInput::Empty,
            output: OutputFormat::Text,
            seed: None,
        },
        effect: Effect::Idempotent,
        timeout_ms: None,
        retries: None,
        on_error: AfterError::Stop,
        session: None,
    }
}

/// An expression at line 1.
pub fn expression(source: &str) -> Expression {
    Expression::parse(source, origin()).expect("the expression parses")
}

/// A text at line 1.
pub fn template(source: &str) -> Template {
    Template::parse(source, origin()).expect("the text parses")
}

fn origin() -> Origin {
    Origin {
        first: Place { line: 1, column: 1 },
        further_column: 1,
    }
}

/// A value: with `${{` in it a text, JSON otherwise.
pub fn value(source: &str) -> ValueTemplate {
    if source.contains("${{") {
        return ValueTemplate::Text(template(source));
    }
    ValueTemplate::Literal(
        serde_json::from_str(source).unwrap_or_else(|_| Value::String(source.to_owned())),
        Place { line: 1, column: 1 },
    )
}

/// A loop over a list.
pub fn for_each(items: &str) -> NodeKind {
    NodeKind::ForEach {
        items: value(items),
        binding: "item".to_owned(),
        index_binding: "index".to_owned(),
        parallel: 4,
        items_max: 1_000,
        collect: None,
    }
}

/// Reads a plan.
pub fn plan(text: &str) -> Plan {
    let mut plan = empty();
    // The blocks around the line, each with how far in it stands.
    let mut around: Vec<(usize, usize, Option<Block>)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let depth = line.len() - line.trim_start().len();
        let line = line.trim();
        while around.last().is_some_and(|&(other, _, _)| other >= depth) {
            around.pop();
        }
        let block = match line {
            "then:" => Some(Block::Then),
            "else:" => Some(Block::Else),
            "do:" => Some(Block::Body),
            "fallback:" => Some(Block::Fallback),
            _ => None,
        };
        if block.is_some() {
            let &(_, owner, _) = around.last().expect("a block stands below its step");
            around.push((depth, owner, block));
            if block == Some(Block::Fallback) {
                plan.nodes[owner].on_error = AfterError::Fallback;
            }
            continue;
        }
        if let Some(number) = line.strip_prefix("concurrency ") {
            plan.concurrency = number.parse().expect("a number");
            continue;
        }
        if let Some(variables) = line.strip_prefix("vars ") {
            plan.vars = serde_json::from_str(variables).expect("a map");
            continue;
        }
        if let Some(names) = line.strip_prefix("fixed ") {
            plan.fixed_vars = names.split(' ').map(str::to_owned).collect();
            continue;
        }
        let mut node = step(&plan, line);
        node.parent = around
            .last()
            .map(|&(_, owner, block)| (owner, block.expect("steps lie in blocks")));
        around.push((depth, plan.nodes.len(), None));
        plan.nodes.push(node);
    }
    // Steps may wait for later ones.
    let all = plan.clone();
    let lines = text.lines().map(str::trim).filter(|line| {
        let word = line.split(' ').nth(1).unwrap_or_default();
        ["job", "if", "loop", "let", "exec", "report", "tool", "scan"].contains(&word)
    });
    for (node, line) in plan.nodes.iter_mut().zip(lines) {
        for word in line.split(' ').skip(2) {
            match word.split_once('=') {
                Some(("needs", names)) => node.needs = positions(&all, names),
                Some(("after", names)) => node.after = positions(&all, names),
                _ => {}
            }
        }
    }
    plan
}

fn positions(plan: &Plan, names: &str) -> Vec<usize> {
    names
        .split(',')
        .map(|name| {
            let found = plan.nodes.iter().position(|node| node.id == name);
            found.unwrap_or_else(|| panic!("no step {name}"))
        })
        .collect()
}

fn step(plan: &Plan, line: &str) -> Node {
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let id = words.next().expect("a step has a name");
    assert!(plan.nodes.iter().all(|node| node.id != id), "two of {id}");
    let mut node = job(id);
    let kind = words.next().expect("a step has a kind");
    match kind {
        "job" => {}
        "if" => node.kind = NodeKind::If(expression(words.next().expect("a condition"))),
        "loop" => node.kind = for_each(words.next().expect("items")),
        "let" => {
            let values = words.by_ref().map(|word| {
                let (name, source) = word.split_once('=').expect("NAME=VALUE");
                (name.to_owned(), value(source))
            });
            node.kind = NodeKind::Let(values.collect());
            return node;
        }
        "exec" => {
            node.kind = NodeKind::Exec {
                stage: stage(),
                argv: words.by_ref().map(value).collect(),
                output: OutputFormat::Text,
            };
            return node;
        }
        "report" => {
            node.kind = NodeKind::Report {
                title: template("Title"),
                formats: vec![ReportFormat::Json],
                rows: expression(words.next().expect("rows")),
                columns: Vec::<ReportColumn>::new(),
            };
        }
        other => panic!("no kind of step is called {other}"),
    }
    for word in words {
        option(&mut node, word);
    }
    node
}

fn option(node: &mut Node, word: &str) {
    let (key, text) = word.split_once('=').unwrap_or((word, ""));
    let number = || text.parse().expect("a number");
    match key {
        "needs" | "after" => {}
        "continue" => node.on_error = AfterError::Continue,
        "when" => node.when = Some(expression(text)),
        "timeout" => node.timeout_ms = Some(text.parse().expect("milliseconds")),
        "effect" => {
            node.effect = match text {
                "pure" => Effect::Pure,
                "idempotent" => Effect::Idempotent,
                "once" => Effect::AtMostOnce,
                other => panic!("no effect is called {other}"),
            }
        }
        "retries" => {
            node.retries = Some(Retries {
                count: number(),
                backoff: Backoff {
                    initial_ms: 100,
                    factor: 2.0,
                    max_ms: 1_000,
                    jitter: 0.0,
                },
                when: None,
            });
        }
        "retry_when" => {
            if let Some(retries) = &mut node.retries {
                retries.when = Some(expression(text));
            }
        }
        _ => part(&mut node.kind, key, text),
    }
}

fn part(kind: &mut NodeKind, key: &str, text: &str) {
    match (kind, key) {
        (NodeKind::Run { input, .. }, "input") => *input = RunInput::Value(value(text)),
        (NodeKind::ForEach { parallel, .. }, "parallel") => {
            *parallel = text.parse().expect("a number");
        }
        (NodeKind::ForEach { items_max, .. }, "max") => {
            *items_max = text.parse().expect("a number");
        }
        (NodeKind::ForEach { collect, .. }, "collect") => *collect = Some(expression(text)),
        (
            NodeKind::ForEach {
                binding,
                index_binding,
                ..
            },
            "as",
        ) => {
            *binding = text.to_owned();
            *index_binding = format!("{text}_index");
        }
        (_, other) => panic!("no option is called {other}"),
    }
}
