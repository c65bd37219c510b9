//! Connections to the file, and what SQLite may do there.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::error::JournalError;
use crate::row::BODY_BYTES_MAX;

/// The first version without the defect that loses pages of WAL files.
const SQLITE_VERSION_MIN: (i32, &str) = (3_051_003, "3.51.3");

/// Room for the other columns of the largest row.
const ROW_BYTES_MAX: i32 = (BODY_BYTES_MAX + (64 << 10)) as i32;

/// Opens the existing file.
pub(crate) fn open(path: &Path, busy_timeout: Duration) -> Result<Connection, JournalError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN.0 {
        return Err(JournalError::SqliteVersion {
            found: rusqlite::version(),
            least: SQLITE_VERSION_MIN.1,
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        restrict(&connection)?;
        Ok(connection)
    };
    open().map_err(JournalError::read(path))
}

/// The file may be anybody's: what its schema says is not executed, and nothing in it makes SQLite
/// use much memory.
fn restrict(connection: &Connection) -> rusqlite::Result<()> {
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(config, value)?;
    }
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(
        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
    )
}
