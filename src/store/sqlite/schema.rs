//! The file: how it is opened and what is in it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::super::StoreError;
use super::worker::Failed;

/// The only form of the file so far.
const FORM: i64 = 1;

/// A slot holds the record and the newest lease of a key, and goes when both are over.
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

/// How long a process waits before it looks again whether another has made the file.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Where the file is and how it is used.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) busy_timeout: Duration,
    pub(super) max_bytes: Option<u64>,
}

impl Place {
    /// A connection that writes; makes the file if there is none.
    pub(super) fn open_to_write(&self) -> Result<Connection, StoreError> {
        own(&self.path).map_err(|error| StoreError::Unavailable(error.kind()))?;
        let mut connection = self.open()?;
        self.use_log(&connection)?;
        self.set_up(&mut connection)?;
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn open_to_read(&self) -> Result<Connection, StoreError> {
        let connection = self.open()?;
        let query_only = connection.pragma_update(None, "query_only", true);
        query_only.map_err(Failed::from)?;
        Ok(connection)
    }

    fn open(&self) -> Result<Connection, Failed> {
        // The path is a path, never a URI; one thread owns the connection.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        Ok(connection)
    }

    /// Turns the write-ahead log on. SQLite does not wait for others who do the same.
    fn use_log(&self, connection: &Connection) -> Result<(), Failed> {
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
                    std::thread::sleep(LOOK_AGAIN);
                    waited += LOOK_AGAIN;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn set_up(&self, connection: &mut Connection) -> Result<(), Failed> {
        // Whoever has a new refresh token must not lose it with the power: every commit is synced.
        connection.pragma_update(None, "synchronous", "full")?;
        if let Some(max_bytes) = self.max_bytes {
            let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = i64::try_from(max_bytes).unwrap_or(i64::MAX) / page.max(1);
            let limit = |_: &rusqlite::Row<'_>| Ok(());
            connection.pragma_update_and_check(None, "max_page_count", pages.max(1), limit)?;
        }
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match step.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
            0 => {
                step.execute_batch(TABLES)?;
                step.pragma_update(None, "user_version", FORM)?;
                step.commit()?;
                Ok(())
            }
            FORM => Ok(()),
            _ => Err(StoreError::Unavailable(io::ErrorKind::Unsupported).into()),
        }
    }
}

/// Makes the file, for its owner only, if there is none.
fn own(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(|_| ()),
    }
}
