//! `tenzik scenario schema`.

use clap::Args;

use tenzik_runtime::scenario::json_schema;

use crate::exit_code::ExitCode;
use crate::printer;

/// Print the JSON Schema of scenarios.
#[derive(Args, Debug)]
#[command(after_help = "\
    Editors with the YAML language server complete and check a file that begins with\n  \
    # yaml-language-server: $schema=scenario.schema.json\n\
    where scenario.schema.json is what this command prints.")]
pub(crate) struct SchemaArguments {}

pub(crate) fn run(_arguments: &SchemaArguments) -> ExitCode {
    printer::result(&format!("{:#}", json_schema()));
    ExitCode::Ok
}
