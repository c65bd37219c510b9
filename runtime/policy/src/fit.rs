//! Whether arguments fit a template.

use std::fmt;

use tenzik_capsule::escaped;

use crate::hole::{ArgumentPattern, Hole};
use crate::rules::ExecRule;
use crate::value;

/// The first argument that does not fit a template, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    template: String,
    reason: String,
}

impl Misfit {
    fn new(reason: String) -> Misfit {
        Misfit {
            template: String::new(),
            reason,
        }
    }

    /// The misfit with a hint to whose template it is.
    pub(crate) fn at(self, template: String) -> Misfit {
        Misfit { template, ..self }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.template, self.reason)
    }
}

/// Whether `arguments`, which stand behind the name, fit `template` one by one. An element with a
/// hole that takes more than one argument takes all that the elements behind it leave.
pub(crate) fn fits(
    rule: &ExecRule,
    template: &[ArgumentPattern],
    arguments: &[String],
) -> Result<(), Misfit> {
    let many = template
        .iter()
        .position(|pattern| takes_many(pattern).is_some());
    let head = many.unwrap_or(template.len());
    let tail = template.len() - many.map_or(head, |index| index + 1);
    let first_of_tail = match many {
        None => head,
        Some(_) => arguments.len().saturating_sub(tail).max(head + 1),
    };
    for (index, argument) in arguments.iter().enumerate() {
        let element = match () {
            () if index < head => template.get(index),
            () if index < first_of_tail => many.and_then(|at| template.get(at)),
            () => template.get(template.len() - tail + index - first_of_tail),
        };
        let number = index + 1;
        let Some(element) = element else {
            return Err(Misfit::new(format!(
                "argument {number} {} is one too many",
                escaped(argument)
            )));
        };
        fits_element(rule, element, argument)
            .map_err(|why| Misfit::new(format!("argument {number} {} {why}", escaped(argument))))?;
    }
    check_count(template, many, arguments.len())
}

fn takes_many(pattern: &ArgumentPattern) -> Option<u32> {
    pattern.hole.as_ref().and_then(|hole| hole.count_max)
}

/// Every argument that is there fits: whether there are enough, and not too many.
fn check_count(
    template: &[ArgumentPattern],
    many: Option<usize>,
    count: usize,
) -> Result<(), Misfit> {
    if let Some(missing) = template.get(count) {
        return Err(Misfit::new(format!(
            "argument {} is missing: {missing} has to stand there",
            count + 1
        )));
    }
    let taken = (count + 1).saturating_sub(template.len());
    let count_max = many
        .and_then(|index| template.get(index))
        .and_then(takes_many);
    match (count_max, template.get(many.unwrap_or_default())) {
        (Some(max), Some(element)) if taken > max as usize => Err(Misfit::new(format!(
            "{taken} arguments stand where {element} takes at most {max}"
        ))),
        _ => Ok(()),
    }
}

fn fits_element(rule: &ExecRule, element: &ArgumentPattern, argument: &str) -> Result<(), String> {
    let Some(hole) = &element.hole else {
        return match argument == element.prefix {
            true => Ok(()),
            false => Err(format!("is not {}", escaped(&element.prefix))),
        };
    };
    let inner = argument
        .strip_prefix(element.prefix.as_str())
        .and_then(|rest| rest.strip_suffix(element.suffix.as_str()));
    match inner {
        Some(inner) => {
            value::fits(rule, hole, inner).map_err(|why| format!("does not fit {element}: {why}"))
        }
        None => Err(format!("does not fit {element}")),
    }
}

impl fmt::Display for ArgumentPattern {
    /// As policies write it, escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.source()))
    }
}

impl ArgumentPattern {
    /// As policies write it, with its braces doubled.
    pub fn source(&self) -> String {
        let doubled = |text: &str| text.replace('{', "{{").replace('}', "}}");
        let hole = self.hole.as_ref().map_or_else(String::new, Hole::source);
        doubled(&self.prefix) + &hole + &doubled(&self.suffix)
    }
}

impl Hole {
    /// As templates write it.
    pub fn source(&self) -> String {
        let dots = if self.count_max.is_some() { "..." } else { "" };
        format!("{{{}{dots}}}", self.name)
    }
}
