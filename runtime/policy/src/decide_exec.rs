//! Whether a program may be started with these arguments.

use tenzik_capsule::escaped;

use crate::effect_refusal::{EffectCode, EffectRefusal, cited};
use crate::fit::{Misfit, fits};
use crate::rules::{ExecRule, Rules};

/// Bytes of one argument: what Linux takes, without the NUL at its end.
pub const ARGUMENT_BYTES_MAX: usize = (128 << 10) - 1;

/// Bytes of all arguments together, each with the NUL at its end.
pub const ARGUMENTS_BYTES_MAX: usize = 2 << 20;

/// Arguments of a program, with its name.
pub const ARGUMENTS_MAX: usize = 4_096;

/// Rules that a refusal names.
const SHOWN_RULES_MAX: usize = 8;

/// A program that may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecDecision<'a> {
    /// Index of the rule in [`Rules::exec`].
    pub index: usize,
    /// The rule. The process gets the arguments of the request as they are.
    pub rule: &'a ExecRule,
}

/// Decides whether a rule admits a program and its arguments. `argv[0]` is the name of rules; the
/// first of that name whose template fits, and with it every template of a ceiling, is used.
///
/// # Errors
/// [`EffectRefusal`] with each rule of that name and the first argument that does not fit it.
pub fn decide_exec<'a>(
    rules: &'a Rules,
    argv: &[String],
) -> Result<ExecDecision<'a>, EffectRefusal> {
    check_sizes(argv)?;
    let Some((name, arguments)) = argv.split_first() else {
        return Err(refused(Vec::new(), "the request names no program".into()));
    };
    let mut misfits = Vec::new();
    for (index, rule) in rules.exec.iter().enumerate() {
        if rule.name != *name {
            continue;
        }
        match admits(rule, arguments) {
            Ok(()) => return Ok(ExecDecision { index, rule }),
            Err(misfit) => misfits.push((rule, misfit)),
        }
    }
    Err(explained(rules, name, &misfits))
}

fn admits(rule: &ExecRule, arguments: &[String]) -> Result<(), Misfit> {
    fits(rule, &rule.arguments, arguments)?;
    for bound in &rule.bounds {
        fits(rule, &bound.arguments, arguments)
            .map_err(|misfit| misfit.at(format!("ceiling {}: ", bound.origin)))?;
    }
    Ok(())
}

fn refused(rules: Vec<String>, message: String) -> EffectRefusal {
    EffectRefusal::new(EffectCode::Exec, rules, message)
}

/// Bounds what is looked at any further. No program could be started with more.
fn check_sizes(argv: &[String]) -> Result<(), EffectRefusal> {
    let refuse = |message: String| Err(refused(Vec::new(), message));
    if argv.len() > ARGUMENTS_MAX {
        let count = argv.len();
        return refuse(format!(
            "the request has {count} arguments; at most {ARGUMENTS_MAX} are accepted"
        ));
    }
    let longest = argv.iter().enumerate().max_by_key(|(_, text)| text.len());
    if let Some((index, text)) = longest.filter(|(_, text)| text.len() > ARGUMENT_BYTES_MAX) {
        let bytes = text.len();
        return refuse(format!(
            "argument {index} has {bytes} bytes; at most {ARGUMENT_BYTES_MAX} are accepted"
        ));
    }
    let total: usize = argv.iter().map(|text| text.len() + 1).sum();
    if total > ARGUMENTS_BYTES_MAX {
        return refuse(format!(
            "the arguments have {total} bytes; at most {ARGUMENTS_BYTES_MAX} are accepted"
        ));
    }
    Ok(())
}

fn explained(rules: &Rules, name: &str, misfits: &[(&ExecRule, Misfit)]) -> EffectRefusal {
    if misfits.is_empty() {
        let mut names: Vec<&str> = rules.exec.iter().map(|rule| rule.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(SHOWN_RULES_MAX);
        let known = match names.is_empty() {
            true => "the policy has no rule for programs".to_owned(),
            false => format!("rules are named {}", names.join(", ")),
        };
        let shown = escaped(name);
        return refused(
            Vec::new(),
            format!("no rule is named {shown} for a program; {known}"),
        );
    }
    let cite = |rule: &ExecRule| cited(&rule.origin, &rule.name);
    let mut reasons: Vec<String> = misfits
        .iter()
        .take(SHOWN_RULES_MAX)
        .map(|(rule, misfit)| format!("{}: {misfit}", cite(rule)))
        .collect();
    if misfits.len() > SHOWN_RULES_MAX {
        reasons.push(format!(
            "and {} more rules",
            misfits.len() - SHOWN_RULES_MAX
        ));
    }
    refused(
        misfits
            .iter()
            .map(|(rule, _)| cite(rule))
            .take(SHOWN_RULES_MAX)
            .collect(),
        format!(
            "no rule admits {} with these arguments: {}",
            escaped(name),
            reasons.join("; ")
        ),
    )
}
