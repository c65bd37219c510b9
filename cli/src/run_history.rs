//! What the journal knows of a run.

use tenzik_runtime::journal::Journal;
use tenzik_runtime::scenario::report::{RunHistory, RunReport, RunRow};

use crate::failure::Failure;
use crate::journal_arguments::failed;

/// The report of the run whose id begins so.
pub(crate) fn read(journal: &Journal, prefix: &str) -> Result<RunReport, Failure> {
    let run = journal
        .resolve_run(prefix)
        .map_err(|error| Failure::usage(error.to_string(), "tenzik runs shows every run"))?;
    let state = journal.run(&run).map_err(|error| failed(&error))?;
    let mut history = RunHistory::new(&run);
    for row in journal.rows(&run, 0).map_err(|error| failed(&error))? {
        let row = row.map_err(|error| failed(&error))?;
        let read = history.read(RunRow {
            kind: row.kind.name(),
            job: row.job.as_deref(),
            at_ms: row.at_ms,
            body: &row.body,
        });
        read.map_err(|error| {
            let message = format!("row {} of the journal: {error}", row.seq);
            Failure::machine(message, "a newer tenzik may have written it; use that one")
        })?;
    }
    Ok(history.finish(state.alive))
}
