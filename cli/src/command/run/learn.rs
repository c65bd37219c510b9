//! `run --learn`: the least policy that a run needed.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use tenzik_runtime::gate::Observations;
use tenzik_runtime::{Capsule, Limits, Outcome, Policy, Status};

use crate::failure::{self, Failure};
use crate::printer;
use crate::run_output::write_whole;

/// Writes the policy to `path`. The policy that the run had is `had`.
pub(super) fn write(
    path: &Path,
    had: &Policy,
    capsule: &Capsule,
    outcome: &Outcome,
    observations: Option<&Observations>,
) -> Result<(), Failure> {
    if outcome.status != Status::Ok {
        printer::note("nothing was learned: the run did not end well");
        return Ok(());
    }
    let observed = match observations {
        Some(observed) => observed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone(),
        None => Vec::new(),
    };
    let limits = needed(had, capsule, outcome);
    let mut policy = had.learned(capsule.needs(), &limits, &observed);
    for rule in &mut Arc::make_mut(&mut policy.rules).exec {
        let resolved = rule.program.canonicalize();
        rule.follow &= resolved.is_ok_and(|resolved| resolved != rule.program);
    }
    let text = policy.to_toml();
    write_whole(path, text.as_bytes())
        .map_err(|error| failure::file("cannot write the policy", path, &error))?;
    printer::note(&format!(
        "the least policy of this run: {}",
        failure::shown(path)
    ));
    Ok(())
}

/// What the run used of each limit; of those that grow with what is read, the limits it had where the
/// defaults would not have been enough.
fn needed(had: &Policy, capsule: &Capsule, outcome: &Outcome) -> Limits {
    let (usage, limits) = (&outcome.usage, &had.limits);
    let read = usage.read_bytes();
    let mut needed = Limits {
        module_bytes_max: capsule.bytes().len() as u64,
        memory_bytes_max: usage.memory_bytes,
        input_bytes_max: usage.input_bytes,
        log_bytes_max: usage.log_bytes,
        ..Limits::DEFAULT
    };
    if usage.fuel > Limits::DEFAULT.fuel(read) {
        needed.fuel_base = limits.fuel_base;
        needed.fuel_per_input_byte = limits.fuel_per_input_byte;
    }
    if usage.output_bytes > Limits::DEFAULT.output_bytes(read) {
        needed.output_bytes_base = limits.output_bytes_base;
        needed.output_bytes_per_input_byte = limits.output_bytes_per_input_byte;
    }
    if usage.host_calls > Limits::DEFAULT.host_calls(read) {
        needed.host_calls_base = limits.host_calls_base.max(usage.host_calls);
    }
    if usage.wall_us > Limits::DEFAULT.wall_us(read) {
        needed.wall_us_base = limits.wall_us_base;
        needed.wall_us_per_input_mib = limits.wall_us_per_input_mib;
    }
    needed
}
