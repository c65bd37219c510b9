//! A plan in the language of Graphviz: <https://graphviz.org/doc/info/lang.html>.

use std::fmt::Write as _;

use super::edges::Tree;
use super::label;
use crate::plan::{Block, NodeIndex, Plan};
use crate::scenario::Effect;
use crate::text::visible;

/// The plan as a directed graph: blocks are clusters, solid edges are `needs`, dashed ones `after`.
pub fn dot(plan: &Plan) -> String {
    let tree = Tree::of(plan);
    let mut out = String::from("digraph plan {\n");
    let _ = writeln!(out, "  label={};", quoted(&plan.name));
    out.push_str("  labelloc=t; compound=true; rankdir=TB; fontname=\"sans-serif\";\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];\n  edge [color=\"#6b7682\", arrowsize=0.7];\n");
    for root in &tree.roots {
        node(&mut out, plan, &tree, *root, 1);
    }
    let is_cluster = |index: NodeIndex| {
        tree.children
            .get(index)
            .is_some_and(|children| !children.is_empty())
    };
    for (to, sources) in tree.before.iter().enumerate() {
        for (from, hard) in sources {
            let mut attributes = Vec::new();
            if is_cluster(*from) {
                attributes.push(format!("ltail=cluster_{from}"));
            }
            if is_cluster(to) {
                attributes.push(format!("lhead=cluster_{to}"));
            }
            if !hard {
                attributes.push("style=dashed".to_owned());
            }
            let _ = writeln!(out, "  n{from} -> n{to} [{}];", attributes.join(", "));
        }
    }
    out.push_str("}\n");
    out
}

fn node(out: &mut String, plan: &Plan, tree: &Tree, index: NodeIndex, depth: usize) {
    let (Some(node_), Some(children)) = (plan.nodes.get(index), tree.children.get(index)) else {
        return;
    };
    let indent = "  ".repeat(depth);
    let once = if node_.effect == Effect::AtMostOnce {
        ", penwidth=2.5"
    } else {
        ""
    };
    let (fill, line) = colours(node_.kind.key());
    let text = quoted(&format!("{}\n{}", node_.id, label::detail(node_)));
    let tooltip = quoted(&label::tooltip(node_));
    let own = format!(
        "n{index} [label={text}, tooltip={tooltip}, fillcolor=\"{fill}\", color=\"{line}\"{once}];"
    );
    if children.is_empty() {
        let _ = writeln!(out, "{indent}{own}");
        return;
    }
    let _ = writeln!(
        out,
        "{indent}subgraph cluster_{index} {{\n{indent}  style=\"rounded,filled\"; fillcolor=\"#f3f5f8\"; color=\"#c4ccd4\"; label=\"\";\n{indent}  {own}"
    );
    for block in [Block::Then, Block::Else, Block::Body, Block::Fallback] {
        let steps: Vec<NodeIndex> = children
            .iter()
            .filter(|(of, _)| *of == block)
            .map(|(_, child)| *child)
            .collect();
        if steps.is_empty() {
            continue;
        }
        let name = block_name(block);
        let _ = writeln!(
            out,
            "{indent}  subgraph cluster_{index}_{name} {{\n{indent}    style=\"rounded,dashed\"; color=\"#98a2ad\"; label=\"{name}\"; fontsize=10;"
        );
        for child in &steps {
            node(out, plan, tree, *child, depth + 2);
        }
        let _ = writeln!(out, "{indent}  }}");
        for child in steps
            .iter()
            .filter(|child| tree.before.get(**child).is_none_or(Vec::is_empty))
        {
            let _ = writeln!(
                out,
                "{indent}  n{index} -> n{child} [style=dotted, arrowhead=none];"
            );
        }
    }
    let _ = writeln!(out, "{indent}}}");
}

/// `then`, `else`, `do` or `fallback`.
pub(super) const fn block_name(block: Block) -> &'static str {
    match block {
        Block::Then => "then",
        Block::Else => "else",
        Block::Body => "do",
        Block::Fallback => "fallback",
    }
}

/// The ground and the border of a kind; those of `style.css`.
fn colours(key: &str) -> (&'static str, &'static str) {
    match key {
        "assets" => ("#dcf2f0", "#1a7f78"),
        "secret" => ("#f7e3f1", "#a83a83"),
        "run" => ("#dfeafd", "#2563c4"),
        "exec" => ("#fde8d7", "#c05a12"),
        "scan" => ("#e9e3fb", "#6b46c1"),
        "if" | "for_each" => ("#fbf1cf", "#a07a08"),
        "report" => ("#dff3e3", "#20803c"),
        _ => ("#eceff2", "#7d8894"),
    }
}

/// A text in quotes; backslashes are doubled, since Graphviz gives them meanings.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| visible(line).replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}
