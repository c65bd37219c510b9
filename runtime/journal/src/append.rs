//! Appending rows.

use rusqlite::{Connection, OptionalExtension as _};

use crate::artifacts::NewArtifact;
use crate::chain::{Fields, Head};
use crate::error::JournalError;
use crate::journal::{Journal, WriteError, Writer, head};
use crate::row::{BODY_BYTES_MAX, Durability, NewRow, RowKind, id_problem};
use crate::{artifacts, memo};

/// What is written in one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn<'a> {
    /// Rows, in their order.
    pub rows: &'a [NewRow<'a>],
    /// Artifacts for the index. What has the same run, job and name is replaced.
    pub artifacts: &'a [NewArtifact<'a>],
    /// Results of pure work to be used again: key and JSON. What was there is replaced.
    pub results: &'a [(&'a str, &'a str)],
}

impl Journal {
    /// Appends `rows` in one transaction: all of them or none. Gives the number of the last one.
    ///
    /// # Errors
    /// When a row is not acceptable (nothing is written then), or when the file cannot be written,
    /// after which the handle is not used any more.
    pub fn append(&self, rows: &[NewRow<'_>], durability: Durability) -> Result<u64, JournalError> {
        self.record(
            &Turn {
                rows,
                ..Turn::default()
            },
            durability,
        )
    }

    /// Writes all of `turn` in one transaction, or nothing. Gives the number of the last row.
    ///
    /// # Errors
    /// When something is not acceptable (nothing is written then), or when the file cannot be
    /// written, after which the handle is not used any more.
    pub fn record(&self, turn: &Turn<'_>, durability: Durability) -> Result<u64, JournalError> {
        for row in turn.rows {
            acceptable(row)?;
            if row.kind == RowKind::RunStarted {
                return Err(refused(
                    "a row run_started".to_owned(),
                    "begin the run instead",
                ));
            }
        }
        for artifact in turn.artifacts {
            artifacts::acceptable(artifact)?;
        }
        for (key, result) in turn.results {
            memo::acceptable(key, result)?;
        }
        if turn.rows.is_empty() && turn.artifacts.is_empty() && turn.results.is_empty() {
            return Ok(self.head()?.seq);
        }
        self.write(durability, |writer| {
            let mut head = head(&writer.connection)?;
            let mut bytes = artifacts::insert(&writer.connection, turn.artifacts)?;
            bytes += memo::insert(&writer.connection, turn.results)?;
            for row in turn.rows {
                allow(writer, row, &self.path)?;
                insert(&writer.connection, row, &mut head)?;
                follow_up(writer, row, head.seq)?;
                bytes += row.body.len() as u64 + 256;
            }
            Ok((head.seq, bytes))
        })
    }

    /// The first row of a run. The caller has looked at everything else.
    pub(crate) fn append_first(&self, row: &NewRow<'_>) -> Result<u64, JournalError> {
        acceptable(row)?;
        self.write(Durability::Effect, |writer| {
            let mut head = head(&writer.connection)?;
            if state_of(&writer.connection, row.run)?.is_some() {
                return Err(WriteError::Refused(JournalError::RunExists {
                    run: row.run.to_owned(),
                }));
            }
            insert(&writer.connection, row, &mut head)?;
            writer
                .connection
                .prepare_cached("INSERT INTO runs (first_seq, run, state_seq) VALUES (?1, ?2, ?1)")?
                .execute((head.seq, row.run))?;
            writer.runs.insert(row.run.to_owned(), false);
            Ok((head.seq, row.body.len() as u64 + 256))
        })
    }
}

fn refused(what: String, remedy: &'static str) -> JournalError {
    JournalError::NotAcceptable { what, remedy }
}

/// What can be told of a row alone.
fn acceptable(row: &NewRow<'_>) -> Result<(), JournalError> {
    for id in std::iter::once(row.run).chain(row.job) {
        if let Some(problem) = id_problem(id) {
            return Err(refused(problem, "use another id"));
        }
    }
    if row.body.len() > BODY_BYTES_MAX {
        return Err(JournalError::TooLarge {
            what: "the body of a row",
            bytes: row.body.len() as u64,
            max: BODY_BYTES_MAX as u64,
        });
    }
    // SQLite ends texts there in some places.
    if row.body.contains(['\0', '\n']) {
        return Err(refused(
            "a body with a line feed or a zero byte".to_owned(),
            "write JSON in one line",
        ));
    }
    if i64::try_from(row.at_ms).is_err() {
        return Err(refused(
            format!("a time of {} ms", row.at_ms),
            "use milliseconds since 1970",
        ));
    }
    Ok(())
}

/// Whether the run began and has not ended; after its end only a resumption is allowed.
fn allow(writer: &mut Writer, row: &NewRow<'_>, path: &std::path::Path) -> Result<(), WriteError> {
    let known = match writer.runs.get(row.run) {
        // Another process may have resumed a run that ended.
        Some(false) => Some(false),
        _ => state_of(&writer.connection, row.run)?,
    };
    match known {
        None => {
            return Err(WriteError::Refused(JournalError::Unknown {
                what: "run",
                id: row.run.to_owned(),
                path: path.to_owned(),
                remedy: "begin it first",
            }));
        }
        Some(true) if row.kind != RowKind::RunResumed => {
            return Err(WriteError::Refused(refused(
                format!("a row {} of run {}, which ended", row.kind, row.run),
                "resume the run first",
            )));
        }
        Some(_) => {}
    }
    if known != writer.runs.get(row.run).copied() {
        writer.runs.insert(row.run.to_owned(), known == Some(true));
    }
    Ok(())
}

/// Whether the run ended; `None` if there is none.
fn state_of(connection: &Connection, run: &str) -> rusqlite::Result<Option<bool>> {
    let mut statement = connection.prepare_cached(
        "SELECT rows.kind FROM runs JOIN rows ON rows.seq = runs.state_seq WHERE runs.run = ?1",
    )?;
    let kind: Option<String> = statement.query_row([run], |row| row.get(0)).optional()?;
    Ok(kind.map(|kind| kind == RowKind::RunEnded.name()))
}

fn insert(
    connection: &Connection,
    row: &NewRow<'_>,
    head: &mut Head,
) -> Result<(), rusqlite::Error> {
    let fields = Fields {
        seq: head.seq + 1,
        at_ms: row.at_ms,
        kind: row.kind.name(),
        run: row.run,
        job: row.job,
        body: row.body,
    };
    let hash = fields.hash(&head.hash);
    connection
        .prepare_cached(
            "INSERT INTO rows (seq, run, kind, job, at_ms, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            fields.seq, fields.run, fields.kind, fields.job, fields.at_ms, fields.body, hash.0,
        ))?;
    *head = Head {
        seq: fields.seq,
        hash,
    };
    Ok(())
}

/// What a row of this kind changes besides.
fn follow_up(writer: &mut Writer, row: &NewRow<'_>, seq: u64) -> rusqlite::Result<()> {
    let ended = match row.kind {
        RowKind::RunResumed => false,
        RowKind::RunEnded => true,
        _ => return Ok(()),
    };
    writer.runs.insert(row.run.to_owned(), ended);
    writer
        .connection
        .prepare_cached("UPDATE runs SET state_seq = ?2 WHERE run = ?1")?
        .execute((row.run, seq))?;
    if !ended {
        // What was asked of the run before does not hold for its continuation.
        writer
            .connection
            .prepare_cached("DELETE FROM requests WHERE run = ?1")?
            .execute([row.run])?;
    }
    Ok(())
}
