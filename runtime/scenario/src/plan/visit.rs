//! Every expression of a step, and what it is for.

use crate::cel::{Expression, Template};
use crate::scenario::{FileInput, RunInput, Step, StepKind, ValueTemplate};

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is a condition.
    Condition,
    /// It is the predicate of retries: it may refer to `error`.
    Retry,
    /// It gives a list.
    Items,
    /// It gives the rows of a report.
    Rows,
    /// It is evaluated inside of the loop's block, at its end.
    Collect,
    /// It is part of a text.
    Text,
    /// It is a value.
    Value,
}

/// Calls `see` for each expression of the step itself, not of the steps inside it.
pub(super) fn expressions<'a>(step: &'a Step, see: &mut dyn FnMut(&'a Expression, Role)) {
    let common = &step.common;
    if let Some(when) = &common.when {
        see(when, Role::Condition);
    }
    if let Some(when) = common
        .retries
        .as_ref()
        .and_then(|retries| retries.when.as_ref())
    {
        see(when, Role::Retry);
    }
    match &step.kind {
        StepKind::Let(values) => {
            for (_, value) in values {
                in_value(value, Role::Value, see);
            }
        }
        StepKind::Secret(_) => {}
        StepKind::Assets(groups) => {
            for group in groups {
                for value in group.hosts.iter().chain(&group.cidrs).chain(&group.exclude) {
                    in_value(value, Role::Value, see);
                }
            }
        }
        StepKind::Run { input, .. } => match input {
            RunInput::Empty => {}
            RunInput::Value(value) => in_value(value, Role::Value, see),
            RunInput::File(FileInput { path: template }) | RunInput::Artifact(template) => {
                in_template(template, Role::Text, see);
            }
        },
        StepKind::Exec { argv, .. } => {
            for value in argv {
                in_value(value, Role::Value, see);
            }
        }
        StepKind::Scan { parameters, .. } => {
            for (_, value) in parameters {
                in_value(value, Role::Value, see);
            }
        }
        StepKind::If { condition, .. } => see(condition, Role::Condition),
        StepKind::ForEach { items, collect, .. } => {
            in_value(items, Role::Items, see);
            if let Some(collect) = collect {
                see(collect, Role::Collect);
            }
        }
        StepKind::Report { title, rows, .. } => {
            in_template(title, Role::Text, see);
            see(rows, Role::Rows);
        }
    }
}

fn in_template<'a>(template: &'a Template, role: Role, see: &mut dyn FnMut(&'a Expression, Role)) {
    for expression in template.expressions() {
        see(expression, role);
    }
}

/// Nesting is bounded by that of the file. Only the value itself has the role, what lies in it is
/// any value.
fn in_value<'a>(value: &'a ValueTemplate, role: Role, see: &mut dyn FnMut(&'a Expression, Role)) {
    match value {
        ValueTemplate::Literal(..) => {}
        ValueTemplate::Text(template) => in_template(template, role, see),
        ValueTemplate::List(items, _) => {
            for item in items {
                in_value(item, Role::Value, see);
            }
        }
        ValueTemplate::Map(entries, _) => {
            for (_, value) in entries {
                in_value(value, Role::Value, see);
            }
        }
    }
}
