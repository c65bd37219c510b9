//! What a subcommand says when it cannot do its work.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::exit_code::ExitCode;
use crate::printer;

/// An error for people and programs: a stable code, a message, a remedy and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: ExitCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Failure {
    pub(crate) fn new(
        exit: ExitCode,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Failure {
        Failure {
            exit,
            code,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// tenzik or the machine failed.
    pub(crate) fn machine(message: impl Into<String>, remedy: impl Into<String>) -> Failure {
        Failure::new(ExitCode::Machine, "machine_failure", message, remedy)
    }

    /// The command line asks for something that does not go together.
    pub(crate) fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Failure {
        Failure::new(ExitCode::Usage, "usage", message, remedy)
    }

    /// Prints the failure: a line for people on standard error, and with `json` an object
    /// `{"error":{"code","message","remedy"},"exit","status":"error"}` on standard output.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        self.report_with(json, |_| {})
    }

    /// The same, with what `add` puts into the object.
    pub(crate) fn report_with(&self, json: bool, add: impl FnOnce(&mut Value)) -> ExitCode {
        printer::error(&self.message, &self.remedy);
        if json {
            let mut object = json!({
                "status": "error",
                "exit": self.exit.number(),
                "error": { "code": self.code, "message": self.message, "remedy": self.remedy },
            });
            add(&mut object);
            printer::json(&object);
        }
        self.exit
    }
}

/// A file that cannot be opened, read or written.
pub(crate) fn file(what: &str, path: &Path, source: &std::io::Error) -> Failure {
    let shown = shown(path);
    Failure::machine(
        format!("{what} {shown}: {source}"),
        "check the path and its permissions",
    )
}

/// A path for people's eyes.
pub(crate) fn shown(path: &Path) -> String {
    let text = PathBuf::from(path).to_string_lossy().into_owned();
    if text.chars().all(|character| !character.is_control()) {
        text
    } else {
        tenzik_runtime::escaped(&text)
    }
}
