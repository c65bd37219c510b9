//! `tenzik new`: a capsule that builds and runs as it is.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use tenzik_toolchain::{Language, NewCapsuleError, new_capsule};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, shown};
use crate::printer;

/// The language of a template.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Template {
    /// Rust with the tenzik SDK.
    Rust,
    /// C with the tenzik SDK.
    C,
    /// AssemblyScript with the tenzik SDK.
    #[value(name = "assemblyscript")]
    AssemblyScript,
    /// Zig with the tenzik SDK.
    Zig,
    /// WebAssembly text.
    Wat,
}

/// Make a new capsule from a template.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  tenzik new shout && cd shout && tenzik build && tenzik run ./shout.wasm --input-text hello"
)]
pub(crate) struct NewArguments {
    /// Name of the capsule and of its directory, which is made in the current one.
    #[arg(value_name = "NAME")]
    name: String,
    /// Language of the template.
    #[arg(long, value_enum, default_value = "rust")]
    lang: Template,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &NewArguments) -> ExitCode {
    let language = match arguments.lang {
        Template::Rust => Language::Rust,
        Template::C => Language::C,
        Template::AssemblyScript => Language::AssemblyScript,
        Template::Zig => Language::Zig,
        Template::Wat => Language::Wat,
    };
    let created = match new_capsule(Path::new(""), &arguments.name, language) {
        Ok(created) => created,
        Err(error) => return failure(&error).report(arguments.json),
    };
    if arguments.json {
        let files: Vec<String> = created
            .files
            .iter()
            .map(|file| file.to_string_lossy().into_owned())
            .collect();
        printer::json(
            &json!({ "status": "ok", "exit": 0, "directory": created.directory.to_string_lossy(), "files": files }),
        );
        return ExitCode::Ok;
    }
    let directory = shown(&created.directory);
    printer::result(&format!(
        "made {directory} with {} files",
        created.files.len()
    ));
    printer::result(&format!(
        "next: cd {directory} && tenzik build && tenzik run ./{}.wasm --input-text hello",
        arguments.name
    ));
    ExitCode::Ok
}

fn failure(error: &NewCapsuleError) -> Failure {
    match error {
        NewCapsuleError::InvalidName { .. } | NewCapsuleError::UnknownLanguage { .. } => {
            Failure::usage(error.to_string(), "choose another name, such as word-count")
        }
        _ => Failure::machine(
            error.to_string(),
            "choose another name or another directory",
        ),
    }
}
