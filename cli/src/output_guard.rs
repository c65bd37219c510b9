//! Results of scenario commands replace no file that scenarios stand on.

use std::path::{Path, PathBuf};

use tenzik_runtime::journal::Journal;

use crate::failure::{Failure, shown};
use crate::run_output::same_file;
use crate::scenario_execution::Kept;
use crate::user_directories;

/// Refuses `output` where it is one of `needed`, or a key, trust or ceiling file of the user.
pub(crate) fn check<'a>(
    output: &Path,
    needed: impl IntoIterator<Item = (&'a str, PathBuf)>,
) -> Result<(), Failure> {
    let own = [
        ("this machine's key", user_directories::node_key()),
        ("the file of trusted keys", user_directories::trust_file()),
        ("a ceiling", user_directories::ceiling_file()),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, path)| Some((name, path.ok()?)));
    for (name, path) in needed.into_iter().chain(own) {
        if same_file(output, &path) {
            return Err(Failure::usage(
                format!("{} is {name}", shown(output)),
                "write to another file",
            ));
        }
    }
    Ok(())
}

/// Refuses `output` where it is the journal, beside it, or what one of its runs was made from.
pub(crate) fn check_with_journal(
    output: &Path,
    journal: &Journal,
    run: Option<&str>,
) -> Result<(), Failure> {
    let beside = |suffix: &str| {
        let mut name = journal.path().as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let parts = ["", "-wal", "-shm"].map(|suffix| ("the journal", beside(suffix)));
    let kept = run.and_then(|run| journal.source(run).ok());
    let kept = kept.and_then(|source| Kept::of_run(&source).ok());
    let sources = kept.map(|kept| kept.files()).unwrap_or_default();
    let sources = sources
        .into_iter()
        .map(|path| ("a file of the scenario", path));
    check(output, parts.into_iter().chain(sources))?;
    let inside = std::path::absolute(output).unwrap_or_default();
    if inside.starts_with(journal.store_directory()) || inside.starts_with(beside(".runs")) {
        return Err(Failure::usage(
            format!("{} is a directory of the journal", shown(output)),
            "write to another place",
        ));
    }
    Ok(())
}
