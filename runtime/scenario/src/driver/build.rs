//! The work of a job: every expression of its step evaluated.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::input_file::{INPUT_PATH_BYTES_MAX, InputFile};
use crate::place::Place;
use crate::plan::{Node, NodeKind, StagePlan};
use crate::report::{self, CELLS_MAX, COLUMNS_MAX, ROWS_BYTES_MAX};
use crate::scenario::{OutputFormat, RunInput, ValueTemplate};
use crate::work::{CapsuleWork, ReportWork, Stage, Work, WorkInput};

use super::environment::Scene;
use super::evaluate::{scalar, scalars, text, value, wrong};
use super::failure::Failure;
use super::limits::{ARGUMENTS_MAX, ROWS_MAX};
use super::weight::Weight;

/// The work of a step that needs a job; none for a step that the driver settles itself.
pub(super) fn work(node: &Node, scene: Scene<'_>, seed: u64) -> Result<Option<Work>, Failure> {
    Ok(Some(match &node.kind {
        NodeKind::Let(_) | NodeKind::Assets(_) | NodeKind::If(_) | NodeKind::ForEach { .. } => {
            return Ok(None);
        }
        NodeKind::Secret { name, policy } => Work::Secret {
            name: name.clone(),
            policy: policy.clone(),
        },
        NodeKind::Run {
            stage,
            input,
            output,
            seed: fixed,
        } => {
            let input = run_input(input, &scene.plan.directory, scene)?;
            capsule(&[stage], input, *output, fixed.unwrap_or(seed))
        }
        NodeKind::Exec {
            stage,
            argv,
            output,
        } => capsule(&[stage], request(argv_of(argv, scene)?), *output, seed),
        NodeKind::Scan { stage, parameters } => {
            let parameters = Value::Object(given(parameters, scene)?);
            let input = WorkInput::Bytes(parameters.to_string().into_bytes());
            capsule(&[stage], input, OutputFormat::Json, seed)
        }
        NodeKind::ToolScan {
            stage,
            parser,
            argv,
            parameters,
        } => {
            let argv = substitute(argv, &given(parameters, scene)?)?;
            capsule(&[stage, parser], request(argv), OutputFormat::Json, seed)
        }
        NodeKind::Report {
            title,
            formats,
            rows,
            columns,
        } => {
            let title = text(title, "the title", &scene)?;
            let found = report::rows_of(rows.evaluate(&scene)?);
            if found.len() > ROWS_MAX {
                return Err(Failure::new(
                    "too_many_rows",
                    format!(
                        "{}: more than {ROWS_MAX} rows; write several reports, each of a part",
                        rows.place(),
                    ),
                ));
            }
            let columns = match columns.is_empty() {
                true => report::columns_of(&found),
                false => columns.clone(),
            };
            report_fits(&found, columns.len(), rows.place())?;
            Work::Report(ReportWork {
                title,
                formats: formats.clone(),
                columns,
                rows: found,
            })
        }
    }))
}

/// Refuses a report that would be too large in some form.
fn report_fits(rows: &[Value], columns: usize, place: Place) -> Result<(), Failure> {
    let too_large = |what: String| {
        let advice = "write several reports, each of a part";
        Err(Failure::new(
            "report_too_large",
            format!("{place}: {what}; {advice}"),
        ))
    };
    if columns > COLUMNS_MAX {
        return too_large(format!("{columns} columns, more than {COLUMNS_MAX}"));
    }
    let cells = rows.len().saturating_mul(columns);
    if cells > CELLS_MAX {
        return too_large(format!(
            "{} rows of {columns} columns are {cells} cells, more than {CELLS_MAX}",
            rows.len()
        ));
    }
    let bytes: u64 = rows.iter().map(|row| Weight::of(row).json).sum();
    if bytes > ROWS_BYTES_MAX {
        return too_large(format!(
            "rows of {bytes} bytes as JSON, more than {ROWS_BYTES_MAX}"
        ));
    }
    Ok(())
}

fn capsule(stages: &[&StagePlan], input: WorkInput, output: OutputFormat, seed: u64) -> Work {
    Work::Capsule(CapsuleWork {
        stages: stages
            .iter()
            .map(|stage| Stage {
                capsule: stage.capsule.clone(),
                capsule_id: stage.capsule_id.clone(),
                policy: stage.policy.clone(),
                is_pure: stage.is_pure,
            })
            .collect(),
        input,
        output,
        seed,
        adapter: stages
            .first()
            .map(|stage| stage.adapter.clone())
            .unwrap_or_default(),
    })
}

/// The input of the capsule `exec`.
fn request(argv: Vec<String>) -> WorkInput {
    WorkInput::Bytes(json!({ "argv": argv }).to_string().into_bytes())
}

fn run_input(input: &RunInput, directory: &Path, scene: Scene<'_>) -> Result<WorkInput, Failure> {
    match input {
        RunInput::Empty => Ok(WorkInput::Bytes(Vec::new())),
        RunInput::Value(template) => Ok(WorkInput::Bytes(match value(template, &scene)? {
            Value::String(text) => text.into_bytes(),
            other => other.to_string().into_bytes(),
        })),
        RunInput::File(file) => {
            let place = file.path.place();
            let path = text(&file.path, "the path", &scene)?;
            if path.is_empty() || path.contains('\0') {
                return Err(Failure::expression(format!(
                    "{place}: the path of {} bytes is empty or has a zero byte in it",
                    path.len()
                )));
            }
            if path.len() > INPUT_PATH_BYTES_MAX {
                return Err(Failure::expression(format!(
                    "{place}: the path has {} bytes, and at most {INPUT_PATH_BYTES_MAX} are allowed; shorten it",
                    path.len()
                )));
            }
            Ok(WorkInput::File(InputFile {
                directory: directory.to_owned(),
                path: path.into(),
            }))
        }
        RunInput::Artifact(template) => {
            let place = template.place();
            let digest = match template.evaluate(&scene)? {
                Value::String(digest) => digest,
                other => return Err(wrong(place, "the artifact", &other, "a digest")),
            };
            let is_digest = digest.len() == 64
                && digest
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !is_digest {
                return Err(Failure::expression(format!(
                    "{place}: the artifact is named by 64 characters 0-9 a-f, not by {} bytes of another text; \
                     write steps.ID.artifact",
                    digest.len()
                )));
            }
            Ok(WorkInput::Artifact(digest))
        }
    }
}

fn argv_of(templates: &[ValueTemplate], scene: Scene<'_>) -> Result<Vec<String>, Failure> {
    let mut argv = Vec::with_capacity(templates.len());
    for template in templates {
        let place = template.place();
        scalars(value(template, &scene)?, |text| argv.push(text)).map_err(|other| {
            wrong(
                place,
                "an argument",
                &other,
                "a text, a number or true or false",
            )
        })?;
    }
    bounded(argv)
}

fn bounded(argv: Vec<String>) -> Result<Vec<String>, Failure> {
    if argv.is_empty() || argv.len() > ARGUMENTS_MAX {
        return Err(Failure::expression(format!(
            "{} arguments; a program takes 1 to {ARGUMENTS_MAX}, its name first",
            argv.len()
        )));
    }
    Ok(argv)
}

/// The parameters that are given: those that are null are not.
fn given(
    parameters: &[(String, ValueTemplate)],
    scene: Scene<'_>,
) -> Result<Map<String, Value>, Failure> {
    let mut map = Map::new();
    for (name, template) in parameters {
        match value(template, &scene)? {
            Value::Null => {}
            value => {
                map.insert(name.clone(), value);
            }
        }
    }
    Ok(map)
}

/// The arguments of a tool: `{name...}` alone stands for each of a list, `{name}` for one value
/// anywhere in an argument; other braces are themselves.
fn substitute(argv: &[String], parameters: &Map<String, Value>) -> Result<Vec<String>, Failure> {
    let mut made = Vec::with_capacity(argv.len());
    for argument in argv {
        let list = argument
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix("...}"))
            .filter(|name| is_name(name));
        match list {
            Some(name) => {
                if let Some(value) = parameters.get(name) {
                    scalars(value.clone(), |text| made.push(text))
                        .map_err(|other| parameter(name, &other))?;
                }
            }
            None => made.push(fill(argument, parameters)?),
        }
        if made.len() > ARGUMENTS_MAX {
            break;
        }
    }
    bounded(made)
}

fn fill(argument: &str, parameters: &Map<String, Value>) -> Result<String, Failure> {
    let mut made = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some((before, behind)) = rest.split_once('{') {
        made.push_str(before);
        match behind.split_once('}').filter(|(name, _)| is_name(name)) {
            None => {
                made.push('{');
                rest = behind;
            }
            Some((name, behind)) => {
                let value = parameters.get(name).cloned().unwrap_or_default();
                made.push_str(&scalar(value).map_err(|other| parameter(name, &other))?);
                rest = behind;
            }
        }
    }
    made.push_str(rest);
    Ok(made)
}

fn parameter(name: &str, value: &Value) -> Failure {
    Failure::expression(match value {
        Value::Null => format!("parameter {name} has no value; give it one, or a default in tools"),
        other => format!(
            "parameter {name} is {}, not a text, a number or true or false",
            super::evaluate::kind(other)
        ),
    })
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic())
}
