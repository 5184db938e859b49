//! The database file: how it is opened, and its schema.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::worker::SqliteError;
use crate::store::StoreError;

/// The `user_version` of the file.
const SCHEMA_VERSION: i64 = 1;

/// A slot holds the record and the newest lease of a key, and is removed when both have ended.
const TABLES: &str = "
    CREATE TABLE slots (
        key BLOB PRIMARY KEY NOT NULL,
        version INTEGER,
        body BLOB,
        record_ends INTEGER NOT NULL DEFAULT 0,
        fence INTEGER,
        lease_ends INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX slots_by_end ON slots (max(record_ends, lease_ends));
    CREATE TABLE numbers (last INTEGER NOT NULL);
    INSERT INTO numbers VALUES (0);
";

/// The interval at which turning on the write-ahead log is retried.
const WAL_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The path of the file and its settings.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) path: PathBuf,
    pub(super) busy_timeout: Duration,
    pub(super) max_bytes: Option<u64>,
}

impl Database {
    /// Opens a connection that writes; creates the file if it does not exist.
    pub(super) fn open_to_write(&self) -> Result<Connection, StoreError> {
        create_private(&self.path).map_err(|error| StoreError::Unavailable(error.kind()))?;
        let mut connection = self.open()?;
        self.use_write_ahead_log(&connection)?;
        self.set_up(&mut connection)?;
        Ok(connection)
    }

    /// Opens a connection that only reads.
    pub(super) fn open_to_read(&self) -> Result<Connection, StoreError> {
        let connection = self.open()?;
        let query_only = connection.pragma_update(None, "query_only", true);
        query_only.map_err(SqliteError::from)?;
        Ok(connection)
    }

    fn open(&self) -> Result<Connection, SqliteError> {
        // Without SQLITE_OPEN_URI the path is never read as a URI. One thread owns the connection.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        Ok(connection)
    }

    /// Turns the write-ahead log on. SQLite does not wait while another process does the same.
    fn use_write_ahead_log(&self, connection: &Connection) -> Result<(), SqliteError> {
        let mut waited = Duration::ZERO;
        loop {
            let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| {
                row.get::<_, String>(0)
            });
            match mode {
                Ok(mode) if mode == "wal" => return Ok(()),
                Ok(_) => return Err(StoreError::Unavailable(io::ErrorKind::Unsupported).into()),
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                        && waited < self.busy_timeout =>
                {
                    std::thread::sleep(WAL_RETRY_INTERVAL);
                    waited += WAL_RETRY_INTERVAL;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn set_up(&self, connection: &mut Connection) -> Result<(), SqliteError> {
        // Every commit is synced, so that a power failure loses no new refresh token.
        connection.pragma_update(None, "synchronous", "full")?;
        if let Some(max_bytes) = self.max_bytes {
            let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = i64::try_from(max_bytes).unwrap_or(i64::MAX) / page.max(1);
            let limit = |_: &rusqlite::Row<'_>| Ok(());
            connection.pragma_update_and_check(None, "max_page_count", pages.max(1), limit)?;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
            0 => {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                transaction.commit()?;
                Ok(())
            }
            SCHEMA_VERSION => Ok(()),
            _ => Err(StoreError::UnknownSchema.into()),
        }
    }
}

/// Creates the file, for its owner only, if it does not exist.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(|_| ()),
    }
}
