//! Where the results of a stage come from.

use tenzik_evidence::Digest;
use tenzik_gate::{GateReport, MaskedValues, ProcessReport};
use tenzik_policy::{EnvValue, ExecRule, Rules};
use tenzik_scenario::Stage;
use tenzik_scenario::execute::{ProcessProvenance, StageProvenance, VariableProvenance};

use super::capsules::Admitted;
use super::options::PerformerOptions;

/// What stands for the digest of a secret.
const SECRET: &str = "secret";

/// Hexadecimal digits of the digest of a value.
const VALUE_DIGITS: usize = 32;

/// What is known before the run.
pub(super) fn of_stage(stage: &Stage, admitted: &Admitted) -> StageProvenance {
    let commit = Digest::from_bytes(*admitted.permit.policy_commit().as_bytes());
    StageProvenance {
        capsule: stage.capsule.clone(),
        capsule_id: stage.capsule_id.clone(),
        policy_commit: commit.to_string(),
        ..StageProvenance::default()
    }
}

/// Adds what the gate reports.
pub(super) fn add_effects(
    provenance: &mut StageProvenance,
    report: &GateReport,
    rules: &Rules,
    options: &PerformerOptions,
    masked: &MaskedValues,
) {
    provenance.effects_id.clone_from(&report.run_id);
    provenance.files_changed = report.files_changed;
    let processes = report.processes.iter();
    provenance.processes = processes
        .map(|process| of_process(process, rules, options, masked))
        .collect();
}

fn of_process(
    process: &ProcessReport,
    rules: &Rules,
    options: &PerformerOptions,
    masked: &MaskedValues,
) -> ProcessProvenance {
    let rule = rules.exec.iter().find(|rule| rule.name == process.rule);
    let program = rule.map(|rule| rule.program.to_string_lossy().into_owned());
    let arguments = process.arguments.iter();
    ProcessProvenance {
        rule: process.rule.clone(),
        program: program.unwrap_or_default(),
        argv: arguments
            .map(|argument| masked.masked(argument).into_owned())
            .collect(),
        environment: rule
            .map(|rule| environment(rule, options))
            .unwrap_or_default(),
        ending: process.ending.clone(),
        wall_us: process.wall_us,
    }
}

/// The variables that a rule sets, and those that it passes on where tenzik has them.
fn environment(rule: &ExecRule, options: &PerformerOptions) -> Vec<VariableProvenance> {
    let digest = |value: &[u8]| {
        let hash = blake3::keyed_hash(&options.environment_key, value).to_hex();
        hash.chars().take(VALUE_DIGITS).collect::<String>()
    };
    let is_set = |name: &str| rule.env.iter().any(|(set, _)| set == name);
    let passed = rule.pass_env.iter().filter(|name| !is_set(name));
    let passed = passed.filter_map(|name| {
        let value = (options.environment)(name)?;
        Some((name.clone(), digest(value.as_encoded_bytes())))
    });
    let set = rule.env.iter().map(|(name, value)| {
        let value = match value {
            EnvValue::Text(text) => digest(text.as_bytes()),
            EnvValue::Secret(_) => SECRET.to_owned(),
        };
        (name.clone(), value)
    });
    passed
        .chain(set)
        .map(|(name, value)| VariableProvenance { name, value })
        .collect()
}
