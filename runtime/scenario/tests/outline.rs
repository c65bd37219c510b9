//! A scenario as text: everything that was read, and where it stands.

use std::fmt::Write;

use tenzik_scenario::cel::{Expression, Template};
use tenzik_scenario::{
    AssetGroup, Common, Located, OnError, RunInput, Scenario, Step, StepKind, ValueTemplate,
};

/// The outline of a scenario.
pub(crate) fn outline(scenario: &Scenario) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!("{} {:?}", scenario.name, scenario.description));
    line(format!(
        "concurrency {:?} timeout {:?}",
        scenario.concurrency, scenario.timeout_ms
    ));
    for (name, path) in &scenario.policies {
        line(format!("policy {} = {}", located(name), located(path)));
    }
    for (name, value) in &scenario.vars {
        line(format!("var {} = {value}", located(name)));
    }
    for tool in &scenario.tools {
        line(format!(
            "tool {} parser {} argv {}",
            located(&tool.name),
            located(&tool.parser),
            names(&tool.argv)
        ));
        for parameter in &tool.parameters {
            line(format!(
                "  {}@{} {:?} required {} default {:?}",
                parameter.name,
                parameter.place,
                parameter.kind,
                parameter.required,
                parameter.default.as_ref().map(ToString::to_string)
            ));
        }
    }
    steps(&mut out, &scenario.steps, 0);
    out
}

fn steps(out: &mut String, list: &[Step], depth: usize) {
    for step in list {
        let indent = "  ".repeat(depth);
        let _ = writeln!(
            out,
            "{indent}{} {} {}",
            step.place,
            located(&step.id),
            kind(&step.kind)
        );
        common(out, &step.common, &indent);
        match &step.kind {
            StepKind::If {
                then, otherwise, ..
            } => {
                let _ = writeln!(out, "{indent}  then");
                steps(out, then, depth + 2);
                let _ = writeln!(out, "{indent}  else");
                steps(out, otherwise, depth + 2);
            }
            StepKind::ForEach { steps: inner, .. } => steps(out, inner, depth + 1),
            _ => {}
        }
        if let OnError::Fallback(inner) = &step.common.on_error {
            let _ = writeln!(out, "{indent}  fallback");
            steps(out, inner, depth + 2);
        }
    }
}

fn common(out: &mut String, common: &Common, indent: &str) {
    let mut line = |key: &str, text: Option<String>| {
        if let Some(text) = text {
            let _ = writeln!(out, "{indent}    {key} {text}");
        }
    };
    line("name", common.name.clone());
    line(
        "needs",
        (!common.needs.is_empty()).then(|| names(&common.needs)),
    );
    line(
        "after",
        (!common.after.is_empty()).then(|| names(&common.after)),
    );
    line("when", common.when.as_ref().map(expression));
    line("grants", common.grants.as_ref().map(located));
    for (name, limit) in &common.limits {
        line("limit", Some(format!("{} {limit}", located(name))));
    }
    line("timeout", common.timeout_ms.map(|ms| ms.to_string()));
    line(
        "retries",
        common.retries.as_ref().map(|retries| {
            let when = retries.when.as_ref().map(expression);
            format!("{} {:?} when {when:?}", retries.count, retries.backoff)
        }),
    );
    line(
        "on_error",
        match &common.on_error {
            OnError::Stop => None,
            OnError::Continue => Some("continue".to_owned()),
            OnError::Fallback(_) => Some("fallback".to_owned()),
        },
    );
    line(
        "effect",
        common
            .effect
            .as_ref()
            .map(|effect| format!("{:?}@{}", effect.value, effect.place)),
    );
    line("on", common.on.as_ref().map(located));
    line("session", common.session.as_ref().map(located));
}

fn kind(kind: &StepKind) -> String {
    match kind {
        StepKind::Let(entries) => format!("let {}", pairs(entries)),
        StepKind::Secret(name) => format!("secret {}", located(name)),
        StepKind::Assets(groups) => {
            let groups: Vec<String> = groups.iter().map(group).collect();
            format!("assets {}", groups.join("; "))
        }
        StepKind::Run {
            capsule,
            input,
            output,
            seed,
        } => {
            let input = match input {
                RunInput::Empty => "nothing".to_owned(),
                RunInput::Value(inside) => value(inside),
                RunInput::File(file) => format!("file {}", template(&file.path)),
                RunInput::Artifact(inside) => format!("artifact {}", template(inside)),
            };
            format!(
                "run {} over {input} to {output:?} seed {seed:?}",
                located(capsule)
            )
        }
        StepKind::Exec { argv, output } => format!("exec {} to {output:?}", values(argv)),
        StepKind::Scan { tool, parameters } => {
            format!("scan {} {}", located(tool), pairs(parameters))
        }
        StepKind::If { condition, .. } => format!("if {}", expression(condition)),
        StepKind::ForEach {
            items,
            binding,
            parallel,
            items_max,
            collect,
            ..
        } => format!(
            "for_each {} as {} parallel {parallel:?} at most {items_max} collect {:?}",
            value(items),
            located(binding),
            collect.as_ref().map(expression)
        ),
        StepKind::Report {
            title,
            formats,
            rows,
            columns,
        } => {
            let columns: Vec<String> = columns
                .iter()
                .map(|column| format!("{}={}", column.title, column.key))
                .collect();
            format!(
                "report {} rows {} {formats:?} [{}]",
                template(title),
                expression(rows),
                columns.join(", ")
            )
        }
    }
}

fn group(group: &AssetGroup) -> String {
    format!(
        "{} hosts {} cidrs {} groups {} exclude {} expand {}",
        located(&group.name),
        values(&group.hosts),
        values(&group.cidrs),
        names(&group.groups),
        values(&group.exclude),
        group.expand
    )
}

fn located(text: &Located<String>) -> String {
    format!("{}@{}", text.value, text.place)
}

fn names(list: &[Located<String>]) -> String {
    let names: Vec<String> = list.iter().map(located).collect();
    format!("[{}]", names.join(", "))
}

fn pairs(entries: &[(Located<String>, ValueTemplate)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, inside)| format!("{}: {}", located(name), value(inside)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

fn values(list: &[ValueTemplate]) -> String {
    let values: Vec<String> = list.iter().map(value).collect();
    format!("[{}]", values.join(", "))
}

fn value(inside: &ValueTemplate) -> String {
    match inside {
        ValueTemplate::Literal(literal, place) => format!("{literal}@{place}"),
        ValueTemplate::Text(inside) => template(inside),
        ValueTemplate::List(items, place) => format!("{}@{place}", values(items)),
        ValueTemplate::Map(entries, place) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, inside)| format!("{key}: {}", value(inside)))
                .collect();
            format!("{{{}}}@{place}", entries.join(", "))
        }
    }
}

fn expression(expression: &Expression) -> String {
    format!("<{}>@{}", expression.source(), expression.place())
}

fn template(template: &Template) -> String {
    format!("<{}>@{}", template.source(), template.place())
}
