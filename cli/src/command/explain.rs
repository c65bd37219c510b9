//! `tenzik explain`: a page for each error code, exit code and host function.

use clap::Args;
use serde_json::{Value, json};

use tenzik_runtime::{HOST_FUNCTIONS, escaped};

use crate::error_codes::{self, Explanation};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::printer;

/// Explain an error code.
#[derive(Args, Debug)]
#[command(
    after_help = "CODE is an error code such as fuel_exhausted, an exit code such as 22, or host-functions."
)]
pub(crate) struct ExplainArguments {
    /// Error code, exit code, or host-functions.
    #[arg(value_name = "CODE", required_unless_present = "list")]
    code: Option<String>,
    /// List every error code with its exit code.
    #[arg(long, conflicts_with = "code")]
    list: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &ExplainArguments) -> ExitCode {
    match attempt(arguments) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => failure.report(arguments.json),
    }
}

fn attempt(arguments: &ExplainArguments) -> Result<(), Failure> {
    let Some(code) = &arguments.code else {
        list(arguments.json);
        return Ok(());
    };
    if code == "host-functions" {
        host_functions(arguments.json);
        return Ok(());
    }
    let found: Vec<Explanation> = error_codes::all()
        .into_iter()
        .filter(|explanation| {
            explanation.code == code || explanation.exit.number().to_string() == *code
        })
        .collect();
    if found.is_empty()
        && !ExitCode::ALL
            .iter()
            .any(|exit| exit.number().to_string() == *code)
    {
        let message = format!("unknown code {}", escaped(code));
        return Err(Failure::usage(
            message,
            "tenzik explain --list shows every code",
        ));
    }
    if arguments.json {
        printer::json(&Value::Array(found.iter().map(object).collect()));
        return Ok(());
    }
    if let Some(exit) = ExitCode::ALL
        .iter()
        .find(|exit| exit.number().to_string() == *code)
    {
        printer::result(&format!("exit code {}: {}", exit.number(), exit.summary()));
    }
    for explanation in &found {
        printer::result(&format!(
            "{} (exit code {}: {})",
            explanation.code,
            explanation.exit.number(),
            explanation.exit.summary()
        ));
        printer::result(&format!("  cause:  {}", explanation.cause));
        printer::result(&format!("  remedy: {}", explanation.remedy));
    }
    Ok(())
}

fn object(explanation: &Explanation) -> Value {
    json!({
        "code": explanation.code,
        "exit": explanation.exit.number(),
        "cause": explanation.cause,
        "remedy": explanation.remedy,
    })
}

fn list(as_json: bool) {
    let all = error_codes::all();
    if as_json {
        printer::json(&Value::Array(all.iter().map(object).collect()));
        return;
    }
    for exit in ExitCode::ALL {
        printer::result(&format!("{:>3}  {}", exit.number(), exit.summary()));
        for explanation in all.iter().filter(|explanation| explanation.exit == *exit) {
            printer::result(&format!("       {}", explanation.code));
        }
    }
}

fn host_functions(as_json: bool) {
    if as_json {
        let rows = HOST_FUNCTIONS.iter().map(|row| {
            json!({
                "module": "tenzik",
                "name": row.name,
                "needs": row.needs.map(|capability| capability.name()),
                "parameters": row.wasm_parameters.iter().map(|word| word.name()).collect::<Vec<_>>(),
                "results": row.wasm_results.iter().map(|word| word.name()).collect::<Vec<_>>(),
                "cost": { "base": row.cost_base, "units": row.cost_units, "bytes": row.cost_bytes },
                "doc": row.doc.split_whitespace().collect::<Vec<_>>().join(" "),
            })
        });
        printer::json(&Value::Array(rows.collect()));
        return;
    }
    for row in HOST_FUNCTIONS {
        let parameters: Vec<String> = row
            .parameters
            .iter()
            .map(|(name, word)| format!("{name}: {word}"))
            .collect();
        let needs = row
            .needs
            .map_or("always granted", |capability| capability.name());
        printer::result(&format!(
            "tenzik.{}({}) -> {}   [{needs}]",
            row.name,
            parameters.join(", "),
            row.result
        ));
        printer::result(&format!(
            "    {}",
            row.doc.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
    }
}
