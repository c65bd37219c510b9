//! Input files that are known before the run.

use std::path::Path;

use tenzik_policy::Policy;

use crate::input_file::InputFile;
use crate::place::Problem;
use crate::scenario::RunInput;

/// Refuses a file that is written without an expression and that the step may not read.
pub(super) fn check(
    input: &RunInput,
    directory: &Path,
    policy: &Policy,
    problems: &mut Vec<Problem>,
) {
    let RunInput::File(file) = input else {
        return;
    };
    let Some(path) = file.path.literal() else {
        return;
    };
    let named = InputFile {
        directory: directory.to_owned(),
        path: path.into(),
    };
    if let Err((message, remedy)) = named.admitted(policy) {
        let place = file.path.place();
        problems.push(Problem::new(place, "input_outside", message, remedy));
    }
}
