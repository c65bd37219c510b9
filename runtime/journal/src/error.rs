//! Why the journal could not be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::verify::Broken;

/// What SQLite says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (SQLite code {code})")]
pub struct SqliteError {
    /// Its extended result code; 0 for none.
    pub code: i32,
    /// What it is.
    pub message: String,
}

/// Why the journal could not be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The SQLite that was linked has a known defect that corrupts files.
    #[error(
        "this tenzik uses SQLite {found}, versions before {least} can corrupt journals; install a tenzik with the SQLite that it brings"
    )]
    SqliteVersion {
        /// Which one.
        found: &'static str,
        /// The first good one.
        least: &'static str,
    },
    /// The file, its directory or a lock file cannot be used.
    #[error("cannot {doing} {path:?}: {source}; check permissions and free space")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// There is none, and none is to be made.
    #[error(
        "there is no journal {path:?}; run a scenario first, or name another file with --journal"
    )]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// There is something else.
    #[error("{path:?} is {what}, a journal is a plain file; name another one with --journal")]
    NotAFile {
        /// Where.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Others might write it, or it has other names.
    #[error("the journal {path:?} {why}; {remedy}")]
    Unsafe {
        /// Which one.
        path: PathBuf,
        /// Why it is not used.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// A directory that belongs to the journal is a link, or others might write to it.
    #[error("the directory {path:?} of the journal {why}; {remedy}")]
    UnsafeDirectory {
        /// Which one.
        path: PathBuf,
        /// Why it is not used.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The file is none of tenzik's.
    #[error("{path:?} is no journal of tenzik: {why}; name another file with --journal")]
    Foreign {
        /// Where.
        path: PathBuf,
        /// How it can be told.
        why: String,
    },
    /// The file was written by a later tenzik.
    #[error(
        "the journal {path:?} has schema version {found}, this tenzik knows versions up to {known}; use a newer tenzik, or name another file with --journal"
    )]
    Newer {
        /// Which one.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest one that is known.
        known: i64,
    },
    /// Another process kept the file locked.
    #[error(
        "the journal {path:?} was locked by another process for {waited_ms} ms; try again, or end that process"
    )]
    Busy {
        /// Which one.
        path: PathBuf,
        /// How long this one waited.
        waited_ms: u64,
    },
    /// The file cannot be read.
    #[error(
        "cannot read the journal {path:?}: {source}; check permissions, free space and the disk"
    )]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: SqliteError,
    },
    /// The file is damaged: SQLite finds no way through it.
    #[error(
        "the journal {path:?} is damaged: {source}; move it away (a new one is made), or put a copy in its place"
    )]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What SQLite says.
        source: SqliteError,
    },
    /// Rows are not as they were written.
    #[error(
        "the journal {path:?} is not as it was written: {broken}; put a copy in its place, or move it away with its store: a new one is made"
    )]
    Broken {
        /// Which one.
        path: PathBuf,
        /// The first row that is not.
        broken: Broken,
    },
    /// A write or a sync failed. Nothing more is written through this handle.
    #[error(
        "cannot write the journal {path:?}: {source}; what was not acknowledged is lost: make room and check the disk, then tenzik resume"
    )]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: SqliteError,
    },
    /// An earlier write or sync through this handle failed.
    #[error(
        "the journal {path:?} is not used any more since an earlier write failed ({first}); make room and check the disk, then tenzik resume"
    )]
    Poisoned {
        /// Which one.
        path: PathBuf,
        /// The first error.
        first: String,
    },
    /// The handle was opened for reading.
    #[error("the journal {path:?} was opened for reading only; open it for writing")]
    ReadOnly {
        /// Which one.
        path: PathBuf,
    },
    /// What was to be written is not acceptable. Nothing was written.
    #[error("this cannot be written to the journal: {what}; {remedy}")]
    NotAcceptable {
        /// Why.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Too many bytes. Nothing was written.
    #[error("{what} has {bytes} bytes, the journal takes {max}; make it smaller")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How many.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// There is a run of this id already.
    #[error("there is a run {run} already; use a new run id")]
    RunExists {
        /// The run.
        run: String,
    },
    /// There is no such run or job.
    #[error("there is no {what} {id} in the journal {path:?}; {remedy}")]
    Unknown {
        /// `run` or `job`.
        what: &'static str,
        /// Its id, or the prefix.
        id: String,
        /// Which journal.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// Several ids begin like this.
    #[error("{what} {prefix} is not unique: {first} and {second} begin with it; give more digits")]
    Ambiguous {
        /// `run` or `job`.
        what: &'static str,
        /// What was given.
        prefix: String,
        /// One that fits.
        first: String,
        /// Another one.
        second: String,
    },
    /// Another process drives the run.
    #[error("run {run} is driven by {}; wait for it, or end it with tenzik cancel {run}", process(*.pid))]
    RunBusy {
        /// The run.
        run: String,
        /// The process that said so, if it did.
        pid: Option<u32>,
    },
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

impl SqliteError {
    pub(crate) fn new(error: &rusqlite::Error) -> SqliteError {
        match error {
            rusqlite::Error::SqliteFailure(code, text) => SqliteError {
                code: code.extended_code,
                message: text.clone().unwrap_or_else(|| code.to_string()),
            },
            other => SqliteError {
                code: 0,
                message: other.to_string(),
            },
        }
    }
}

impl JournalError {
    /// For `map_err`: what was attempted, and with which file.
    pub(crate) fn io<E: Into<io::Error>>(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> JournalError {
        move |source| JournalError::Io {
            doing,
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// For `map_err` of what only reads.
    pub(crate) fn read(path: &Path) -> impl Fn(rusqlite::Error) -> JournalError {
        move |error| {
            let path = path.to_owned();
            let source = SqliteError::new(&error);
            match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase) => JournalError::Foreign {
                    path,
                    why: "it is no SQLite file, or its first bytes are damaged".to_owned(),
                },
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::TooBig) => {
                    JournalError::Damaged { path, source }
                }
                // What stands in a column is of another type than the schema allows.
                None => JournalError::Damaged { path, source },
                Some(_) => JournalError::Read { path, source },
            }
        }
    }
}
