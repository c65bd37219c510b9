//! Reading rows. Whatever reads them checks them.

use std::collections::VecDeque;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

use crate::chain::{Fields, Hash};
use crate::error::{JournalError, SqliteError};
use crate::journal::Journal;
use crate::row::{Row, RowKind};
use crate::verify::{Broken, Why};

/// Most rows that are read at a time. Others append between two pieces.
const PIECE_ROWS_MAX: u64 = 4096;

/// Bytes of bodies after which a piece ends.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// Where a reader is: all rows up to `after` are behind it.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    after: u64,
    /// The hash of the row `after`, once it is known.
    previous: Option<Hash>,
}

impl Cursor {
    /// Before the first row.
    pub(crate) fn start() -> Cursor {
        Cursor::after_row(0)
    }

    /// Behind the row `after`.
    pub(crate) fn after_row(after: u64) -> Cursor {
        Cursor {
            after,
            previous: (after == 0).then_some(Hash::BEFORE_FIRST),
        }
    }

    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    pub(crate) fn previous(&self) -> Option<Hash> {
        self.previous
    }
}

/// A row whose hash was checked.
pub(crate) struct Seen<'a> {
    pub(crate) fields: Fields<'a>,
    pub(crate) kind: RowKind,
    pub(crate) hash: Hash,
}

impl Seen<'_> {
    pub(crate) fn to_row(&self) -> Row {
        Row {
            seq: self.fields.seq,
            run: self.fields.run.to_owned(),
            kind: self.kind,
            job: self.fields.job.map(str::to_owned),
            at_ms: self.fields.at_ms,
            body: self.fields.body.to_owned(),
            hash: self.hash,
        }
    }
}

/// Shows the rows behind `cursor`, at most to row `last` and at most a piece of them, to `see` until
/// it says no, and moves the cursor. Gives how many it showed.
pub(crate) fn walk(
    connection: &Connection,
    path: &Path,
    cursor: &mut Cursor,
    last: u64,
    mut see: impl FnMut(&Seen<'_>) -> bool,
) -> Result<u64, JournalError> {
    let failed = |seq: u64, error: rusqlite::Error| unreadable(path, seq, error);
    let next = cursor.after + 1;
    let sql = "SELECT seq, run, kind, job, at_ms, body, hash FROM rows \
               WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
    let mut statement = connection
        .prepare_cached(sql)
        .map_err(JournalError::read(path))?;
    let signed = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
    let mut rows = statement
        .query((signed(cursor.after), signed(last), PIECE_ROWS_MAX))
        .map_err(|error| failed(next, error))?;
    let (mut shown, mut bytes) = (0, 0);
    while let Some(row) = rows
        .next()
        .map_err(|error| failed(cursor.after + 1, error))?
    {
        let previous = match cursor.previous {
            Some(previous) => previous,
            None => known_hash(connection, path, cursor.after)?,
        };
        let seen = check(row, cursor.after + 1, &previous).map_err(|why| match why {
            Problem::Broken(why) => JournalError::Broken {
                path: path.to_owned(),
                broken: Broken {
                    seq: cursor.after + 1,
                    why,
                },
            },
            Problem::Sqlite(error) => failed(cursor.after + 1, error),
        })?;
        *cursor = Cursor {
            after: seen.fields.seq,
            previous: Some(seen.hash),
        };
        shown += 1;
        bytes += seen.fields.body.len();
        if !see(&seen) || bytes >= PIECE_BYTES_MAX {
            break;
        }
    }
    Ok(shown)
}

/// The hash of a row that the caller says is there.
fn known_hash(connection: &Connection, path: &Path, seq: u64) -> Result<Hash, JournalError> {
    hash_of(connection, seq)
        .map_err(|error| unreadable(path, seq, error))?
        .ok_or_else(|| JournalError::Broken {
            path: path.to_owned(),
            broken: Broken {
                seq,
                why: Why::Missing { next: seq + 1 },
            },
        })
}

pub(crate) fn hash_of(connection: &Connection, seq: u64) -> rusqlite::Result<Option<Hash>> {
    let mut statement = connection.prepare_cached("SELECT hash FROM rows WHERE seq = ?1")?;
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    statement
        .query_row([seq], |row| row.get(0).map(Hash))
        .optional()
}

/// A row that cannot be read is the first broken one; a file that cannot be read is another matter.
fn unreadable(path: &Path, seq: u64, error: rusqlite::Error) -> JournalError {
    match JournalError::read(path)(error) {
        JournalError::Damaged { path, source } => JournalError::Broken {
            path,
            broken: Broken {
                seq,
                why: Why::Unreadable(source),
            },
        },
        other => other,
    }
}

/// Rows in their order, each of them checked. Others may append meanwhile: they are not kept from it,
/// and what they append is seen too. After an error nothing more comes.
#[derive(Debug)]
pub struct Rows<'a> {
    journal: &'a Journal,
    run: Option<String>,
    cursor: Cursor,
    last: u64,
    piece: VecDeque<Row>,
    /// Comes after the rows of the piece.
    error: Option<JournalError>,
    ended: bool,
}

impl Journal {
    /// The rows of `run` behind the row `after_seq`.
    ///
    /// # Errors
    /// When there is no such run, or the file cannot be read.
    pub fn rows(&self, run: &str, after_seq: u64) -> Result<Rows<'_>, JournalError> {
        let (first, last) = self.span(run)?;
        let after = after_seq.max(first.saturating_sub(1));
        Ok(Rows::new(self, Some(run.to_owned()), after, last))
    }

    /// The rows of all runs behind the row `after_seq`.
    pub fn all_rows(&self, after_seq: u64) -> Rows<'_> {
        Rows::new(self, None, after_seq, u64::MAX)
    }
}

impl<'a> Rows<'a> {
    fn new(journal: &'a Journal, run: Option<String>, after: u64, last: u64) -> Rows<'a> {
        Rows {
            journal,
            run,
            cursor: Cursor::after_row(after),
            last,
            piece: VecDeque::new(),
            error: None,
            ended: false,
        }
    }

    /// The next row alone, without reading further.
    pub(crate) fn piece_of_one(mut self) -> Result<Option<Row>, JournalError> {
        let mut one = None;
        let reader = self.journal.reader()?;
        walk(
            &reader,
            &self.journal.path,
            &mut self.cursor,
            self.last,
            |row| {
                one = Some(row.to_row());
                false
            },
        )?;
        Ok(one)
    }

    /// Reads pieces until there is a row of the run in one, or no row at all.
    fn read(&mut self) -> Result<(), JournalError> {
        while self.piece.is_empty() {
            let reader = self.journal.reader()?;
            let (run, piece) = (self.run.as_deref(), &mut self.piece);
            let path = &self.journal.path;
            let shown = walk(&reader, path, &mut self.cursor, self.last, |row| {
                if run.is_none_or(|run| run == row.fields.run) {
                    piece.push_back(row.to_row());
                }
                true
            })?;
            if shown == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.piece.is_empty() && !self.ended {
            self.error = self.read().err();
            self.ended = self.error.is_some() || self.piece.is_empty();
        }
        match self.piece.pop_front() {
            Some(row) => Some(Ok(row)),
            None => self.error.take().map(Err),
        }
    }
}

enum Problem {
    Broken(Why),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Problem {
        Problem::Sqlite(error)
    }
}

/// Checks that `row` is the row `seq` and follows `previous`.
fn check<'a>(row: &'a rusqlite::Row<'_>, seq: u64, previous: &Hash) -> Result<Seen<'a>, Problem> {
    let found: u64 = row.get(0)?;
    if found != seq {
        return Err(Problem::Broken(Why::Missing { next: found }));
    }
    let kind_text = text(row, 2)?;
    let Some(kind) = RowKind::from_name(kind_text) else {
        let found = kind_text.chars().take(64).collect();
        return Err(Problem::Broken(Why::Kind { found }));
    };
    let fields = Fields {
        seq,
        at_ms: row.get(4)?,
        kind: kind_text,
        run: text(row, 1)?,
        job: match row.get_ref(3)? {
            ValueRef::Null => None,
            _ => Some(text(row, 3)?),
        },
        body: text(row, 5)?,
    };
    let ValueRef::Blob(blob) = row.get_ref(6)? else {
        return Err(Problem::Broken(Why::HashLength { bytes: 0 }));
    };
    let stored: &[u8; 32] = blob
        .try_into()
        .map_err(|_| Problem::Broken(Why::HashLength { bytes: blob.len() }))?;
    let (stored, computed) = (Hash(*stored), fields.hash(previous));
    if computed != stored {
        return Err(Problem::Broken(Why::Hash { stored, computed }));
    }
    Ok(Seen {
        fields,
        kind,
        hash: stored,
    })
}

fn text<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a str, Problem> {
    row.get_ref(column)?.as_str().map_err(|error| {
        Problem::Broken(Why::Unreadable(SqliteError {
            code: 0,
            message: format!("column {column}: {error}"),
        }))
    })
}
