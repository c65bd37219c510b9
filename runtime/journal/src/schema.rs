//! The tables of the file, and whether a file has them.

use std::path::Path;

use rusqlite::Connection;

use crate::error::JournalError;

/// The version that is written, and the newest one that is read.
pub(crate) const VERSION: i64 = 1;

/// `tnzk`: what `file(1)` and SQLite's own header call the application id.
pub(crate) const APPLICATION_ID: i64 = 0x746e_7a6b;

/// Every table and index of version 1, by name, as SQLite keeps its text.
const OBJECTS: &[(&str, &str)] = &[
    (
        "rows",
        "CREATE TABLE rows (\
         seq INTEGER PRIMARY KEY, run TEXT NOT NULL, kind TEXT NOT NULL, job TEXT, \
         at_ms INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL) STRICT",
    ),
    (
        "runs",
        "CREATE TABLE runs (\
         first_seq INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, state_seq INTEGER NOT NULL) STRICT",
    ),
    (
        "requests",
        "CREATE TABLE requests (\
         id INTEGER PRIMARY KEY, run TEXT NOT NULL, request TEXT NOT NULL) STRICT",
    ),
    (
        "samples",
        "CREATE TABLE samples (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT",
    ),
    (
        "memo",
        "CREATE TABLE memo (\
         key TEXT PRIMARY KEY, result TEXT NOT NULL, digest BLOB NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        "artifacts",
        "CREATE TABLE artifacts (\
         id INTEGER PRIMARY KEY, run TEXT NOT NULL, job TEXT NOT NULL, name TEXT NOT NULL, \
         content TEXT NOT NULL, bytes INTEGER NOT NULL, provenance TEXT NOT NULL, \
         digest BLOB NOT NULL) STRICT",
    ),
    (
        "artifacts_by_job",
        "CREATE UNIQUE INDEX artifacts_by_job ON artifacts (run, job, name)",
    ),
    (
        "artifacts_by_content",
        "CREATE INDEX artifacts_by_content ON artifacts (content)",
    ),
];

/// What a file is.
pub(crate) enum Found {
    /// Nothing was ever written to it.
    Empty,
    /// A journal that can be used.
    Known,
}

/// Makes the tables. The caller has an open transaction.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    for (_, sql) in OBJECTS {
        connection.execute_batch(sql)?;
    }
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    ))
}

/// Looks what the file is.
pub(crate) fn examine(connection: &Connection, path: &Path) -> Result<Found, JournalError> {
    let failed = JournalError::read(path);
    let number = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let application = number("application_id").map_err(&failed)?;
    let version = number("user_version").map_err(&failed)?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(&failed)?;
    let foreign = |why: String| {
        Err(JournalError::Foreign {
            path: path.to_owned(),
            why,
        })
    };
    match (application, version) {
        (0, 0) if objects == 0 => Ok(Found::Empty),
        (APPLICATION_ID, found) if found > VERSION => Err(JournalError::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        (APPLICATION_ID, VERSION) => match difference(connection).map_err(&failed)? {
            None => Ok(Found::Known),
            Some(difference) => foreign(difference),
        },
        (APPLICATION_ID, found) => foreign(format!("there is no schema version {found}")),
        (found, _) => foreign(format!(
            "it is an SQLite file of another application (id {found:#x}, {objects} tables and indices)"
        )),
    }
}

/// What is not as version 1 has it: a trigger or a view could act on what is written.
fn difference(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(
        "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let mut rows = statement.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
        if !OBJECTS.contains(&(name.as_str(), sql.as_str())) {
            let name: String = name.chars().take(64).collect();
            return Ok(Some(format!(
                "{name:?} is not as schema version {VERSION} has it"
            )));
        }
        found += 1;
    }
    Ok((found != OBJECTS.len()).then(|| {
        format!(
            "schema version {VERSION} has {} tables and indices, this file has {found}",
            OBJECTS.len()
        )
    }))
}
