//! The parameters that a step gives to a tool.

use serde_json::Value;

use crate::place::{Place, Problem};
use crate::scenario::{Located, Parameter, ParameterKind, ValueTemplate};

/// Checks what a step gives against what the tool takes, and adds defaults.
pub(super) fn check(
    tool: &Located<String>,
    known: &[Parameter],
    one_of: &[&[&str]],
    given: &[(Located<String>, ValueTemplate)],
    problems: &mut Vec<Problem>,
) -> Vec<(String, ValueTemplate)> {
    let mut parameters = Vec::new();
    for (name, value) in given {
        match known.iter().find(|parameter| parameter.name == name.value) {
            None => {
                let names = known.iter().map(|parameter| parameter.name.as_str());
                let all = names.clone().collect::<Vec<_>>().join(", ");
                let otherwise = format!("{} takes {all}", tool.value);
                problems.push(Problem::new(
                    name.place,
                    "unknown_parameter",
                    format!(
                        "{} has no parameter {}",
                        tool.value,
                        tenzik_capsule::escaped(&name.value)
                    ),
                    crate::nearest::remedy(&name.value, names, &otherwise),
                ));
            }
            Some(parameter) => {
                check_value(tool, parameter, value, problems);
                parameters.push((name.value.clone(), value.clone()));
            }
        }
    }
    let is_given = |name: &str| given.iter().any(|(given, _)| given.value == name);
    for parameter in known.iter().filter(|parameter| !is_given(&parameter.name)) {
        match &parameter.default {
            Some(value) => {
                let value = ValueTemplate::Literal(value.clone(), parameter.place);
                parameters.push((parameter.name.clone(), value));
            }
            None if parameter.required => problems.push(missing(tool.place, tool, &parameter.name)),
            None => {}
        }
    }
    for group in one_of {
        match group.iter().filter(|name| is_given(name)).count() {
            1 => {}
            0 => problems.push(missing(tool.place, tool, &group.join(" or "))),
            _ => problems.push(Problem::new(
                tool.place,
                "bad_parameter",
                format!("{} takes only one of {}", tool.value, group.join(", ")),
                "remove the others",
            )),
        }
    }
    parameters
}

fn missing(place: Place, tool: &Located<String>, name: &str) -> Problem {
    Problem::new(
        place,
        "missing_parameter",
        format!("{} needs the parameter {name}", tool.value),
        format!("add {name}: beside tool:"),
    )
}

fn check_value(
    tool: &Located<String>,
    parameter: &Parameter,
    value: &ValueTemplate,
    problems: &mut Vec<Problem>,
) {
    let literal = match value {
        ValueTemplate::Literal(value, _) => value.clone(),
        ValueTemplate::Text(template) => match template.literal() {
            Some(text) => Value::from(text),
            None => return,
        },
        ValueTemplate::List(..) => Value::Array(Vec::new()),
        ValueTemplate::Map(..) => Value::Object(serde_json::Map::new()),
    };
    let (fits, wanted) = match &parameter.kind {
        ParameterKind::Text => (literal.is_string(), "a text".to_owned()),
        ParameterKind::Integer => (
            literal.is_i64() || literal.is_u64(),
            "a whole number".to_owned(),
        ),
        ParameterKind::Boolean => (literal.is_boolean(), "true or false".to_owned()),
        ParameterKind::List => (literal.is_array(), "a list of texts".to_owned()),
        ParameterKind::Choice(choices) => (
            literal
                .as_str()
                .is_some_and(|text| choices.iter().any(|choice| choice == text)),
            format!("one of {}", choices.join(", ")),
        ),
    };
    if !fits {
        problems.push(Problem::new(
            value.place(),
            "bad_parameter",
            format!("{} of {} is not {wanted}", parameter.name, tool.value),
            format!("write {wanted}"),
        ));
    }
}
