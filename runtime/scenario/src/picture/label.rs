//! What is written on a step.

use crate::plan::{Node, NodeKind, StagePlan};
use crate::scenario::{Effect, ValueTemplate};
use crate::text::{truncated, visible};

/// Columns of a line.
pub(super) const COLUMNS_MAX: usize = 24;

/// The name of a step.
pub(super) fn name(node: &Node) -> String {
    line(&node.id)
}

/// What it does, in one line.
pub(super) fn detail(node: &Node) -> String {
    let text = match &node.kind {
        NodeKind::Let(variables) => format!(
            "let {}",
            list(variables.iter().map(|(name, _)| name.as_str()))
        ),
        NodeKind::Assets(groups) => format!(
            "assets {}",
            list(groups.iter().map(|group| group.name.value.as_str()))
        ),
        NodeKind::Secret { name, .. } => format!("secret {name}"),
        NodeKind::Run { stage, .. } => format!("run {}", capsule(stage)),
        NodeKind::Exec { argv, .. } => format!("exec {}", first(argv)),
        NodeKind::Scan { stage, .. } => format!("scan {}", capsule(stage)),
        NodeKind::ToolScan { argv, .. } => {
            format!("scan {}", argv.first().map_or("", String::as_str))
        }
        NodeKind::If(condition) => format!("if {}", condition.source()),
        NodeKind::ForEach {
            binding, parallel, ..
        } => format!("for_each {binding}, {parallel} at a time"),
        NodeKind::Report { formats, .. } => format!("report, {} forms", formats.len()),
    };
    line(&text)
}

/// Everything that a tooltip says.
pub(super) fn tooltip(node: &Node) -> String {
    let effect = match node.effect {
        Effect::Pure => "pure",
        Effect::Idempotent => "idempotent",
        Effect::AtMostOnce => "at most once",
    };
    let mut text = format!(
        "{} (line {}): {}, {effect}",
        node.id,
        node.place.line,
        node.kind.key()
    );
    if let Some(name) = &node.name {
        text.push_str(&format!("\n{name}"));
    }
    if let Some(when) = &node.when {
        text.push_str(&format!("\nwhen {}", truncated(when.source(), 200)));
    }
    if let Some(timeout) = node.timeout_ms {
        text.push_str(&format!("\ntimeout {timeout} ms"));
    }
    if let Some(retries) = &node.retries {
        text.push_str(&format!("\nretries {}", retries.count));
    }
    text
}

fn line(text: &str) -> String {
    // A condition may be long and is cut before it is escaped.
    let beginning: String = text.chars().take(COLUMNS_MAX * 4).collect();
    truncated(&visible(&beginning), COLUMNS_MAX).into_owned()
}

fn capsule(stage: &StagePlan) -> &str {
    stage.capsule.rsplit('/').next().unwrap_or(&stage.capsule)
}

fn first(argv: &[ValueTemplate]) -> String {
    match argv.first() {
        Some(ValueTemplate::Literal(value, _)) => value.as_str().unwrap_or_default().to_owned(),
        Some(ValueTemplate::Text(template)) => template.source().to_owned(),
        _ => String::new(),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.take(8).collect();
    names.join(", ")
}
