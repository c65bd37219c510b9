//! Every fixture does what its comment says, the same each time and on every engine.

use std::collections::BTreeSet;

use tenzik_runtime::{
    Examination, Finding, Input, Loaded, Outcome, Runtime, Severity, Status, load_module,
};

use crate::fixture::{self, Expected, ExpectedFuel, Fixture};
use crate::world::{Unsized, on_demand, optimised, pooled, request, status_text};

/// How much longer than its wall limit a run may take: the machine may be busy with other things.
const WALL_MARGIN_US: u64 = 10_000_000;

#[test]
fn every_fixture_does_what_it_says() {
    let mut wrong = Vec::new();
    for fixture in fixture::all() {
        if let Err(why) = check(fixture) {
            wrong.push(format!("{}: {why}", fixture.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} fixtures differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn there_are_fixtures() {
    let count = |folder: &str| {
        fixture::all()
            .iter()
            .filter(|fixture| fixture.name.starts_with(folder))
            .count()
    };
    assert!(count("ok/") >= 25 && count("hostile/") >= 70);
}

fn check(fixture: &Fixture) -> Result<(), String> {
    let examination = examine(fixture)?;
    if let Expected::Reject(codes) = &fixture.expected {
        return check_reject(fixture, codes, &examination);
    }
    let input = || Input::from(fixture.input.as_slice());
    let first = execute(pooled(), fixture, &examination, input())?;
    check_outcome(fixture, &first)?;
    let others = [
        ("again", execute(pooled(), fixture, &examination, input())?),
        (
            "with the fastest code",
            execute(optimised(), fixture, &examination, input())?,
        ),
        (
            "on demand",
            execute(on_demand(), fixture, &examination, input())?,
        ),
        (
            "with clock checks",
            execute(
                pooled(),
                fixture,
                &examination,
                Unsized::input(&fixture.input),
            )?,
        ),
        (
            "on demand with clock checks",
            execute(
                on_demand(),
                fixture,
                &examination,
                Unsized::input(&fixture.input),
            )?,
        ),
    ];
    others.iter().try_for_each(|(how, other)| {
        same(&first, other).map_err(|why| format!("a second run, {how}, differs: {why}"))
    })
}

/// The verdict, over the same way from the file as `tenzik run` takes.
pub fn examine(fixture: &Fixture) -> Result<Examination, String> {
    let loaded = load_module(&fixture.path, &fixture.policy.limits.module_limits())
        .map_err(|error| error.to_string())?;
    Ok(match loaded {
        Loaded::Bytes(bytes) => Examination::of(&bytes, &fixture.policy),
        Loaded::Rejected(validation) => Examination::from_validation(*validation, &fixture.policy),
    })
}

fn check_reject(
    fixture: &Fixture,
    codes: &BTreeSet<String>,
    examination: &Examination,
) -> Result<(), String> {
    let errors = examination
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let found: BTreeSet<String> = errors
        .map(|finding| finding.code.code().to_owned())
        .collect();
    if found != *codes {
        return Err(format!(
            "expected {codes:?}, found {}",
            shown(examination.findings())
        ));
    }
    if examination.admitted().is_some() {
        return Err("is admitted in spite of its findings".to_owned());
    }
    for finding in examination.findings() {
        if finding
            .message
            .chars()
            .any(|c| c.is_control() || !(c.is_ascii() || c == '…'))
            && !finding.message.contains('\n')
        {
            return Err(format!(
                "shows what the module says without escaping it: {:?}",
                finding.message
            ));
        }
    }
    fixture.findings.iter().try_for_each(|expected| {
        let matches = examination.findings().iter().any(|finding| {
            finding.code.code() == expected.code
                && finding.message.contains(&expected.message_part)
                && (expected.function.is_none()
                    || finding.location.function_name == expected.function)
        });
        let missing = || {
            format!(
                "no finding {} in {:?} with {:?} in {:#?}",
                expected.code,
                expected.function,
                expected.message_part,
                examination.findings()
            )
        };
        matches.then_some(()).ok_or_else(missing)
    })
}

pub fn execute(
    runtime: &Runtime,
    fixture: &Fixture,
    examination: &Examination,
    input: Input,
) -> Result<Outcome, String> {
    let (capsule, permit) = examination
        .admitted()
        .ok_or_else(|| format!("is rejected: {}", shown(examination.findings())))?;
    let prepared = runtime
        .prepare_for(capsule, permit.limits(), &input)
        .map_err(|error| error.to_string())?;
    let mut request = request(input);
    request.now_ms = fixture.now_ms;
    request.seed = fixture.seed;
    request.commit = true;
    runtime
        .execute(&prepared, permit, request)
        .map_err(|error| format!("the engine failed: {error}"))
}

fn check_outcome(fixture: &Fixture, outcome: &Outcome) -> Result<(), String> {
    let as_expected = match (&fixture.expected, &outcome.status) {
        (Expected::Ok, Status::Ok) => true,
        (
            Expected::Failure { code, message },
            Status::Failure {
                code: actual,
                message: actual_message,
            },
        ) => {
            code == actual
                && message
                    .as_ref()
                    .is_none_or(|message| message == actual_message)
        }
        (Expected::Fault(code), Status::Fault(fault)) => code == fault.code.code(),
        _ => false,
    };
    if !as_expected {
        return Err(format!("ended as {:?}", outcome.status));
    }
    if let (Some(size), Status::Failure { message, .. }) = (fixture.message_size, &outcome.status) {
        equal("bytes of the message", &size, &message.len())?;
    }
    if let Some(output) = &fixture.output {
        equal("output", output, &outcome.output)?;
    }
    if let Some(log) = &fixture.log {
        let actual: Vec<(String, Vec<u8>)> = outcome
            .log
            .iter()
            .map(|entry| (entry.level.name().to_owned(), entry.message.clone()))
            .collect();
        equal("log", log, &actual)?;
    }
    if let Some(bytes) = fixture.memory_bytes {
        equal("memory bytes", &bytes, &outcome.usage.memory_bytes)?;
    }
    check_usage(fixture, outcome)
}

fn check_usage(fixture: &Fixture, outcome: &Outcome) -> Result<(), String> {
    let usage = &outcome.usage;
    match fixture.fuel {
        Some(ExpectedFuel::Exact) if !usage.fuel_exact => {
            return Err("fuel is not exact".to_owned());
        }
        Some(ExpectedFuel::AtLeast(units)) if usage.fuel < units => {
            return Err(format!(
                "fuel is {}, which is less than {units}",
                usage.fuel
            ));
        }
        _ => {}
    }
    let limits = &fixture.policy.limits;
    let within = [
        ("fuel", usage.fuel, limits.fuel(usage.input_bytes)),
        ("memory", usage.memory_bytes, limits.memory_bytes_max),
        (
            "output",
            usage.output_bytes,
            limits.output_bytes(usage.input_bytes),
        ),
        ("log", usage.log_bytes, limits.log_bytes_max),
        (
            "wall",
            usage.wall_us,
            limits
                .wall_us(usage.input_bytes)
                .saturating_add(WALL_MARGIN_US),
        ),
    ];
    equal(
        "output bytes",
        &(outcome.output.len() as u64),
        &usage.output_bytes,
    )?;
    within.iter().try_for_each(|(what, used, allowed)| {
        if used <= allowed {
            Ok(())
        } else {
            Err(format!("used {used} of {what}; {allowed} are allowed"))
        }
    })
}

fn same(first: &Outcome, second: &Outcome) -> Result<(), String> {
    equal(
        "status",
        &status_text(&first.status),
        &status_text(&second.status),
    )?;
    if matches!(&first.status, Status::Fault(fault) if fault.machine_bound()) {
        return Ok(());
    }
    equal("message", &first.status, &second.status)?;
    if first.usage.fuel_exact {
        // A bound depends on how long it was searched for.
        equal("fuel", &first.usage.fuel, &second.usage.fuel)?;
    }
    equal(
        "fuel exactness",
        &first.usage.fuel_exact,
        &second.usage.fuel_exact,
    )?;
    equal(
        "host calls",
        &first.usage.host_calls_by_function,
        &second.usage.host_calls_by_function,
    )?;
    equal(
        "memory",
        &first.usage.memory_bytes,
        &second.usage.memory_bytes,
    )?;
    equal(
        "input bytes",
        &first.usage.input_bytes,
        &second.usage.input_bytes,
    )?;
    equal("output", &first.output, &second.output)?;
    equal("log", &first.log, &second.log)?;
    equal(
        "output commitment",
        &first.commitments.map(|c| c.output),
        &second.commitments.map(|c| c.output),
    )
}

fn equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &T,
    actual: &T,
) -> Result<(), String> {
    if expected == actual {
        Ok(())
    } else {
        Err(format!("{what}: {expected:?} against {actual:?}"))
    }
}

fn shown(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        format!(
            "\n    {} in {:?}: {}",
            finding.code, finding.location.function_name, finding.message
        )
    });
    lines.collect()
}
