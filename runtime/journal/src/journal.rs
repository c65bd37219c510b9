//! A handle on a journal.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::chain::{Hash, Head};
use crate::error::{JournalError, SqliteError};
use crate::file;
use crate::lock;
use crate::row::Durability;
use crate::schema::{self, Found};
use crate::{connection, rows};

/// How a journal is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To read what is there. No file is made, and nothing can be appended.
    Read,
    /// To append; the file and its directory are made if need be.
    Write,
}

/// How a journal is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// Default: [`Access::Write`].
    pub access: Access,
    /// Milliseconds to wait for other processes that append. Default: 30,000.
    pub busy_timeout_ms: u64,
}

impl Default for JournalOptions {
    fn default() -> JournalOptions {
        JournalOptions {
            access: Access::Write,
            busy_timeout_ms: 30_000,
        }
    }
}

/// A handle on a journal. Threads may share it; any number of processes may have one on the same
/// file.
///
/// After an error of a write or a sync the handle is not used any more: every later call is refused
/// with [`JournalError::Poisoned`]. What the kernel does with pages that it could not write is not
/// known, so that trying again could acknowledge what is not there.
#[derive(Debug)]
pub struct Journal {
    pub(crate) path: PathBuf,
    busy_timeout_ms: u64,
    writer: Option<Mutex<Writer>>,
    reader: Mutex<Connection>,
    poison: OnceLock<String>,
}

/// The connection that appends, and what it knows.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    /// What `PRAGMA synchronous` is set for.
    pub(crate) durability: Option<Durability>,
    /// Runs that this handle wrote to, and whether they ended.
    pub(crate) runs: HashMap<String, bool>,
    /// Pages that this handle wrote to the log since the last checkpoint, estimated.
    pub(crate) log_pages: u64,
}

impl Journal {
    /// Opens the journal at `path`. A new file has mode 0600, new directories 0700.
    ///
    /// # Errors
    /// When the file is none of tenzik's, damaged, of a later version, or cannot be used.
    pub fn open(path: &Path, options: &JournalOptions) -> Result<Journal, JournalError> {
        let path = file::find(path, options.access)?;
        let timeout = Duration::from_millis(options.busy_timeout_ms);
        let writer = match options.access {
            Access::Read => None,
            Access::Write => {
                let connection = connection::open(&path, timeout)?;
                set_up(&connection, &path)?;
                Some(Mutex::new(Writer {
                    connection,
                    durability: None,
                    runs: HashMap::new(),
                    log_pages: 0,
                }))
            }
        };
        let reader = connection::open(&path, timeout)?;
        if let Found::Empty = schema::examine(&reader, &path)? {
            return Err(JournalError::Foreign {
                path,
                why: "it is empty".to_owned(),
            });
        }
        reader
            .execute_batch("PRAGMA query_only = ON")
            .map_err(JournalError::read(&path))?;
        Ok(Journal {
            path,
            busy_timeout_ms: options.busy_timeout_ms,
            writer,
            reader: Mutex::new(reader),
            poison: OnceLock::new(),
        })
    }

    /// The file, without links on the way.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the artifacts of this journal are: the file's name with `.store` after it.
    pub fn store_directory(&self) -> PathBuf {
        file::beside(&self.path, ".store")
    }

    /// Every file and directory that it consists of or may. Nothing else in the process may open and close
    /// the files: that takes the locks of SQLite off them (`fcntl(2)`).
    pub fn own_paths(&self) -> Vec<PathBuf> {
        let endings = ["", "-wal", "-shm", "-journal", ".store", ".runs"];
        let path = |ending: &str| file::beside(&self.path, ending);
        endings.into_iter().map(path).collect()
    }

    /// Where the locks of runs are: the file's name with `.runs` after it.
    pub(crate) fn locks_directory(&self) -> PathBuf {
        file::beside(&self.path, ".runs")
    }

    /// The newest row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Head, JournalError> {
        let reader = self.reader()?;
        head(&reader).map_err(self.read_failed())
    }

    /// The hash of the row `seq`, which is not checked; `None` if there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hash_of(&self, seq: u64) -> Result<Option<Hash>, JournalError> {
        let reader = self.reader()?;
        rows::hash_of(&reader, seq).map_err(self.read_failed())
    }

    /// The connection for reading.
    pub(crate) fn reader(&self) -> Result<MutexGuard<'_, Connection>, JournalError> {
        self.check()?;
        Ok(self.reader.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn read_failed(&self) -> impl Fn(rusqlite::Error) -> JournalError {
        JournalError::read(&self.path)
    }

    /// Does `work` in one transaction; any error of SQLite poisons the handle.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut Writer) -> Result<(T, u64), WriteError>,
    ) -> Result<T, JournalError> {
        self.check()?;
        let writer = self.writer.as_ref().ok_or_else(|| JournalError::ReadOnly {
            path: self.path.clone(),
        })?;
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have failed while this one waited.
        self.check()?;
        self.begin_transaction(&mut writer, durability)?;
        let ended = work(&mut writer).and_then(|(value, bytes)| {
            writer.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok((value, bytes))
        });
        match ended {
            Ok((value, bytes)) => {
                self.checkpoint(&mut writer, bytes);
                Ok(value)
            }
            Err(error) => {
                writer.runs.clear();
                let undone = writer.connection.execute_batch("ROLLBACK");
                match (error, undone) {
                    (WriteError::Sqlite(error), _) => Err(self.poisoned_by(&error)),
                    (WriteError::Refused(_), Err(error)) => Err(self.poisoned_by(&error)),
                    (WriteError::Refused(refused), Ok(())) => Err(refused),
                }
            }
        }
    }

    /// Takes the lock of the file for writing.
    fn begin_transaction(
        &self,
        writer: &mut Writer,
        durability: Durability,
    ) -> Result<(), JournalError> {
        if writer.durability != Some(durability) {
            let set = match durability {
                Durability::Pure => "PRAGMA synchronous = NORMAL",
                Durability::Effect => "PRAGMA synchronous = FULL",
            };
            writer
                .connection
                .execute_batch(set)
                .map_err(|error| self.poisoned_by(&error))?;
            writer.durability = Some(durability);
        }
        let begin = || {
            writer
                .connection
                .prepare_cached("BEGIN IMMEDIATE")?
                .execute([])
        };
        begin().map(drop).map_err(|error| {
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) {
                // Nothing was begun, so that nothing can be half done.
                JournalError::Busy {
                    path: self.path.clone(),
                    waited_ms: self.busy_timeout_ms,
                }
            } else {
                self.poisoned_by(&error)
            }
        })
    }

    /// Moves the log into the file when it is long. SQLite would do so by itself, but hide the errors.
    fn checkpoint(&self, writer: &mut Writer, bytes: u64) {
        const PAGE_BYTES: u64 = 4096;
        const LOG_PAGES_MAX: u64 = 1000;
        // Rows fill the last page of the table, which goes to the log with each transaction.
        writer.log_pages += 1 + bytes / PAGE_BYTES;
        if writer.log_pages < LOG_PAGES_MAX {
            return;
        }
        writer.log_pages = 0;
        let moved = writer
            .connection
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
            .and_then(|mut statement| statement.query_row([], |_| Ok(())));
        if let Err(error) = moved
            && error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy)
        {
            // The rows are safe in the log: only what comes later is refused.
            let _ = self.poisoned_by(&error);
        }
    }

    fn check(&self) -> Result<(), JournalError> {
        match self.poison.get() {
            None => Ok(()),
            Some(first) => Err(JournalError::Poisoned {
                path: self.path.clone(),
                first: first.clone(),
            }),
        }
    }

    fn poisoned_by(&self, error: &rusqlite::Error) -> JournalError {
        let source = SqliteError::new(error);
        let _ = self.poison.set(source.to_string());
        JournalError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

/// Why a transaction was not committed.
pub(crate) enum WriteError {
    /// A write failed.
    Sqlite(rusqlite::Error),
    /// What was to be written is not acceptable.
    Refused(JournalError),
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> WriteError {
        WriteError::Sqlite(error)
    }
}

pub(crate) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement =
        connection.prepare_cached("SELECT seq, hash FROM rows ORDER BY seq DESC LIMIT 1")?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        None => Ok(Head {
            seq: 0,
            hash: Hash::BEFORE_FIRST,
        }),
        Some(row) => Ok(Head {
            seq: row.get(0)?,
            hash: Hash(row.get(1)?),
        }),
    }
}

/// Makes the tables if the file is empty, and turns the log on. Every step may be the last one of a
/// process that is killed: the next one goes on.
fn set_up(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let failed = JournalError::read(path);
    let is_known = matches!(schema::examine(connection, path)?, Found::Known);
    let mode = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    if !is_known || mode("PRAGMA journal_mode").map_err(&failed)? != "wal" {
        // SQLite does not wait for others while it turns the log on.
        let _one_at_a_time = lock::setup(&file::beside(path, ".runs"))?;
        mode("PRAGMA journal_mode = WAL").map_err(&failed)?;
        let transaction =
            rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
                .map_err(&failed)?;
        if let Found::Empty = schema::examine(&transaction, path)? {
            schema::create(&transaction).map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)?;
    }
    connection
        .execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;")
        .map_err(&failed)
}
