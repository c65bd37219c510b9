//! `tenzik inspect`: what a module is, what it imports and where its bytes go.

use std::ffi::OsString;

use clap::Args;
use serde_json::json;

use tenzik_runtime::evidence::signature::{SignedModule, Signer};
use tenzik_runtime::{Capsule, Examination, Validation};

use crate::capsule_source::CapsuleSource;
use crate::exit_code::ExitCode;
use crate::failure::{self, Failure};
use crate::json;
use crate::policy_arguments::PolicyArguments;
use crate::printer::{self, grouped};
use crate::sidecar_file::{self, Found};

use super::verify::signer_object;

/// Show identity, imports, capabilities and sizes of a module.
#[derive(Args, Debug)]
pub(crate) struct InspectArguments {
    /// Path of a module (with a /, or ending in .wasm or .wat), or name of an embedded capsule.
    #[arg(value_name = "CAPSULE")]
    capsule: OsString,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &InspectArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &InspectArguments) -> Result<ExitCode, Failure> {
    let source = CapsuleSource::of(&arguments.capsule)?;
    let policy = arguments.policy.policy()?;
    let examination = source.examine(&policy)?;
    let exit = examination
        .first_error()
        .map_or(ExitCode::Ok, |finding| ExitCode::from(finding.code.class()));
    let capsule = examination.validation().capsule();
    let found = match capsule {
        Some(capsule) => sidecar_file::find(&source, capsule.bytes(), None)?,
        None => Found::None,
    };
    if arguments.json {
        let mut object = object(&source, &examination, exit);
        if let Some(path) = found.path() {
            object["sidecar"] = json!(path.to_string_lossy());
        }
        printer::json(&object);
    } else {
        print(&source, &examination);
        if let Some(path) = found.path() {
            printer::result(&format!("{:<14}{}", "sidecar", failure::shown(path)));
        }
    }
    Ok(exit)
}

fn print(source: &CapsuleSource, examination: &Examination) {
    let validation = examination.validation();
    let line = |name: &str, value: &str| printer::result(&format!("{name:<14}{value}"));
    line("capsule", &source.shown());
    if let Some(summary) = source.summary() {
        line("purpose", summary);
    }
    line(
        "capsule_id",
        &validation
            .id()
            .map_or_else(|| "not read".to_owned(), |id| id.to_string()),
    );
    line("bytes", &grouped(validation.bytes()));
    let needs = validation.needs().to_string();
    line(
        "capabilities",
        if needs.is_empty() { "none" } else { &needs },
    );
    if let Some(capsule) = validation.capsule() {
        print_capsule(capsule, &line);
    }
    for signer in signers(validation) {
        line(
            "signature",
            &format!("claims to be by {signer}; not verified"),
        );
    }
    for section in validation.sections() {
        line(
            "section",
            &format!("{:>7}  {}", grouped(section.bytes), section.name),
        );
    }
    for finding in examination.findings() {
        line(
            "finding",
            &format!("{} {}", finding.code.code(), finding.message),
        );
    }
}

/// What the signatures inside the module call their signers; none where they are malformed.
fn signers(validation: &Validation) -> Vec<Signer> {
    let module = validation
        .capsule()
        .and_then(|capsule| SignedModule::parse(capsule.bytes(), None).ok());
    module.map(|module| module.signers()).unwrap_or_default()
}

fn print_capsule(capsule: &Capsule, line: &dyn Fn(&str, &str)) {
    if let Some(manifest) = capsule.manifest() {
        line(
            "manifest",
            &format!(
                "{} {}, claims {}",
                manifest.name(),
                manifest.version(),
                manifest.needs()
            ),
        );
    }
    let most = capsule.memory_pages_max().map_or_else(
        || "no own maximum".to_owned(),
        |pages| format!("at most {pages}"),
    );
    line(
        "memory",
        &format!("{} pages of 64 KiB, {most}", capsule.memory_pages_min()),
    );
    for row in capsule.imports() {
        let needs = row
            .needs
            .map_or("always granted", |capability| capability.name());
        line("import", &format!("tenzik.{:<16} {needs}", row.name));
    }
}

fn object(source: &CapsuleSource, examination: &Examination, exit: ExitCode) -> serde_json::Value {
    let validation = examination.validation();
    let mut object = json!({
        "capsule": source.shown(),
        "exit": exit.number(),
        "accepted": exit == ExitCode::Ok,
        "bytes": validation.bytes(),
        "needs": validation.needs().iter().map(|capability| capability.name()).collect::<Vec<_>>(),
        "sections": json::sections(validation),
        "signers": signers(validation).iter().map(signer_object).collect::<Vec<_>>(),
        "findings": examination.findings().iter().map(json::finding).collect::<Vec<_>>(),
    });
    if let Some(summary) = source.summary() {
        object["purpose"] = json!(summary);
    }
    if let Some(id) = validation.id() {
        object["capsule_id"] = json!(id.to_string());
    }
    if let Some(capsule) = validation.capsule() {
        object["imports"] = capsule
            .imports()
            .iter()
            .map(|row| json!({ "module": "tenzik", "name": row.name, "needs": row.needs.map(|capability| capability.name()) }))
            .collect();
        object["memory"] = json!({ "pages_min": capsule.memory_pages_min(), "pages_max": capsule.memory_pages_max() });
        if let Some(manifest) = capsule.manifest() {
            let needs: Vec<&str> = manifest
                .needs()
                .iter()
                .map(|capability| capability.name())
                .collect();
            object["manifest"] =
                json!({ "name": manifest.name(), "version": manifest.version(), "needs": needs });
        }
    }
    object
}
